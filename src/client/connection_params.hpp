// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_CONNECTION_PARAMS_HPP
#define POSTMARK_CLIENT_CONNECTION_PARAMS_HPP

#include "transport/connection.hpp"

#include <postmark/config.hpp>

#include <memory>

namespace postmark::detail {

/// Where connections go, and by what way.
[[nodiscard]] std::shared_ptr<transport::route> make_route(config const& settings);

} // namespace postmark::detail

#endif
