// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"
#include "protocol/read_api_reply.hpp"

#include <postmark/api/webhooks.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

namespace {

constexpr std::string_view webhook_json = R"({"ID":1234,"Url":"https://ann:hush@example.com/hook",
    "MessageStream":"outbound","Status":"verified","HttpAuth":{"Username":"ann","Password":"hush"},
    "HttpHeaders":[{"Name":"X-Token","Value":"hush"}],
    "Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true},"Click":{"Enabled":true},
        "Delivery":{"Enabled":false},"Bounce":{"Enabled":true,"IncludeContent":true},
        "SpamComplaint":{"Enabled":true,"IncludeContent":null},"SubscriptionChange":{"Enabled":"True"}}})";

void check_webhook(webhook_settings const& webhook)
{
    BOOST_TEST(webhook.id == 1234);
    BOOST_TEST(webhook.url == "https://ann:hush@example.com/hook");
    BOOST_TEST(webhook.message_stream == "outbound");
    BOOST_TEST(webhook.status == "verified");
    BOOST_TEST(webhook.http_auth.username == "ann");
    BOOST_TEST(webhook.http_auth.password.reveal() == "hush");
    BOOST_REQUIRE(webhook.http_headers.size() == 1u);
    BOOST_TEST(webhook.http_headers[0].name == "X-Token");
    BOOST_TEST(webhook.http_headers[0].value.reveal() == "hush");
    BOOST_TEST(webhook.triggers.open.enabled);
    BOOST_TEST(webhook.triggers.open.post_first_open_only);
    BOOST_TEST(webhook.triggers.click.enabled);
    BOOST_TEST(!webhook.triggers.delivery.enabled);
    BOOST_TEST(webhook.triggers.bounce.enabled);
    BOOST_TEST(webhook.triggers.bounce.include_content);
    BOOST_TEST(webhook.triggers.spam_complaint.enabled);
    BOOST_TEST(!webhook.triggers.spam_complaint.include_content);
    BOOST_TEST(webhook.triggers.subscription_change.enabled);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api_webhooks)

BOOST_AUTO_TEST_CASE(requests_without_a_body)
{
    BOOST_TEST(summary(get_webhooks{}) == "GET /webhooks server repeatable");
    BOOST_TEST(summary(get_webhooks{"news"}) == "GET /webhooks?MessageStream=news server repeatable");
    BOOST_TEST(summary(get_webhook{7}) == "GET /webhooks/7 server repeatable");
    BOOST_TEST(summary(get_webhook{}) == "id: must be positive");
    BOOST_TEST(summary(delete_webhook{7}) == "DELETE /webhooks/7 server repeatable");
    BOOST_TEST(summary(delete_webhook{}) == "id: must be positive");
    BOOST_TEST(summary(verify_webhook{7}) == "POST /webhooks/7/verify server once");
    BOOST_TEST(summary(verify_webhook{}) == "id: must be positive");
    BOOST_TEST(summary(get_webhook_statistics{7}) == "GET /webhooks/7/statistics server repeatable");
    BOOST_TEST(summary(get_webhook_statistics{}) == "id: must be positive");
}

BOOST_AUTO_TEST_CASE(creating_requests)
{
    BOOST_TEST(summary(create_webhook{}) == "url: is empty");
    create_webhook request{"https://example.com/hook"};
    BOOST_TEST(summary(request) == R"(POST /webhooks server once {"Url":"https://example.com/hook"})");
    request.message_stream = "news";
    request.http_auth = webhook_http_auth{"ann", "hush"};
    request.http_headers = {webhook_header{"X-Token", "hush"}, webhook_header{"X-Empty", ""}};
    request.triggers.open = webhook_open_trigger{true, true};
    request.triggers.bounce = webhook_content_trigger{true};
    request.triggers.subscription_change = webhook_trigger{};
    // One documentation of the service has the switch in the body, another one in the query.
    request.verify = false;
    BOOST_TEST(summary(request) ==
               R"(POST /webhooks?verify=false server once {"Url":"https://example.com/hook","MessageStream":"news",)"
               R"("HttpAuth":{"Username":"ann","Password":"hush"},)"
               R"("HttpHeaders":[{"Name":"X-Token","Value":"hush"},{"Name":"X-Empty","Value":""}],)"
               R"("Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true},)"
               R"("Bounce":{"Enabled":true,"IncludeContent":false},"SubscriptionChange":{"Enabled":false}},)"
               R"("Verify":false})");
}

BOOST_AUTO_TEST_CASE(editing_requests)
{
    edit_webhook request{7};
    BOOST_TEST(summary(request) == "PUT /webhooks/7 server repeatable {}");
    request.triggers.click = webhook_trigger{true};
    BOOST_TEST(summary(request) == R"(PUT /webhooks/7 server repeatable {"Triggers":{"Click":{"Enabled":true}}})");
    request.url = "https://example.com/other";
    request.http_auth = webhook_http_auth{};
    request.http_headers.emplace();
    request.triggers = {};
    request.verify = true;
    BOOST_TEST(summary(request) ==
               R"(PUT /webhooks/7?verify=true server repeatable {"Url":"https://example.com/other",)"
               R"("HttpAuth":{"Username":"","Password":""},"HttpHeaders":[],"Verify":true})");
    BOOST_TEST(summary(edit_webhook{}) == "id: must be positive");
}

BOOST_AUTO_TEST_CASE(what_was_read_can_be_sent)
{
    auto const known = read_good<webhook_reply>(webhook_json);
    edit_webhook request{known.id};
    request.http_headers = known.http_headers;
    request.triggers = known.triggers;
    request.triggers.delivery->enabled = true;
    BOOST_TEST(summary(request) ==
               R"(PUT /webhooks/1234 server repeatable {"HttpHeaders":[{"Name":"X-Token","Value":"hush"}],)"
               R"("Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true},"Click":{"Enabled":true},)"
               R"("Delivery":{"Enabled":true},"Bounce":{"Enabled":true,"IncludeContent":true},)"
               R"("SpamComplaint":{"Enabled":true,"IncludeContent":false},"SubscriptionChange":{"Enabled":true}}})");
}

BOOST_AUTO_TEST_CASE(webhooks)
{
    check_webhook(read_good<webhook_reply>(webhook_json));
    auto const list = read_good<webhooks_reply>(R"({"Webhooks":[)" + std::string{webhook_json} +
                                                R"(,{"Id":"5","HttpAuth":null,"HttpHeaders":null,"Triggers":null}]})");
    BOOST_REQUIRE(list.webhooks.size() == 2u);
    check_webhook(list.webhooks[0]);
    BOOST_TEST(list.webhooks[1].id == 5);
    BOOST_TEST(list.webhooks[1].status == "");
    BOOST_TEST(list.webhooks[1].http_auth.password.empty());
    BOOST_TEST(!list.webhooks[1].triggers.open.enabled);
    BOOST_TEST(problem_of<webhooks_reply>(R"({"Webhooks":[{"Triggers":{"Bounce":{"Enabled":1}}}]})") ==
               "Webhooks[0].Triggers.Bounce.Enabled: expected true or false");
    BOOST_TEST(problem_of<webhook_reply>(R"({"HttpHeaders":[{"Value":{}}]})") ==
               "HttpHeaders[0].Value: expected a string");
    check_empty_replies<webhook_reply>();
    check_empty_replies<webhooks_reply>();
}

BOOST_AUTO_TEST_CASE(secrets_are_not_printed)
{
    BOOST_TEST(printed(read_good<webhook_reply>(webhook_json)) ==
               R"(webhook_reply{http_status: 0, {ID: 1234, Url: "https://***@example.com/hook", )"
               R"(MessageStream: "outbound", Status: "verified", HttpAuth: {Username: "ann", Password: ***}, )"
               R"(HttpHeaders: [{Name: "X-Token", Value: ***}], Triggers: {Open: {Enabled: true, )"
               R"(PostFirstOpenOnly: true}, Click: {Enabled: true}, Delivery: {Enabled: false}, )"
               R"(Bounce: {Enabled: true, IncludeContent: true}, SpamComplaint: {Enabled: true, )"
               R"(IncludeContent: false}, SubscriptionChange: {Enabled: true}}}})");
    create_webhook created{"https://u:hush@example.com/"};
    created.http_auth = webhook_http_auth{"ann", "hush"};
    created.http_headers.emplace_back("X-Token", "hush");
    edit_webhook edited{7};
    edited.url = created.url;
    edited.http_auth = created.http_auth;
    edited.http_headers = created.http_headers;
    for (std::string const& text : {printed(created), printed(edited)}) {
        BOOST_TEST(text.find("hush") == std::string::npos, text);
        BOOST_TEST(text.find("Password: ***") != std::string::npos, text);
        BOOST_TEST(text.find("Value: ***") != std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(a_verification)
{
    auto const reply = read_good<webhook_verification_reply>(R"({"Id":7,"Url":"https://u:hush@example.com/hook",
        "Success":false,"Results":[{"TriggerType":"Open","Success":true,"StatusCode":200,"Message":"OK"},
        {"TriggerType":"Bounce","Success":false,"StatusCode":null,"Message":null}],"Message":"1 of 2 failed."})");
    BOOST_TEST(reply.id == 7);
    BOOST_TEST(reply.url == "https://u:hush@example.com/hook");
    BOOST_TEST(!reply.success);
    BOOST_REQUIRE(reply.results.size() == 2u);
    BOOST_TEST(reply.results[0].trigger_type == "Open");
    BOOST_TEST(reply.results[0].success);
    BOOST_TEST(reply.results[0].status_code == 200);
    BOOST_TEST(reply.results[0].message == "OK");
    BOOST_TEST(reply.results[1].status_code == 0);
    BOOST_TEST(reply.message == "1 of 2 failed.");
    BOOST_TEST(printed(reply).find("hush") == std::string::npos);
    BOOST_TEST(read_good<webhook_verification_reply>(R"({"ID":7})").id == 7);
    BOOST_TEST(problem_of<webhook_verification_reply>(R"({"Results":[{},{"StatusCode":"none"}]})") ==
               "Results[1].StatusCode: expected a number");
    check_empty_replies<webhook_verification_reply>();
}

BOOST_AUTO_TEST_CASE(a_webhook_that_is_not_registered)
{
    webhook_reply reply;
    // The body of this error has the keys of a verification.
    auto const error = postmark::protocol::read_api_reply(
        422, R"({"ErrorCode":1364,"Message":"No reply.","Id":7,"Url":"u","Success":false,"Results":[]})", reply,
        webhook_reply::describe(), &reply, 1);
    BOOST_TEST((error == api_errc::webhook_verification_failed));
    BOOST_TEST(reply.api_code == 1364);
    BOOST_TEST(reply.detail == "No reply.");
    BOOST_TEST(reply.id == 0);
}

BOOST_AUTO_TEST_CASE(statistics)
{
    auto const reply = read_good<webhook_statistics_reply>(R"({"WebhookId":7,"ServerId":23,
        "MessageStreamId":"outbound","Url":"https://u:hush@example.com/hook",
        "Statuses":{"Open":"verified","Click":"unverified"},
        "TimeRange":{"StartTime":"2026-01-01T00:00:00Z","EndTime":"2026-01-02T00:00:00Z","Hours":24},
        "Metrics":{"TotalRequests":10,"SuccessCount":8,"FailureCount":2,"RetryCount":3,"SuccessRate":0.8,"SlowCount":1,
            "VerySlowCount":4,"AverageTerminalResponseTimeMs":125,"AverageRetryResponseTimeMs":null},
        "MetricsByTrigger":{"Open":{"TotalRequests":6,"SuccessRate":1}}})");
    BOOST_TEST(reply.webhook_id == 7);
    BOOST_TEST(reply.server_id == 23);
    BOOST_TEST(reply.message_stream_id == "outbound");
    BOOST_TEST(reply.url == "https://u:hush@example.com/hook");
    BOOST_TEST(reply.statuses.size() == 2u);
    BOOST_TEST(reply.statuses.at("Click") == "unverified");
    BOOST_TEST(seconds(reply.time_range.start_time) == 1767225600);
    BOOST_TEST(seconds(reply.time_range.end_time) == 1767312000);
    BOOST_TEST(reply.time_range.hours == 24);
    BOOST_TEST(reply.metrics.total_requests == 10);
    BOOST_TEST(reply.metrics.success_count == 8);
    BOOST_TEST(reply.metrics.failure_count == 2);
    BOOST_TEST(reply.metrics.retry_count == 3);
    BOOST_TEST(reply.metrics.success_rate == 0.8);
    BOOST_TEST(reply.metrics.slow_count == 1);
    BOOST_TEST(reply.metrics.very_slow_count == 4);
    BOOST_TEST(reply.metrics.average_terminal_response_time_ms.value() == 125);
    BOOST_TEST(!reply.metrics.average_retry_response_time_ms.has_value());
    BOOST_REQUIRE(reply.metrics_by_trigger.size() == 1u);
    BOOST_TEST(reply.metrics_by_trigger.at("Open").total_requests == 6);
    BOOST_TEST(reply.metrics_by_trigger.at("Open").success_rate == 1);
    BOOST_TEST(printed(reply).find("hush") == std::string::npos);
    // Other replies of the service spell these keys `WebhookID` and `ServerID`.
    BOOST_TEST(read_good<webhook_statistics_reply>(R"({"WebhookID":"7"})").webhook_id == 7);
    BOOST_TEST(problem_of<webhook_statistics_reply>(R"({"MetricsByTrigger":{"Open":{"SlowCount":[]}}})") ==
               "MetricsByTrigger.Open.SlowCount: expected a number");
    check_empty_replies<webhook_statistics_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
