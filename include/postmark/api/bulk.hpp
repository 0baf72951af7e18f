// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_BULK_HPP
#define POSTMARK_API_BULK_HPP

#include <postmark/api/request.hpp>
#include <postmark/message.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Bulk requests: one text, or one template, for many recipients. The service sends the mails of a bulk request after
/// it has accepted it, and has to approve the account for that.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// The recipients of one mail of a bulk request, and what is special about their mail.
struct bulk_message {
    bulk_message() = default;
    static schema const& describe();

    /// Required. `to`, `cc` and `bcc` have at most 50 recipients each (the service's limit).
    mailbox_list to;
    mailbox_list cc;
    mailbox_list bcc;
    /// The text of a JSON object with the values of the placeholders; empty: none.
    std::string template_model;
    /// Takes precedence over `send_bulk::metadata`.
    std::map<std::string, std::string> metadata;
    /// Takes precedence over `send_bulk::headers`.
    std::vector<mail_header> headers;
};

/// How far a bulk request is.
struct bulk_request {
    bulk_request() = default;
    static schema const& describe();

    std::string id;
    std::chrono::system_clock::time_point submitted_at;
    /// `Accepted`, `Processing`, `Completed`, `Cancelled`, `Failed`.
    std::string status;
    std::int64_t total_messages = 0;
    /// 0 to 100.
    double percentage_completed = 0;
    std::int64_t released_count = 0;
    /// The messages of which no recipient may be sent mail, or that could not be rendered.
    std::int64_t failed_count = 0;
    std::string subject;
};

/// Reply of `send_bulk` and `get_bulk_request`. The first of them may have the members `id`, `status` and
/// `submitted_at` only.
struct bulk_request_reply : api_reply, bulk_request {
    bulk_request_reply() = default;
    static schema const& describe();
};

/// `POST /email/bulk`: sends one text or one template to many recipients. Either every message is accepted or none.
///
/// The client does not retry this request after a lost reply, since it would send the mails twice: the call then ends
/// with an error for which `condition::outcome_unknown` holds, and `get_bulk_requests` shows whether the service has
/// it. Defaults of the configuration (`config::default_sender` and others) and stamps do not apply. The whole request
/// has at most 50 MiB (the service's limit).
struct send_bulk {
    using reply_type = bulk_request_reply;

    send_bulk() = default;
    static schema const& describe();

    /// The sender; required.
    mailbox from;
    /// Where replies go to; empty: the service's default for the sender.
    mailbox_list reply_to;
    /// Text and placeholders, as in `html` and `text`; empty with a template.
    std::string subject;
    /// Text with placeholders such as `{{name}}`, whose values are in `bulk_message::template_model`; empty with a
    /// template.
    std::string html;
    /// As `html`.
    std::string text;
    /// Id of the template.
    std::optional<std::int64_t> template_id;
    /// Alias of the template; empty: none.
    std::string template_alias;
    /// Whether CSS rules are written into the elements of the HTML; not set: the service's default.
    std::optional<bool> inline_css;
    std::string tag;
    /// As `message::metadata`.
    std::map<std::string, std::string> metadata;
    /// Id of a message stream for broadcasts; empty: the service's default, `broadcast`.
    std::string message_stream;
    /// Not set: the setting of the server.
    std::optional<bool> track_opens;
    /// `None`, `HtmlAndText`, `HtmlOnly` or `TextOnly`; empty: the setting of the server.
    std::string track_links;
    std::vector<attachment> attachments;
    std::vector<mail_header> headers;
    /// Required: one element per mail.
    std::vector<bulk_message> messages;
};

/// `GET /email/bulk/{id}`: how far a bulk request is.
struct get_bulk_request {
    using reply_type = bulk_request_reply;

    get_bulk_request() = default;
    /// \param id `bulk_request::id`
    explicit get_bulk_request(std::string id);
    static schema const& describe();

    std::string id;
};

/// Reply of `get_bulk_requests`: one page, the newest request first.
struct bulk_requests_reply : api_reply {
    bulk_requests_reply() = default;
    static schema const& describe();

    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<bulk_request> requests;
    /// The key of the next page; empty on the last one.
    std::string pagination_key;
};

/// `GET /email/bulk`: a page of the server's bulk requests.
struct get_bulk_requests {
    using reply_type = bulk_requests_reply;

    get_bulk_requests() = default;
    /// \param count          1 to 500
    /// \param pagination_key `bulk_requests_reply::pagination_key` of the page before; empty: the first page
    explicit get_bulk_requests(int count, std::string pagination_key = {});
    static schema const& describe();

    int count = 500;
    std::string pagination_key;
};

} // namespace postmark

#endif
