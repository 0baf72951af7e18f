// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ROUTER_HPP
#define POSTMARK_SANDBOX_ROUTER_HPP

#include "sandbox/endpoint.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// Where a request goes.
struct route {
    route() = default;

    /// Null when no endpoint has this path.
    endpoint const* target{nullptr};
    /// The path is that of `target`, but no endpoint with this path has the method.
    bool wrong_method{false};
    /// The path is one of the sandbox's own, whether or not there is an endpoint.
    bool is_control{false};
    /// See `call::parameters`.
    std::vector<std::string> parameters;
    /// The path in lower case, without a slash at the end.
    std::string path;
    /// The text after the question mark; a view into the target.
    std::string_view query;
};

/// All rows of all groups. The address of a row never changes.
[[nodiscard]] std::vector<endpoint> const& all_endpoints();

/// Finds the endpoint of a request. Paths are matched without regard to case and with or without a slash at the end;
/// methods are matched exactly.
[[nodiscard]] route find_route(std::string_view method, std::string_view target);

/// The position of a row of `all_endpoints`; the number of rows for null.
[[nodiscard]] std::size_t index_of(endpoint const* target);

} // namespace postmark::sandbox::detail

#endif
