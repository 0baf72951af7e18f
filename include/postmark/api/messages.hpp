// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_MESSAGES_HPP
#define POSTMARK_API_MESSAGES_HPP

#include <postmark/api/request.hpp>
#include <postmark/message.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postmark {

/// Something that happened to a message after it was accepted.
struct message_event {
    message_event() = default;

    std::string recipient;
    /// `Delivered`, `Transient`, `Opened`, `Bounced`, `LinkClicked`, `SubscriptionChanged`, or what the service adds.
    std::string type;
    std::chrono::system_clock::time_point received_at;
    /// The keys depend on the type; numbers and booleans as text.
    std::map<std::string, std::string> details;
};

/// Reply of `get_outbound_message_details`. Every key may be missing: the member is then empty.
struct outbound_message_details_reply : api_reply {
    outbound_message_details_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    std::string message_id;
    std::string message_stream;
    std::vector<mailbox> to;
    std::vector<mailbox> cc;
    std::vector<mailbox> bcc;
    std::vector<std::string> recipients;
    std::chrono::system_clock::time_point received_at;
    std::string from;
    std::string subject;
    std::string tag;
    /// File names.
    std::vector<std::string> attachments;
    /// `Sent`, `Processed`, `Queued`.
    std::string status;
    bool track_opens = false;
    std::string track_links;
    std::map<std::string, std::string> metadata;
    bool sandboxed = false;
    std::string text_body;
    std::string html_body;
    /// The raw source.
    std::string body;
    std::vector<message_event> message_events;
};

/// `GET /messages/outbound/{id}/details`: what the service knows of a message that it accepted.
struct get_outbound_message_details {
    using reply_type = outbound_message_details_reply;

    get_outbound_message_details() = default;
    explicit get_outbound_message_details(std::string message_id);
    [[nodiscard]] api_request prepare() const;

    std::string message_id;
};

/// What the service's message search says of a send whose outcome was unknown.
struct reconciliation : api_reply {
    reconciliation() = default;
    [[nodiscard]] bool read(std::string_view json);

    /// What was looked for.
    std::string stamp;
    /// Whether the service has the message. If not, it may have it soon: the search lags behind by a time that the service
    /// does not state, so that "not found" is weak evidence, the weaker the sooner it is asked.
    bool found = false;
    /// Of the message that was found.
    std::string message_id;
    /// When the service answered.
    std::chrono::system_clock::time_point asked_at;
};

/// `GET /messages/outbound?metadata_postmark-stamp=…`: looks for the message with a stamp. Never sends.
struct find_stamped {
    using reply_type = reconciliation;

    find_stamped() = default;
    /// \param stamp          `receipt::stamp`
    /// \param message_stream where to look; empty: the service's default, `outbound`
    explicit find_stamped(std::string stamp, std::string message_stream = {});
    [[nodiscard]] api_request prepare() const;
    /// Tells the reply what it is about, before it is read.
    void expect(reconciliation& reply) const { reply.stamp = stamp; }

    std::string stamp;
    std::string message_stream;
};

} // namespace postmark

#endif
