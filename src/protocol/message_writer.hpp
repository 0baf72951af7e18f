// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_MESSAGE_WRITER_HPP
#define POSTMARK_PROTOCOL_MESSAGE_WRITER_HPP

#include "model/message_defaults.hpp"
#include "protocol/byte_buffer.hpp"

#include <postmark/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::protocol {

using model::message_defaults;

/// Metadata key of the stamp.
inline constexpr std::string_view stamp_key = "postmark-stamp";

/// Whether a stamp fits into the message's metadata: fewer than 10 keys, and none of that name.
[[nodiscard]] bool can_stamp(message const& msg) noexcept;

/// Appends the message as a JSON object, its keys always in the same order.
/// \param stamp value for the metadata, written if `can_stamp` allows it; empty: none
void write_message(byte_buffer& out, message const& msg, message_defaults const& defaults, std::string_view stamp);

/// Appends attachments as a JSON array, as `write_message` does: each has a content type, and its content id begins
/// with `cid:`.
void write_attachments(byte_buffer& out, std::vector<attachment> const& attachments);

/// Bytes that `write_message` will append if nothing has to be escaped, and `write_slack`.
[[nodiscard]] std::size_t expected_size(message const& msg, message_defaults const& defaults, std::string_view stamp);

/// Describes why the message cannot be written: its template model is not the text of a JSON object. Empty if it can.
[[nodiscard]] std::string unwritable(message const& msg);

} // namespace postmark::protocol

#endif
