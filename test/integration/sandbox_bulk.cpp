// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_bulk)

using namespace sandbox_test;

namespace {

struct bulk_fixture : fixture {
    std::string send(std::string_view more = {})
    {
        auto const made = post("/email/bulk", request(more));
        BOOST_REQUIRE_MESSAGE(made.status == 200, made.body);
        return text_of(made.value(), "ID");
    }

    static std::string request(std::string_view more = {})
    {
        return R"({"From":"shop@example.com","Subject":"News for {{name}}","HtmlBody":"<b>{{name}}</b>",
            "TextBody":"Hello {{name}}","Messages":[
            {"To":"ann@example.org","TemplateModel":{"name":"<Ann>"}},{"To":"bob@example.org"}])" +
               std::string{more} + "}";
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(each_message_gets_its_own_content, bulk_fixture)
{
    auto const made = post("/email/bulk", R"({"From":"shop@example.com","ReplyTo":"r@example.com","Tag":"t",
        "Subject":"News for {{name}}","HtmlBody":"<b>{{name}}</b>","TextBody":"Hello {{name}}","TrackOpens":true,
        "Metadata":{"a":"1","b":"2"},"Headers":[{"Name":"X-A","Value":"1"},{"Name":"X-B","Value":"2"}],
        "Messages":[{"To":"ann@example.org","TemplateModel":{"name":"<Ann>"},"Metadata":{"A":"3"},
        "Headers":[{"Name":"x-a","Value":"3"}]},{"To":"bob@example.org","Cc":"cy@example.org"}]})")
                          .value();
    BOOST_TEST(text_of(made, "Status") == "Accepted");
    BOOST_TEST(number_of(made, "TotalMessages") == 2);
    BOOST_TEST(text_of(made, "Subject") == "News for {{name}}");
    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[0].endpoint == "/email/bulk");
    BOOST_TEST(kept[0].subject == "News for <Ann>");
    BOOST_TEST(kept[0].html == "<b>&lt;Ann&gt;</b>");
    BOOST_TEST(kept[0].text == "Hello <Ann>");
    BOOST_TEST(kept[0].message_stream == "broadcast");
    BOOST_TEST(kept[0].tag == "t");
    BOOST_TEST(kept[0].reply_to == "r@example.com");
    BOOST_TEST(kept[0].metadata.at("A") == "3");
    BOOST_TEST(kept[0].metadata.at("b") == "2");
    BOOST_REQUIRE(kept[0].headers.size() == 2U);
    BOOST_TEST(kept[0].headers[0].value == "3");
    BOOST_TEST(kept[1].subject == "News for ");
    BOOST_TEST(kept[1].cc == std::vector<std::string>{"cy@example.org"});
    BOOST_TEST(kept[1].metadata.at("a") == "1");
    BOOST_TEST(sandbox.stats().messages == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_request_progresses, bulk_fixture)
{
    auto const path = "/email/bulk/" + send();
    auto const first = get(path).value();
    BOOST_TEST(text_of(first, "Status") == "Processing");
    BOOST_TEST(number_of(first, "PercentageCompleted") == 50);
    BOOST_TEST(number_of(first, "ReleasedCount") == 1);
    auto const second = get(path).value();
    BOOST_TEST(text_of(second, "Status") == "Completed");
    BOOST_TEST(number_of(second, "PercentageCompleted") == 100);
    BOOST_TEST(number_of(second, "ReleasedCount") == 2);
    BOOST_TEST(number_of(second, "FailedCount") == 0);
    BOOST_TEST(get(path).value() == second);
    auto const unknown = get("/email/bulk/none");
    BOOST_TEST(unknown.status == 404);
    BOOST_TEST(unknown.api_code() == 12);
}

BOOST_FIXTURE_TEST_CASE(suppressed_recipients_fail, bulk_fixture)
{
    sandbox.suppress("ann@example.org", "broadcast");
    auto const path = "/email/bulk/" + send();
    get(path);
    auto const done = get(path).value();
    BOOST_TEST(number_of(done, "ReleasedCount") == 1);
    BOOST_TEST(number_of(done, "FailedCount") == 1);
    BOOST_TEST(sandbox.message_count() == 1U);
    BOOST_TEST(sandbox.stats().messages == 1U);
}

BOOST_FIXTURE_TEST_CASE(templates_can_be_used, bulk_fixture)
{
    sandbox.add_template("news", 77, "News for {{name}}", "<b>{{name}}</b>", "");
    auto const made =
        post("/email/bulk", R"({"From":"shop@example.com","TemplateAlias":"news","MessageStream":"outbound",
        "Messages":[{"To":"ann@example.org","TemplateModel":{"name":"Ann"}},{"To":"bob@example.org"}]})");
    BOOST_TEST(made.status == 200);
    BOOST_TEST(!made.value().as_object().contains("Subject"));
    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[0].subject == "News for Ann");
    BOOST_TEST(kept[1].subject == "News for ");
    BOOST_TEST(kept[0].message_stream == "outbound");
    check_refused(post("/email/bulk", R"({"From":"shop@example.com","TemplateId":78,
        "Messages":[{"To":"ann@example.org"}]})"),
                  1101);
    check_refused(post("/email/bulk", R"({"From":"shop@example.com","TemplateId":77,"TextBody":"x",
        "Messages":[{"To":"ann@example.org"}]})"),
                  1123);
}

BOOST_FIXTURE_TEST_CASE(requests_are_listed_with_a_key, bulk_fixture)
{
    auto const first = send();
    auto const second = send();
    auto const third = send();
    auto const page = get("/email/bulk?count=2").value();
    BOOST_REQUIRE(page.at("Requests").as_array().size() == 2U);
    BOOST_TEST(text_of(page.at("Requests").at(0), "Id") == third);
    BOOST_TEST(text_of(page.at("Requests").at(1), "Id") == second);
    auto const key = text_of(page, "PaginationKey");
    auto const last = get("/email/bulk?count=2&paginationKey=" + key).value();
    BOOST_REQUIRE(last.at("Requests").as_array().size() == 1U);
    BOOST_TEST(text_of(last.at("Requests").at(0), "Id") == first);
    BOOST_TEST(!last.as_object().contains("PaginationKey"));
    BOOST_TEST(get("/email/bulk").value().at("Requests").as_array().size() == 3U);
    check_refused(get("/email/bulk?paginationKey=0" + key), 13);
    check_refused(get("/email/bulk?count=0"), 13);
    check_refused(get("/email/bulk?count=x"), 13);
    auto const other = account("POST", "/servers", R"({"Name":"Other"})").value();
    auto const token = json::value_to<std::string>(other.at("ApiTokens").at(0));
    BOOST_TEST(as(token, "GET", "/email/bulk/" + first).status == 404);
    BOOST_TEST(as(token, "GET", "/email/bulk").value().at("Requests").as_array().empty());
}

BOOST_FIXTURE_TEST_CASE(one_wrong_member_refuses_the_whole_request, bulk_fixture)
{
    auto const refused = [&](std::string const& body, std::int64_t code, std::string_view text = {}) {
        check_refused(post("/email/bulk", body), code, text);
    };
    refused("{", 402);
    refused("[]", 403);
    refused(R"({"From":7})", 403, "$.From");
    refused(R"({"From":"shop@example.com","TextBody":"x","Messages":{}})", 403, "$.Messages");
    refused(R"({"From":"shop@example.com","TextBody":"x","Messages":[7]})", 403, "$.Messages[0]");
    refused(R"({"From":"shop@example.com","TextBody":"x","Messages":[{"To":7}]})", 403, "$.Messages[0].To");
    refused(R"({"From":"shop@example.com","TextBody":"x","Messages":[]})", 300, "Messages");
    refused(R"({"From":"shop@example.com","TextBody":"x"})", 300, "Messages");
    refused(R"({"From":"shop@example.com","Messages":[{"To":"ann@example.org"}]})", 300, "TextBody");
    refused(R"({"From":"nobody","TextBody":"x","Messages":[{"To":"ann@example.org"}]})", 300, "'From'");
    refused(R"({"From":"shop@example.com","TextBody":"x","Messages":[{"To":"nobody"}]})", 300, "'To'");
    refused(R"({"From":"shop@example.com","TextBody":"x","Messages":[{}]})", 300, "Zero recipients");
    refused(R"({"From":"shop@example.com","TextBody":"{{#a}}","Messages":[{"To":"ann@example.org"}]})", 1122);
    refused(request(R"(,"MessageStream":"none")"), 1226, "The message stream for the provided 'ID' was not found.");
    refused(request(R"(,"MessageStream":"inbound")"), 1236);
    refused(request(R"(,"Attachments":[{"Name":"a.exe","Content":"aGVsbG8=","ContentType":"x/y"}])"), 411);
    refused(request(R"(,"Metadata":{"a key of more than 20 characters":"x"})"), 300, "metadata");
    refused(request(R"(,"Headers":[{"Name":"Content-Type","Value":"x"}])"), 300, "Content-Type");
    BOOST_TEST(sandbox.message_count() == 0U);

    auto const several = post("/email/bulk", R"({"From":"nobody","TextBody":"x",
        "Messages":[{"To":"ann@example.org"},{"To":"nobody"},{"To":"no one"}]})");
    check_refused(several, 11);
    BOOST_TEST(several.headers["X-PM-ApiErrorCode"] == "11");
    auto const errors = several.value().at("Errors").as_object();
    BOOST_TEST(errors.size() == 3U);
    BOOST_TEST(number_of(errors.at("From").at(0), "ErrorCode") == 300);
    BOOST_TEST(errors.contains("Messages[1]"));
    BOOST_TEST(errors.contains("Messages[2]"));
}

BOOST_FIXTURE_TEST_CASE(an_account_needs_approval, bulk_fixture)
{
    auto const id = send();
    control("PUT", "/__sandbox/account", R"({"BulkSending":false})");
    check_refused(post("/email/bulk", request()), 14);
    check_refused(get("/email/bulk"), 14);
    check_refused(get("/email/bulk/" + id), 14);
}

BOOST_AUTO_TEST_SUITE_END()
