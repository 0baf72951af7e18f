// SPDX-License-Identifier: BSL-1.0

#include "protocol/fast_reply_reader.hpp"
#include "protocol/plain_reply_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using namespace postmark::protocol;

namespace {

constexpr std::string_view accepted_body =
    R"({"To":"ann@example.org","SubmittedAt":"2026-03-04T05:06:07.1234567Z",)"
    R"("MessageID":"7f1c2f0e-5d0b-4a0a-9a7e-1c2d3e4f5a6b","ErrorCode":0,"Message":"OK"})";
constexpr std::string_view rejected_body =
    R"({"ErrorCode":406,"Message":"You tried to send to an inactive recipient."})";

struct answer {
    receipt result;
    reply_fields fields;

    friend bool operator==(answer const& left, answer const& right)
    {
        return left.result.to == right.result.to && left.result.message_id == right.result.message_id &&
               left.result.submitted_at == right.result.submitted_at && left.result.detail == right.result.detail &&
               left.result.http_status == right.result.http_status && left.fields.code == right.fields.code &&
               left.fields.bad_code == right.fields.bad_code && left.fields.bad_id == right.fields.bad_id;
    }
};

/// Whether it is usual, and so read as it is read otherwise.
bool is_usual(std::string_view body)
{
    answer usual;
    usual.result.to = "before";
    usual.result.submitted_at += std::chrono::hours{1};
    if (!read_fast_object(200, body, usual.result, usual.fields)) {
        return false;
    }
    answer other;
    BOOST_TEST((read_object(200, body, other.result, other.fields) == body_kind::as_expected));
    BOOST_TEST((usual == other));
    return true;
}

bool are_usual(std::string_view body, std::size_t count)
{
    std::vector<receipt> usual(count);
    std::vector<receipt> other(count);
    std::vector<receipt*> usual_places;
    std::vector<receipt*> other_places;
    for (std::size_t i = 0; i < count; ++i) {
        usual_places.push_back(&usual[i]);
        other_places.push_back(&other[i]);
    }
    if (!read_fast_items(200, body, usual_places)) {
        return false;
    }
    reply_items const items = read_items(200, body, other_places);
    BOOST_TEST((items.kind == body_kind::as_expected));
    BOOST_TEST(items.count == count);
    for (std::size_t i = 0; i < count; ++i) {
        BOOST_TEST((answer{usual[i], {}} == answer{other[i], {}}));
        BOOST_TEST(usual[i].error == other[i].error);
        BOOST_TEST(usual[i].api_code == other[i].api_code);
        BOOST_TEST((usual[i].outcome == other[i].outcome));
    }
    return true;
}

std::string joined(std::initializer_list<std::string_view> items)
{
    std::string text = "[";
    for (std::string_view const each : items) {
        text += text.size() == 1 ? "" : ",";
        text += each;
    }
    return text + "]";
}

} // namespace

BOOST_AUTO_TEST_SUITE(call_usual_answer)

BOOST_AUTO_TEST_CASE(what_is_usual)
{
    for (std::string_view const body : {
             accepted_body,
             rejected_body,
             std::string_view{R"({"MessageID":""})"},
             std::string_view{R"({"ErrorCode":999999999})"},
             std::string_view{R"({"SubmittedAt":"soon"})"},
             std::string_view{R"({"To":"~ a text of more than sixteen characters ~"})"},
             std::string_view{" {\r\n\t\"ErrorCode\" : 0 ,\n \"MessageID\" : \"id\" \n} \n"},
         }) {
        BOOST_TEST(is_usual(body), body);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not)
{
    std::string const long_time = "{\"SubmittedAt\":\"2026-03-04T05:06:07." + std::string(60, '1') + "Z\"}";
    for (std::string_view const body : {
             std::string_view{},
             std::string_view{"{"},
             std::string_view{"{}"},
             std::string_view{"[]"},
             std::string_view{R"({"MessageID":"id"}{)"},
             std::string_view{R"({"MessageID":"id")"},
             std::string_view{R"({"MessageID":"id",})"},
             std::string_view{R"({"MessageID":"id)"},
             std::string_view{R"({"MessageID":null})"},
             std::string_view{R"({"MessageID":"id","MessageID":"id"})"},
             std::string_view{R"({"MessageID":"id","New":1})"},
             std::string_view{R"({"MessageId":"id"})"},
             std::string_view{R"({"MessageID":"\u0069d"})"},
             std::string_view{"{\"MessageID\":\"\xc3\xa4\"}"},
             std::string_view{"{\"MessageID\":\"a\tb\"}"},
             std::string_view{"{\"To\":\"sixteen plain characters, then \\u0061\"}"},
             std::string_view{"{\"To\":\"sixteen plain characters, then \x1f\"}"},
             std::string_view{"{\"To\":\"sixteen plain characters, then \x80\"}"},
             std::string_view{R"({"ErrorCode":"0"})"},
             std::string_view{R"({"ErrorCode":-1})"},
             std::string_view{R"({"ErrorCode":0.0})"},
             std::string_view{R"({"ErrorCode":1e2})"},
             std::string_view{R"({"ErrorCode":00})"},
             std::string_view{R"({"ErrorCode":01})"},
             std::string_view{R"({"ErrorCode":1234567890})"},
             std::string_view{R"({"ErrorCode":})"},
             std::string_view{long_time},
         }) {
        BOOST_TEST(!is_usual(body), body);
    }
}

BOOST_AUTO_TEST_CASE(items)
{
    BOOST_TEST(are_usual(joined({accepted_body}), 1));
    BOOST_TEST(are_usual(joined({accepted_body, rejected_body, R"({"MessageID":""})"}), 3));
    BOOST_TEST(are_usual(" [ " + std::string{accepted_body} + " ,\n" + std::string{rejected_body} + " ] ", 2));
    BOOST_TEST(are_usual("[]", 0));
    BOOST_TEST(!are_usual("]", 0));
    BOOST_TEST(!are_usual(accepted_body, 1));
    BOOST_TEST(!are_usual(joined({accepted_body}), 2));
    BOOST_TEST(!are_usual(joined({accepted_body, rejected_body}), 1));
    BOOST_TEST(!are_usual(joined({accepted_body, "null"}), 2));
    BOOST_TEST(!are_usual(joined({accepted_body}) + "]", 1));
    BOOST_TEST(!are_usual("[" + std::string{accepted_body}, 1));
}

// Whatever passes is read as the reader of all of JSON reads it.
BOOST_AUTO_TEST_CASE(damaged_bodies)
{
    constexpr std::string_view pieces = "\"\\,:{}[]0123456789 -.eE\n\x01\x7f\xc3";
    std::minstd_rand random{1};
    auto const below = [&](std::size_t limit) { return random() % limit; };
    std::size_t usual = 0;
    for (int turn = 0; turn < 20000; ++turn) {
        std::string body{turn % 2 == 0 ? accepted_body : rejected_body};
        for (std::size_t left = 1 + below(2); left != 0; --left) {
            std::size_t const at = below(body.size());
            switch (below(3)) {
            case 0:
                body.erase(at, 1 + below(3));
                break;
            case 1:
                body.insert(at, 1, pieces[below(pieces.size())]);
                break;
            default:
                body[at] = pieces[below(pieces.size())];
                break;
            }
        }
        usual += is_usual(body) ? 1U : 0U;
        static_cast<void>(are_usual(joined({accepted_body, body}), 2));
    }
    BOOST_TEST(usual > 1000U);
    BOOST_TEST(usual < 19000U);
}

BOOST_AUTO_TEST_SUITE_END()
