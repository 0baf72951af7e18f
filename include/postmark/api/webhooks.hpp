// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_WEBHOOKS_HPP
#define POSTMARK_API_WEBHOOKS_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/request.hpp>
#include <postmark/secret.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about webhooks: the URLs to which the service posts events of a message stream, and the events for which it
/// does.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// The user name and the password that the service sends to a webhook (HTTP Basic).
struct webhook_http_auth {
    webhook_http_auth() = default;
    webhook_http_auth(std::string username, secret password);
    static schema const& describe();

    std::string username;
    secret password;
};

/// A header that the service sends to a webhook. Its value may be a token, so it is not printed.
struct webhook_header {
    webhook_header() = default;
    webhook_header(std::string name, secret value);
    static schema const& describe();

    std::string name;
    secret value;
};

/// Whether an event is posted.
struct webhook_trigger {
    webhook_trigger() = default;
    explicit webhook_trigger(bool enabled);
    static schema const& describe();

    bool enabled = false;
};

/// Whether opens are posted.
struct webhook_open_trigger {
    webhook_open_trigger() = default;
    explicit webhook_open_trigger(bool enabled, bool post_first_open_only = false);
    static schema const& describe();

    bool enabled = false;
    /// Whether only the first open of a mail by a recipient is posted.
    bool post_first_open_only = false;
};

/// Whether bounces or spam complaints are posted.
struct webhook_content_trigger {
    webhook_content_trigger() = default;
    explicit webhook_content_trigger(bool enabled, bool include_content = false);
    static schema const& describe();

    bool enabled = false;
    /// Whether the source of the bounce or complaint is posted, too.
    bool include_content = false;
};

/// The events that a webhook is posted.
struct webhook_triggers {
    webhook_triggers() = default;
    static schema const& describe();

    webhook_open_trigger open;
    webhook_trigger click;
    webhook_trigger delivery;
    webhook_content_trigger bounce;
    webhook_content_trigger spam_complaint;
    webhook_trigger subscription_change;
};

/// The triggers that a request names. One that is not set is left out of the request: it is off in a new webhook, and
/// unchanged in one that is edited.
struct requested_webhook_triggers {
    requested_webhook_triggers() = default;
    /// Names all triggers.
    requested_webhook_triggers(webhook_triggers const& all);
    static schema const& describe();

    std::optional<webhook_open_trigger> open;
    std::optional<webhook_trigger> click;
    std::optional<webhook_trigger> delivery;
    std::optional<webhook_content_trigger> bounce;
    std::optional<webhook_content_trigger> spam_complaint;
    std::optional<webhook_trigger> subscription_change;
};

/// A webhook that the service knows.
struct webhook_settings {
    webhook_settings() = default;
    static schema const& describe();

    std::int64_t id = 0;
    /// A password in it is not printed.
    std::string url;
    std::string message_stream;
    /// `verified`, or `unverified`: nothing is posted. Empty if the service does not say.
    std::string status;
    /// Empty: none.
    webhook_http_auth http_auth;
    std::vector<webhook_header> http_headers;
    webhook_triggers triggers;
};

/// Reply of the requests about one webhook.
struct webhook_reply : api_reply, webhook_settings {
    webhook_reply() = default;
    static schema const& describe();
};

/// Reply of `get_webhooks`: all webhooks that match.
struct webhooks_reply : api_reply {
    webhooks_reply() = default;
    static schema const& describe();

    std::vector<webhook_settings> webhooks;
};

/// `GET /webhooks`: the webhooks of a message stream, or of all, in one page.
struct get_webhooks {
    using reply_type = webhooks_reply;

    get_webhooks() = default;
    /// \param message_stream the id of a message stream; empty: all
    explicit get_webhooks(std::string message_stream);
    static schema const& describe();

    /// Empty: all streams.
    std::string message_stream;
};

/// `GET /webhooks/{id}`: one webhook.
struct get_webhook {
    using reply_type = webhook_reply;

    get_webhook() = default;
    explicit get_webhook(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /webhooks`: registers a webhook. The client does not retry this request after a lost reply.
///
/// The service may call the URL before it replies, and refuse the request (`api_errc::webhook_verification_failed`) if
/// that fails. `api_reply::raw` then has the results of the single calls, if `call_options::keep_raw` is set.
struct create_webhook {
    using reply_type = webhook_reply;

    create_webhook() = default;
    /// \param url            the URL to post to
    /// \param message_stream the id of a message stream; empty: the service's default, `outbound`
    explicit create_webhook(std::string url, std::string message_stream = {});
    static schema const& describe();

    /// Required. A password in it is not printed.
    std::string url;
    /// Empty: the service's default, `outbound`. It cannot be changed.
    std::string message_stream;
    std::optional<webhook_http_auth> http_auth;
    std::vector<webhook_header> http_headers;
    requested_webhook_triggers triggers;
    /// Whether the service calls the URL to verify it; not set: the service's default. False: the webhook is not
    /// verified.
    std::optional<bool> verify;
};

/// `PUT /webhooks/{id}`: changes a webhook. Members that are empty or not set are left out of the request, and the
/// service does not change them. The service may call the URL, as for `create_webhook`.
struct edit_webhook {
    using reply_type = webhook_reply;

    edit_webhook() = default;
    explicit edit_webhook(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
    /// A password in it is not printed.
    std::string url;
    std::optional<webhook_http_auth> http_auth;
    /// An empty list removes all headers.
    std::optional<std::vector<webhook_header>> http_headers;
    requested_webhook_triggers triggers;
    /// Whether the service calls the URL to verify it; not set: the service's default.
    std::optional<bool> verify;
};

/// `DELETE /webhooks/{id}`: removes a webhook.
struct delete_webhook {
    using reply_type = acknowledgement;

    delete_webhook() = default;
    explicit delete_webhook(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// The call of a webhook with an example of one event.
struct webhook_call_result {
    webhook_call_result() = default;
    static schema const& describe();

    /// The event: `Open`, `Click`, `Delivery`, `Bounce`, `SpamComplaint`, `SubscriptionChange`.
    std::string trigger_type;
    bool success = false;
    /// The HTTP status of the webhook; 0 if it did not reply.
    int status_code = 0;
    std::string message;
};

/// Reply of `verify_webhook`. The call succeeds even if the webhook failed.
struct webhook_verification_reply : api_reply {
    webhook_verification_reply() = default;
    static schema const& describe();

    std::int64_t id = 0;
    /// A password in it is not printed.
    std::string url;
    /// Whether all calls succeeded.
    bool success = false;
    std::vector<webhook_call_result> results;
    std::string message;
};

/// `POST /webhooks/{id}/verify`: makes the service call a webhook with examples of its events. The client does not
/// retry this request after a lost reply.
struct verify_webhook {
    using reply_type = webhook_verification_reply;

    verify_webhook() = default;
    explicit verify_webhook(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// A range of time, in hours.
struct webhook_time_range {
    webhook_time_range() = default;
    static schema const& describe();

    std::chrono::system_clock::time_point start_time;
    std::chrono::system_clock::time_point end_time;
    int hours = 0;
};

/// How a webhook replied in a range of time.
struct webhook_metrics {
    webhook_metrics() = default;
    static schema const& describe();

    std::int64_t total_requests = 0;
    std::int64_t success_count = 0;
    std::int64_t failure_count = 0;
    std::int64_t retry_count = 0;
    double success_rate = 0;
    std::int64_t slow_count = 0;
    std::int64_t very_slow_count = 0;
    /// Milliseconds; not set where there was no such request.
    std::optional<std::int64_t> average_terminal_response_time_ms;
    /// As `average_terminal_response_time_ms`.
    std::optional<std::int64_t> average_retry_response_time_ms;
};

/// Reply of `get_webhook_statistics`.
struct webhook_statistics_reply : api_reply {
    webhook_statistics_reply() = default;
    static schema const& describe();

    std::int64_t webhook_id = 0;
    std::int64_t server_id = 0;
    std::string message_stream_id;
    /// A password in it is not printed.
    std::string url;
    /// For each event `verified` or `unverified`.
    std::map<std::string, std::string> statuses;
    webhook_time_range time_range;
    webhook_metrics metrics;
    /// By event.
    std::map<std::string, webhook_metrics> metrics_by_trigger;
};

/// `GET /webhooks/{id}/statistics`: how a webhook replied in the last 24 hours.
struct get_webhook_statistics {
    using reply_type = webhook_statistics_reply;

    get_webhook_statistics() = default;
    explicit get_webhook_statistics(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

} // namespace postmark

#endif
