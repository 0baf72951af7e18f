// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_CONNECTION_PARAMS_HPP
#define POSTMARK_CLIENT_CONNECTION_PARAMS_HPP

#include "transport/connection_params.hpp"

#include <postmark/config.hpp>

#include <memory>

namespace postmark::detail {

/// What the connections of a client with this configuration have in common. With `https` it reads the trust store; what
/// is wrong with that is the `problem` of the result's `tls`.
[[nodiscard]] std::shared_ptr<transport::connection_params const> make_connection_params(config const& settings);

} // namespace postmark::detail

#endif
