// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/webhooks.hpp>

#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// Parts of a webhook

webhook_http_auth::webhook_http_auth(std::string name, secret word)
    : username{std::move(name)}
    , password{std::move(word)}
{
}

schema const& webhook_http_auth::describe()
{
    using type = webhook_http_auth;
    static constexpr field fields[]{
        member<type, &type::username>("Username", place::required),
        member<type, &type::password>("Password", place::required),
    };
    static constexpr schema description = describe_type<type>("webhook_http_auth", fields);
    return description;
}

webhook_header::webhook_header(std::string header_name, secret header_value)
    : name{std::move(header_name)}
    , value{std::move(header_value)}
{
}

schema const& webhook_header::describe()
{
    using type = webhook_header;
    static constexpr field fields[]{
        member<type, &type::name>("Name", place::required),
        member<type, &type::value>("Value", place::required),
    };
    static constexpr schema description = describe_type<type>("webhook_header", fields);
    return description;
}

webhook_trigger::webhook_trigger(bool is_enabled)
    : enabled{is_enabled}
{
}

schema const& webhook_trigger::describe()
{
    using type = webhook_trigger;
    static constexpr field fields[]{member<type, &type::enabled>("Enabled")};
    static constexpr schema description = describe_type<type>("webhook_trigger", fields);
    return description;
}

webhook_open_trigger::webhook_open_trigger(bool is_enabled, bool first_only)
    : enabled{is_enabled}
    , post_first_open_only{first_only}
{
}

schema const& webhook_open_trigger::describe()
{
    using type = webhook_open_trigger;
    static constexpr field fields[]{
        member<type, &type::enabled>("Enabled"),
        member<type, &type::post_first_open_only>("PostFirstOpenOnly"),
    };
    static constexpr schema description = describe_type<type>("webhook_open_trigger", fields);
    return description;
}

webhook_content_trigger::webhook_content_trigger(bool is_enabled, bool with_content)
    : enabled{is_enabled}
    , include_content{with_content}
{
}

schema const& webhook_content_trigger::describe()
{
    using type = webhook_content_trigger;
    static constexpr field fields[]{
        member<type, &type::enabled>("Enabled"),
        member<type, &type::include_content>("IncludeContent"),
    };
    static constexpr schema description = describe_type<type>("webhook_content_trigger", fields);
    return description;
}

schema const& webhook_triggers::describe()
{
    using type = webhook_triggers;
    static constexpr field fields[]{
        member<type, &type::open>("Open"),
        member<type, &type::click>("Click"),
        member<type, &type::delivery>("Delivery"),
        member<type, &type::bounce>("Bounce"),
        member<type, &type::spam_complaint>("SpamComplaint"),
        member<type, &type::subscription_change>("SubscriptionChange"),
    };
    static constexpr schema description = describe_type<type>("webhook_triggers", fields);
    return description;
}

requested_webhook_triggers::requested_webhook_triggers(webhook_triggers const& all)
    : open{all.open}
    , click{all.click}
    , delivery{all.delivery}
    , bounce{all.bounce}
    , spam_complaint{all.spam_complaint}
    , subscription_change{all.subscription_change}
{
}

schema const& requested_webhook_triggers::describe()
{
    using type = requested_webhook_triggers;
    static constexpr field fields[]{
        member<type, &type::open>("Open"),
        member<type, &type::click>("Click"),
        member<type, &type::delivery>("Delivery"),
        member<type, &type::bounce>("Bounce"),
        member<type, &type::spam_complaint>("SpamComplaint"),
        member<type, &type::subscription_change>("SubscriptionChange"),
    };
    static constexpr schema description = describe_type<type>("requested_webhook_triggers", fields);
    return description;
}

schema const& webhook_settings::describe()
{
    using type = webhook_settings;
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::url>("Url", place::body, &protocol::url_codec),
        member<type, &type::message_stream>("MessageStream"),
        member<type, &type::status>("Status"),
        member<type, &type::http_auth>("HttpAuth"),
        member<type, &type::http_headers>("HttpHeaders"),
        member<type, &type::triggers>("Triggers"),
    };
    static constexpr schema description = describe_type<type>("webhook_settings", fields);
    return description;
}

// Reading

schema const& webhook_reply::describe()
{
    static constexpr field fields[]{protocol::whole<webhook_reply, webhook_settings>()};
    static constexpr schema description = describe_type<webhook_reply>("webhook_reply", fields);
    return description;
}

schema const& webhooks_reply::describe()
{
    static constexpr field fields[]{member<webhooks_reply, &webhooks_reply::webhooks>("Webhooks")};
    static constexpr schema description = describe_type<webhooks_reply>("webhooks_reply", fields);
    return description;
}

get_webhooks::get_webhooks(std::string stream)
    : message_stream{std::move(stream)}
{
}

schema const& get_webhooks::describe()
{
    using type = get_webhooks;
    static constexpr endpoint target{http_method::get, "/webhooks"};
    static constexpr field fields[]{member<type, &type::message_stream>("MessageStream", place::query)};
    static constexpr schema description = describe_request("get_webhooks", fields, target);
    return description;
}

get_webhook::get_webhook(std::int64_t webhook_id)
    : id{webhook_id}
{
}

schema const& get_webhook::describe()
{
    static constexpr endpoint target{http_method::get, "/webhooks/{id}"};
    static constexpr field fields[]{member<get_webhook, &get_webhook::id>("id", place::path)};
    static constexpr schema description = describe_request("get_webhook", fields, target);
    return description;
}

// Changes. The service documents the switch of the verification both as a key of the body and as a parameter of the
// query, so both are sent.

create_webhook::create_webhook(std::string address, std::string stream)
    : url{std::move(address)}
    , message_stream{std::move(stream)}
{
}

schema const& create_webhook::describe()
{
    using type = create_webhook;
    static constexpr endpoint target{
        .method = http_method::post, .path = "/webhooks", .repeatable = false, .check = [](void const* request) {
            protocol::request_check check;
            check.is_set("url", static_cast<type const*>(request)->url);
            return check.take();
        }};
    static constexpr field fields[]{
        member<type, &type::verify>("verify", place::query),
        member<type, &type::url>("Url", place::body, &protocol::url_codec),
        member<type, &type::message_stream>("MessageStream"),
        member<type, &type::http_auth>("HttpAuth"),
        member<type, &type::http_headers>("HttpHeaders"),
        member<type, &type::triggers>("Triggers"),
        member<type, &type::verify>("Verify"),
    };
    static constexpr schema description = describe_request("create_webhook", fields, target);
    return description;
}

edit_webhook::edit_webhook(std::int64_t webhook_id)
    : id{webhook_id}
{
}

schema const& edit_webhook::describe()
{
    using type = edit_webhook;
    static constexpr endpoint target{http_method::put, "/webhooks/{id}"};
    static constexpr field fields[]{
        member<type, &type::id>("id", place::path),
        member<type, &type::verify>("verify", place::query),
        member<type, &type::url>("Url", place::body, &protocol::url_codec),
        member<type, &type::http_auth>("HttpAuth"),
        member<type, &type::http_headers>("HttpHeaders"),
        member<type, &type::triggers>("Triggers"),
        member<type, &type::verify>("Verify"),
    };
    static constexpr schema description = describe_request("edit_webhook", fields, target);
    return description;
}

delete_webhook::delete_webhook(std::int64_t webhook_id)
    : id{webhook_id}
{
}

schema const& delete_webhook::describe()
{
    static constexpr endpoint target{http_method::delete_, "/webhooks/{id}"};
    static constexpr field fields[]{member<delete_webhook, &delete_webhook::id>("id", place::path)};
    static constexpr schema description = describe_request("delete_webhook", fields, target);
    return description;
}

// Verification

schema const& webhook_call_result::describe()
{
    using type = webhook_call_result;
    static constexpr field fields[]{
        member<type, &type::trigger_type>("TriggerType"),
        member<type, &type::success>("Success"),
        member<type, &type::status_code>("StatusCode"),
        member<type, &type::message>("Message"),
    };
    static constexpr schema description = describe_type<type>("webhook_call_result", fields);
    return description;
}

schema const& webhook_verification_reply::describe()
{
    using type = webhook_verification_reply;
    static constexpr field fields[]{
        member<type, &type::id>("Id"),           member<type, &type::url>("Url", place::body, &protocol::url_codec),
        member<type, &type::success>("Success"), member<type, &type::results>("Results"),
        member<type, &type::message>("Message"),
    };
    static constexpr schema description = describe_type<type>("webhook_verification_reply", fields);
    return description;
}

verify_webhook::verify_webhook(std::int64_t webhook_id)
    : id{webhook_id}
{
}

schema const& verify_webhook::describe()
{
    static constexpr endpoint target{http_method::post, "/webhooks/{id}/verify", false};
    static constexpr field fields[]{member<verify_webhook, &verify_webhook::id>("id", place::path)};
    static constexpr schema description = describe_request("verify_webhook", fields, target);
    return description;
}

// Statistics

schema const& webhook_time_range::describe()
{
    using type = webhook_time_range;
    static constexpr field fields[]{
        member<type, &type::start_time>("StartTime"),
        member<type, &type::end_time>("EndTime"),
        member<type, &type::hours>("Hours"),
    };
    static constexpr schema description = describe_type<type>("webhook_time_range", fields);
    return description;
}

schema const& webhook_metrics::describe()
{
    using type = webhook_metrics;
    static constexpr field fields[]{
        member<type, &type::total_requests>("TotalRequests"),
        member<type, &type::success_count>("SuccessCount"),
        member<type, &type::failure_count>("FailureCount"),
        member<type, &type::retry_count>("RetryCount"),
        member<type, &type::success_rate>("SuccessRate"),
        member<type, &type::slow_count>("SlowCount"),
        member<type, &type::very_slow_count>("VerySlowCount"),
        member<type, &type::average_terminal_response_time_ms>("AverageTerminalResponseTimeMs"),
        member<type, &type::average_retry_response_time_ms>("AverageRetryResponseTimeMs"),
    };
    static constexpr schema description = describe_type<type>("webhook_metrics", fields);
    return description;
}

schema const& webhook_statistics_reply::describe()
{
    using type = webhook_statistics_reply;
    static constexpr field fields[]{
        member<type, &type::webhook_id>("WebhookId"),
        member<type, &type::server_id>("ServerId"),
        member<type, &type::message_stream_id>("MessageStreamId"),
        member<type, &type::url>("Url", place::body, &protocol::url_codec),
        member<type, &type::statuses>("Statuses"),
        member<type, &type::time_range>("TimeRange"),
        member<type, &type::metrics>("Metrics"),
        member<type, &type::metrics_by_trigger>("MetricsByTrigger"),
    };
    static constexpr schema description = describe_type<type>("webhook_statistics_reply", fields);
    return description;
}

get_webhook_statistics::get_webhook_statistics(std::int64_t webhook_id)
    : id{webhook_id}
{
}

schema const& get_webhook_statistics::describe()
{
    using type = get_webhook_statistics;
    static constexpr endpoint target{http_method::get, "/webhooks/{id}/statistics"};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("get_webhook_statistics", fields, target);
    return description;
}

} // namespace postmark
