// SPDX-License-Identifier: BSL-1.0

#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_verify)

namespace {

using postmark::errc;
using postmark::mailbox;
using postmark::message;

message sound()
{
    message msg;
    msg.from = "Ann <ann@example.org>";
    msg.to = "bob@example.org";
    msg.subject = "Hello";
    msg.text = "Good to have you.";
    return msg;
}

message templated()
{
    message msg;
    msg.from = "ann@example.org";
    msg.to = "bob@example.org";
    msg.template_alias = "welcome";
    return msg;
}

std::string problem_of(message const& msg)
{
    postmark::error_code error = errc::queue_full;
    std::string detail = "unchanged";
    msg.verify(error, detail);
    postmark::error_code same;
    msg.verify(same);
    BOOST_TEST(error == same);
    if (!error) {
        BOOST_TEST(detail == "unchanged");
        return {};
    }
    BOOST_TEST((error == errc::invalid_message));
    BOOST_TEST(detail.find('@') == std::string::npos);
    return detail;
}

std::string repeated(std::string const& text, std::size_t count)
{
    std::string result;
    for (; count != 0; --count) {
        result += text;
    }
    return result;
}

struct example {
    std::string field; // the beginning of the detail; empty if the message is fine
    std::function<void(message&)> change;
};

void check(message (*make)(), std::vector<example> const& examples)
{
    for (std::size_t i = 0; i < examples.size(); ++i) {
        message msg = make();
        examples[i].change(msg);
        auto const problem = problem_of(msg);
        BOOST_TEST(problem.starts_with(examples[i].field), "example " << i << ": " << problem);
        BOOST_TEST(problem.empty() == examples[i].field.empty(), "example " << i << ": " << problem);
    }
}

std::string const crlf = "x\r\nBcc: eve@example.org";

} // namespace

BOOST_AUTO_TEST_CASE(addresses)
{
    std::vector<example> const examples = {
        {"", [](message&) {}},
        {"from: missing", [](message& m) { m.from.reset(); }},
        {"from: expected", [](message& m) { m.from = mailbox{}; }},
        {"from: expected", [](message& m) { m.from = "a@x.org, b@x.org"; }},
        {"from: expected", [](message& m) { m.from = "Ann <a@x.org>, Bob <b@x.org>"; }},
        {"", [](message& m) { m.from = mailbox("a@x.org", std::string(245, 'n')); }},
        {"from: longer", [](message& m) { m.from = mailbox("a@x.org", std::string(246, 'n')); }},
        {"", [](message& m) { m.from = mailbox("a@x.org", repeated("\U0001f600", 122)); }},
        {"from: longer", [](message& m) { m.from = mailbox("a@x.org", repeated("\U0001f600", 123)); }},
        {"from: the name", [](message& m) { m.from = mailbox("a@x.org", "b@x.org"); }},
        {"to, cc, bcc: no recipient", [](message& m) { m.to.clear(); }},
        {"",
         [](message& m) {
             m.to.clear();
             m.cc = "a@x.org";
         }},
        {"",
         [](message& m) {
             m.to.clear();
             m.bcc = "a@x.org";
         }},
        {"to, cc, bcc: no recipient",
         [](message& m) {
             m.to.clear();
             m.reply_to = "a@x.org";
         }},
        {"",
         [](message& m) {
             m.cc = repeated("a@x.org,", 24);
             m.bcc = repeated("a@x.org,", 25);
         }},
        {"to, cc, bcc: more",
         [](message& m) {
             m.cc = repeated("a@x.org,", 25);
             m.bcc = repeated("a@x.org,", 25);
         }},
        {"to[1]: expected",
         [](message& m) {
             m.to = {"a@x.org", "nobody"};
         }},
        {"to[0]: the name", [](message& m) { m.to = postmark::mailbox_list(mailbox("a@x.org", "b@x.org")); }},
        {"cc: expected one", [](message& m) { m.cc = "a b@x.org"; }},
        {"bcc[1]", [](message& m) { m.bcc = "a@x.org, a@"; }},
        {"bcc: expected one", [](message& m) { m.bcc = "a@x.org, <>"; }},
        {"reply_to[1]", [](message& m) { m.reply_to = "a@x.org, b@"; }},
    };
    check(sound, examples);
}

BOOST_AUTO_TEST_CASE(plausible_addresses)
{
    using postmark::model::is_plausible_address;
    for (std::string const address :
         {"a@b", "a@b.c", "a.b+c@x-y.org", "\"a b\"@x.org", R"("a\"@b"@x.org)", "a@bücher.example", "a@[1.2.3.4]",
          "a@[IPv6:::1]", "o'neil@x.org", "a@\u4f8b\u3048.example", "a@x_y.org", "{}!#$%&*/=?^_`|~@x.org"}) {
        BOOST_TEST(is_plausible_address(address), address);
    }
    for (std::string const address :
         {"",      "@",         "a",    "a@",   "@b",         "a@b@c", "a b@c", "a@b c", "a@b,c@d", "<a@b>",
          "a@b>",  "é@x.org",   "a@.b", "a@b.", "a@b..c",     "a@+",   "a@b\n", "a\t@b", "\"\"@b",  "\"a\"b@c",
          "\"a@b", "\"a\\\"@b", "\"",   "a@[]", "a@[1.2.3.4", "a@[é]", "\"a\\", "a;b@c"}) {
        BOOST_TEST(!is_plausible_address(address), address);
    }
    BOOST_TEST(!is_plausible_address(std::string_view{"a\0@b", 4}));
}

BOOST_AUTO_TEST_CASE(invisible_characters_in_addresses_are_refused)
{
    for (std::string const character :
         {"\u200b", "\u200c", "\u200d",   "\u200e", "\u200f",       "\u202a",   "\u202e",
          "\u2060", "\u2066", "\u2069",   "\ufeff", "\u00ad",       "\u061c",   "\u00a0",
          "\u3000", "\u2028", "\xc2\x85", "\xff",   "\xed\xa0\x80", "\xc0\x80", "\xe2\x80"}) {
        message msg = sound();
        msg.to = mailbox{"bob@exam" + character + "ple.org", ""};
        BOOST_TEST(problem_of(msg) == "to[0]: expected one valid address", character);
        msg.to = mailbox{"b" + character + "ob@example.org", ""};
        BOOST_TEST(problem_of(msg) == "to[0]: expected one valid address", character);
    }
}

BOOST_AUTO_TEST_CASE(headers_that_have_a_member_are_refused)
{
    for (auto const* const name :
         {"From", "To", "Cc", "Bcc", "Reply-To", "Subject", "reply-to", "TO", "Tag", "Attachment", "Track-Opens",
          "Track-Links", "Message-Stream", "Postmark-Template-Alias", "X-PM-Tag", "X-PM-TrackOpens", "X-PM-TrackLinks",
          "X-PM-Message-Stream", "X-PM-Metadata-order"}) {
        message msg = sound();
        msg.add_header("X-A", "1").add_header(name, "x");
        BOOST_TEST(problem_of(msg).starts_with("headers[1]: not allowed among headers, set the member "), name);
    }
    for (auto const* const name :
         {"X-From", "From-X", "Message-ID", "In-Reply-To", "List-Unsubscribe", "X-PM-Bounce-Type", "X-PM-Metadat"}) {
        message msg = sound();
        msg.add_header(name, "x");
        BOOST_TEST(problem_of(msg) == "", name);
    }
}

BOOST_AUTO_TEST_CASE(defaults_are_checked_where_they_are_used)
{
    using postmark::model::check_message;
    postmark::model::message_defaults defaults;
    message msg = sound();
    msg.from.reset();
    BOOST_TEST(check_message(msg, defaults).text == "from: missing");
    defaults.from = "Shop <shop@example.org>";
    defaults.reply_to = "help@example.org";
    defaults.headers.emplace_back("X-A", "1");
    BOOST_TEST(!check_message(msg, defaults));

    defaults.from = "shop";
    BOOST_TEST(check_message(msg, defaults).text == "default_sender: expected one valid address");
    msg.from = "ann@example.org";
    BOOST_TEST(!check_message(msg, defaults));

    defaults.reply_to = {"help@example.org", "help"};
    BOOST_TEST(check_message(msg, defaults).text == "default_reply_to[1]: expected one valid address");
    msg.reply_to = "ann@example.org";
    BOOST_TEST(!check_message(msg, defaults));

    defaults.headers.emplace_back("To", "x");
    BOOST_TEST(check_message(msg, defaults).text ==
               "default_headers[1]: not allowed among headers, set the member to instead");
    msg.add_header("X-B", "1");
    BOOST_TEST(!check_message(msg, defaults));
}

BOOST_AUTO_TEST_CASE(one_mailbox_is_one_recipient)
{
    // The text of a form that a program takes for one address.
    std::vector<std::string> const several = {"a@x.org, b@x.org",
                                              "a@x.org,b@x.org",
                                              "a@x.org;b@x.org",
                                              "a@x.org>, <b@x.org",
                                              "<a@x.org>",
                                              "a@b@x.org",
                                              "a@x.org b@x.org",
                                              "a@x.org ",
                                              "\ta@x.org",
                                              "nobody,",
                                              "\"a\", b@x.org",
                                              "\"a@x.org",
                                              "a\"@x.org, b\"@x.org",
                                              "\"a\"b@x.org",
                                              "\"a\"@x.org, b@x.org",
                                              "\"a\"@x.org\"",
                                              "\"a\\\", b@x.org"};
    for (auto const& address : several) {
        for (std::string const name : {"", "Ann"}) {
            std::vector<example> const examples = {
                {"from",
                 [&](message& m) {
                     m.from = mailbox{address, name};
                 }},
                {"to",
                 [&](message& m) {
                     m.to = mailbox{address, name};
                 }},
                {"to",
                 [&](message& m) {
                     m.to = {"c@x.org", mailbox{address, name}};
                 }},
                {"to",
                 [&](message& m) {
                     m.to = {mailbox{address, name}};
                 }},
                {"cc",
                 [&](message& m) {
                     m.cc = mailbox{address, name};
                 }},
                {"bcc",
                 [&](message& m) {
                     m.bcc = mailbox{address, name};
                 }},
                {"reply_to",
                 [&](message& m) {
                     m.reply_to.push_back(mailbox{address, name});
                 }},
            };
            for (auto const& item : examples) {
                message msg = sound();
                item.change(msg);
                auto const problem = postmark::model::check_injection(msg);
                BOOST_TEST((problem.error == errc::invalid_message), address);
                BOOST_TEST(problem.text.starts_with(item.field + ": expected one address"), address);
            }
        }
    }

    // Any other text is sent unchanged: the service refuses it, or takes it for this one address.
    for (std::string const address : {"", "nobody", "not an address", "a@x.org", "\"a, b; <c@d> \\\" \"@x.org", "a@",
                                      "@", "a:b@x.org", "(a)@x.org"}) {
        message msg = sound();
        msg.to = mailbox{address, "Ann"};
        BOOST_TEST(!postmark::model::check_injection(msg), address);
    }
}

BOOST_AUTO_TEST_CASE(content)
{
    constexpr std::size_t megabyte = 1024 * 1024;
    std::vector<example> const examples = {
        {"html, text", [](message& m) { m.text.clear(); }},
        {"",
         [](message& m) {
             m.text.clear();
             m.html = "x";
         }},
        {"", [](message& m) { m.subject.clear(); }},
        {"", [](message& m) { m.subject = std::string(2000, 's'); }},
        {"subject", [](message& m) { m.subject = std::string(2001, 's'); }},
        {"", [](message& m) { m.subject = repeated("é", 2000); }},
        {"", [](message& m) { m.subject = repeated("\U0001f600", 1000); }},
        {"subject", [](message& m) { m.subject = repeated("\U0001f600", 1000) + "s"; }},
        {"", [](message& m) { m.tag = repeated("é", 1000); }},
        {"tag", [](message& m) { m.tag = repeated("é", 1001); }},
        {"", [](message& m) { m.html = std::string(5 * megabyte, 'x'); }},
        {"html", [](message& m) { m.html = std::string(5 * megabyte + 1, 'x'); }},
        {"text", [](message& m) { m.text = std::string(5 * megabyte + 1, 'x'); }},
        {"message: larger", [](message& m) { m.html = m.text = std::string(5 * megabyte, 'x'); }},
        {"", [](message& m) { m.attach_bytes(std::string(7 * megabyte, 'x'), "a.txt"); }},
        {"message: larger", [](message& m) { m.attach_bytes(std::string(8 * megabyte, 'x'), "a.txt"); }},
        {"", [](message& m) { m.message_stream = "outbound"; }},
        {"message_stream", [](message& m) { m.message_stream = "not a stream"; }},
        {"message_stream", [](message& m) { m.message_stream = std::string(31, 's'); }},
    };
    check(sound, examples);
}

BOOST_AUTO_TEST_CASE(templates)
{
    std::vector<example> const examples = {
        {"", [](message&) {}},
        {"",
         [](message& m) {
             m.template_alias.clear();
             m.template_id = 1;
         }},
        {"subject", [](message& m) { m.subject = "x"; }},
        {"html", [](message& m) { m.html = "x"; }},
        {"text", [](message& m) { m.text = "x"; }},
        {"", [](message& m) { m.template_alias = "a.b_c-1"; }},
        {"template_alias", [](message& m) { m.template_alias = "1a"; }},
        {"template_alias", [](message& m) { m.template_alias = "-a"; }},
        {"template_alias", [](message& m) { m.template_alias = "a b"; }},
        {"", [](message& m) { m.template_model = R"( {"a": [1, {"b": null}]} )"; }},
        {"", [](message& m) { m.template_model = repeated(R"({"a":)", 50) + "1" + std::string(50, '}'); }},
        {"template_model", [](message& m) { m.template_model = "[]"; }},
        {"template_model", [](message& m) { m.template_model = "{"; }},
        {"template_model", [](message& m) { m.template_model = "{} {}"; }},
        {"template_model", [](message& m) { m.template_model = "null"; }},
        {"template_model", [](message& m) { m.template_model = std::string(100'000, '['); }},
    };
    check(templated, examples);
}

BOOST_AUTO_TEST_CASE(metadata_headers_and_attachments)
{
    std::vector<example> const examples = {
        {"",
         [](message& m) {
             for (char c = 'a'; c <= 'j'; ++c) {
                 m.metadata[{c}] = "x";
             }
         }},
        {"metadata: more",
         [](message& m) {
             for (char c = 'a'; c <= 'k'; ++c) {
                 m.metadata[{c}] = "x";
             }
         }},
        {"", [](message& m) { m.metadata[repeated("é", 20)] = repeated("é", 80); }},
        {"metadata", [](message& m) { m.metadata[""] = "x"; }},
        {"metadata", [](message& m) { m.metadata[std::string(21, 'k')] = "x"; }},
        {"metadata", [](message& m) { m.metadata["k"] = std::string(81, 'v'); }},
        {"", [](message& m) { m.metadata["k"] = repeated("\U0001f600", 40); }},
        {"metadata: a value", [](message& m) { m.metadata["k"] = repeated("\U0001f600", 40) + "v"; }},
        {"metadata: two",
         [](message& m) {
             m.metadata = {{"Key", "x"}, {"a", "x"}, {"key", "y"}};
         }},
        {"", [](message& m) { m.add_header("X-A", ""); }},
        {"", [](message& m) { m.add_header("Message-ID", "<a@b>"); }},
        {"headers[0]", [](message& m) { m.add_header("", "x"); }},
        {"headers[1]", [](message& m) { m.add_header("X-A", "x").add_header("X A", "x"); }},
        {"headers[0]", [](message& m) { m.add_header("X:", "x"); }},
        {"headers[0]", [](message& m) { m.add_header("X-é", "x"); }},
        {"headers[0]", [](message& m) { m.add_header("content-TYPE", "x"); }},
        {"attachments[0]: the content is empty", [](message& m) { m.attach_bytes("", "a.txt"); }},
        {"attachments[0]", [](message& m) { m.attach_bytes("x", ""); }},
        {"attachments[1]", [](message& m) { m.attach_bytes("x", "a.txt").attach_bytes("x", "a.Exe"); }},
        {"attachments[0]", [](message& m) { m.attach_bytes("x", "run.exe."); }},
        {"attachments[0]", [](message& m) { m.attach_bytes("x", "run.exe . "); }},
    };
    check(sound, examples);
}

BOOST_AUTO_TEST_CASE(text_that_could_end_a_header_is_refused)
{
    std::vector<example> const examples = {
        {"subject", [](message& m) { m.subject = crlf; }},
        {"from", [](message& m) { m.from->address = crlf; }},
        {"from", [](message& m) { m.from->name = crlf; }},
        {"to", [](message& m) { m.to[0].address = crlf; }},
        {"cc", [](message& m) { m.cc = mailbox("a@x.org", crlf); }},
        {"bcc", [](message& m) { m.bcc = mailbox(crlf, "x"); }},
        {"reply_to", [](message& m) { m.reply_to = mailbox("a@x.org", crlf); }},
        {"tag", [](message& m) { m.tag = "\n"; }},
        {"message_stream", [](message& m) { m.message_stream = "\r"; }},
        {"template_alias", [](message& m) { m.template_alias = std::string(1, '\0'); }},
        {"headers", [](message& m) { m.add_header(crlf, "x"); }},
        {"headers", [](message& m) { m.add_header("X", "x\n y"); }},
        {"metadata", [](message& m) { m.metadata["a\n"] = "x"; }},
        {"metadata", [](message& m) { m.metadata["a"] = "x\r"; }},
        {"attachments", [](message& m) { m.attach_bytes("x", crlf); }},
        {"attachments", [](message& m) { m.attach_bytes("x", "a.txt", crlf); }},
        {"attachments", [](message& m) { m.attach_bytes("x", "a.txt", "a/b", crlf); }},
    };
    check(sound, examples);
    for (auto const& item : examples) {
        message msg = sound();
        item.change(msg);
        auto const problem = postmark::model::check_injection(msg);
        BOOST_TEST((problem.error == errc::invalid_message));
        BOOST_TEST(problem.text == item.field + ": must not contain CR, LF or NUL");
    }

    message fine = sound();
    fine.html = fine.text = "a\r\nb";
    fine.template_model = "{\n}";
    fine.attach_bytes(std::string_view("\r\n\0", 3), "a\t\x01\xff.txt");
    BOOST_TEST(!postmark::model::check_injection(fine));
}

BOOST_AUTO_TEST_CASE(header_injection_in_a_text)
{
    using postmark::model::has_header_injection;
    for (int c = 0; c < 256; ++c) {
        std::string const text{'a', static_cast<char>(c), 'b'};
        BOOST_TEST(has_header_injection(text) == (c == '\r' || c == '\n' || c == 0), c);
    }
    BOOST_TEST(!has_header_injection(""));
}

BOOST_AUTO_TEST_SUITE_END()
