// SPDX-License-Identifier: BSL-1.0

#include "protocol_reply_fixture.hpp"

#include <chrono>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using namespace postmark::protocol;
using namespace postmark::protocol::test;

BOOST_AUTO_TEST_SUITE(protocol_read_reply)

namespace {

std::vector<std::string> suppressed_by(unsigned http_status, int code, std::string const& text, bool with_id = false)
{
    return read(http_status, "{\"ErrorCode\":" + std::to_string(code) + (with_id ? ",\"MessageID\":\"i\"" : "") +
                                 ",\"Message\":\"" + text + "\"}")
        .suppressed;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_accepted_send)
{
    receipt const result = read(200, accepted_body);
    BOOST_TEST(result.outcome == outcome::accepted);
    BOOST_TEST(result.message_id == accepted_id);
    BOOST_TEST(result.to == "ann@example.org");
    BOOST_TEST(result.detail == "OK");
    BOOST_TEST(result.api_code == 0);
    BOOST_TEST(result.suppressed.empty());
    auto const expected = std::chrono::sys_days{std::chrono::year{2026} / 3 / 4} + std::chrono::hours{5} +
                          std::chrono::minutes{6} + std::chrono::seconds{7} + std::chrono::nanoseconds{123456700};
    BOOST_TEST((result.submitted_at == expected));
}

BOOST_AUTO_TEST_CASE(accepted_with_another_message)
{
    for (std::string_view const body : {
             R"({"MessageID":"id"})",
             R"({"MessageID":"id","ErrorCode":0})",
             R"({"MessageID":"id","ErrorCode":null,"To":null,"Message":null,"SubmittedAt":null})",
             R"({"MessageID":"id","ErrorCode":"0"})",
             R"( {"MessageID":"id","ErrorCode":0,"New":{"ErrorCode":300,"MessageID":1},"List":[{"ErrorCode":1}]} )",
             R"({"ErrorCode":300,"MessageID":"other","ErrorCode":0,"MessageID":"id"})",
             R"({"MessageID":null,"MessageID":"id"})",
             R"({"MessageID":"id","To":7,"Message":{},"SubmittedAt":[1]})",
             R"({"MessageID":"id","SubmittedAt":"soon","To":"a"})",
             "{\"MessageID\":\"id\",\"To\":\"broken \xff character\"}",
             R"({"Mess\u0061geID":"i\u0064"})",
         }) {
        BOOST_TEST_CONTEXT(body)
        {
            receipt const result = read(200, body);
            BOOST_TEST(result.outcome == outcome::accepted);
            BOOST_TEST(result.message_id == "id");
            BOOST_TEST(result.api_code == 0);
            BOOST_TEST((result.submitted_at == std::chrono::system_clock::time_point{}));
        }
    }
}

BOOST_AUTO_TEST_CASE(escapes_in_texts)
{
    std::string const long_name(5000, 'n');
    receipt const result = read(200, R"({"MessageID":"id","SubmittedAt":"2016-10-06T04:24:31\u002b02:00","To":")" +
                                         long_name + R"(\u003ca@b\u003e\n","Message":"\"OK\""})");
    BOOST_TEST(result.outcome == outcome::accepted);
    BOOST_TEST(result.to == long_name + "<a@b>\n");
    BOOST_TEST(result.detail == "\"OK\"");
    BOOST_TEST((result.submitted_at == std::chrono::sys_days{std::chrono::year{2016} / 10 / 6} + std::chrono::hours{2} +
                                           std::chrono::minutes{24} + std::chrono::seconds{31}));
}

BOOST_AUTO_TEST_CASE(malformed)
{
    for (std::string_view const body : {
             "",
             " ",
             "{}",
             "{\"ErrorCode\":0}",
             R"({"ErrorCode":0,"MessageID":""})",
             R"({"ErrorCode":0,"MessageID":null})",
             R"({"ErrorCode":0,"MessageID":17})",
             R"({"ErrorCode":0,"MessageID":{"a":1}})",
             R"({"ErrorCode":0,"MessageID":["id"]})",
             R"({"ErrorCode":"zero","MessageID":"id"})",
             R"({"ErrorCode":"","MessageID":"id"})",
             R"({"ErrorCode":"0 ","MessageID":"id"})",
             R"({"ErrorCode":0.5,"MessageID":"id"})",
             R"({"ErrorCode":false,"MessageID":"id"})",
             R"({"ErrorCode":[],"MessageID":"id"})",
             R"({"MessageID":"id","MessageID":null})",
             R"({"Inner":{"MessageID":"id","ErrorCode":0}})",
             R"({"messageid":"id"})",
             R"({"MessageID":"id"}x)",
             R"({"MessageID":"id"}{"MessageID":"id"})",
             R"({"MessageID":"id")",
             R"({"MessageID":"id",})",
             R"({"MessageID":"i)",
             R"([{"MessageID":"id"}])",
             R"("MessageID")",
             "null",
             "0",
             "<html>OK</html>",
             "OK",
             "\xff\xfe",
         }) {
        check(200, body, outcome::unknown, errc::malformed_reply);
        receipt const result = read(200, body);
        BOOST_TEST(result.to.empty());
        BOOST_TEST((body.size() < 4 || result.detail.find(body) == std::string::npos));
    }
    check(200, std::string_view{"{\"MessageID\":\"id\"}\0", 19}, outcome::unknown, errc::malformed_reply);
    std::string const deep = "{\"MessageID\":\"id\",\"x\":" + std::string(100000, '[');
    check(200, deep, outcome::unknown, errc::malformed_reply);
}

BOOST_AUTO_TEST_CASE(rejected_by_an_error_code)
{
    check(200, R"({"ErrorCode":300,"Message":"no"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(200, R"({"ErrorCode":300,"MessageID":"id"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(200, R"({"ErrorCode":300,"MessageID":7})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(200, R"({"ErrorCode":"406"})", outcome::rejected, api_errc::inactive_recipient, 406);
    check(200, R"({"ErrorCode":-1})", outcome::rejected, static_cast<api_errc>(-1), -1);
    check(422, R"({"ErrorCode":300,"Message":"no"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(422, R"({"ErrorCode":"300","Message":"no"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(401, R"({"ErrorCode":10,"Message":"no"})", outcome::rejected, api_errc::bad_token, 10);
    check(422, R"({"ErrorCode":987654,"Message":"new"})", outcome::rejected, static_cast<api_errc>(987654), 987654);
    check(429, R"({"ErrorCode":300,"Message":"no"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(422, R"({"ErrorCode":100,"Message":"no"})", outcome::rejected, api_errc::maintenance, 100);
    BOOST_TEST(read(422, R"({"ErrorCode":300,"Message":"no"})").detail == "no");
    BOOST_TEST(read(200, R"({"ErrorCode":300})").detail == "ErrorCode 300");
}

BOOST_AUTO_TEST_CASE(refused_without_an_error_code)
{
    for (std::string_view const body : {
             "",
             "{}",
             "[]",
             "<html>too large</html>",
             R"({"ErrorCode":0,"Message":"odd"})",
             R"({"ErrorCode":0,"MessageID":"id"})",
             R"({"MessageID":"id"})",
             R"({"ErrorCode":"many"})",
             R"({"ErrorCode":null})",
             R"({"ErrorCode":300} trailing)",
             R"({"ErrorCode":300)",
             R"([{"ErrorCode":300}])",
             R"({"Inner":{"ErrorCode":300}})",
         }) {
        for (unsigned const status : {400u, 401u, 404u, 405u, 407u, 409u, 413u, 415u, 418u, 422u, 499u}) {
            check(status, body, outcome::rejected, errc::http_refused);
        }
        check(429, body, outcome::rejected, api_errc::rate_limit_exceeded, 0);
        check(408, body, outcome::unknown, errc::server_error);
    }
}

BOOST_AUTO_TEST_CASE(statuses_without_a_meaning)
{
    for (unsigned const status : {0u,   100u, 101u, 199u, 201u, 202u, 204u, 206u, 299u, 300u, 301u, 302u,
                                  307u, 308u, 399u, 408u, 500u, 501u, 502u, 503u, 504u, 599u, 600u, 999u}) {
        check(status, "", outcome::unknown, errc::server_error);
        check(status, accepted_body, outcome::unknown, errc::server_error);
        check(status, R"({"ErrorCode":300,"Message":"no"})", outcome::unknown, errc::server_error, 300);
        check(status, R"({"ErrorCode":101,"Message":"no"})", outcome::unknown, errc::server_error, 101);
        BOOST_TEST(read(status, "<html>").detail == "HTTP " + std::to_string(status));
        BOOST_TEST(read(status, R"({"ErrorCode":101,"Message":"text"})").detail == "text");
    }
    check(500, R"({"ErrorCode":100,"Message":"no"})", outcome::unknown, errc::server_error, 100);
    check(503, R"({"ErrorCode":100,"Message":"no"})", outcome::rejected, api_errc::maintenance, 100);
    check(503, R"({"ErrorCode":"100"})", outcome::rejected, api_errc::maintenance, 100);
    check(503, R"({"ErrorCode":100} x)", outcome::unknown, errc::server_error);
    check(503, R"({"ErrorCode":100)", outcome::unknown, errc::server_error);
}

BOOST_AUTO_TEST_CASE(details_of_bodies_that_are_not_json)
{
    BOOST_TEST(read(413, "").detail == "HTTP 413");
    BOOST_TEST(read(413, " \r\n").detail == "HTTP 413");
    BOOST_TEST(read(413, "\n <h1>Too large</h1> ").detail == "<h1>Too large</h1>");
    BOOST_TEST(read(413, std::string(600, 'x')).detail == std::string(512, 'x'));
    BOOST_TEST(read(413, std::string(511, 'x') + "\xe2\x82\xac").detail == std::string(511, 'x'));
    BOOST_TEST(read(413, std::string(509, 'x') + "\xe2\x82\xac").detail == std::string(509, 'x') + "\xe2\x82\xac");
    BOOST_TEST(read(413, std::string(510, 'x') + "\xf0\x9f\x93\xae").detail == std::string(510, 'x'));
    BOOST_TEST(read(413, std::string(1000, '\xbf')).detail.size() >= 508u);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_ignored)
{
    std::string const mark = "\xef\xbb\xbf";
    BOOST_TEST(read(200, mark + std::string{accepted_body}).message_id == accepted_id);
    BOOST_TEST((read(200, mark + " " + std::string{accepted_body}).outcome == outcome::accepted));
    check(200, mark, outcome::unknown, errc::malformed_reply);
    check(200, mark + "<html>", outcome::unknown, errc::malformed_reply);
    check(200, mark + R"({"ErrorCode":406})", outcome::rejected, api_errc::inactive_recipient, 406);
    check(422, mark + R"({"ErrorCode":300,"Message":"no"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(503, mark + R"({"ErrorCode":100})", outcome::rejected, api_errc::maintenance, 100);
    BOOST_TEST(read(413, mark + "too large").detail == "too large");
    BOOST_TEST(read(413, mark).detail == "HTTP 413");
    batch sent{2};
    std::string const body = mark + "[" + std::string{accepted_body} + R"(,{"ErrorCode":300}])";
    BOOST_TEST((sent.read(200, body) == reply_class::accepted));
    BOOST_TEST(sent.receipts[0].message_id == accepted_id);
    BOOST_TEST(sent.receipts[1].api_code == 300);
}

BOOST_AUTO_TEST_CASE(details_hold_no_control_characters)
{
    BOOST_TEST(read(413, "<p>\x1b[31m\r\n\tred\x7f\xc2\x9b</p>").detail == "<p> [31m   red  </p>");
    BOOST_TEST(read(400, "\x9b"
                         "31m")
                   .detail == "\xef\xbf\xbd"
                              "31m");
    BOOST_TEST(read(422, R"({"ErrorCode":300,"Message":"a\u001b[2Jb\nc\u009bd\u007f"})").detail == "a [2Jb c d ");
    BOOST_TEST(read(200, R"({"ErrorCode":300,"Message":"a\u001b[2J"})").detail == "a [2J");
    BOOST_TEST(read(200, R"({"ErrorCode":0,"MessageID":"id","Message":"O\u0007K"})").detail == "O K");
    BOOST_TEST(read(500, R"({"ErrorCode":101,"Message":"a\tb"})").detail == "a b");
    batch sent{1};
    BOOST_TEST((sent.read(200, R"([{"ErrorCode":300,"Message":"a\u001b[2J"}])") == reply_class::accepted));
    BOOST_TEST(sent.receipts[0].detail == "a [2J");
}

BOOST_AUTO_TEST_CASE(numbers_as_text_and_names_with_escapes_are_read)
{
    receipt const result =
        read(200, R"({"To":"J\u00f6rg \u003ca@example.org\u003e","\u004dessageID":"id","ErrorCode":"0",)"
                  R"("Envelope":{"Route":[{"ErrorCode":300}]},"Message":"OK"})");
    BOOST_TEST(result.outcome == outcome::accepted);
    BOOST_TEST(result.to == "J\xc3\xb6rg <a@example.org>");
}

BOOST_AUTO_TEST_CASE(suppressed_recipients)
{
    addresses const two{"a@x.example", "b@y.co.uk"};
    BOOST_TEST(suppressed_by(422, 406,
                             "You tried to send to a recipient that has been marked as inactive. Found inactive "
                             "addresses: a@x.example, b@y.co.uk. Inactive recipients are ones that have generated a "
                             "hard bounce, a spam complaint, or a manual suppression. ") == two);
    BOOST_TEST(suppressed_by(422, 406,
                             "You tried to send to recipient(s) that have been marked as inactive.\\nFound inactive "
                             "addresses: a@x.example, b@y.co.uk.\\nInactive recipients are ones that\\n") == two);
    BOOST_TEST(suppressed_by(200, 406, "found INACTIVE Addresses:a@x.example,b@y.co.uk.inactive recipients are") ==
               two);
    BOOST_TEST(suppressed_by(200, 406, "Found inactive addresses: a@x.example , ,b@y.co.uk") == two);
    BOOST_TEST(suppressed_by(200, 406, "Found inactive addresses: a@x.example, b@y.co.uk.") == two);
    BOOST_TEST(suppressed_by(200, 406, "Found inactive addresses: a@x.example, b@y.co.uk. More to know.") == two);
    BOOST_TEST(suppressed_by(200, 406, "Found inactive addresses: a@x.example, b@y.co.uk Inactive recipients") == two);
    BOOST_TEST(suppressed_by(200, 406, "Found inactive addresses:").empty());
    BOOST_TEST(suppressed_by(200, 406, "Found inactive addresses: . Inactive recipients").empty());
    BOOST_TEST(suppressed_by(200, 406, "").empty());
    // Another code, the same text.
    BOOST_TEST(suppressed_by(422, 300, "Found inactive addresses: a@x.example.").empty());
}

BOOST_AUTO_TEST_CASE(partly_accepted)
{
    receipt const result = read(
        200,
        R"({"ErrorCode":0,"MessageID":"id","Message":"Message OK, but will not deliver to these inactive addresses:)"
        R"( a@x.example, b@y.co.uk. Inactive recipients are ones that have generated a hard bounce."})");
    BOOST_TEST(result.outcome == outcome::accepted);
    BOOST_TEST((result.suppressed == addresses{"a@x.example", "b@y.co.uk"}));
    BOOST_TEST((suppressed_by(200, 0, "Will Not Deliver to these inactive addresses: a@x.example. You can", true) ==
                addresses{"a@x.example"}));
    BOOST_TEST(suppressed_by(200, 0, "OK", true).empty());
}

BOOST_AUTO_TEST_CASE(a_code_may_be_written_as_any_number)
{
    check(200, R"({"ErrorCode":300.0,"MessageID":"id"})", outcome::rejected, api_errc::invalid_email_request, 300);
    check(200, R"({"ErrorCode":3e2,"MessageID":"id"})", outcome::rejected, api_errc::invalid_email_request, 300);
    BOOST_TEST(read(200, R"({"ErrorCode":0.0,"MessageID":"id"})").outcome == outcome::accepted);
    // A code other than 0 is a refusal, even if it cannot be stored.
    for (std::string_view const code : {"99999999999", "18446744073709551615", "-2147483649", "1e300", "-1e300"}) {
        BOOST_TEST(read(200, R"({"MessageID":"id","ErrorCode":)" + std::string{code} + "}").outcome ==
                       outcome::rejected,
                   code);
    }
}

BOOST_AUTO_TEST_CASE(half_a_surrogate_pair_does_not_hide_the_reply)
{
    // The text was cut between the two halves of a surrogate pair.
    receipt result =
        read(200, R"({"ErrorCode":0,"MessageID":"id","Message":"cut \ud83d","To":"\ud83d\ude00 \\ud83d \ude00"})");
    BOOST_TEST(result.outcome == outcome::accepted);
    BOOST_TEST(result.message_id == "id");
    BOOST_TEST(result.detail == "cut \xef\xbf\xbd");
    BOOST_TEST(result.to == "\xf0\x9f\x98\x80 \\ud83d \xef\xbf\xbd");
    for (std::string_view const broken : {R"({"MessageID":"id","Message":"\ud83"})",
                                          R"({"MessageID":"id","Message":"\ud83d"})"
                                          "x",
                                          R"({"MessageID":"id","Message":"\ud83d)"}) {
        BOOST_TEST(read(200, broken).outcome == outcome::unknown);
    }
    // In a batch, it would hide the items of all other messages.
    receipt first;
    receipt second;
    std::array<receipt*, 2> const receipts{&first, &second};
    auto const kind =
        read_batch_reply(200, R"([{"ErrorCode":0,"MessageID":"1"},{"ErrorCode":300,"Message":"\udc00"}])", receipts);
    BOOST_TEST((kind == reply_class::accepted));
    BOOST_TEST(first.outcome == outcome::accepted);
    BOOST_TEST(second.outcome == outcome::rejected);
}

BOOST_AUTO_TEST_CASE(statuses_that_ask_to_wait)
{
    BOOST_TEST(should_wait(429, 0));
    BOOST_TEST(should_wait(429, 429));
    BOOST_TEST(should_wait(503, 100));
    BOOST_TEST(!should_wait(503, 0));
    BOOST_TEST(!should_wait(500, 100));
    BOOST_TEST(!should_wait(422, 429));
    BOOST_TEST(!should_wait(200, 0));
}

BOOST_AUTO_TEST_CASE(damaged_replies_are_never_taken_for_acceptances)
{
    std::mt19937 random{25};
    std::string const good_batch = "[" + std::string{accepted_body} + "," + std::string{accepted_body} + "]";
    // Cut anywhere.
    for (std::size_t size = 0; size < good_batch.size(); ++size) {
        receipt result = used_receipt();
        if (size < accepted_body.size()) {
            read_send_reply(200, accepted_body.substr(0, size), result);
            BOOST_REQUIRE((result.error == errc::malformed_reply));
        }
        batch sent{2};
        BOOST_REQUIRE((read_batch_reply(200, good_batch.substr(0, size), sent.pointers) == reply_class::unknown));
        BOOST_REQUIRE((sent.receipts[0].error == errc::malformed_reply));
    }
    // Changed anywhere: outcome and error agree whatever they are.
    constexpr std::string_view bytes = "{}[]\",:0123456789\\ \nnulltrefas\xff";
    for (int round = 0; round < 20000; ++round) {
        std::string body = good_batch;
        std::size_t const changes = 1 + random() % 4;
        for (std::size_t i = 0; i < changes; ++i) {
            body[random() % body.size()] = bytes[random() % bytes.size()];
        }
        receipt single = used_receipt();
        read_send_reply(200, body.substr(1, accepted_body.size()), single);
        BOOST_REQUIRE((single.outcome == outcome::accepted) == !single.message_id.empty());
        BOOST_REQUIRE((single.outcome == outcome::accepted) == !single.error);
        batch sent{2};
        static_cast<void>(read_batch_reply(200, body, sent.pointers));
        for (auto const& result : sent.receipts) {
            BOOST_REQUIRE((result.outcome == outcome::accepted) == !result.message_id.empty());
            BOOST_REQUIRE((result.outcome == outcome::accepted) == !result.error);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
