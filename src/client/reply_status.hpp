// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_REPLY_STATUS_HPP
#define POSTMARK_CLIENT_REPLY_STATUS_HPP

#include "protocol/reply_rules.hpp"
#include "scheduler/call_scheduler.hpp"
#include "transport/connection.hpp"

#include <postmark/receipt.hpp>

#include <string>

namespace postmark::detail {

/// What the scheduler has to know of a reply.
/// \param error what `unknown` completes with; an `errc`
[[nodiscard]] scheduler::reply_status reply_status_of(protocol::reply_class found, error_code error,
                                                      transport::reply const& said);

/// Whether something in front of the service replied that the service cannot be reached.
[[nodiscard]] bool is_gateway_failure(unsigned status, int api_code) noexcept;

/// "Later", as an answer said it.
[[nodiscard]] scheduler::reply_status retry_later_status(transport::reply const& said);

/// What became of a message whose call failed without an answer. The stamp and its stream stay.
void fail_receipt(receipt& result, errc error, std::string const& detail) noexcept;

} // namespace postmark::detail

#endif
