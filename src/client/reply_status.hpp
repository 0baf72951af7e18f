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

/// The class of one item of a batch that has an item for each message.
[[nodiscard]] protocol::reply_class item_class(receipt const& item) noexcept;

/// What became of a message whose call failed without an answer. The stamp and its stream stay.
void fail_receipt(receipt& result, errc error, std::string const& detail) noexcept;

} // namespace postmark::detail

#endif
