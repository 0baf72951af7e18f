// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_MESSAGE_SCHEMA_HPP
#define POSTMARK_PROTOCOL_MESSAGE_SCHEMA_HPP

#include "protocol/schema.hpp"

namespace postmark::protocol {

/// The description of `message` in the service's JSON, by which `message_from_json` reads.
///
/// Sends are written by `write_message`, which is faster and is tested against this description. It knows more rules: a
/// template id replaces the alias, a message without a template has neither model nor `InlineCss`, a template without a
/// model gets an empty one, an attachment always has a content type, and a content id begins with `cid:`.
[[nodiscard]] schema const& message_schema() noexcept;

/// A `std::vector<mail_header>`.
extern codec const mail_headers_codec;
/// A `std::vector<attachment>`, written by `write_attachments`.
extern codec const sent_attachments_codec;

} // namespace postmark::protocol

#endif
