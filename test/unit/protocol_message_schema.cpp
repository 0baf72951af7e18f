// SPDX-License-Identifier: BSL-1.0

#include "protocol/message_schema.hpp"
#include "protocol/schema.hpp"

#include <postmark/message.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>

using namespace postmark;

namespace {

/// Makes messages with any of their members, of the kind that the writer of messages does not complete.
class message_maker {
public:
    message make()
    {
        message msg;
        if (flip()) {
            msg.from = address();
        }
        msg.to = addresses();
        msg.cc = addresses();
        msg.bcc = addresses();
        msg.reply_to = addresses();
        msg.subject = text();
        msg.tag = text();
        msg.html = text();
        msg.text = text();
        msg.message_stream = text();
        for (unsigned count = below(3); count != 0; --count) {
            msg.add_header(text(), text());
        }
        for (unsigned count = below(3); count != 0; --count) {
            attachment& file = msg.attachments.emplace_back();
            file.name = text();
            file.content = text() + std::string{"\0\xff", 2};
            file.content_type = "text/plain";
            file.content_id = flip() ? "cid:" + word() : std::string{};
        }
        for (unsigned count = below(4); count != 0; --count) {
            msg.metadata[word()] = text();
        }
        if (flip()) {
            msg.track_opens = flip();
        }
        if (flip()) {
            msg.track_links = static_cast<link_tracking>(below(4));
        }
        if (flip()) {
            if (flip()) {
                msg.template_id = static_cast<std::int64_t>(random_());
            } else {
                msg.template_alias = word();
            }
            msg.template_model = R"({"name":"\u00e4","list":[1,true,null]})";
            if (flip()) {
                msg.inline_css = flip();
            }
        }
        return msg;
    }

private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
    bool flip() { return below(2) == 0; }

    std::string word()
    {
        std::string value;
        for (unsigned count = 1 + below(12); count != 0; --count) {
            value += static_cast<char>('a' + below(26));
        }
        return value;
    }

    /// Often empty; with characters that must be escaped, and with others that must not.
    std::string text()
    {
        static constexpr std::string_view pieces[]{
            "a", "B c", "\"", "\\", "/", "\n", "\x01", "\x7f", "<>&", "\xc3\xa4", "\xf0\x9f\x98\x80"};
        std::string value;
        for (unsigned count = below(2) * below(12); count != 0; --count) {
            value += pieces[below(std::size(pieces))];
        }
        return value;
    }

    mailbox address()
    {
        static constexpr std::string_view names[]{"", "Ann", "Ann, Jr.", "J\xc3\xbcrgen \"J\" M"};
        return mailbox{word() + "@example.org", std::string{names[below(std::size(names))]}};
    }

    mailbox_list addresses()
    {
        mailbox_list list;
        for (unsigned count = below(3); count != 0; --count) {
            list.push_back(address());
        }
        return list;
    }

    std::mt19937 random_{4711};
};

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_message_schema)

BOOST_AUTO_TEST_CASE(the_writer_of_messages_agrees_with_the_schema)
{
    message_maker maker;
    for (int round = 0; round != 500; ++round) {
        message const msg = maker.make();
        protocol::byte_buffer described;
        protocol::write(described, protocol::message_schema(), &msg);
        BOOST_TEST_REQUIRE(to_json(msg) == described.view());
    }
}

BOOST_AUTO_TEST_CASE(the_reader_of_messages_agrees_with_the_schema)
{
    message_maker maker;
    for (int round = 0; round != 500; ++round) {
        std::string const json = to_json(maker.make());
        message described;
        protocol::read_state state;
        state.strict = true;
        std::string problem;
        BOOST_TEST_REQUIRE(
            protocol::read(protocol::message_schema(), std::string_view{json}, &described, problem, state), problem);
        message const read = message_from_json(json);
        described.template_model = read.template_model; // the reader keeps the spelling of the source
        BOOST_TEST_REQUIRE((described == read), json);
    }
}

BOOST_AUTO_TEST_CASE(both_readers_name_the_same_value)
{
    for (std::string_view const json : {
             "",
             R"({"To":["a@x"]})",
             R"({"From":{"Email":"a@x"}})",
             R"({"Subject":1})",
             R"({"TrackOpens":"true"})",
             R"({"TrackLinks":"All"})",
             R"({"TrackLinks":true})",
             R"({"TemplateId":"1"})",
             R"({"TemplateId":1.5})",
             R"({"TemplateModel":[]})",
             R"({"Headers":{"Name":"a"}})",
             R"({"Headers":[{"Name":"a"},null]})",
             R"({"Headers":[{"Name":"a"},{"Value":7}]})",
             R"({"Attachments":[{"Name":"a","Content":"a b="}]})",
             R"({"Metadata":{"k":1}})",
         }) {
        message described;
        protocol::read_state state;
        state.strict = true;
        std::string problem;
        BOOST_TEST(!protocol::read(protocol::message_schema(), json, &described, problem, state), json);
        try {
            static_cast<void>(message_from_json(json));
            BOOST_ERROR("not refused: " << json);
        } catch (boost::system::system_error const& error) {
            BOOST_TEST(std::string_view{error.what()}.find(problem) != std::string_view::npos,
                       json << ": " << problem << " and " << error.what());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
