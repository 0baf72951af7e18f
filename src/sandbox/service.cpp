// SPDX-License-Identifier: BSL-1.0

#include "sandbox/service.hpp"

#include "sandbox/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <mutex>

namespace postmark::sandbox::detail {
namespace {

bool is_account_token(std::string_view token, std::vector<std::string> const& valid)
{
    return !token.empty() && (valid.empty() || std::ranges::any_of(valid, [&](std::string const& candidate) {
                                  return equals_ignoring_case(token, candidate);
                              }));
}

/// What a control request lacks. Another site's page can make a browser send simple requests here, but neither this
/// header nor these content types without asking first.
std::optional<reply> check_control(request const& incoming)
{
    if (incoming.method == "GET") {
        return std::nullopt;
    }
    if (!incoming.has_sandbox_header) {
        return make_refusal(403, 0, "A request that changes something needs the header X-Postmark-Sandbox.");
    }
    auto const type = trim(std::string_view{incoming.content_type}.substr(0, incoming.content_type.find(';')));
    if (incoming.body_size != 0 && !equals_ignoring_case(type, "application/json") &&
        !equals_ignoring_case(type, "message/rfc822")) {
        return make_refusal(415, 0, "The content type must be application/json or message/rfc822.");
    }
    return std::nullopt;
}

/// Checks the token that the endpoint needs; `server` becomes the one that a server token opens.
std::optional<reply> check_access(world const& state, request const& incoming, access needed, server_state*& server)
{
    switch (needed) {
    case access::control:
        return check_control(incoming);
    case access::server_token: {
        auto const token = trim(incoming.token);
        server = is_test_token(token) ? state.account.test_server() : state.account.open(token);
        if (!server) {
            return make_refusal(401, 10, "Request does not contain a valid Server token.");
        }
        return std::nullopt;
    }
    case access::account_token:
        if (!is_account_token(trim(incoming.account_token), state.account_tokens)) {
            return make_refusal(401, 10, "Request does not contain a valid Account token.");
        }
        return std::nullopt;
    }
    return std::nullopt;
}

bool is_port(std::string_view text)
{
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

} // namespace

reply serve(world& state, request& incoming, route const& to)
{
    if (to.is_control && (incoming.host_count != 1 || !is_own_host(incoming.host, state.names))) {
        return make_refusal(421, 0, "The Host header must name this machine.");
    }
    if (!to.target) {
        return make_page(404);
    }
    if (to.wrong_method) {
        reply refused{405, {}};
        refused.content_type.clear();
        return refused;
    }
    server_state* server = nullptr;
    if (auto refused = check_access(state, incoming, to.target->needs, server)) {
        return std::move(*refused);
    }
    if (incoming.body_too_large) {
        return make_page(413);
    }
    std::unique_lock lock{state.mutex, std::defer_lock};
    if (!to.target->locks_itself) {
        lock.lock();
    }
    return to.target->handle({state, server, incoming, *to.target, to.parameters, to.query});
}

bool is_own_host(std::string_view host, std::vector<std::string> const& names)
{
    host = trim(host);
    std::string_view name;
    std::string_view rest;
    if (host.starts_with('[')) {
        auto const end = host.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        name = host.substr(1, end - 1);
        rest = host.substr(end + 1);
    } else {
        auto const colon = std::min(host.find(':'), host.size());
        name = host.substr(0, colon);
        rest = host.substr(colon);
    }
    if (name.empty() || !(rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))))) {
        return false;
    }
    boost::system::error_code no_address;
    auto const address = boost::asio::ip::make_address(std::string{name}, no_address);
    return (!no_address && address.is_loopback()) || equals_ignoring_case(name, "localhost") ||
           std::ranges::any_of(names, [&](std::string const& own) { return equals_ignoring_case(name, own); });
}

} // namespace postmark::sandbox::detail
