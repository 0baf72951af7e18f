#ifndef POSTMARK_CLIENT_ROUTE_HPP
#define POSTMARK_CLIENT_ROUTE_HPP

#include "transport/connection.hpp"

#include <postmark/config.hpp>

#include <memory>

namespace postmark::detail {

/// Where connections go, and by what way.
[[nodiscard]] std::shared_ptr<transport::route> make_route(config const& settings);

} // namespace postmark::detail

#endif
