// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_writer.hpp"
#include "protocol/message_writer.hpp"

#include <postmark/message.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>

using namespace postmark;
using namespace postmark::protocol;

namespace {

std::string written(message const& msg, message_defaults const& defaults = {}, std::string_view stamp = {})
{
    byte_buffer out;
    out.append("in front,");
    write_message(out, msg, defaults, stamp);
    BOOST_TEST(out.view().starts_with("in front,"));
    return std::string{out.view().substr(9)};
}

boost::json::value parsed(std::string_view json)
{
    return boost::json::parse({json.data(), json.size()});
}

message full_message()
{
    message msg;
    msg.from = mailbox{"shop@example.org", "The Shop"};
    msg.to = {mailbox{"ann@example.org", "Ann, \"Jr.\""}, mailbox{"bob@example.org"}};
    msg.cc = mailbox{"cc@example.org", "J\xc3\xb6rg"};
    msg.bcc = "bcc@example.org";
    msg.reply_to = "a@example.org, B <b@example.org>";
    msg.subject = "A \"subject\"\nof \xe2\x82\xac";
    msg.tag = "welcome";
    msg.html = "<p class=\"x\">Hi\\</p>";
    msg.text = "Hi";
    msg.message_stream = "outbound";
    msg.add_header("X-One", "1").add_header("X-Two", "\"2\"");
    msg.attach_bytes({"\0\xff", 2}, "a.txt", "text/plain", "cid:a");
    msg.attach_bytes("", "b.bin", "application/x-b");
    msg.metadata = {{"k", "v"}, {"l", "\"w\""}};
    msg.track_opens = true;
    msg.track_links = link_tracking::html_only;
    return msg;
}

std::string problem_of(std::string_view json)
{
    error_code error;
    message const msg = message_from_json(json, error);
    BOOST_TEST((error == errc::invalid_message), json);
    BOOST_TEST((msg == message{}), json);
    try {
        static_cast<void>(message_from_json(json));
    } catch (boost::system::system_error const& thrown) {
        BOOST_TEST((thrown.code() == errc::invalid_message));
        return thrown.what();
    }
    BOOST_ERROR("nothing was thrown");
    return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_message)

BOOST_AUTO_TEST_CASE(an_empty_message_is_an_empty_object)
{
    BOOST_TEST(written(message{}) == "{}");
    BOOST_TEST(to_json(message{}) == "{}");
}

BOOST_AUTO_TEST_CASE(a_small_message)
{
    message msg;
    msg.from = "a@example.org";
    msg.to = "b@example.org";
    msg.subject = "s";
    msg.text = "t";
    BOOST_TEST(written(msg) == R"({"From":"a@example.org","To":"b@example.org","Subject":"s","TextBody":"t"})");
}

BOOST_AUTO_TEST_CASE(every_field)
{
    BOOST_TEST(
        written(full_message()) ==
        R"({"From":"The Shop <shop@example.org>",)"
        R"("To":"\"Ann, \\\"Jr.\\\"\" <ann@example.org>, bob@example.org",)"
        "\"Cc\":\"J\xc3\xb6rg <cc@example.org>\","
        R"("Bcc":"bcc@example.org","ReplyTo":"a@example.org, B <b@example.org>",)"
        "\"Subject\":\"A \\\"subject\\\"\\nof \xe2\x82\xac\","
        R"("Tag":"welcome","HtmlBody":"<p class=\"x\">Hi\\</p>","TextBody":"Hi",)"
        R"("Headers":[{"Name":"X-One","Value":"1"},{"Name":"X-Two","Value":"\"2\""}],)"
        R"("Attachments":[{"Name":"a.txt","Content":"AP8=","ContentType":"text/plain","ContentID":"cid:a"},)"
        R"({"Name":"b.bin","Content":"","ContentType":"application/x-b"}],)"
        R"("Metadata":{"k":"v","l":"\"w\""},"TrackOpens":true,"TrackLinks":"HtmlOnly","MessageStream":"outbound"})");
}

BOOST_AUTO_TEST_CASE(templates)
{
    message msg;
    msg.to = "b@example.org";
    msg.template_model = R"({"a": [1, 2.50]})";
    msg.inline_css = false;
    // Not a template message yet.
    BOOST_TEST(written(msg) == R"({"To":"b@example.org"})");
    msg.template_alias = "hello";
    BOOST_TEST(written(msg) ==
               R"({"To":"b@example.org","TemplateAlias":"hello","TemplateModel":{"a": [1, 2.50]},"InlineCss":false})");
    msg.template_id = -17;
    msg.template_model.clear();
    msg.inline_css = {};
    BOOST_TEST(written(msg) == R"({"To":"b@example.org","TemplateId":-17,"TemplateModel":{}})");
}

BOOST_AUTO_TEST_CASE(mailboxes_are_written_as_they_print)
{
    std::mt19937 random{24};
    constexpr std::string_view characters = "abzAZ09  \"\\,.<>@()[]:;'-_&\t\x01\x7f\xc3\xa4";
    auto const text = [&](std::size_t longest) {
        std::string result;
        std::size_t const length = random() % (longest + 1);
        while (result.size() < length) {
            char const character = characters[random() % (characters.size() - 1)];
            result += character == '\xc3' ? std::string{"\xc3\xa4"} : std::string{character};
        }
        return result;
    };
    for (int round = 0; round < 5000; ++round) {
        message msg;
        std::size_t const count = random() % 4;
        for (std::size_t i = 0; i < count; ++i) {
            msg.to.push_back(mailbox{text(6), text(8)});
        }
        if (count != 0) {
            auto const value = parsed(written(msg));
            BOOST_REQUIRE(value.at("To").as_string() == to_string(msg.to));
        }
        msg.from = mailbox{text(6), text(8)};
        auto const value = parsed(written(msg));
        BOOST_REQUIRE(value.at("From").as_string() == to_string(*msg.from));
    }
}

BOOST_AUTO_TEST_CASE(defaults_fill_empty_members)
{
    message_defaults defaults;
    defaults.from = mailbox{"default@example.org"};
    defaults.reply_to = "reply@example.org";
    defaults.headers = {mail_header{"X-Default", "1"}};
    message msg;
    BOOST_TEST(written(msg, defaults) == R"({"From":"default@example.org","ReplyTo":"reply@example.org",)"
                                         R"("Headers":[{"Name":"X-Default","Value":"1"}]})");
    msg.from = "own@example.org";
    msg.reply_to = "own-reply@example.org";
    msg.add_header("X-Own", "2");
    BOOST_TEST(written(msg, defaults) == R"({"From":"own@example.org","ReplyTo":"own-reply@example.org",)"
                                         R"("Headers":[{"Name":"X-Own","Value":"2"}]})");
}

BOOST_AUTO_TEST_CASE(stamps_are_written_to_the_metadata)
{
    message msg;
    BOOST_TEST(written(msg, {}, "id") == R"({"Metadata":{"postmark-stamp":"id"}})");
    msg.metadata["own"] = "1";
    BOOST_TEST(written(msg, {}, "id") == R"({"Metadata":{"own":"1","postmark-stamp":"id"}})");
    for (int key = 0; key < 8; ++key) {
        msg.metadata[std::to_string(key)] = "";
    }
    BOOST_TEST(can_stamp(msg));
    BOOST_TEST(parsed(written(msg, {}, "id")).at("Metadata").as_object().size() == 10u);
    msg.metadata["tenth"] = "";
    BOOST_TEST(!can_stamp(msg));
    BOOST_TEST(written(msg, {}, "id") == written(msg));
}

BOOST_AUTO_TEST_CASE(a_stamp_does_not_replace_a_key_of_that_name)
{
    message msg;
    msg.metadata["Postmark-Stamp"] = "own";
    BOOST_TEST(!can_stamp(msg));
    BOOST_TEST(written(msg, {}, "id") == R"({"Metadata":{"Postmark-Stamp":"own"}})");
}

BOOST_AUTO_TEST_CASE(attachments_without_a_type_are_given_one)
{
    message msg;
    msg.attach_bytes("x", "a.pdf");
    auto const value = parsed(written(msg));
    BOOST_TEST(value.at("Attachments").at(0).at("ContentType").as_string() == content_type_of("a.pdf"));
}

BOOST_AUTO_TEST_CASE(the_estimated_size_is_close)
{
    message plain = full_message();
    plain.subject = "plain";
    plain.html = std::string(100'000, 'h');
    plain.headers.pop_back();
    plain.metadata.erase("l");
    plain.attach_bytes(std::string(100'000, '\xff'), "big.png");
    message templated = plain;
    templated.template_id = 1234567890123;
    templated.template_model = R"({"a":1})";
    message_defaults defaults;
    defaults.from = mailbox{"default@example.org"};
    for (message const& msg : {message{}, plain, templated}) {
        for (std::string_view const stamp : {"", "0123456789"}) {
            std::size_t const expected = expected_size(msg, defaults, stamp);
            byte_buffer out;
            out.reserve(expected);
            write_message(out, msg, defaults, stamp);
            BOOST_TEST(out.capacity() == expected);
            BOOST_TEST(out.size() <= expected);
            BOOST_TEST(out.size() + 64 >= expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(messages_that_cannot_be_written)
{
    message msg;
    msg.template_model = "not JSON";
    BOOST_TEST(unwritable(msg) == "");
    msg.template_alias = "t";
    for (std::string_view const model : {"not JSON", "[]", "1", "\"{}\"", "null", " ", "{", "{}x", "{} {}", "{\"a\":}",
                                         R"({},"From":"x")", "{'a':1}", "{\"a\":\"\xff\"}", "{/**/}"}) {
        msg.template_model = model;
        BOOST_TEST(unwritable(msg).find("template_model") != std::string::npos, model);
    }
    for (std::string const& model : {std::string{}, std::string{"{}"}, std::string{" {\"a\" : [1,{\"b\":null}] }\n"},
                                     "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"}) {
        msg.template_model = model;
        BOOST_TEST(unwritable(msg) == "", model);
    }
}

BOOST_AUTO_TEST_CASE(messages_survive_writing_and_reading)
{
    message const msg = full_message();
    BOOST_TEST((message_from_json(to_json(msg)) == msg));
    message templated;
    templated.from = "a@example.org";
    templated.to = "b@example.org";
    templated.template_id = 9007199254740993;
    templated.template_model = R"({"name":"Ann","list":[1,true,null]})";
    templated.inline_css = true;
    templated.track_links = link_tracking::none;
    BOOST_TEST((message_from_json(to_json(templated)) == templated));
    templated.template_id = {};
    templated.template_alias = "alias";
    templated.template_model.clear();
    templated.track_links = link_tracking::text_only;
    BOOST_TEST((message_from_json(to_json(templated)) == templated));
    templated.track_links = link_tracking::html_and_text;
    BOOST_TEST((message_from_json(to_json(templated)) == templated));
    BOOST_TEST((message_from_json("{}") == message{}));
}

BOOST_AUTO_TEST_CASE(reading_ignores_unknown_members_and_null)
{
    error_code error = errc::queue_full;
    message const msg = message_from_json(R"( {"Foo":{"To":[1]},"To":"A <a@x.org>, \"B, C\" <b@x.org>","From":null,
        "Cc":"","Headers":null,"Metadata":{},"TemplateId":null,"TemplateModel":{},"Attachments":[]} )",
                                          error);
    BOOST_TEST(!error);
    BOOST_TEST(msg.to.size() == 2u);
    BOOST_TEST(msg.to[1].name == "B, C");
    BOOST_TEST(!msg.from.has_value());
    BOOST_TEST(msg.cc.empty());
    BOOST_TEST(msg.template_model == "");
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused)
{
    for (std::string_view const number : {"1e5300", "-1e309", "0e5300"}) {
        error_code error;
        static_cast<void>(message_from_json(R"({"TemplateModel":{"list":[)" + std::string{number} + "]}}", error));
        BOOST_TEST((error == errc::invalid_message), number);
    }
    BOOST_TEST(message_from_json(R"({"TemplateModel":{"n":1e308}})").template_model == R"({"n":1e308})");
}

BOOST_AUTO_TEST_CASE(a_template_model_keeps_its_spelling)
{
    message const msg = message_from_json(
        R"({"TemplateId":1,"TemplateModel":{"old":1},"TemplateModel": { "price" : 19.90, "n":1E2 } ,"Tag":"t"})");
    BOOST_TEST(msg.template_model == R"({ "price" : 19.90, "n":1E2 })");
    BOOST_TEST(message_from_json("\xef\xbb\xbf{\"TemplateModel\":{\"a\":1.0}}").template_model == R"({"a":1.0})");
    BOOST_TEST(message_from_json(R"({"TemplateModel": { } })").template_model == "");
}

BOOST_AUTO_TEST_CASE(content_ids_are_given_their_scheme)
{
    message msg;
    msg.attach_bytes("x", "logo.png", "image/png", "logo.png");
    msg.attach_bytes("x", "logo.png", "image/png", "cid:logo.png");
    msg.attach_bytes("x", "logo.png", "image/png", "CID:logo.png");
    msg.attach_bytes("x", "logo.png", "image/png");
    auto const attachments = parsed(written(msg)).at("Attachments").as_array();
    BOOST_TEST(attachments[0].at("ContentID").as_string() == "cid:logo.png");
    BOOST_TEST(attachments[1].at("ContentID").as_string() == "cid:logo.png");
    BOOST_TEST(attachments[2].at("ContentID").as_string() == "CID:logo.png");
    BOOST_TEST(!attachments[3].as_object().contains("ContentID"));
}

BOOST_AUTO_TEST_CASE(blanks_are_not_a_sender)
{
    BOOST_TEST(!message_from_json(R"({"From":" \t "})").from.has_value());
}

BOOST_AUTO_TEST_CASE(reading_names_the_wrong_member)
{
    struct wrong {
        std::string_view json;
        std::string_view key;
        std::string_view expected;
    };
    for (auto const& [json, key, expected] : {
             wrong{"", "", "expected JSON"},
             wrong{"{\"To\":\"a\"} x", "", "expected JSON"},
             wrong{"[]", "", "expected a JSON object"},
             wrong{R"({"To":["a@x"]})", "To", "a string"},
             wrong{R"({"From":{"Email":"a@x"}})", "From", "a string"},
             wrong{R"({"Subject":1})", "Subject", "a string"},
             wrong{R"({"TrackOpens":"true"})", "TrackOpens", "true or false"},
             wrong{R"({"TrackLinks":"All"})", "TrackLinks", "HtmlAndText"},
             wrong{R"({"TrackLinks":true})", "TrackLinks", "a string"},
             wrong{R"({"TemplateId":"1"})", "TemplateId", "an integer"},
             wrong{R"({"TemplateId":1.5})", "TemplateId", "an integer"},
             wrong{R"({"TemplateModel":[]})", "TemplateModel", "an object"},
             wrong{R"({"Headers":{"Name":"a"}})", "Headers", "an array"},
             wrong{R"({"Headers":[{"Name":"a"},null]})", "Headers[1]", "an object"},
             wrong{R"({"Headers":[{"Name":"a"},{"Value":7}]})", "Headers[1].Value", "a string"},
             wrong{R"({"Attachments":[{"Name":"a","Content":"a b="}]})", "Attachments[0].Content", "base64"},
             wrong{R"({"Metadata":[]})", "Metadata", "an object"},
             wrong{R"({"Metadata":{"k":1}})", "Metadata.k", "a string"},
         }) {
        std::string const problem = problem_of(json);
        BOOST_TEST(problem.find(key) != std::string::npos, json << ": " << problem);
        BOOST_TEST(problem.find(expected) != std::string::npos, json << ": " << problem);
    }
}

BOOST_AUTO_TEST_SUITE_END()
