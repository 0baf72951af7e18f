// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_inbound)

using namespace sandbox_test;

namespace {

struct inbound_fixture : fixture {
    std::string arrive(std::string const& body)
    {
        auto const arrived = control("POST", "/__sandbox/inbound", body);
        BOOST_REQUIRE_MESSAGE(arrived.status == 200, arrived.body);
        return text_of(arrived.value(), "MessageID");
    }

    std::string arrive_as_source(std::string const& source, std::string const& query = {})
    {
        auto const arrived = caller.send("POST", "/__sandbox/inbound" + query, source,
                                         {{"X-Postmark-Sandbox", "1"}, {"Content-Type", "message/rfc822"}});
        BOOST_REQUIRE_MESSAGE(arrived.status == 200, arrived.body);
        return text_of(arrived.value(), "MessageID");
    }

    json::value details(std::string const& id) { return get("/messages/inbound/" + id + "/details").value(); }

    json::value list(std::string const& query = {})
    {
        return get("/messages/inbound?count=50&offset=0" + query).value();
    }

    std::int64_t count(std::string const& query) { return number_of(list(query), "TotalCount"); }
};

constexpr auto whole =
    R"({"From":"ann@example.org","FromName":"Ann","FromFull":{"Email":"ann@example.org","Name":"Ann"},
    "To":"orders+42@inbound.example.com","ToFull":[{"Email":"orders+42@inbound.example.com","Name":"Orders"}],
    "Cc":"\"Bob, B.\" <bob@example.org>","OriginalRecipient":"orders+42@inbound.example.com","Subject":"An order",
    "Date":"Thu, 5 Nov 2026 16:33:54 -0500","ReplyTo":"replies@example.org","TextBody":"Two, please.",
    "HtmlBody":"<p>Two</p>","Tag":"order","Headers":[{"Name":"X-A","Value":"b"}],
    "Attachments":[{"Name":"a.txt","Content":"aGVsbG8=","ContentType":"text/plain","ContentID":"one"}]})";

} // namespace

BOOST_FIXTURE_TEST_CASE(a_mail_is_listed_and_shown, inbound_fixture)
{
    auto const id = arrive(whole);
    auto const page = list();
    BOOST_TEST(number_of(page, "TotalCount") == 1);
    auto const& listed = page.at("InboundMessages").at(0);
    BOOST_TEST(text_of(listed, "MessageID") == id);
    BOOST_TEST(text_of(listed, "From") == "ann@example.org");
    BOOST_TEST(text_of(listed.at("FromFull"), "Name") == "Ann");
    BOOST_TEST(text_of(listed.at("ToFull").at(0), "MailboxHash") == "42");
    BOOST_TEST(text_of(listed.at("CcFull").at(0), "Email") == "bob@example.org");
    BOOST_TEST(text_of(listed.at("CcFull").at(0), "Name") == "Bob, B.");
    BOOST_TEST(text_of(listed, "MailboxHash") == "42");
    BOOST_TEST(text_of(listed, "Date") == "Thu, 5 Nov 2026 16:33:54 -0500");
    BOOST_TEST(text_of(listed, "Status") == "Processed");
    BOOST_TEST(number_of(listed.at("Attachments").at(0), "ContentLength") == 5);
    BOOST_TEST(!listed.at("Attachments").at(0).as_object().contains("Content"));
    BOOST_TEST(!listed.as_object().contains("TextBody"));

    auto const shown = details(id);
    BOOST_TEST(text_of(shown, "TextBody") == "Two, please.");
    BOOST_TEST(text_of(shown, "HtmlBody") == "<p>Two</p>");
    BOOST_TEST(text_of(shown.at("Headers").at(0), "Value") == "b");
    BOOST_TEST(shown.at("BlockedReason").is_null());
    check_refused(get("/messages/inbound/00000000-0000-0000-0000-000000000000/details"), 701,
                  "This message was not found.");
}

BOOST_FIXTURE_TEST_CASE(what_is_not_given_is_filled_in, inbound_fixture)
{
    auto const shown = details(arrive(R"({"from":"Ann <ann@example.org>"})"));
    BOOST_TEST(text_of(shown, "From") == "ann@example.org");
    BOOST_TEST(text_of(shown, "FromName") == "Ann");
    BOOST_TEST(text_of(shown, "OriginalRecipient").ends_with("@inbound.postmarkapp.com"));
    BOOST_TEST(text_of(shown, "OriginalRecipient") == text_of(get("/server").value(), "InboundAddress"));
    BOOST_TEST(text_of(shown, "Date").ends_with(" +0000"));
    BOOST_TEST(text_of(shown, "Subject").empty());
}

BOOST_FIXTURE_TEST_CASE(searches_filter, inbound_fixture)
{
    arrive(whole);
    arrive(R"({"From":"bob@example.org","To":"other@inbound.example.com","Subject":"Another"})");
    BOOST_TEST(count("&fromemail=ann") == 1);
    BOOST_TEST(count("&recipient=other@inbound.example.com") == 1);
    BOOST_TEST(count("&recipient=bob@example.org") == 1);
    BOOST_TEST(count("&subject=AN") == 2);
    BOOST_TEST(count("&tag=order") == 1);
    BOOST_TEST(count("&mailboxhash=42") == 1);
    BOOST_TEST(count("&mailboxhash=43") == 0);
    BOOST_TEST(count("&status=blocked") == 0);
    BOOST_TEST(count("&status=Sent") == 2);
    BOOST_TEST(count("&todate=2000-01-01") == 0);
    BOOST_TEST(text_of(list().at("InboundMessages").at(0), "Subject") == "Another");
    for (auto const* query : {"", "?count=501&offset=0", "?count=1&offset=0&status=lost",
                              "?count=1&offset=0&fromdate=x", "?count=500&offset=9600"}) {
        check_refused(get(std::string{"/messages/inbound"} + query), 700);
    }
}

BOOST_FIXTURE_TEST_CASE(a_blocked_mail_can_be_bypassed_and_a_failed_one_retried, inbound_fixture)
{
    auto const blocked = arrive(R"({"From":"ann@example.org","Status":"blocked"})");
    auto const failed = arrive(R"({"From":"ann@example.org","Status":"Failed"})");
    BOOST_TEST(count("&status=blocked") == 1);
    BOOST_TEST(count("&status=failed") == 1);
    BOOST_TEST(!text_of(details(blocked), "BlockedReason").empty());
    check_refused(put("/messages/inbound/" + failed + "/bypass"), 701,
                  "This message was not found or cannot be bypassed.");
    check_refused(put("/messages/inbound/" + blocked + "/retry"), 701,
                  "This message was not found or cannot be retried.");
    BOOST_TEST(put("/messages/inbound/" + blocked + "/bypass").api_code() == 0);
    BOOST_TEST(put("/messages/inbound/" + failed + "/retry").api_code() == 0);
    BOOST_TEST(count({}) == 2);
    BOOST_TEST(details(blocked).at("BlockedReason").is_null());
    check_refused(put("/messages/inbound/" + blocked + "/bypass"), 701);
    check_refused(put("/messages/inbound/none/retry"), 701);
}

BOOST_FIXTURE_TEST_CASE(rules_block_senders, inbound_fixture)
{
    for (auto const* rule : {"ann@example.org", "spam.example", "*.spammer.example"}) {
        post("/triggers/inboundrules", std::string{R"({"Rule":")"} + rule + R"("})");
    }
    auto const status_of = [&](std::string const& sender) {
        return text_of(details(arrive(R"({"From":")" + sender + R"("})")), "Status");
    };
    BOOST_TEST(status_of("Ann@Example.org") == "Blocked");
    BOOST_TEST(status_of("bob@example.org") == "Processed");
    BOOST_TEST(status_of("a@spam.example") == "Blocked");
    BOOST_TEST(status_of("a@mail.spam.example") == "Processed");
    BOOST_TEST(status_of("a@mail.spammer.example") == "Blocked");
    BOOST_TEST(status_of("a@spammer.example") == "Processed");
    auto const blocked = list("&status=blocked");
    BOOST_TEST(number_of(blocked, "TotalCount") == 3);
    auto const id = text_of(blocked.at("InboundMessages").at(0), "MessageID");
    BOOST_TEST(put("/messages/inbound/" + id + "/bypass").api_code() == 0);

    put("/server", R"({"InboundSpamThreshold":5})");
    auto const spam =
        details(arrive(R"({"From":"bob@example.org","Headers":[{"Name":"X-Spam-Score","Value":"7.1"}]})"));
    BOOST_TEST(text_of(spam, "Status") == "Blocked");
    BOOST_TEST(text_of(details(arrive(R"({"From":"bob@example.org",
        "Headers":[{"Name":"X-Spam-Score","Value":"-0.1"}]})")),
                       "Status") == "Processed");
}

BOOST_FIXTURE_TEST_CASE(the_recipient_decides_the_server, inbound_fixture)
{
    auto const other = account("POST", "/servers", R"({"Name":"Other"})").value();
    auto const token = json::value_to<std::string>(other.at("ApiTokens").at(0));
    auto const address = text_of(other, "InboundAddress");
    auto const hash = text_of(other, "InboundHash");
    arrive(R"({"From":"ann@example.org","To":")" + hash + R"(+77@inbound.postmarkapp.com"})");
    arrive(R"({"From":"ann@example.org","ServerID":)" + std::to_string(number_of(other, "ID")) + "}");
    BOOST_TEST(count({}) == 0);
    auto const page = as(token, "GET", "/messages/inbound?count=5&offset=0").value();
    BOOST_REQUIRE(number_of(page, "TotalCount") == 2);
    BOOST_TEST(text_of(page.at("InboundMessages").at(0), "To") == address);
    BOOST_TEST(text_of(page.at("InboundMessages").at(1), "MailboxHash") == "77");
}

BOOST_FIXTURE_TEST_CASE(a_message_source_is_read, inbound_fixture)
{
    auto const shown =
        details(arrive_as_source("Received: by mx.example\r\n"
                                 "From: =?utf-8?Q?J=C3=BCrgen_M?= <j@example.org>\r\n"
                                 "To: \"Orders, new\" <orders+7@inbound.example>,\r\n other@example.org\r\n"
                                 "Subject: =?iso-8859-1?B?R3L832U=?= =?utf-8?Q?_an_alle?=\r\n"
                                 "Date: Thu, 5 Nov 2026 16:33:54 -0500\r\n"
                                 "X-Long: one\r\n two\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n"
                                 "preamble\r\n"
                                 "--outer\r\n"
                                 "Content-Type: multipart/alternative; boundary=inner\r\n\r\n"
                                 "--inner\r\n"
                                 "Content-Type: text/plain; charset=iso-8859-1\r\n"
                                 "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                                 "Gr=FC=\r\n=DFe\r\n"
                                 "--inner\r\n"
                                 "Content-Type: text/html; charset=utf-8\r\n\r\n"
                                 "<b>x</b>\r\n"
                                 "--inner--\r\n"
                                 "--outer\r\n"
                                 "Content-Type: application/pdf; name*0=\"a \"; name*1*=b%2epdf\r\n"
                                 "Content-ID: <one@x>\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\n"
                                 "aGVs\r\nbG8=\r\n"
                                 "--outer\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Disposition: attachment;"
                                 " filename*=utf-8'en'%e2%82%ac.txt\r\n\r\n"
                                 "euro\r\n"
                                 "--outer--\r\nepilogue\r\n",
                                 "?OriginalRecipient=orders%2B7@inbound.example"));
    BOOST_TEST(text_of(shown, "FromName") == "J\u00fcrgen M");
    BOOST_TEST(text_of(shown, "Subject") == "Gr\u00fc\u00dfe an alle");
    BOOST_TEST(shown.at("ToFull").as_array().size() == 2U);
    BOOST_TEST(text_of(shown.at("ToFull").at(0), "Name") == "Orders, new");
    BOOST_TEST(text_of(shown, "OriginalRecipient") == "orders+7@inbound.example");
    BOOST_TEST(text_of(shown, "MailboxHash") == "7");
    BOOST_TEST(text_of(shown, "TextBody") == "Gr\u00fc\u00dfe");
    BOOST_TEST(text_of(shown, "HtmlBody") == "<b>x</b>");
    auto const& headers = shown.at("Headers").as_array();
    BOOST_REQUIRE(headers.size() == 4U);
    BOOST_TEST(text_of(headers[0], "Name") == "Return-Path");
    BOOST_TEST(text_of(headers[0], "Value") == "<j@example.org>");
    BOOST_TEST(text_of(headers[2], "Value") == "one two");
    auto const& attachments = shown.at("Attachments").as_array();
    BOOST_REQUIRE(attachments.size() == 2U);
    BOOST_TEST(text_of(attachments[0], "Name") == "a b.pdf");
    BOOST_TEST(text_of(attachments[0], "ContentID") == "one@x");
    BOOST_TEST(number_of(attachments[0], "ContentLength") == 5);
    BOOST_TEST(text_of(attachments[1], "Name") == "\u20ac.txt");
    BOOST_TEST(number_of(attachments[1], "ContentLength") == 4);
}

BOOST_FIXTURE_TEST_CASE(broken_sources_are_read_as_far_as_they_go, inbound_fixture)
{
    std::string deep = "From: a@example.org\n";
    for (int level = 0; level < 40; ++level) {
        deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(level) + "\n\n--b" +
                std::to_string(level) + '\n';
    }
    for (auto const& source : {
             deep,
             std::string{"From: a@example.org\nContent-Type: multipart/mixed; boundary=\"x\n\n--x\nbody"},
             std::string{"From: a@example.org\nContent-Type: multipart/mixed; boundary=x\n\nno parts"},
             std::string{"From: a@example.org\nSubject: =?utf-8?B?\xff?= =?x\xff?Q?=\n\n\xff\xfe"},
             std::string{"From: a@example.org\nSubject: \xc3\xc3\n folded \xe2\x82\n\n"},
             std::string{"no field\n: empty\nFrom: a@example.org\nX Y: z\n continued\n\ntext"},
             std::string{"From: a@example.org\nContent-Transfer-Encoding: base64\n\n*&^=a=b"},
             std::string{"From: a@example.org\nContent-Transfer-Encoding: quoted-printable\n\n=\n=4=4"},
         }) {
        auto const shown = details(arrive_as_source(source));
        BOOST_TEST(text_of(shown, "From") == "a@example.org");
    }
    BOOST_TEST(text_of(details(arrive_as_source("From: a@example.org\nSubject: \xe4\n\n\xe4")), "TextBody") ==
               "\ufffd");
}

BOOST_FIXTURE_TEST_CASE(mails_that_cannot_come_in_are_refused, inbound_fixture)
{
    for (auto const* body : {"", "{}", R"({"From":"nobody"})", R"({"From":"a@example.org","Status":"lost"})",
                             R"({"From":"a@example.org","ServerID":1})", R"({"From":7})", "{",
                             R"({"From":"a@example.org","Attachments":[{"Content":"*"}]})"}) {
        BOOST_TEST_CONTEXT(body)
        {
            BOOST_TEST(control("POST", "/__sandbox/inbound", body).status == 400);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
