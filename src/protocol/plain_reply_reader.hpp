// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_PLAIN_REPLY_READER_HPP
#define POSTMARK_PROTOCOL_PLAIN_REPLY_READER_HPP

#include "protocol/reply_rules.hpp"

#include <postmark/receipt.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace postmark::protocol {

/// What the body of an answer was.
enum class body_kind { not_json, incomplete, wrong_type, as_expected };

/// Puts the texts of an object into the receipt, of which everything else is forgotten. Unless the whole body is one, nothing
/// of it is kept.
body_kind read_object(unsigned http_status, std::string_view body, receipt& result, reply_fields& fields);

struct reply_items {
    body_kind kind = body_kind::not_json;
    /// How many there were, of which only as many are read as there are receipts.
    std::size_t count = 0;
};

/// Settles receipts, of which everything else is forgotten, by the items of an array, one after the other. Unless the whole
/// body is one, they hold nothing of use.
[[nodiscard]] reply_items read_items(unsigned http_status, std::string_view body, std::span<receipt* const> receipts);

} // namespace postmark::protocol

#endif
