// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_INBOUND_MESSAGE_HPP
#define POSTMARK_SANDBOX_INBOUND_MESSAGE_HPP

#include "sandbox/object_reader.hpp"
#include "sandbox/object_store.hpp"
#include "sandbox/text.hpp"

#include <postmark/sandbox.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// A sender or recipient of a mail that came in.
struct mail_party {
    std::string email;
    std::string name;

    /// The part of the address between `+` and `@`.
    [[nodiscard]] std::string mailbox_hash() const;
};

/// A mail that came in.
struct inbound_message {
    /// A UUID.
    std::string id;
    /// `Processed`, `Blocked`, `Failed`, `Queued` or `Scheduled`.
    std::string_view status{"Processed"};
    /// Why it is blocked; empty when it is not.
    std::string blocked_reason;
    time_point received_at;
    mail_party from;
    /// The lists as they were written, and their entries.
    std::string to_text, cc_text, bcc_text;
    std::vector<mail_party> to, cc, bcc;
    std::string reply_to;
    /// The address to which the mail servers delivered it.
    std::string original_recipient;
    std::string subject;
    /// As the sender wrote it, usually in the form of RFC 5322.
    std::string date;
    std::string mailbox_hash;
    std::string tag;
    std::string text;
    std::string html;
    std::vector<header> headers;
    std::vector<attachment> attachments;
};

/// The mails that came in for a server.
using inbound_store = object_store<inbound_message>;

/// A mail from an object with the keys that the service posts to a webhook. Each key may be absent; wrong ones are
/// noted in the reader.
[[nodiscard]] inbound_message read_inbound(object_reader const& from);

/// A mail from its source. `recipient` is the one of the mail servers, or empty.
[[nodiscard]] inbound_message read_inbound(std::string_view source, std::string_view recipient);

/// Fills what a mail lacks from its other members. `address` is the recipient of a mail that names none.
void complete(inbound_message& mail, std::string_view address);

} // namespace postmark::sandbox::detail

#endif
