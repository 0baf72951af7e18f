// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SERVICE_HPP
#define POSTMARK_SANDBOX_SERVICE_HPP

#include "sandbox/request.hpp"
#include "sandbox/router.hpp"
#include "sandbox/text.hpp"
#include "sandbox/world.hpp"

namespace postmark::sandbox::detail {

/// Whether this is the token with which the service checks a mail and delivers nothing.
[[nodiscard]] inline bool is_test_token(std::string_view token)
{
    return equals_ignoring_case(token, "POSTMARK_API_TEST");
}

/// The service without its connections: a request in, a reply out. Checks path, method, token and size, then calls the
/// handler of the endpoint.
[[nodiscard]] reply serve(world& state, request& incoming, route const& to);

/// Whether a `Host` header names this machine: a loopback address, `localhost`, or one of `names`. A page of the web
/// that binds its own name to the loopback address sends its own name.
[[nodiscard]] bool is_own_host(std::string_view host, std::vector<std::string> const& names);

} // namespace postmark::sandbox::detail

#endif
