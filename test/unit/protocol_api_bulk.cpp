// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"
#include "protocol/read_api_reply.hpp"

#include <postmark/api/bulk.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

namespace {

send_bulk small_request()
{
    send_bulk request;
    request.from = mailbox{"shop@example.com", "Shop"};
    request.subject = "News for {{name}}";
    request.messages.emplace_back();
    request.messages.back().to = "ann@example.org";
    return request;
}

/// The problem of a request that was changed.
template <class Change>
std::string problem_after(Change change)
{
    send_bulk request = small_request();
    change(request);
    return postmark::protocol::prepare(request).problem;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api_bulk)

BOOST_AUTO_TEST_CASE(a_bulk_request)
{
    send_bulk request = small_request();
    BOOST_TEST(summary(request) ==
               R"(POST /email/bulk server once {"From":"Shop <shop@example.com>","Subject":"News for {{name}}",)"
               R"("Messages":[{"To":"ann@example.org"}]})");
    request.reply_to = "help@example.com";
    request.html = "<p>{{name}}</p>";
    request.text = "{{name}}";
    request.template_id = 7;
    request.template_alias = "news";
    request.inline_css = false;
    request.tag = "t";
    request.metadata = {{"k", "v"}};
    request.message_stream = "news";
    request.track_opens = true;
    request.track_links = "HtmlOnly";
    request.attachments = {attachment{"a.txt", "abc"}, attachment{"b.png", "x", "image/png", "logo.png"}};
    request.headers = {mail_header{"X-Order", "17"}};
    bulk_message& mail = request.messages.front();
    mail.to = {mailbox{"ann@example.org", "Ann"}, "bob@example.org"};
    mail.cc = "carl@example.org";
    mail.bcc = "dora@example.org";
    mail.template_model = R"({"name":"Ann"})";
    mail.metadata = {{"k", "w"}};
    mail.headers = {mail_header{"X-Order", "18"}};
    // Attachments are written as in a single mail: with a content type, and `cid:` in front of a content id.
    BOOST_TEST(summary(request) ==
               R"(POST /email/bulk server once {"From":"Shop <shop@example.com>","ReplyTo":"help@example.com",)"
               R"("Subject":"News for {{name}}","HtmlBody":"<p>{{name}}</p>","TextBody":"{{name}}","TemplateId":7,)"
               R"("TemplateAlias":"news","InlineCss":false,"Tag":"t","Metadata":{"k":"v"},"MessageStream":"news",)"
               R"("TrackOpens":true,"TrackLinks":"HtmlOnly",)"
               R"("Attachments":[{"Name":"a.txt","Content":"YWJj","ContentType":"text/plain"},)"
               R"({"Name":"b.png","Content":"eA==","ContentType":"image/png","ContentID":"cid:logo.png"}],)"
               R"("Headers":[{"Name":"X-Order","Value":"17"}],)"
               R"("Messages":[{"To":"Ann <ann@example.org>, bob@example.org","Cc":"carl@example.org",)"
               R"("Bcc":"dora@example.org","TemplateModel":{"name":"Ann"},"Metadata":{"k":"w"},)"
               R"("Headers":[{"Name":"X-Order","Value":"18"}]}]})");
    BOOST_TEST(printed(request).find("YWJj") == std::string::npos);
    BOOST_TEST(printed(request).find("Content: 3 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_bulk_request_has_a_sender_and_recipients)
{
    BOOST_TEST(summary(send_bulk{}) == "from: is empty");
    BOOST_TEST(problem_after([](auto& request) { request.from = {}; }) == "from: is empty");
    BOOST_TEST(problem_after([](auto& request) { request.messages.clear(); }) == "messages: is empty");
    BOOST_TEST(problem_after([](auto& request) { request.messages.emplace_back(); }) == "messages[1].to: is empty");
}

BOOST_AUTO_TEST_CASE(a_bulk_request_cannot_smuggle_headers_or_recipients)
{
    constexpr std::string_view line_break = ": must not contain CR, LF or NUL";
    auto const check = [&](std::string const& field, auto change) {
        BOOST_TEST(problem_after(change) == field + std::string{line_break});
    };
    check("subject", [](auto& request) { request.subject = "a\r\nBcc: eve@example.org"; });
    check("from", [](auto& request) { request.from.name = "a\nb"; });
    check("reply_to", [](auto& request) { request.reply_to = mailbox{"a@example.org", "a\nb"}; });
    check("tag", [](auto& request) { request.tag = "a\nb"; });
    check("message_stream", [](auto& request) { request.message_stream = "a\nb"; });
    check("template_alias", [](auto& request) { request.template_alias = "a\nb"; });
    check("headers", [](auto& request) { request.headers.emplace_back("X-A", "a\nb"); });
    check("metadata", [](auto& request) { request.metadata["k"] = "a\nb"; });
    check("attachments", [](auto& request) { request.attachments.emplace_back("a\nb.txt", "x"); });
    check("messages[0].to", [](auto& request) { request.messages[0].to = mailbox{"a@example.org", "a\nb"}; });
    check("messages[0].headers", [](auto& request) { request.messages[0].headers.emplace_back("X-A", "a\nb"); });
    check("messages[0].metadata", [](auto& request) { request.messages[0].metadata["k"] = "a\nb"; });
    auto const two_in_one = [](mailbox_list bulk_message::*list) {
        return problem_after([list](auto& request) {
            request.messages.emplace_back();
            request.messages[1].to = "ann@example.org";
            request.messages[1].*list = mailbox{"a@example.org, b@example.org", ""};
        });
    };
    BOOST_TEST(two_in_one(&bulk_message::to).starts_with("messages[1].to: expected one address"));
    BOOST_TEST(two_in_one(&bulk_message::cc).starts_with("messages[1].cc: expected one address"));
    BOOST_TEST(two_in_one(&bulk_message::bcc).starts_with("messages[1].bcc: expected one address"));
    BOOST_TEST(problem_after([](auto& request) { request.messages[0].template_model = R"({},"Tag":"x")"; }) ==
               "messages[0].template_model: expected the text of a JSON object");
}

BOOST_AUTO_TEST_CASE(reading_requests)
{
    BOOST_TEST(summary(get_bulk_request{"a-b"}) == "GET /email/bulk/a-b server repeatable");
    BOOST_TEST(summary(get_bulk_request{"a/b"}) == "GET /email/bulk/a%2Fb server repeatable");
    BOOST_TEST(summary(get_bulk_request{}) == "id: is empty");
    BOOST_TEST(summary(get_bulk_requests{}) == "GET /email/bulk?count=500 server repeatable");
    get_bulk_requests const next{20, "a+b="};
    BOOST_TEST(summary(next) == "GET /email/bulk?count=20&paginationKey=a%2Bb%3D server repeatable");
    BOOST_TEST(summary(get_bulk_requests{0}) == "count: expected 1 to 500");
    BOOST_TEST(postmark::protocol::max_elements(get_bulk_requests::describe(), &next) == 20u);
}

BOOST_AUTO_TEST_CASE(the_state_of_a_bulk_request)
{
    // The service spells the id in two ways.
    for (std::string const key : {"Id", "ID"}) {
        auto const reply = read_good<bulk_request_reply>("{\"" + key +
                                                         R"(":"f24af63c","SubmittedAt":"2026-09-30T16:03:52.7892753Z",
            "Status":"Processing","TotalMessages":3,"PercentageCompleted":66.7,"ReleasedCount":1,"FailedCount":2,
            "Subject":"News"})");
        BOOST_TEST(reply.id == "f24af63c");
        BOOST_TEST(seconds(reply.submitted_at) == 1790784232);
        BOOST_TEST(reply.status == "Processing");
        BOOST_TEST(reply.total_messages == 3);
        BOOST_TEST(reply.percentage_completed == 66.7);
        BOOST_TEST(reply.released_count == 1);
        BOOST_TEST(reply.failed_count == 2);
        BOOST_TEST(reply.subject == "News");
    }
    auto const accepted = read_good<bulk_request_reply>(R"({"ID":"x","Status":"Accepted","Subject":null})");
    BOOST_TEST(accepted.status == "Accepted");
    BOOST_TEST(accepted.percentage_completed == 0);
    BOOST_TEST(problem_of<bulk_request_reply>(R"({"PercentageCompleted":"half"})") ==
               "PercentageCompleted: expected a number");
    check_empty_replies<bulk_request_reply>();
}

BOOST_AUTO_TEST_CASE(a_page_of_bulk_requests)
{
    auto const reply = read_good<bulk_requests_reply>(
        R"({"Requests":[{"Id":"b","Status":"Cancelled"},{"Id":"a"}],"PaginationKey":"k"})");
    BOOST_REQUIRE(reply.requests.size() == 2u);
    BOOST_TEST(reply.requests[0].id == "b");
    BOOST_TEST(reply.requests[0].status == "Cancelled");
    BOOST_TEST(reply.requests[1].id == "a");
    BOOST_TEST(reply.pagination_key == "k");
    // The last page has no key.
    BOOST_TEST(read_good<bulk_requests_reply>(R"({"Requests":[]})").pagination_key == "");
    BOOST_TEST(problem_of<bulk_requests_reply>(R"({"Requests":[{},{"TotalMessages":1.5}]})") ==
               "Requests[1].TotalMessages: expected an integer");
    check_empty_replies<bulk_requests_reply>();
}

BOOST_AUTO_TEST_CASE(refused_bulk_requests)
{
    bulk_request_reply reply;
    auto const read = [&](unsigned status, std::string_view body) {
        return postmark::protocol::read_api_reply(status, body, reply, bulk_request_reply::describe(), &reply, 1);
    };
    // Several problems have one code and an object of details.
    BOOST_TEST(
        (read(422, R"({"ErrorCode":11,"Message":"Several.","Errors":{"From":[{"ErrorCode":300,"Message":"a"}]}})") ==
         api_errc::multiple_errors));
    BOOST_TEST(reply.detail == "Several.");
    BOOST_TEST((read(404, R"({"ErrorCode":12,"Message":"Unknown."})") == api_errc::bulk_request_not_found));
    BOOST_TEST(reply.http_status == 404u);
}

BOOST_AUTO_TEST_SUITE_END()
