// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ROUTER_HPP
#define POSTMARK_SANDBOX_ROUTER_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::sandbox {

/// Everything that can be asked for.
enum class endpoint : std::uint8_t {
    unknown,
    email,
    email_batch,
    email_with_template,
    email_batch_with_templates,
    delivery_stats,
    bounces,
    bounce,
    bounce_dump,
    bounce_tags,
    bounce_activate,
    outbound_messages,
    outbound_message_details,
    control_faults,
    control_messages,
    control_stats,
    control_suppressions,
    control_templates,
    count_of_endpoints,
};

/// Where a request goes.
struct route {
    route() = default;

    endpoint where{endpoint::unknown};
    /// The path is known, but not with this method.
    bool wrong_method{false};
    /// The part of the path that names a bounce or a message, decoded.
    std::string id;
    /// The path in lower case, without a slash at the end.
    std::string path;
    /// What follows the question mark; looks into the target.
    std::string_view query;
};

/// Paths are matched without regard to case and with or without a slash at the end.
[[nodiscard]] route find_route(std::string_view method, std::string_view target);

/// The path as the documentation spells it, with `{id}` for the variable part; `other` for unknown ones.
[[nodiscard]] std::string_view path_of(endpoint which);

[[nodiscard]] constexpr bool is_control(endpoint which)
{
    return which >= endpoint::control_faults && which < endpoint::count_of_endpoints;
}

[[nodiscard]] constexpr bool is_send(endpoint which)
{
    return which >= endpoint::email && which <= endpoint::email_batch_with_templates;
}

[[nodiscard]] constexpr bool is_batch(endpoint which)
{
    return which == endpoint::email_batch || which == endpoint::email_batch_with_templates;
}

} // namespace postmark::sandbox

#endif
