// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_READ_REPLY_HPP
#define POSTMARK_PROTOCOL_READ_REPLY_HPP

#include "protocol/reply_rules.hpp"

#include <postmark/api/request.hpp>
#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <functional>
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

/// Fills the members that every reply has from the complete reply to any other call, and hands the body of a successful
/// one to `read_body`.
/// \param read_body says whether it could read the body; not called on a failure
[[nodiscard]] error_code read_api_reply(unsigned http_status, std::string_view body, api_reply& reply,
                                        std::function<bool(std::string_view)> const& read_body);

} // namespace postmark::protocol

#endif
