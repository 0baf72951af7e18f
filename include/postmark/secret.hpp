// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SECRET_HPP
#define POSTMARK_SECRET_HPP

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace postmark {

/// A string that must not appear in logs, a token for instance. It prints as `***`.
class secret {
public:
    /// An empty secret.
    secret() = default;
    /// \param value the string itself, in any form
    secret(std::string value)
        : value_{std::move(value)}
    {
    }
    /// \copydoc secret(std::string)
    secret(std::string_view value)
        : value_{value}
    {
    }
    /// \copydoc secret(std::string)
    secret(char const* value)
        : value_{value}
    {
    }

    /// The string itself. The caller is responsible for where it goes.
    [[nodiscard]] std::string const& reveal() const noexcept { return value_; }

    /// Whether the string is empty.
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

    /// Compares the strings, not in constant time.
    friend bool operator==(secret const&, secret const&) = default;

private:
    std::string value_;
};

/// Prints `***`, whatever the secret holds.
std::ostream& operator<<(std::ostream& stream, secret const& value);

} // namespace postmark

#endif
