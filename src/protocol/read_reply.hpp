// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_READ_REPLY_HPP
#define POSTMARK_PROTOCOL_READ_REPLY_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <span>
#include <string_view>

namespace postmark::protocol {

/// Fills the receipt from the complete answer to a single send. Everything but the stamp is replaced.
void read_send_reply(unsigned http_status, std::string_view body, receipt& result);

/// What the answer to a batch was, taken as a whole.
enum class batch_reply {
    /// One item per message; each receipt says what became of its own.
    items,
    /// The whole request was refused; every receipt is `rejected`.
    refused,
    /// Nothing can be known; every receipt is `unknown`.
    unknown,
};

/// Fills the receipts, in the order of the request, from the complete answer to a batch. Everything but the stamps is
/// replaced.
[[nodiscard]] batch_reply read_batch_reply(unsigned http_status, std::string_view body,
                                           std::span<receipt* const> receipts);

} // namespace postmark::protocol

#endif
