// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ENDPOINT_HPP
#define POSTMARK_SANDBOX_ENDPOINT_HPP

#include "sandbox/request.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

struct endpoint;
struct server_state;
struct world;

/// A request on its way to the handler of its endpoint.
struct call {
    world& state;
    /// The server that the token opens; null where no server token is needed.
    server_state* server;
    request& incoming;
    endpoint const& target;
    /// The parts of the path that stand for `{...}` in the pattern, percent-decoded, from left to right.
    std::vector<std::string> const& parameters;
    /// The text after the question mark.
    std::string_view query;
};

/// Carries out a request. May take the body out of the request. Everything that the reply promises is stored before the
/// reply is returned.
using handler = reply (*)(call const& current);

/// The credentials that a request must carry.
enum class access : std::uint8_t {
    server_token,
    account_token,
    /// The endpoints of the sandbox itself: no token, but the rules of `check_control`.
    control,
};

inline constexpr std::uint64_t message_limit = 10U * 1024 * 1024;
inline constexpr std::uint64_t batch_limit = 50U * 1024 * 1024;

/// One row of the table of endpoints.
struct endpoint {
    std::string_view method;
    /// The path as the documentation of the service spells it; `{name}` matches one segment of any content.
    std::string_view path;
    handler handle;
    access needs{access::server_token};
    /// Bytes of a body; a larger one is refused with 413.
    std::uint64_t body_limit{message_limit};
    /// True: the handler runs without the lock of the world, and takes it only where it reads or changes the state.
    bool locks_itself{false};
};

// The rows of each group; the file of the same name in endpoints/ has the handlers.
[[nodiscard]] std::span<endpoint const> email_endpoints();
[[nodiscard]] std::span<endpoint const> bulk_endpoints();
[[nodiscard]] std::span<endpoint const> bounce_endpoints();
[[nodiscard]] std::span<endpoint const> message_endpoints();
[[nodiscard]] std::span<endpoint const> server_endpoints();
[[nodiscard]] std::span<endpoint const> domain_endpoints();
[[nodiscard]] std::span<endpoint const> sender_endpoints();
[[nodiscard]] std::span<endpoint const> data_removal_endpoints();
[[nodiscard]] std::span<endpoint const> inbound_rule_endpoints();
[[nodiscard]] std::span<endpoint const> webhook_endpoints();
[[nodiscard]] std::span<endpoint const> inbound_endpoints();
[[nodiscard]] std::span<endpoint const> engagement_endpoints();
[[nodiscard]] std::span<endpoint const> statistics_endpoints();
[[nodiscard]] std::span<endpoint const> message_stream_endpoints();
[[nodiscard]] std::span<endpoint const> suppression_endpoints();
[[nodiscard]] std::span<endpoint const> template_endpoints();
[[nodiscard]] std::span<endpoint const> template_check_endpoints();
[[nodiscard]] std::span<endpoint const> control_endpoints();
[[nodiscard]] std::span<endpoint const> message_control_endpoints();
[[nodiscard]] std::span<endpoint const> inbound_control_endpoints();
[[nodiscard]] std::span<endpoint const> account_control_endpoints();
[[nodiscard]] std::span<endpoint const> domain_control_endpoints();
[[nodiscard]] std::span<endpoint const> sender_control_endpoints();

} // namespace postmark::sandbox::detail

#endif
