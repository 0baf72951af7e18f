// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_READ_REPLY_HPP
#define POSTMARK_PROTOCOL_READ_REPLY_HPP

#include "protocol/reply_rules.hpp"

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <span>
#include <string_view>

namespace postmark::protocol {

/// Fills the receipt from the complete reply to a single send. Everything but the stamp is replaced.
/// \return never `split`
reply_class read_send_reply(unsigned http_status, std::string_view body, receipt& result);

/// Fills the receipts, in the order of the request, from the complete reply to a batch. Everything but the stamps is
/// replaced.
/// \return `accepted` if there is an item for each message: then each receipt has an outcome of its own. Any other
///         class is that of all messages.
[[nodiscard]] reply_class read_batch_reply(unsigned http_status, std::string_view body,
                                           std::span<receipt* const> receipts);

} // namespace postmark::protocol

#endif
