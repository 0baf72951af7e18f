// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_FAST_REPLY_READER_HPP
#define POSTMARK_PROTOCOL_FAST_REPLY_READER_HPP

#include "protocol/reply_rules.hpp"

#include <postmark/receipt.hpp>

#include <span>
#include <string_view>

namespace postmark::protocol {

// Answers as the service spells nearly all of them: objects with keys that are read, none of them twice, texts of ASCII
// characters that are not escaped, and a code of digits. They are read in three fifths of the instructions that a parser of all
// of JSON takes. What these functions refuse may still be an answer: `read_object` and `read_items` decide that.

/// Reads an object. If that fails, the receipt holds nothing of use.
[[nodiscard]] bool read_fast_object(unsigned http_status, std::string_view body, receipt& result, reply_fields& fields);

/// Reads an array with an object for each receipt, and settles the receipts. If that fails, they hold nothing of use.
[[nodiscard]] bool read_fast_items(unsigned http_status, std::string_view body, std::span<receipt* const> receipts);

} // namespace postmark::protocol

#endif
