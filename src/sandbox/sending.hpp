// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SENDING_HPP
#define POSTMARK_SANDBOX_SENDING_HPP

#include "sandbox/endpoint.hpp"
#include "sandbox/request.hpp"

#include <boost/json/value.hpp>

#include <optional>

namespace postmark::sandbox::detail {

/// Checks and stores a message as `/email` does, or `/email/withTemplate` when it names a template (`templated`). The
/// reason when it is refused. Takes the lock of the world; the caller counts what is accepted.
[[nodiscard]] std::optional<refusal> accept_message(call const& current, boost::json::value const& message,
                                                    bool templated);

} // namespace postmark::sandbox::detail

#endif
