// SPDX-License-Identifier: BSL-1.0

// The endpoints of webhooks. No events are posted yet: a webhook is its settings.

#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <chrono>

namespace postmark::sandbox::detail {
namespace {

/// Limits of a stream and of a webhook. The service has such limits, but does not publish the first.
constexpr std::ptrdiff_t max_webhooks = 30;
constexpr std::size_t max_headers = 30;

void append_webhook(std::string& out, webhook const& entry)
{
    object_writer writer{out};
    writer.number("ID", entry.id)
        .text("Url", entry.url)
        .text("MessageStream", entry.stream)
        .text("Status", entry.verified ? "verified" : "unverified");
    if (entry.login) {
        object_writer{writer.key("HttpAuth")}
            .text("Username", entry.login->username)
            .text("Password", entry.login->password);
    } else {
        writer.null("HttpAuth");
    }
    {
        array_writer headers{writer.key("HttpHeaders")};
        for (auto const& item : entry.headers) {
            object_writer{headers.next()}.text("Name", item.name).text("Value", item.value);
        }
    }
    object_writer triggers{writer.key("Triggers")};
    for (std::size_t index = 0; index < trigger_names.size(); ++index) {
        object_writer trigger{triggers.key(trigger_names[index])};
        trigger.flag("Enabled", entry.triggers[index].enabled);
        if (!trigger_option_names[index].empty()) {
            trigger.flag(trigger_option_names[index], entry.triggers[index].option);
        }
    }
}

reply show(webhook const& entry)
{
    reply result;
    append_webhook(result.body, entry);
    return result;
}

/// Calls `act` with the webhook that the path names, if there is one.
template <class Action>
reply with_webhook(call const& current, Action&& act)
{
    auto const number = parse_id(current.parameters.front());
    auto* found = number ? current.server->webhooks.find(*number) : nullptr;
    return found ? act(*found) : make_refusal(422, 1352, "The webhook for the provided 'ID' was not found.");
}

/// The members of a request to make or change a webhook. What is not given is kept.
class webhook_fields {
public:
    explicit webhook_fields(object_reader const& body)
        : url_{body.text("Url")}
        , status_{body.text("Status")}
    {
        if (auto const login = body.object("HttpAuth")) {
            login_ = webhook_login{login->text("Username").value_or(std::string{}),
                                   login->text("Password").value_or(std::string{})};
        }
        if (auto const items = body.objects("HttpHeaders")) {
            headers_.emplace();
            for (auto const& item : *items) {
                headers_->emplace_back(item.text("Name").value_or(std::string{}),
                                       item.text("Value").value_or(std::string{}));
            }
        }
        if (auto const triggers = body.object("Triggers")) {
            for (std::size_t index = 0; index < trigger_names.size(); ++index) {
                if (auto const trigger = triggers->object(trigger_names[index])) {
                    enabled_[index] = trigger->flag("Enabled");
                    options_[index] =
                        trigger_option_names[index].empty() ? std::nullopt : trigger->flag(trigger_option_names[index]);
                }
            }
            names_inbound_ = triggers->has("Inbound");
        }
    }

    [[nodiscard]] bool has_url() const { return url_.has_value(); }

    [[nodiscard]] std::optional<refusal> check() const
    {
        if (status_) {
            if (!equals_ignoring_case(*status_, "verified") && !equals_ignoring_case(*status_, "unverified")) {
                return refusal{1362, "The 'Status' must be 'verified' or 'unverified'."};
            }
            return refusal{1363, "The 'Status' of a webhook cannot be set."};
        }
        if (url_ && !is_webhook_url(*url_)) {
            return refusal{1354, "The 'Url' is missing or not valid."};
        }
        if (login_ && login_->username.empty() && !login_->password.empty()) {
            return refusal{1361, "The 'HttpAuth' has a 'Password' without a 'Username'."};
        }
        if (names_inbound_) {
            return refusal{1353, "The trigger 'Inbound' is not available on this message stream."};
        }
        return check_headers();
    }

    void apply_to(webhook& entry) const
    {
        entry.url = url_.value_or(entry.url);
        if (login_) {
            // An empty login is none.
            entry.login = login_->username.empty() ? std::nullopt : login_;
        }
        entry.headers = headers_.value_or(entry.headers);
        for (std::size_t index = 0; index < trigger_names.size(); ++index) {
            auto& trigger = entry.triggers[index];
            trigger.enabled = enabled_[index].value_or(trigger.enabled);
            trigger.option = options_[index].value_or(trigger.option);
        }
    }

private:
    [[nodiscard]] std::optional<refusal> check_headers() const
    {
        if (!headers_) {
            return std::nullopt;
        }
        if (headers_->size() > max_headers) {
            return refusal{1361, "A webhook is limited to 30 'HttpHeaders'."};
        }
        for (auto const& item : *headers_) {
            bool const valid = !item.name.empty() && std::ranges::all_of(item.name, [](char character) {
                auto const byte = static_cast<unsigned char>(character);
                return byte > 0x20 && byte < 0x7f && character != ':';
            });
            if (!valid) {
                return refusal{1358, "The name of one of the 'HttpHeaders' is not valid."};
            }
            if (item.value.find_first_of("\r\n") != std::string::npos) {
                return refusal{1361, "The value of one of the 'HttpHeaders' holds a line break."};
            }
        }
        return std::nullopt;
    }

    std::optional<std::string> url_;
    std::optional<std::string> status_;
    std::optional<webhook_login> login_;
    std::optional<std::vector<header>> headers_;
    std::array<std::optional<bool>, trigger_names.size()> enabled_;
    std::array<std::optional<bool>, trigger_names.size()> options_;
    bool names_inbound_{false};
};

reply list_webhooks(call const& current)
{
    query_values const values{current.query};
    auto const stream = values.text("MessageStream");
    if (!stream.empty() && !current.server->streams.find(stream)) {
        return make_refusal(422, 1226, "The message stream for the provided 'ID' was not found.");
    }
    reply result;
    object_writer writer{result.body};
    {
        array_writer items{writer.key("Webhooks")};
        for (auto const& entry : current.server->webhooks.all()) {
            if (stream.empty() || entry.stream == stream) {
                append_webhook(items.next(), entry);
            }
        }
    }
    writer.end();
    return result;
}

reply get_webhook(call const& current)
{
    return with_webhook(current, show);
}

std::optional<refusal> check_stream(server_state const& server, std::string_view id)
{
    auto const* stream = server.streams.find(id);
    if (!stream) {
        return refusal{1226, "The message stream for the provided 'ID' was not found."};
    }
    if (stream->archived_at) {
        return refusal{1350, "The message stream is archived."};
    }
    if (stream->type == "Inbound") {
        return refusal{1351, "Inbound message streams have no webhooks."};
    }
    auto const count =
        std::ranges::count_if(server.webhooks.all(), [&](webhook const& entry) { return entry.stream == id; });
    if (count >= max_webhooks) {
        return refusal{1359, "The message stream has the maximum number of webhooks."};
    }
    return std::nullopt;
}

/// Appends the result of the posts that verify a webhook. No post is made: each enabled trigger of a webhook whose host
/// can exist is taken to have answered.
void append_verification(std::string& out, webhook const& entry)
{
    bool const success = can_be_reached(entry.url);
    object_writer writer{out};
    writer.number("Id", entry.id).text("Url", entry.url).flag("Success", success);
    {
        array_writer results{writer.key("Results")};
        for (std::size_t index = 0; index < trigger_names.size(); ++index) {
            if (entry.triggers[index].enabled) {
                object_writer{results.next()}
                    .text("TriggerType", trigger_names[index])
                    .flag("Success", success)
                    .number("StatusCode", success ? 200 : 0)
                    .text("Message", success ? "OK" : "The host could not be found.");
            }
        }
    }
    writer.text("Message", success ? "The webhook was verified." : "The webhook could not be verified.");
}

/// How a request wants its webhook to be verified: in the body or in the query.
struct verification {
    verification(call const& current, object_reader const& body)
        : wanted{body.flag("Verify")}
    {
        query_values const values{current.query};
        if (auto const* text = values.find("verify"); text && !wanted) {
            wanted = equals_ignoring_case(*text, "true");
        }
    }

    std::optional<bool> wanted;
};

/// Sets the status of a webhook that was made or changed. It is verified by posts only if the request asks for it. The
/// service does so unless the request forbids it, but clients test with addresses that nobody serves. Returns the
/// refusal when the posts fail.
std::optional<reply> verify(webhook& entry, verification const& how)
{
    entry.verified = how.wanted.value_or(true);
    if (how.wanted != true || can_be_reached(entry.url)) {
        return std::nullopt;
    }
    reply result;
    append_verification(result.body, entry);
    // The members of an error come first.
    result.body.replace(0, 1, "{\"ErrorCode\":1364,");
    result.status = 422;
    result.api_code = 1364;
    return result;
}

reply create_webhook(call const& current)
{
    request_body const body{current};
    webhook_fields const given{body.fields()};
    auto const stream = body->text("MessageStream").value_or(std::string{"outbound"});
    verification const how{current, body.fields()};
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (body->is_empty()) {
        return make_refusal(422, 1355, "The request has no body.");
    }
    if (body->has("ID")) {
        return make_refusal(422, 1356, "A new webhook cannot have an 'ID'.");
    }
    if (!given.has_url()) {
        return make_refusal(422, 1354, "The 'Url' is missing or not valid.");
    }
    if (auto refused = given.check()) {
        return make_refusal(*refused);
    }
    if (auto refused = check_stream(*current.server, stream)) {
        return make_refusal(*refused);
    }
    webhook made{current.state.account.ids.webhook, {}, stream};
    given.apply_to(made);
    if (auto refused = verify(made, how)) {
        return std::move(*refused);
    }
    ++current.state.account.ids.webhook;
    return show(current.server->webhooks.add(std::move(made)));
}

reply edit_webhook(call const& current)
{
    return with_webhook(current, [&](webhook& entry) {
        request_body const body{current};
        webhook_fields const given{body.fields()};
        verification const how{current, body.fields()};
        if (body.problem()) {
            return make_refusal(*body.problem());
        }
        if (body->is_empty()) {
            return make_refusal(422, 1355, "The request has no body.");
        }
        if (body->has("ID") || body->has("MessageStream")) {
            return make_refusal(422, 1357, "The 'ID' and the 'MessageStream' of a webhook cannot be changed.");
        }
        if (auto refused = given.check()) {
            return make_refusal(*refused);
        }
        auto changed = entry;
        given.apply_to(changed);
        if (auto refused = verify(changed, how)) {
            return std::move(*refused);
        }
        entry = std::move(changed);
        return show(entry);
    });
}

reply delete_webhook(call const& current)
{
    return with_webhook(current, [&](webhook const& entry) {
        auto result = make_acknowledgement("Webhook " + std::to_string(entry.id) + " removed.");
        current.server->webhooks.remove(entry.id);
        return result;
    });
}

reply verify_webhook(call const& current)
{
    return with_webhook(current, [](webhook& entry) {
        entry.verified = can_be_reached(entry.url);
        reply result;
        append_verification(result.body, entry);
        return result;
    });
}

/// The counts of the posts of the last day. There are none, since no events are posted.
void append_metrics(std::string& out)
{
    object_writer{out}
        .number("TotalRequests", 0)
        .number("SuccessCount", 0)
        .number("FailureCount", 0)
        .number("RetryCount", 0)
        .decimal("SuccessRate", 0)
        .number("SlowCount", 0)
        .number("VerySlowCount", 0)
        .null("AverageTerminalResponseTimeMs")
        .null("AverageRetryResponseTimeMs");
}

reply get_statistics(call const& current)
{
    return with_webhook(current, [&](webhook const& entry) {
        auto const now = std::chrono::system_clock::now();
        reply result;
        object_writer writer{result.body};
        writer.number("WebhookId", entry.id)
            .number("ServerId", current.server->id)
            .text("MessageStreamId", entry.stream)
            .text("Url", entry.url);
        {
            object_writer statuses{writer.key("Statuses")};
            for (std::size_t index = 0; index < trigger_names.size(); ++index) {
                if (entry.triggers[index].enabled) {
                    statuses.text(trigger_names[index], entry.verified ? "verified" : "unverified");
                }
            }
        }
        object_writer{writer.key("TimeRange")}
            .date("StartTime", now - std::chrono::hours{24}, date_form::utc)
            .date("EndTime", now, date_form::utc)
            .number("Hours", 24);
        append_metrics(writer.key("Metrics"));
        {
            object_writer by_trigger{writer.key("MetricsByTrigger")};
            for (std::size_t index = 0; index < trigger_names.size(); ++index) {
                if (entry.triggers[index].enabled) {
                    append_metrics(by_trigger.key(trigger_names[index]));
                }
            }
        }
        writer.end();
        return result;
    });
}

constexpr endpoint rows[] = {
    {"GET", "/webhooks", list_webhooks},
    {"POST", "/webhooks", create_webhook},
    {"GET", "/webhooks/{id}", get_webhook},
    {"PUT", "/webhooks/{id}", edit_webhook},
    {"DELETE", "/webhooks/{id}", delete_webhook},
    {"POST", "/webhooks/{id}/verify", verify_webhook},
    {"GET", "/webhooks/{id}/statistics", get_statistics},
};

} // namespace

std::span<endpoint const> webhook_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
