// SPDX-License-Identifier: BSL-1.0

#include "protocol/read_api_reply.hpp"

#include <postmark/api/bounces.hpp>
#include <postmark/api/inbound_rules.hpp>
#include <postmark/api/messages.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace postmark::protocol;

namespace {

/// Reads a reply to `get_bounces`.
error_code read_page(std::string_view body, bounces_reply& reply, std::size_t max_elements = 500)
{
    return read_api_reply(200, body, reply, bounces_reply::describe(), &reply, max_elements);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_read_api_reply)

BOOST_AUTO_TEST_CASE(user_defined_replies)
{
    int calls = 0;
    api_reply reply;
    auto const read = [&](unsigned status, std::string_view body, bool readable) {
        reply = api_reply{};
        calls = 0;
        return read_api_reply(status, body, reply, [&](std::string_view seen, std::string&) {
            BOOST_TEST((seen.data() == body.data()));
            ++calls;
            return readable;
        });
    };

    BOOST_TEST(!read(200, R"({"ErrorCode":0,"Message":"OK"})", true));
    BOOST_TEST(calls == 1);
    BOOST_TEST(reply.http_status == 200u);
    BOOST_TEST(reply.detail == "OK");
    BOOST_TEST(!read(200, "[]", true));
    BOOST_TEST(!read(200, R"({"Bounces":[{"ErrorCode":17}]})", true));
    BOOST_TEST(reply.api_code == 0);
    BOOST_TEST(!read(200, "not JSON, which the reader may accept", true));

    BOOST_TEST((read(200, "{}", false) == errc::malformed_reply));
    BOOST_TEST(reply.detail != "");

    BOOST_TEST((read(200, R"( {"ErrorCode":1001,"Message":"none"})", true) == api_errc::bounce_not_found));
    BOOST_TEST(calls == 0);
    BOOST_TEST(reply.api_code == 1001);
    BOOST_TEST(reply.detail == "none");
    BOOST_TEST((read(200, "{\"ErrorCode\":1001}", true) == api_errc::bounce_not_found));
    BOOST_TEST(reply.detail == "ErrorCode 1001");

    BOOST_TEST((read(422, R"({"ErrorCode":701,"Message":"gone"})", true) == api_errc::message_not_found));
    BOOST_TEST(reply.http_status == 422u);
    BOOST_TEST(reply.api_code == 701);
    BOOST_TEST(reply.detail == "gone");
    BOOST_TEST((read(405, "", true) == errc::http_refused));
    BOOST_TEST(reply.detail == "HTTP 405");
    BOOST_TEST((read(429, "slow down", true) == api_errc::rate_limit_exceeded));
    BOOST_TEST(reply.api_code == 0);
    BOOST_TEST(reply.detail == "slow down");
    BOOST_TEST((read(503, R"({"ErrorCode":100})", true) == api_errc::maintenance));
    BOOST_TEST((read(502, "<html>", true) == errc::server_error));
    BOOST_TEST(reply.detail == "HTTP 502");
    BOOST_TEST((read(204, "", true) == errc::server_error));
    BOOST_TEST((read(408, "", true) == errc::server_error));
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(an_error_code_has_many_forms)
{
    auto const code_of = [](std::string_view text) {
        api_reply reply;
        static_cast<void>(read_api_reply(422, R"({"ErrorCode":)" + std::string{text} + "}", reply,
                                         [](std::string_view, std::string&) { return true; }));
        return reply.api_code;
    };
    BOOST_TEST(code_of("300") == 300);
    BOOST_TEST(code_of("\"300\"") == 300);
    BOOST_TEST(code_of("3e2") == 300);
    BOOST_TEST(code_of("null") == 0);
    BOOST_TEST(code_of("\"many\"") == 0);
    BOOST_TEST(code_of("[300]") == 0);
    BOOST_TEST(code_of("1.5") == 0);
    BOOST_TEST(code_of("99999999999") == 2147483647);
}

BOOST_AUTO_TEST_CASE(a_reader_reports_the_problem)
{
    api_reply reply;
    auto const error = read_api_reply(200, "{}", reply, [](std::string_view, std::string& problem) {
        problem = "Total: is missing";
        return false;
    });
    BOOST_TEST((error == errc::malformed_reply));
    BOOST_TEST(reply.detail == "Total: is missing");
}

BOOST_AUTO_TEST_CASE(a_wrong_field_is_named)
{
    bounces_reply reply;
    BOOST_TEST(
        (read_page(R"({"TotalCount":4,"Bounces":[{},{},{},{"ID":1,"TypeCode":[]}]})", reply) == errc::malformed_reply));
    BOOST_TEST(reply.detail == "Bounces[3].TypeCode: expected a number");
    BOOST_TEST(reply.http_status == 200u);
    BOOST_TEST((read_page("<html>", reply) == errc::malformed_reply));
    BOOST_TEST(reply.detail == "expected JSON");
    BOOST_TEST((read_page("[]", reply) == errc::malformed_reply));
    BOOST_TEST(reply.detail == "expected an object");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_ignored)
{
    bounces_reply reply;
    BOOST_TEST(!read_page("\xef\xbb\xbf{\"TotalCount\":7}", reply));
    BOOST_TEST(reply.total_count == 7);
    BOOST_TEST((read_api_reply(422, "\xef\xbb\xbf{\"ErrorCode\":1001,\"Message\":\"none\"}", reply,
                               bounces_reply::describe(), &reply, 1) == api_errc::bounce_not_found));
}

BOOST_AUTO_TEST_CASE(a_detail_holds_no_control_characters)
{
    bounces_reply reply;
    auto const detail_of = [&](unsigned status, std::string_view body) {
        BOOST_TEST((read_api_reply(status, body, reply, bounces_reply::describe(), &reply, 1).failed()));
        return reply.detail;
    };
    BOOST_TEST(detail_of(422, R"({"ErrorCode":701,"Message":"a\u001bb"})") == "a b");
    BOOST_TEST(detail_of(400, "a\x1b[2Jb") == "a [2Jb");
    BOOST_TEST(detail_of(502, "\x1b[2J") == "HTTP 502");
}

BOOST_AUTO_TEST_CASE(a_page_is_not_longer_than_requested)
{
    bounces_reply reply;
    BOOST_TEST(!read_page(R"({"Bounces":[{},{}]})", reply, 2));
    BOOST_TEST(reply.bounces.size() == 2u);
    BOOST_TEST((read_page(R"({"Bounces":[{},{},{}]})", reply, 2) == errc::malformed_reply));
    BOOST_TEST(reply.detail == "Bounces: expected at most 2 elements");
}

BOOST_AUTO_TEST_CASE(a_reply_of_many_empty_elements_takes_little_memory)
{
    // 16 MiB of bounces of which each takes two bytes would be 2 GiB once it is read.
    constexpr std::size_t elements = 5'600'000;
    std::string body = R"({"TotalCount":5600000,"Bounces":[)";
    body.reserve(body.size() + 3 * elements + 2);
    for (std::size_t index = 0; index < elements; ++index) {
        body += "{},";
    }
    body.back() = ']';
    body += '}';
    bounces_reply reply;
    BOOST_TEST((read_page(body, reply) == errc::malformed_reply));
    BOOST_TEST(reply.detail == "expected JSON that takes less memory");
    BOOST_TEST(reply.bounces.capacity() == 0u);

    // Unknown members have the same limit.
    body.replace(body.find("Bounces"), 7, "Unknown");
    BOOST_TEST((read_page(body, reply) == errc::malformed_reply));
}

BOOST_AUTO_TEST_CASE(a_long_page_fits_into_the_limit_of_memory)
{
    std::string body = R"({"TotalCount":100000,"Bounces":[)";
    for (int index = 0; index < 50'000; ++index) {
        body += R"({"ID":943247350,"Type":"HardBounce","TypeCode":1,"Email":"ann@example.org","Inactive":true},)";
    }
    body.back() = ']';
    body += '}';
    bounces_reply reply;
    BOOST_TEST(!read_page(body, reply, 50'000));
    BOOST_TEST(reply.bounces.size() == 50'000u);
    std::string const long_text = R"({"Bounces":[{"Content":")" + std::string(std::size_t{8} << 20, 'x') + "\"}]}";
    BOOST_TEST(!read_page(long_text, reply));
    BOOST_TEST(reply.bounces.front().content.size() == std::size_t{8} << 20);
}

BOOST_AUTO_TEST_CASE(listings_of_every_size_fit_into_the_limit_of_memory)
{
    // Short messages have many keys for few bytes. Memory is taken in blocks whose size is a power of two, so that what
    // a text needs depends on its size.
    constexpr std::string_view short_message =
        R"({"Tag":"","MessageID":"376f1a36-3eb8-4606-b181-2dec89025e7d","MessageStream":"outbound",)"
        R"("To":[{"Email":"b@example.org","Name":null}],"Cc":[],"Bcc":[],"Recipients":["b@example.org"],)"
        R"("ReceivedAt":"2026-11-27T23:16:21.2058451-05:00","From":"a@example.com","Subject":"","Attachments":[],)"
        R"("Status":"Sent","TrackOpens":false,"TrackLinks":"None","Sandboxed":false,"Metadata":{}},)";
    constexpr std::string_view short_rule = R"({"ID":1,"Rule":"a"},)";
    auto const is_readable = [](std::string_view list, std::string_view element, std::size_t count) {
        std::string body = "{\"TotalCount\":10000,\"" + std::string{list} + "\":[";
        for (std::size_t index = 0; index < count; ++index) {
            body += element;
        }
        body.back() = ']';
        body += '}';
        outbound_messages_reply messages;
        inbound_rules_reply rules;
        return list == "Messages"
                   ? !read_api_reply(200, body, messages, outbound_messages_reply::describe(), &messages, 10'000)
                   : !read_api_reply(200, body, rules, inbound_rules_reply::describe(), &rules, 10'000);
    };
    for (std::size_t count = 100; count <= 10'000; count += count / 10) {
        BOOST_TEST(is_readable("Messages", short_message, count), count);
    }
    for (std::size_t count = 10; count <= 500; count += 10) {
        BOOST_TEST(is_readable("InboundRules", short_rule, count), count);
    }
}

BOOST_AUTO_TEST_SUITE_END()
