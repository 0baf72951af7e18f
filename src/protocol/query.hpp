// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_QUERY_HPP
#define POSTMARK_PROTOCOL_QUERY_HPP

#include <postmark/api/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postmark::protocol {

/// Adds parameters to the path of a request, percent-encoded. What is empty is left out.
class query {
public:
    explicit query(std::string path)
        : target_{std::move(path)}
    {
    }

    query& add(std::string_view name, std::string_view value)
    {
        if (!value.empty()) {
            target_ += separator_;
            separator_ = '&';
            target_ += percent_encode(name);
            target_ += '=';
            target_ += percent_encode(value);
        }
        return *this;
    }

    query& add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }

    query& add(std::string_view name, std::optional<bool> value)
    {
        return value ? add(name, std::string_view{*value ? "true" : "false"}) : *this;
    }

    [[nodiscard]] std::string const& target() const noexcept { return target_; }

private:
    std::string target_;
    char separator_ = '?';
};

} // namespace postmark::protocol

#endif
