// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SECRET_HPP
#define POSTMARK_SECRET_HPP

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace postmark {

/// A string that must not be seen: a token. It prints as `***`.
class secret {
public:
    secret() = default;
    secret(std::string value)
        : value_{std::move(value)}
    {
    }
    secret(std::string_view value)
        : value_{value}
    {
    }
    secret(char const* value)
        : value_{value}
    {
    }

    /// The string itself. Whoever calls this takes care of where it goes.
    [[nodiscard]] std::string const& reveal() const noexcept { return value_; }

    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

    friend bool operator==(secret const&, secret const&) = default;

private:
    std::string value_;
};

/// Prints `***`, whatever the secret holds.
std::ostream& operator<<(std::ostream& stream, secret const& value);

} // namespace postmark

#endif
