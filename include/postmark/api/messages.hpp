// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_MESSAGES_HPP
#define POSTMARK_API_MESSAGES_HPP

#include <postmark/api/inbound_messages.hpp>
#include <postmark/api/message_tracking.hpp>
#include <postmark/api/request.hpp>
#include <postmark/message.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Requests about messages that the service has accepted, and, in the headers that this one includes, about those that
/// it received for the program and about opens and clicks.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// Something that happened to a message after it was accepted.
struct message_event {
    message_event() = default;
    static schema const& describe();

    /// The address.
    std::string recipient;
    /// `Delivered`, `Transient`, `Opened`, `Bounced`, `LinkClicked`, `SubscriptionChanged`, or a type that the service
    /// adds.
    std::string type;
    std::chrono::system_clock::time_point received_at;
    /// The keys depend on the type; a value that is no text is given as JSON text.
    std::map<std::string, std::string> details;
};

/// A message that was sent.
struct outbound_message {
    outbound_message() = default;
    static schema const& describe();

    std::string message_id;
    std::string message_stream;
    std::vector<mailbox> to;
    std::vector<mailbox> cc;
    std::vector<mailbox> bcc;
    /// The addresses of to, cc and bcc.
    std::vector<std::string> recipients;
    std::chrono::system_clock::time_point received_at;
    /// As in the header of the mail, `Shop <shop@example.com>`.
    std::string from;
    std::string subject;
    std::string tag;
    /// File names.
    std::vector<std::string> attachments;
    /// `Sent`, `Processed`, `Queued`.
    std::string status;
    bool track_opens = false;
    /// `None`, `HtmlAndText`, `HtmlOnly`, `TextOnly`.
    std::string track_links;
    std::map<std::string, std::string> metadata;
    /// Whether the message was sent to a server whose mail is not delivered.
    bool sandboxed = false;
};

/// Reply of `get_outbound_messages`: one page of messages.
struct outbound_messages_reply : api_reply {
    outbound_messages_reply() = default;
    static schema const& describe();

    /// The number of messages that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<outbound_message> messages;
};

/// `GET /messages/outbound`: a page of the messages that were sent, newest first.
struct get_outbound_messages {
    using reply_type = outbound_messages_reply;

    get_outbound_messages() = default;
    /// \param count  1 to 500; `count + offset` is at most 10,000 (the service's limits)
    /// \param offset the number of messages to skip, from 0
    explicit get_outbound_messages(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
    /// An address in to, cc or bcc.
    std::string recipient;
    std::string from_email;
    std::string subject;
    std::string tag;
    /// `queued`, `sent` or `processed`; the last two mean the same.
    std::string status;
    /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, US Eastern time, inclusive. Must not be after `to_date`.
    std::string from_date;
    /// As `from_date`.
    std::string to_date;
    /// Empty: the service's default, `outbound`.
    std::string message_stream;
    /// The key of a message's metadata, to which `metadata_value` belongs. A search has one key at most (the service's
    /// rule); key and value are either both set or both empty.
    std::string metadata_key;
    std::string metadata_value;
};

/// Reply of `get_outbound_message_details`.
struct outbound_message_details_reply : api_reply, outbound_message {
    outbound_message_details_reply() = default;
    static schema const& describe();

    std::string text;
    std::string html;
    /// The source of the mail. The service keeps 1 MB of it.
    std::string body;
    std::vector<message_event> message_events;
};

/// `GET /messages/outbound/{id}/details`: everything the service knows of a message.
struct get_outbound_message_details {
    using reply_type = outbound_message_details_reply;

    get_outbound_message_details() = default;
    /// \param message_id `receipt::message_id`
    explicit get_outbound_message_details(std::string message_id);
    static schema const& describe();

    std::string message_id;
};

/// Reply of `get_outbound_message_dump`.
struct message_dump_reply : api_reply {
    message_dump_reply() = default;
    static schema const& describe();

    /// The source of the mail; empty if the service no longer has it.
    std::string body;
};

/// `GET /messages/outbound/{id}/dump`: the source of a message.
struct get_outbound_message_dump {
    using reply_type = message_dump_reply;

    get_outbound_message_dump() = default;
    /// \param message_id `receipt::message_id`
    explicit get_outbound_message_dump(std::string message_id);
    static schema const& describe();

    std::string message_id;
};

/// Reply of `find_stamped`: whether the service's message search finds a send whose outcome was unknown.
struct reconciliation : api_reply {
    reconciliation() = default;
    static schema const& describe();
    /// Reads the result of the search; `stamp` must be set. See `api_request`.
    [[nodiscard]] bool read(std::string_view json, std::string& problem);

    /// The stamp that was looked for.
    std::string stamp;
    /// Whether the service has the message. If this is false, the search may find it later: the service does not state
    /// how long the search lags behind. The sooner it is asked, the weaker the evidence that the message was not
    /// accepted.
    bool found = false;
    /// The id of the message that was found.
    std::string message_id;
    /// When the service replied.
    std::chrono::system_clock::time_point asked_at;
};

/// `GET /messages/outbound?metadata_postmark-stamp=…`: looks for the message with a stamp. Never sends.
///
/// A message is found if its metadata has the stamp. A search result without metadata is believed only if it is the
/// only one.
struct find_stamped {
    using reply_type = reconciliation;

    find_stamped() = default;
    /// \param stamp          `receipt::stamp`
    /// \param message_stream the stream of the message; empty: the service's default, `outbound`
    explicit find_stamped(std::string stamp, std::string message_stream = {});
    static schema const& describe();
    /// Prepares the reply for reading.
    void expect(reconciliation& reply) const { reply.stamp = stamp; }

    std::string stamp;
    std::string message_stream;
};

} // namespace postmark

#endif
