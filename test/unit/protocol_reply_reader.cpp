// SPDX-License-Identifier: BSL-1.0

#include "../fuzz/reply_checks.hpp"
#include "model/json_scanner.hpp"
#include "protocol/reply_reader.hpp"
#include "protocol_reply_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using namespace postmark::protocol;
using postmark::protocol::test::accepted_body;

namespace {

constexpr std::string_view named_body =
    R"({"To":"J\u00f6rg \u003cann@example.org\u003e","SubmittedAt":"2016-10-06T04:24:31\u002b02:00",)"
    "\"MessageID\":\"id\",\"New\":{\"a\":[1,\"]\",null]},\"ErrorCode\":\"0\",\"Message\":\"\xc3\xa4\\n\\ud83d\"}";
constexpr std::string_view rejected_body =
    R"({"ErrorCode":406,"Message":"You tried to send to an inactive recipient."})";

struct reading {
    receipt result;
    reply_fields fields;
    body_kind kind = body_kind::not_json;
};

reading read(std::string_view body)
{
    reading done;
    done.result.to = "before";
    done.result.submitted_at += std::chrono::hours{1};
    done.fields.bad_id = true;
    done.kind = read_object(200, body, done.result, done.fields);
    return done;
}

/// Whether both readers take the body for an object, with the same members.
bool readers_agree(std::string_view body)
{
    reading const done = read(body);
    auto const tree = fuzz::parse_reply(body);
    if (!tree || !tree->is_object()) {
        return done.kind == (tree ? body_kind::wrong_type : done.kind) && done.kind != body_kind::as_expected;
    }
    return done.kind == body_kind::as_expected &&
           fuzz::agrees(fuzz::read_reference(tree->get_object()), done.result, done.fields);
}

std::string joined(std::initializer_list<std::string_view> items)
{
    std::string text = "[";
    for (std::string_view const item : items) {
        text += text.size() == 1 ? "" : ",";
        text += item;
    }
    return text + "]";
}

reply_items read_array(std::string_view body, std::vector<receipt>& receipts)
{
    std::vector<receipt*> pointers;
    for (receipt& item : receipts) {
        pointers.push_back(&item);
    }
    return read_items(200, body, pointers);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_reply_reader)

BOOST_AUTO_TEST_CASE(objects_are_read_as_by_boost_json)
{
    for (std::string_view const body : {
             accepted_body,
             rejected_body,
             named_body,
             std::string_view{"{}"},
             std::string_view{" {\r\n\t\"ErrorCode\" : 0 ,\n \"MessageID\" : \"id\" \n} \n"},
             std::string_view{R"({"MessageID":"","SubmittedAt":"soon"})"},
             std::string_view{R"({"MessageID":null,"To":null,"Message":null,"ErrorCode":null,"SubmittedAt":null})"},
             std::string_view{R"({"MessageID":1,"To":[2],"Message":{"a":3},"ErrorCode":true,"SubmittedAt":-4.5e6})"},
             std::string_view{R"({"MessageID":"a","MessageID":"b","To":"a","To":7,"ErrorCode":"x","ErrorCode":5})"},
             std::string_view{R"({"MessageID":"b","MessageID":null,"ErrorCode":5,"ErrorCode":"x"})"},
             std::string_view{R"({"Mess\u0061geID":"\u0069d","\u0054o":"t","Messag\u0065":"m","messageid":1})"},
             std::string_view{R"({"To":"\"\\\/\b\f\n\r\t\u0000\u20ac\ud83d\udcee","Message":"\ude00\ud83d\ud83d"})"},
             std::string_view{R"({"ErrorCode":-1,"ErrorCodes":7,"Error":8,"Messages":"x","MessageIDs":"y"})"},
             std::string_view{"{\"To\":\"not \xff UTF-8 \xc3\",\"Message\":\"\xc2\x9b\x9b\"}"},
             std::string_view{"\xef\xbb\xbf{\"MessageID\":\"id\"}"},
         }) {
        BOOST_TEST(readers_agree(body), body);
        BOOST_TEST((read(body).kind == body_kind::as_expected), body);
    }
}

BOOST_AUTO_TEST_CASE(bodies_that_are_not_objects)
{
    for (std::string_view const body : {"",
                                        " ",
                                        "{",
                                        "{\"MessageID\"",
                                        "{\"MessageID\":",
                                        "{\"MessageID\":\"id",
                                        "{\"MessageID\":\"id\\",
                                        "{\"MessageID\":\"id\\u00",
                                        "{\"MessageID\":\"id\"",
                                        "{\"MessageID\":\"id\",",
                                        "{\"a\":tr",
                                        "{\"a\":-",
                                        "{\"a\":1.",
                                        "{\"a\":1e",
                                        "{\"a\":[",
                                        "{\"a\":[1,",
                                        "{\"a\":{\"b\":1}",
                                        "n",
                                        "[",
                                        "[1",
                                        "\"a"}) {
        BOOST_TEST((read(body).kind == body_kind::incomplete), body);
        BOOST_TEST(!fuzz::parse_reply(body), body);
    }
    for (std::string_view const body : {"]",
                                        "{]",
                                        "{}x",
                                        "{}{}",
                                        "{\"a\":1,}",
                                        "{\"a\" 1}",
                                        "{a:1}",
                                        "{'a':1}",
                                        "{\"a\":01}",
                                        "{\"a\":+1}",
                                        "{\"a\":.5}",
                                        "{\"a\":1.}",
                                        "{\"a\":\"\t\"}",
                                        "{\"a\":\"\\x\"}",
                                        "{\"a\":\"\\u12g4\"}",
                                        "{\"a\":nul}",
                                        "{\"a\":True}",
                                        "{\"a\":NaN}",
                                        "{/**/}",
                                        "\xff\xfe",
                                        "<html>",
                                        "OK",
                                        "{\"MessageID\":\"id\"}\x01",
                                        "\xef\xbb{}",
                                        "\xef\xbb\xbf\xef\xbb\xbf{}"}) {
        BOOST_TEST((read(body).kind == body_kind::not_json), body);
        BOOST_TEST(!fuzz::parse_reply(body), body);
    }
    for (std::string_view const body : {"[]", "null", "true", "0", "\"a\"", "[{\"MessageID\":\"id\"}]"}) {
        BOOST_TEST((read(body).kind == body_kind::wrong_type), body);
    }
    for (std::string_view const body : {"{\"MessageID\":\"id\"", "[{\"MessageID\":\"id\"}]"}) {
        reading const done = read(body);
        BOOST_TEST(done.result.message_id.empty());
        BOOST_TEST(done.result.to.empty());
        BOOST_TEST(!done.fields.bad_id);
    }
}

BOOST_AUTO_TEST_CASE(nesting_of_values_is_limited)
{
    auto const nested = [](std::size_t depth) {
        return R"({"MessageID":"id","a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    BOOST_TEST((read(nested(model::max_json_depth)).kind == body_kind::as_expected));
    BOOST_TEST((read(nested(model::max_json_depth + 1)).kind == body_kind::not_json));
    BOOST_TEST(readers_agree(nested(model::max_json_depth)));
    BOOST_TEST(readers_agree(nested(model::max_json_depth + 1)));
}

BOOST_AUTO_TEST_CASE(items_are_read_one_by_one)
{
    std::vector<receipt> receipts(4);
    reply_items const items = read_array(" [ " + std::string{accepted_body} + ",\nnull ," + std::string{named_body} +
                                             "," + std::string{rejected_body} + " ] ",
                                         receipts);
    BOOST_TEST((items.kind == body_kind::as_expected));
    BOOST_TEST(items.count == 4u);
    BOOST_TEST(receipts[0].outcome == outcome::accepted);
    BOOST_TEST((receipts[1].error == errc::malformed_reply));
    BOOST_TEST(receipts[2].to == "J\xc3\xb6rg <ann@example.org>");
    BOOST_TEST(receipts[2].detail == "\xc3\xa4 \xef\xbf\xbd");
    BOOST_TEST(receipts[3].api_code == 406);
}

BOOST_AUTO_TEST_CASE(arrays_and_other_values)
{
    auto const kind_of = [](std::string_view body, std::size_t count, std::size_t expected_count) {
        std::vector<receipt> receipts(count);
        reply_items const items = read_array(body, receipts);
        BOOST_TEST((items.kind != body_kind::as_expected || items.count == expected_count), body);
        return items.kind;
    };
    BOOST_TEST((kind_of("[]", 0, 0) == body_kind::as_expected));
    BOOST_TEST((kind_of("[]", 1, 0) == body_kind::as_expected));
    BOOST_TEST((kind_of("\xef\xbb\xbf[]", 1, 0) == body_kind::as_expected));
    BOOST_TEST((kind_of(joined({accepted_body}), 1, 1) == body_kind::as_expected));
    BOOST_TEST((kind_of(joined({accepted_body}), 2, 1) == body_kind::as_expected));
    BOOST_TEST((kind_of(joined({accepted_body, rejected_body, "7"}), 1, 3) == body_kind::as_expected));
    BOOST_TEST((kind_of(joined({accepted_body, "nul"}), 1, 0) == body_kind::not_json));
    BOOST_TEST((kind_of(joined({accepted_body}) + "]", 1, 0) == body_kind::not_json));
    BOOST_TEST((kind_of("[" + std::string{accepted_body}, 1, 0) == body_kind::incomplete));
    BOOST_TEST((kind_of("[" + std::string{accepted_body} + ",", 2, 0) == body_kind::incomplete));
    BOOST_TEST((kind_of("[" + std::string{accepted_body} + ",]", 2, 0) == body_kind::not_json));
    BOOST_TEST((kind_of("[,]", 2, 0) == body_kind::not_json));
    BOOST_TEST((kind_of("[", 2, 0) == body_kind::incomplete));
    BOOST_TEST((kind_of("", 2, 0) == body_kind::incomplete));
    BOOST_TEST((kind_of(accepted_body, 1, 0) == body_kind::wrong_type));
}

BOOST_AUTO_TEST_CASE(damaged_bodies_are_read_as_by_boost_json)
{
    constexpr std::string_view pieces = "\"\\,:{}[]0123456789 -.unrt\n\x01\x7f\xc3";
    std::minstd_rand random{1};
    auto const below = [&](std::size_t limit) { return random() % limit; };
    std::size_t whole = 0;
    for (int turn = 0; turn < 20000; ++turn) {
        std::string body{turn % 3 == 0 ? accepted_body : turn % 3 == 1 ? named_body : rejected_body};
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
        BOOST_REQUIRE_MESSAGE(readers_agree(body), body);
        whole += read(body).kind == body_kind::as_expected ? 1U : 0U;
        std::vector<receipt> receipts(2);
        auto const tree = fuzz::parse_reply(joined({accepted_body, body}));
        bool const is_array = tree && tree->is_array();
        reply_items const items = read_array(joined({accepted_body, body}), receipts);
        BOOST_REQUIRE_MESSAGE((items.kind == body_kind::as_expected) == is_array, body);
        BOOST_REQUIRE_MESSAGE(!is_array || items.count == tree->get_array().size(), body);
    }
    BOOST_TEST(whole > 1000U);
    BOOST_TEST(whole < 19000U);
}

BOOST_AUTO_TEST_SUITE_END()
