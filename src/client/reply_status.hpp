// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_REPLY_STATUS_HPP
#define POSTMARK_CLIENT_REPLY_STATUS_HPP

#include "protocol/reply_rules.hpp"
#include "scheduler/call_scheduler.hpp"
#include "transport/connection.hpp"

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <string_view>

namespace postmark::detail {

/// What the scheduler has to know of a reply.
/// \param error    what a reply of class `unknown` completes with; an `errc`
/// \param api_code ErrorCode of the reply; 0 if it has none
[[nodiscard]] scheduler::reply_status reply_status_of(protocol::reply_class reply_class, error_code error, int api_code,
                                                      transport::reply const& reply);

/// What the scheduler has to know of an exchange that ended without a reply.
[[nodiscard]] scheduler::exchange_failure exchange_failure_of(transport::failure const& failure) noexcept;

/// What the scheduler has to know of a connection that could not be opened.
[[nodiscard]] scheduler::open_failure open_failure_of(transport::failure const& failure) noexcept;

/// The class of one item of a batch that has an item for each message.
[[nodiscard]] protocol::reply_class item_class(receipt const& item) noexcept;

/// Fills the receipt of a message whose call failed without a usable reply. The stamp and its message stream stay.
void fail_receipt(receipt& result, errc error, std::string_view detail) noexcept;

} // namespace postmark::detail

#endif
