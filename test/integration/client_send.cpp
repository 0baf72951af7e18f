// SPDX-License-Identifier: BSL-1.0

// The service receives a message unchanged, and its reply is stored in the receipt.

#include "outcome_fixture.hpp"

#include <boost/json.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(client_send, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::api_errc;
using postmark::mailbox;
using postmark::outcome;
namespace json = boost::json;

namespace {

struct send_fixture : fixture {
    /// Sends a message, and returns the JSON that the service received.
    sandbox::stored_message arrive(postmark::message msg, postmark::call_options options = {})
    {
        server.clear();
        auto const result = send(std::move(msg), std::move(options));
        BOOST_TEST_REQUIRE(result.receipt.outcome == outcome::accepted, result.receipt.detail);
        auto const stored = server.messages();
        BOOST_TEST_REQUIRE(stored.size() == 1U);
        BOOST_TEST(stored.front().message_id == result.receipt.message_id);
        return stored.front();
    }

    /// The value of a header of the last request; empty if there is none.
    [[nodiscard]] std::string last_header(std::string_view name) const
    {
        auto const requests = server.requests();
        BOOST_TEST_REQUIRE(!requests.empty());
        std::string value;
        for (auto const& field : requests.back().headers) {
            if (field.name == name) {
                value += field.value;
            }
        }
        return value;
    }
};

json::value json_of(sandbox::stored_message const& stored)
{
    return json::parse(stored.json);
}

std::string all_bytes()
{
    std::string bytes;
    for (int value = 0; value != 256; ++value) {
        bytes += static_cast<char>(value);
    }
    return bytes;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(fills_the_receipt, send_fixture)
{
    auto const before = std::chrono::system_clock::now() - 1s;
    auto msg = mail();
    msg.to = {mailbox{"ann@example.org", "Ann"}, "bob@example.org"};
    auto const result = send(msg);
    BOOST_TEST((result.receipt.outcome == outcome::accepted));
    BOOST_TEST(result.receipt.message_id == server.messages().front().message_id);
    BOOST_TEST(result.receipt.to == "Ann <ann@example.org>, bob@example.org");
    BOOST_TEST(result.receipt.http_status == 200U);
    BOOST_TEST(result.receipt.api_code == 0);
    BOOST_TEST(result.receipt.suppressed.empty());
    BOOST_TEST(result.receipt.stamp.empty());
    BOOST_TEST((result.receipt.submitted_at >= before));
    BOOST_TEST((result.receipt.submitted_at <= std::chrono::system_clock::now() + 1s));
}

BOOST_FIXTURE_TEST_CASE(sends_every_field, send_fixture)
{
    postmark::message msg;
    msg.from = mailbox{"shop@example.com", "Bücher & Söhne"};
    msg.to = {mailbox{"ann@example.org", "Müller, Ann"}, mailbox{"bob@example.org", "Bob \"B\" \\ Smith"},
              "eve@example.org"};
    msg.cc = {mailbox{"cc@example.org", "日本語"}};
    msg.bcc = "one@example.org, \"Two, Jr.\" <two@example.org>";
    msg.reply_to = {"a@example.com", mailbox{"b@example.com", "B"}};
    msg.subject = "Grüße \"x\" \\ </b> \u2028 😀\tend";
    msg.tag = "tag with blanks & ü";
    msg.html = "<p>Grüße &amp; 😀\r\n\x7f</p>";
    msg.text = "Zeile 1\r\nZeile 2\n\tTab \x01 \"quoted\" \\";
    msg.message_stream = "broadcast";
    msg.metadata = {{"order", "17"}, {"Ümlaut", "Größe \"L\""}};
    msg.add_header("X-One", "1").add_header("X-Two", "zwei ü").add_header("X-One", "again");
    msg.track_opens = true;
    msg.track_links = postmark::link_tracking::html_only;
    auto const stored = arrive(msg);

    using strings = std::vector<std::string>;
    BOOST_TEST(stored.endpoint == "/email");
    BOOST_TEST((stored.to == strings{"ann@example.org", "bob@example.org", "eve@example.org"}));
    BOOST_TEST((stored.cc == strings{"cc@example.org"}));
    BOOST_TEST((stored.bcc == strings{"one@example.org", "two@example.org"}));
    BOOST_TEST(stored.subject == msg.subject);
    BOOST_TEST(stored.tag == msg.tag);
    BOOST_TEST(stored.html == msg.html);
    BOOST_TEST(stored.text == msg.text);
    BOOST_TEST(stored.message_stream == "broadcast");
    BOOST_TEST((stored.metadata == msg.metadata));
    BOOST_TEST_REQUIRE(stored.headers.size() == 3U);
    for (std::size_t index = 0; index != 3; ++index) {
        BOOST_TEST(stored.headers[index].name == msg.headers[index].name);
        BOOST_TEST(stored.headers[index].value == msg.headers[index].value);
    }

    auto const sent = json_of(stored);
    BOOST_TEST(sent.at("From") == "Bücher & Söhne <shop@example.com>");
    BOOST_TEST(sent.at("To") ==
               R"("Müller, Ann" <ann@example.org>, "Bob \"B\" \\ Smith" <bob@example.org>, eve@example.org)");
    BOOST_TEST(sent.at("Cc") == "日本語 <cc@example.org>");
    BOOST_TEST(sent.at("Bcc") == R"(one@example.org, "Two, Jr." <two@example.org>)");
    BOOST_TEST(sent.at("ReplyTo") == "a@example.com, B <b@example.com>");
    BOOST_TEST(sent.at("TrackOpens") == true);
    BOOST_TEST(sent.at("TrackLinks") == "HtmlOnly");
    for (auto const* key : {"TemplateId", "TemplateAlias", "TemplateModel", "InlineCss", "Attachments"}) {
        BOOST_TEST(!sent.as_object().contains(key), key);
    }
}

BOOST_FIXTURE_TEST_CASE(omits_empty_members, send_fixture)
{
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.bcc = "ann@example.org";
    msg.html = "<p>Hi</p>";
    auto const stored = arrive(msg);
    std::set<std::string> keys;
    auto const sent = json_of(stored);
    for (auto const& item : sent.as_object()) {
        keys.insert(item.key());
    }
    BOOST_TEST((keys == std::set<std::string>{"From", "Bcc", "HtmlBody"}));
    BOOST_TEST(send(msg).receipt.to.empty());
}

BOOST_FIXTURE_TEST_CASE(sends_all_values_of_tracking, send_fixture)
{
    using postmark::link_tracking;
    for (auto const& [value, name] : {std::pair{link_tracking::none, "None"},
                                      {link_tracking::html_and_text, "HtmlAndText"},
                                      {link_tracking::html_only, "HtmlOnly"},
                                      {link_tracking::text_only, "TextOnly"}}) {
        auto msg = mail();
        msg.track_links = value;
        msg.track_opens = value == link_tracking::none;
        auto const sent = json_of(arrive(msg));
        BOOST_TEST(sent.at("TrackLinks") == name);
        BOOST_TEST(sent.at("TrackOpens") == (value == link_tracking::none));
    }
}

BOOST_FIXTURE_TEST_CASE(sends_attachments_byte_for_byte, send_fixture)
{
    auto msg = mail();
    for (std::size_t const size : {1U, 2U, 3U, 4U, 5U, 255U, 256U, 100'001U}) {
        std::string bytes;
        while (bytes.size() < size) {
            bytes += all_bytes();
        }
        bytes.resize(size);
        msg.attach_bytes(bytes, "part " + std::to_string(size) + ".bin.pdf");
    }
    msg.attach_bytes(all_bytes(), "logö \"x\".png", "image/x-own", "cid:logo.png");
    msg.attach_bytes("text", "no-extension");
    auto const stored = arrive(msg);
    BOOST_TEST_REQUIRE(stored.attachments.size() == msg.attachments.size());
    for (std::size_t index = 0; index != msg.attachments.size(); ++index) {
        BOOST_TEST(stored.attachments[index].name == msg.attachments[index].name);
        BOOST_TEST((stored.attachments[index].content == msg.attachments[index].content));
        BOOST_TEST(stored.attachments[index].content_id == msg.attachments[index].content_id);
    }
    BOOST_TEST(stored.attachments[0].content_type == "application/pdf");
    BOOST_TEST(stored.attachments[8].content_type == "image/x-own");
    BOOST_TEST(stored.attachments[9].content_type == "application/octet-stream");
    BOOST_TEST(!json_of(stored).at("Attachments").at(0).as_object().contains("ContentID"));
}

BOOST_FIXTURE_TEST_CASE(sends_templates_by_id_and_alias, send_fixture)
{
    server.add_template("welcome", 17, "Welcome {{name}}", "<b>{{name}}</b>", "{{name}} {{#items}}{{.}},{{/items}}");
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.to = "ann@example.org";
    msg.template_alias = "welcome";
    msg.template_model = R"({"name":"Änn <&>","items":[1,"b",true]})";
    msg.inline_css = false;
    msg.tag = "t";
    msg.metadata = {{"k", "v"}};
    msg.attach_bytes("x", "a.txt");
    auto stored = arrive(msg);
    BOOST_TEST(stored.endpoint == "/email/withTemplate");
    BOOST_TEST(stored.subject.find("Änn") != std::string::npos);
    BOOST_TEST(stored.tag == "t");
    BOOST_TEST(stored.attachments.size() == 1U);
    BOOST_TEST(json_of(stored).at("InlineCss") == false);
    BOOST_TEST((json_of(stored).at("TemplateModel") == json::parse(msg.template_model)));

    // The id takes precedence, as in the service.
    msg.template_id = 17;
    msg.template_alias = "unheard-of";
    msg.inline_css.reset();
    stored = arrive(msg);
    BOOST_TEST(json_of(stored).at("TemplateId") == 17);
    BOOST_TEST(!json_of(stored).as_object().contains("InlineCss"));
    // A missing model is sent as an empty one.
    msg.template_model.clear();
    BOOST_TEST((json_of(arrive(msg)).at("TemplateModel") == json::value(json::object{})));
    msg.template_id = 18;
    BOOST_TEST((send(msg).error == api_errc::template_not_found));
    msg.template_id = 17;
    msg.subject = "Not with a template";
    BOOST_TEST((send(msg).error == api_errc::template_field_not_allowed));
}

BOOST_FIXTURE_TEST_CASE(fills_in_the_defaults_of_the_configuration, send_fixture)
{
    config.default_sender = mailbox{"default@example.com", "Default"};
    config.default_reply_to = "reply@example.com";
    config.default_headers = {{"X-Default", "1"}};
    auto msg = mail();
    msg.from.reset();
    auto stored = arrive(msg);
    BOOST_TEST(json_of(stored).at("From") == "Default <default@example.com>");
    BOOST_TEST(stored.reply_to == "reply@example.com");
    BOOST_TEST_REQUIRE(stored.headers.size() == 1U);
    BOOST_TEST(stored.headers[0].name == "X-Default");

    // The members of the message take precedence.
    msg.from = "own@example.com";
    msg.reply_to = "own-reply@example.com";
    msg.add_header("X-Own", "2");
    stored = arrive(msg);
    BOOST_TEST(json_of(stored).at("From") == "own@example.com");
    BOOST_TEST(stored.reply_to == "own-reply@example.com");
    BOOST_TEST_REQUIRE(stored.headers.size() == 1U);
    BOOST_TEST(stored.headers[0].name == "X-Own");

    // The same in a batch and for templates.
    server.add_template("welcome", 17, "s", "h", "t");
    postmark::message templated;
    templated.to = "ann@example.org";
    templated.template_id = 17;
    server.clear();
    BOOST_TEST(send_batch({templated, templated}).outcomes() == "accepted*2");
    for (auto const& received : server.messages()) {
        BOOST_TEST(received.reply_to == "reply@example.com");
        BOOST_TEST(received.headers.size() == 1U);
    }
}

BOOST_FIXTURE_TEST_CASE(sends_its_user_agent, send_fixture)
{
    arrive(mail());
    auto const requests = server.requests();
    BOOST_TEST_REQUIRE(requests.size() == 1U);
    BOOST_TEST(requests[0].method == "POST");
    BOOST_TEST(requests[0].target == "/email");
    BOOST_TEST(last_header("Host") == "127.0.0.1:" + std::to_string(server.port()));
    BOOST_TEST(last_header("Accept") == "application/json");
    BOOST_TEST(last_header("Content-Type") == "application/json");
    BOOST_TEST(last_header("Content-Length") == std::to_string(requests[0].body_size));
    BOOST_TEST(last_header("X-Postmark-Server-Token") == api_key);
    BOOST_TEST(last_header("User-Agent").starts_with("postmark"));
    BOOST_TEST(last_header("Accept-Encoding").empty());
    BOOST_TEST(last_header("X-Postmark-Account-Token").empty());
}

BOOST_FIXTURE_TEST_CASE(a_call_may_override_the_configuration, send_fixture)
{
    postmark::call_options options;
    options.api_key = "another-token";
    options.headers = {{"X-Trace", "17"}, {"X-Empty", ""}, {"User-Agent", "shop/2"}};
    BOOST_TEST(!arrive(mail(), options).test_token);
    BOOST_TEST(last_header("X-Postmark-Server-Token") == "another-token");
    BOOST_TEST(last_header("X-Trace") == "17");
    BOOST_TEST(last_header("User-Agent") == "shop/2");
    options.test_api = true;
    BOOST_TEST(arrive(mail(), options).test_token);
    BOOST_TEST(last_header("X-Postmark-Server-Token") == "POSTMARK_API_TEST");
    // The next call is not affected.
    BOOST_TEST(!arrive(mail()).test_token);
    BOOST_TEST(last_header("X-Postmark-Server-Token") == api_key);
    BOOST_TEST(last_header("X-Trace").empty());
    server.clear();
    BOOST_TEST(send_batch(mails(2), options).outcomes() == "accepted*2");
    BOOST_TEST(last_header("X-Trace") == "17");
    BOOST_TEST(server.messages().front().test_token);
}

BOOST_FIXTURE_TEST_CASE(sends_test_mail_with_the_test_token, send_fixture)
{
    config.test_api = true;
    config.api_key = {};
    BOOST_TEST(arrive(mail()).test_token);
    auto const result = send(mail());
    BOOST_TEST(result.receipt.detail == "Test job accepted");
    // A token of the call is used, unless the options ask for the test token.
    postmark::call_options options;
    options.api_key = api_key;
    BOOST_TEST(!arrive(mail(), options).test_token);
    options.test_api = true;
    BOOST_TEST(arrive(mail(), options).test_token);
    // Other requests do not contain the test token.
    postmark::call_options no_test;
    no_test.test_api = false;
    auto const refused = send(mail(), no_test);
    BOOST_TEST((refused.error == postmark::errc::invalid_configuration));
    BOOST_TEST(refused.receipt.detail.find("api_key") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(stamps_messages, send_fixture)
{
    config.stamp_messages = true;
    auto msg = mail();
    msg.metadata = {{"order", "17"}};
    std::set<std::string> stamps;
    for (int round = 0; round != 3; ++round) {
        server.clear();
        auto const result = send(msg);
        BOOST_TEST(!result.receipt.stamp.empty());
        BOOST_TEST(stamps.insert(result.receipt.stamp).second);
        auto metadata = server.messages().front().metadata;
        BOOST_TEST(metadata["postmark-stamp"] == result.receipt.stamp);
        BOOST_TEST(metadata["order"] == "17");
    }
    server.clear();
    auto const batch = send_batch(mails(600));
    for (auto const& item : batch.receipts) {
        BOOST_TEST(stamps.insert(item.stamp).second);
    }
    server.for_each_message([&](sandbox::stored_message const& stored) {
        BOOST_TEST(stored.metadata.at("postmark-stamp") ==
                   batch.receipts[static_cast<std::size_t>(std::stoi(stored.tag))].stamp);
    });
    // The receipt of an unknown outcome contains the stamp. A message whose metadata is full is sent without one.
    play(R"("reset_after_request")", R"({"nth":1})");
    server.clear();
    auto const unknown = send(msg);
    BOOST_TEST((unknown.receipt.outcome == outcome::unknown));
    BOOST_TEST(server.messages().front().metadata.at("postmark-stamp") == unknown.receipt.stamp);
    for (int key = 1; key != 10; ++key) {
        msg.metadata["k" + std::to_string(key)] = "v";
    }
    auto const full = send(msg);
    BOOST_TEST((full.receipt.outcome == outcome::accepted));
    BOOST_TEST(full.receipt.stamp.empty());
}

BOOST_FIXTURE_TEST_CASE(reports_suppressed_recipients, send_fixture)
{
    using strings = std::vector<std::string>;
    server.suppress("gone@example.org");
    server.suppress("also.gone@mail.example.org");
    auto msg = mail();
    msg.to = "ann@example.org, gone@example.org";
    msg.cc = "Also.Gone@mail.example.org";
    auto const partly = send(msg);
    BOOST_TEST((partly.receipt.outcome == outcome::accepted));
    BOOST_TEST((partly.receipt.suppressed == strings{"gone@example.org", "also.gone@mail.example.org"}));
    msg.to = "gone@example.org";
    auto const wholly = send(msg);
    BOOST_TEST((wholly.error == api_errc::inactive_recipient));
    BOOST_TEST((wholly.receipt.outcome == outcome::rejected));
    BOOST_TEST((wholly.receipt.suppressed == strings{"gone@example.org", "also.gone@mail.example.org"}));
    BOOST_TEST(wholly.receipt.api_code == 406);
    BOOST_TEST(wholly.receipt.http_status == 422U);
    // Suppressions apply to one stream only.
    msg.message_stream = "broadcast";
    BOOST_TEST(send(msg).receipt.suppressed.empty());
}

BOOST_FIXTURE_TEST_CASE(provokes_bounces, send_fixture)
{
    auto msg = mail("provoked", "HardBounce@bounce-testing.postmarkapp.com");
    arrive(msg);
    // A hard bounce suppresses its address.
    BOOST_TEST((send(msg).error == api_errc::inactive_recipient));
    msg.to = "anything@bounce-testing.postmarkapp.com";
    msg.add_header("X-PM-Bounce-Type", "SoftBounce");
    arrive(msg);
    postmark::get_bounces query{10};
    query.tag = "provoked";
    query.type = "SoftBounce";
    auto const found = call(query);
    BOOST_TEST(found.reply.total_count == 1);
}

BOOST_FIXTURE_TEST_CASE(reports_every_refusal_of_the_service, send_fixture)
{
    struct refusal_row {
        int status;
        int code;
        std::string detail;
    };
    std::vector<refusal_row> table{{401, 10, "Request does not contain a valid Server token."},
                                   {422, 300, "Invalid 'To' address: 'x'."},
                                   {422, 411, "ümlaut \"quoted\""},
                                   {422, 54321, "A code that is new."},
                                   {404, 12, "Not found."},
                                   {400, 1002, "Id."},
                                   {429, 429, "Slow."},
                                   {503, 100, "Down."}};
    for (int const code : {402, 403, 405, 406, 409, 410, 412, 413, 422, 701, 1101, 1120, 1123, 1235, 1236, 1480}) {
        table.push_back({422, code, "Text of " + std::to_string(code)});
    }
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT("ErrorCode " << row.code)
        {
            connect();
            json::object const body{{"Message", row.detail}, {"ErrorCode", row.code}, {"More", json::array{1, 2}}};
            play(R"("status","status":)" + std::to_string(row.status) + R"(,"body":)" + json::serialize(body));
            auto const result = send(mail());
            BOOST_TEST((result.error == static_cast<api_errc>(row.code)));
            BOOST_TEST((result.error.category() == postmark::api_category()));
            BOOST_TEST((result.receipt.outcome == outcome::rejected));
            BOOST_TEST(result.receipt.api_code == row.code);
            BOOST_TEST(result.receipt.detail == row.detail);
            BOOST_TEST(result.receipt.http_status == static_cast<unsigned>(row.status));
        }
    }
}

BOOST_FIXTURE_TEST_CASE(exceptions_carry_the_receipt, send_fixture)
{
    auto const attempt = [&](auto body) {
        asio::co_spawn(io, std::move(body), [](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
        run(io);
    };
    connect();
    attempt([&]() -> asio::awaitable<void> {
        auto msg = mail("mail", "nobody");
        bool thrown = false;
        try {
            co_await client->async_send(msg);
        } catch (postmark::send_error const& error) {
            thrown = true;
            BOOST_TEST((error.code() == api_errc::invalid_email_request));
            BOOST_TEST(error.api_code() == 300);
            BOOST_TEST(error.detail().find("nobody") != std::string::npos);
            BOOST_TEST((error.receipt().outcome == outcome::rejected));
            BOOST_TEST(std::string{error.what()}.find("nobody") == std::string::npos);
        }
        BOOST_TEST(thrown);
        auto lost = mails(2);
        play(R"("status","status":502)");
        thrown = false;
        try {
            co_await client->async_send_batch(lost);
        } catch (postmark::batch_error const& error) {
            thrown = true;
            BOOST_TEST((error.code() == postmark::errc::server_error));
            BOOST_TEST(error.receipts().size() == 2U);
        }
        BOOST_TEST(thrown);
        server.set_faults("");
        postmark::receipt const receipt = co_await client->async_send(mail());
        BOOST_TEST((receipt.outcome == outcome::accepted));
    });
}

BOOST_AUTO_TEST_SUITE_END()
