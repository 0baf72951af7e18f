// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_REPLY_READER_HPP
#define POSTMARK_PROTOCOL_REPLY_READER_HPP

#include "protocol/reply_rules.hpp"

#include <postmark/receipt.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace postmark::protocol {

// Replies to mail are read in one pass straight into receipts, without a tree. There is one way for all of JSON:
// escapes, UTF-8 and members that the library does not know cost in proportion to their length. Of members with the
// same name the last one counts. A byte order mark at the front is ignored.

/// The body of a reply, compared with the one that is expected.
enum class body_kind { not_json, incomplete, wrong_type, as_expected };

/// Puts the texts of an object into the receipt and drops everything else that the receipt holds. If the body is no
/// object, receipt and fields are empty afterwards.
body_kind read_object(unsigned http_status, std::string_view body, receipt& result, reply_fields& fields);

/// The items of an array.
struct reply_items {
    body_kind kind = body_kind::not_json;
    /// How many items the array has. Only as many are read as there are receipts.
    std::size_t count = 0;
};

/// Classifies each receipt by the item at its place in an array. If the body is no array, the receipts hold nothing of
/// use afterwards.
[[nodiscard]] reply_items read_items(unsigned http_status, std::string_view body, std::span<receipt* const> receipts);

} // namespace postmark::protocol

#endif
