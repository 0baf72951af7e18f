// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_INBOUND_MESSAGES_HPP
#define POSTMARK_API_INBOUND_MESSAGES_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/request.hpp>
#include <postmark/message.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// \file
/// Requests about messages that the service has received for the program.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A file of an inbound message, without its content.
struct inbound_attachment {
    inbound_attachment() = default;
    static schema const& describe();

    std::string name;
    std::string content_type;
    /// In bytes.
    std::int64_t content_length = 0;
    /// Empty: not an inline image.
    std::string content_id;
};

/// A message that the service received.
struct inbound_message {
    inbound_message() = default;
    static schema const& describe();

    /// The service's id, which is not the mail's own `Message-ID`.
    std::string message_id;
    std::string message_stream;
    /// The address.
    std::string from;
    std::string from_name;
    mailbox from_full;
    /// The header of the mail, as it was received.
    std::string to;
    std::vector<mailbox> to_full;
    /// The header of the mail, as it was received.
    std::string cc;
    std::vector<mailbox> cc_full;
    /// Known only if the inbound address itself was a blind copy.
    std::string bcc;
    std::vector<mailbox> bcc_full;
    std::string reply_to;
    /// The address that the mail was delivered to.
    std::string original_recipient;
    std::string subject;
    /// The header of the mail, as the sender wrote it: in no fixed format.
    std::string date;
    /// The part of the address after the `+`.
    std::string mailbox_hash;
    std::string tag;
    /// `Processed`, `Blocked`, `Queued`, `Failed`, `Scheduled`, `Sent`, or a status that the service adds.
    std::string status;
    std::vector<inbound_attachment> attachments;
};

/// Reply of `get_inbound_messages`: one page of messages.
struct inbound_messages_reply : api_reply {
    inbound_messages_reply() = default;
    static schema const& describe();

    /// The number of messages that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<inbound_message> inbound_messages;
};

/// `GET /messages/inbound`: a page of the messages that were received, newest first.
struct get_inbound_messages {
    using reply_type = inbound_messages_reply;

    get_inbound_messages() = default;
    /// \param count  1 to 500; `count + offset` is at most 10,000 (the service's limits)
    /// \param offset the number of messages to skip, from 0
    explicit get_inbound_messages(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
    std::string recipient;
    std::string from_email;
    std::string subject;
    std::string tag;
    /// `blocked`, `processed`, `queued`, `failed` or `scheduled`; empty: the service's default, `processed`.
    std::string status;
    /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, US Eastern time, inclusive. Must not be after `to_date`.
    std::string from_date;
    /// As `from_date`.
    std::string to_date;
    std::string mailbox_hash;
};

/// Reply of `get_inbound_message_details`.
struct inbound_message_details_reply : api_reply, inbound_message {
    inbound_message_details_reply() = default;
    static schema const& describe();

    std::string text;
    std::string html;
    /// A name may occur more than once.
    std::vector<mail_header> headers;
    /// The rule that stopped the message; empty if none did.
    std::string blocked_reason;
};

/// `GET /messages/inbound/{id}/details`: everything the service knows of a message that it received.
struct get_inbound_message_details {
    using reply_type = inbound_message_details_reply;

    get_inbound_message_details() = default;
    /// \param message_id `inbound_message::message_id`
    explicit get_inbound_message_details(std::string message_id);
    static schema const& describe();

    std::string message_id;
};

/// `PUT /messages/inbound/{id}/bypass`: delivers a message that a rule has blocked.
struct bypass_inbound_message {
    using reply_type = acknowledgement;

    bypass_inbound_message() = default;
    /// \param message_id `inbound_message::message_id`
    explicit bypass_inbound_message(std::string message_id);
    static schema const& describe();

    std::string message_id;
};

/// `PUT /messages/inbound/{id}/retry`: posts a message that could not be delivered to the program once more. The client
/// does not retry this request after a lost reply: the program might get the message twice.
struct retry_inbound_message {
    using reply_type = acknowledgement;

    retry_inbound_message() = default;
    /// \param message_id `inbound_message::message_id`
    explicit retry_inbound_message(std::string message_id);
    static schema const& describe();

    std::string message_id;
};

} // namespace postmark

#endif
