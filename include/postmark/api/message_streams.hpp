// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_MESSAGE_STREAMS_HPP
#define POSTMARK_API_MESSAGE_STREAMS_HPP

#include <postmark/api/request.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about message streams, by which a server separates kinds of mail. A new server has three: `outbound`,
/// `inbound` and `broadcast`.
///
/// Every key of a reply may be missing or null; its member then keeps its default value, which for a time is the epoch.

namespace postmark {

/// How recipients of a stream unsubscribe.
struct subscription_management_configuration {
    subscription_management_configuration() = default;
    /// \param unsubscribe_handling_type `None`, `Postmark` or `Custom`
    explicit subscription_management_configuration(std::string unsubscribe_handling_type);
    static schema const& describe();

    /// `None`; `Postmark`: the service adds a link; `Custom`: the program does, for which the service has to approve
    /// the account. The case varies in replies.
    std::string unsubscribe_handling_type;
};

/// A message stream.
struct message_stream {
    message_stream() = default;
    static schema const& describe();

    /// Unique on the server, and the value of `message::message_stream`.
    std::string id;
    std::int64_t server_id = 0;
    std::string name;
    std::string description;
    /// `Transactional`, `Broadcasts` or `Inbound`.
    std::string message_stream_type;
    std::chrono::system_clock::time_point created_at;
    /// The epoch if it was never changed.
    std::chrono::system_clock::time_point updated_at;
    /// The epoch if it is not archived.
    std::chrono::system_clock::time_point archived_at;
    /// When the service removes it, 45 days after it was archived; the epoch if it is not archived.
    std::chrono::system_clock::time_point expected_purge_date;
    postmark::subscription_management_configuration subscription_management_configuration;
};

/// Reply of the requests about one message stream.
struct message_stream_reply : api_reply, message_stream {
    message_stream_reply() = default;
    static schema const& describe();
};

/// Reply of `get_message_streams`: all streams that match. A server has 10 at most (the service's limit).
struct message_streams_reply : api_reply {
    message_streams_reply() = default;
    static schema const& describe();

    std::int64_t total_count = 0;
    std::vector<message_stream> message_streams;
};

/// `GET /message-streams`: the streams of the server, in one page.
struct get_message_streams {
    using reply_type = message_streams_reply;

    get_message_streams() = default;
    static schema const& describe();

    /// `All`, `Transactional`, `Broadcasts` or `Inbound`; empty: the service's default, `All`.
    std::string message_stream_type;
    /// Not set: the service's default, no.
    std::optional<bool> include_archived_streams;
};

/// `GET /message-streams/{id}`: one stream.
struct get_message_stream {
    using reply_type = message_stream_reply;

    get_message_stream() = default;
    explicit get_message_stream(std::string id);
    static schema const& describe();

    std::string id;
};

/// `POST /message-streams`: creates a stream. The client does not retry this request after a lost reply.
struct create_message_stream {
    using reply_type = message_stream_reply;

    create_message_stream() = default;
    static schema const& describe();

    /// Required: a lower-case letter, then lower-case letters, digits, `-` or `_`, at most 30 characters, not beginning
    /// with `pm-` (the service's rules). It cannot be changed.
    std::string id;
    /// Required; at most 100 characters (the service's limit).
    std::string name;
    /// Required: `Transactional` or `Broadcasts`. It cannot be changed.
    std::string message_stream_type;
    /// At most 1,000 characters without HTML (the service's rules).
    std::string description;
    /// Not set: the service's default, `Postmark` for broadcasts and `None` for others.
    std::optional<postmark::subscription_management_configuration> subscription_management_configuration;
};

/// `PATCH /message-streams/{id}`: changes a stream. Members that are empty or not set are left out of the request, and
/// the service does not change them. The client may retry this request: a repetition makes the same change.
struct edit_message_stream {
    using reply_type = message_stream_reply;

    edit_message_stream() = default;
    explicit edit_message_stream(std::string id);
    static schema const& describe();

    std::string id;
    /// At most 100 characters (the service's limit).
    std::string name;
    /// At most 1,000 characters without HTML (the service's rules). An empty text removes it.
    std::optional<std::string> description;
    std::optional<postmark::subscription_management_configuration> subscription_management_configuration;
};

/// Reply of `archive_message_stream`.
struct archived_message_stream_reply : api_reply {
    archived_message_stream_reply() = default;
    static schema const& describe();

    std::string id;
    std::int64_t server_id = 0;
    /// When the service removes the stream.
    std::chrono::system_clock::time_point expected_purge_date;
};

/// `POST /message-streams/{id}/archive`: ends the use of a stream. The service refuses it for the first transactional
/// stream and the inbound one. The client does not retry this request after a lost reply.
struct archive_message_stream {
    using reply_type = archived_message_stream_reply;

    archive_message_stream() = default;
    explicit archive_message_stream(std::string id);
    static schema const& describe();

    std::string id;
};

/// `POST /message-streams/{id}/unarchive`: makes an archived stream usable again, until it is removed. The client does
/// not retry this request after a lost reply.
struct unarchive_message_stream {
    using reply_type = message_stream_reply;

    unarchive_message_stream() = default;
    explicit unarchive_message_stream(std::string id);
    static schema const& describe();

    std::string id;
};

} // namespace postmark

#endif
