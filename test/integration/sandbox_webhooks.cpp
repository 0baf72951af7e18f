// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_webhooks)

using namespace sandbox_test;

namespace {

struct webhook_fixture : fixture {
    json::value make(std::string const& body = R"({"Url":"https://example.com/hook"})")
    {
        auto const made = post("/webhooks", body);
        BOOST_REQUIRE_MESSAGE(made.status == 200, made.body);
        return made.value();
    }

    static std::string path_of(json::value const& webhook, std::string_view rest = {})
    {
        return "/webhooks/" + std::to_string(number_of(webhook, "ID")) + std::string{rest};
    }
};

constexpr auto full = R"({"Url":"https://example.com/hook","MessageStream":"broadcast",
    "HttpAuth":{"Username":"u","Password":"p"},"HttpHeaders":[{"Name":"X-A","Value":"b"}],
    "Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true},"Bounce":{"Enabled":true,"IncludeContent":true}}})";

} // namespace

BOOST_FIXTURE_TEST_CASE(a_webhook_shows_all_triggers, webhook_fixture)
{
    auto const made = make();
    BOOST_TEST(text_of(made, "Url") == "https://example.com/hook");
    BOOST_TEST(text_of(made, "MessageStream") == "outbound");
    BOOST_TEST(made.at("HttpHeaders").as_array().empty());
    auto const& triggers = made.at("Triggers");
    BOOST_TEST(triggers.as_object().size() == 6U);
    for (auto const& entry : triggers.as_object()) {
        BOOST_TEST(!entry.value().at("Enabled").as_bool());
    }
    BOOST_TEST(!triggers.at("Open").at("PostFirstOpenOnly").as_bool());
    BOOST_TEST(!triggers.at("Bounce").at("IncludeContent").as_bool());
    BOOST_TEST(!triggers.at("SpamComplaint").at("IncludeContent").as_bool());
    BOOST_TEST(get(path_of(made)).value() == made);
}

BOOST_FIXTURE_TEST_CASE(an_edit_changes_only_what_is_named, webhook_fixture)
{
    auto const made = make(full);
    BOOST_TEST(text_of(made.at("HttpAuth"), "Username") == "u");
    auto const edited = put(path_of(made), R"({"Url":"http://www.example.com/","HttpAuth":null,
        "Triggers":{"Click":{"Enabled":true},"Open":{"PostFirstOpenOnly":false},"Bounce":null}})")
                            .value();
    BOOST_TEST(text_of(edited, "Url") == "http://www.example.com/");
    BOOST_TEST(text_of(edited.at("HttpAuth"), "Password") == "p");
    BOOST_TEST(edited.at("HttpHeaders").as_array().size() == 1U);
    auto const& triggers = edited.at("Triggers");
    BOOST_TEST(triggers.at("Click").at("Enabled").as_bool());
    BOOST_TEST(triggers.at("Open").at("Enabled").as_bool());
    BOOST_TEST(!triggers.at("Open").at("PostFirstOpenOnly").as_bool());
    BOOST_TEST(triggers.at("Bounce").at("IncludeContent").as_bool());
    BOOST_TEST(put(path_of(made), R"({"HttpHeaders":[]})").value().at("HttpHeaders").as_array().empty());
}

BOOST_FIXTURE_TEST_CASE(webhooks_are_listed_by_stream_and_removed, webhook_fixture)
{
    auto const first = make();
    make(full);
    BOOST_TEST(get("/webhooks").value().at("Webhooks").as_array().size() == 2U);
    BOOST_TEST(get("/webhooks?messagestream=broadcast").value().at("Webhooks").as_array().size() == 1U);
    check_refused(get("/webhooks?MessageStream=none"), 1226, "The message stream for the provided 'ID' was not found.");
    auto const removed = remove(path_of(first));
    BOOST_TEST(removed.api_code() == 0);
    BOOST_TEST(removed.message() == "Webhook " + std::to_string(number_of(first, "ID")) + " removed.");
    for (auto const& refused : {get(path_of(first)), remove(path_of(first)), put(path_of(first), "{}"),
                                post(path_of(first, "/verify")), get(path_of(first, "/statistics"))}) {
        check_refused(refused, 1352, "The webhook for the provided 'ID' was not found.");
    }
}

BOOST_FIXTURE_TEST_CASE(a_webhook_is_verified_when_asked_for, webhook_fixture)
{
    auto const made = make(R"({"Url":"https://example.com/hook","Verify":false,"Triggers":{"Open":{"Enabled":true}}})");
    BOOST_TEST(text_of(made, "Status") == "unverified");
    auto const result = post(path_of(made, "/verify")).value();
    BOOST_TEST(number_of(result, "Id") == number_of(made, "ID"));
    BOOST_TEST(result.at("Success").as_bool());
    BOOST_TEST(result.at("Results").as_array().size() == 1U);
    BOOST_TEST(text_of(result.at("Results").at(0), "TriggerType") == "Open");
    BOOST_TEST(number_of(result.at("Results").at(0), "StatusCode") == 200);
    BOOST_TEST(text_of(get(path_of(made)).value(), "Status") == "verified");
    BOOST_TEST(text_of(post("/webhooks?verify=false", R"({"Url":"https://example.com/"})").value(), "Status") ==
               "unverified");

    // A host that cannot exist cannot answer.
    check_refused(post("/webhooks", R"({"Url":"https://hook.invalid/","Verify":true})"), 1364);
    check_refused(put(path_of(made), R"({"Url":"https://hook.invalid/","Verify":true})"), 1364);
    BOOST_TEST(text_of(get(path_of(made)).value(), "Url") == "https://example.com/hook");
    auto const failing = make(R"({"Url":"https://hook.invalid/","Triggers":{"Click":{"Enabled":true}}})");
    auto const failed = post(path_of(failing, "/verify"));
    BOOST_TEST(failed.status == 200);
    BOOST_TEST(!failed.value().at("Success").as_bool());
    BOOST_TEST(!failed.value().at("Results").at(0).at("Success").as_bool());
    BOOST_TEST(text_of(get(path_of(failing)).value(), "Status") == "unverified");
}

BOOST_FIXTURE_TEST_CASE(a_webhook_has_statistics, webhook_fixture)
{
    auto const made = make(full);
    auto const stats = get(path_of(made, "/statistics")).value();
    BOOST_TEST(number_of(stats, "WebhookId") == number_of(made, "ID"));
    BOOST_TEST(text_of(stats, "MessageStreamId") == "broadcast");
    BOOST_TEST(text_of(stats.at("Statuses"), "Open") == "verified");
    BOOST_TEST(number_of(stats.at("TimeRange"), "Hours") == 24);
    BOOST_TEST(number_of(stats.at("Metrics"), "TotalRequests") == 0);
    BOOST_TEST(stats.at("MetricsByTrigger").as_object().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(webhooks_that_cannot_be_are_refused, webhook_fixture)
{
    auto const refused = [&](std::string const& members, std::int64_t code) {
        check_refused(post("/webhooks", R"({"Url":"https://example.com/",)" + members + "}"), code);
    };
    check_refused(post("/webhooks"), 1355);
    check_refused(post("/webhooks", R"({"MessageStream":"outbound"})"), 1354);
    for (auto const* url : {"", "example.com", "ftp://example.com/", "https://", "https://user@/", "https://a b/"}) {
        check_refused(post("/webhooks", std::string{R"({"Url":")"} + url + R"("})"), 1354);
    }
    refused(R"("ID":7)", 1356);
    refused(R"("Status":"verified")", 1363);
    refused(R"("Status":"good")", 1362);
    refused(R"("HttpHeaders":[{"Name":"X A","Value":"b"}])", 1358);
    refused(R"("HttpHeaders":[{"Name":"X-A","Value":"b\r\nc"}])", 1361);
    refused(R"("HttpAuth":{"Password":"p"})", 1361);
    refused(R"("Triggers":{"Inbound":{"Enabled":true}})", 1353);
    refused(R"("MessageStream":"none")", 1226);
    refused(R"("MessageStream":"inbound")", 1351);
    refused(R"("Triggers":{"Open":{"Enabled":"yes"}})", 403);
    post("/message-streams", R"({"ID":"old","Name":"Old","MessageStreamType":"Transactional"})");
    post("/message-streams/old/archive");
    refused(R"("MessageStream":"old")", 1350);

    auto const made = make();
    check_refused(put(path_of(made), ""), 1355);
    check_refused(put(path_of(made), R"({"ID":7})"), 1357);
    check_refused(put(path_of(made), R"({"MessageStream":"outbound"})"), 1357);
    check_refused(put(path_of(made), R"({"Status":"unverified"})"), 1363);
    check_refused(put(path_of(made), R"({"Url":""})"), 1354);
    for (int count = 1; count < 30; ++count) {
        make();
    }
    refused(R"("MessageStream":"outbound")", 1359);
    make(full);
}

BOOST_AUTO_TEST_SUITE_END()
