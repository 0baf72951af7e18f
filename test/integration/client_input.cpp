// SPDX-License-Identifier: BSL-1.0

// Invalid input is refused before it is sent, and replies are checked.

#include "outcome_fixture.hpp"

BOOST_AUTO_TEST_SUITE(client_input, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::errc;
using postmark::outcome;

namespace {

/// CR, LF, both, and NUL.
std::vector<std::string> const& injections()
{
    static std::vector<std::string> const all{"\r", "\n", "\r\nX: y", std::string(1, '\0')};
    return all;
}

struct config_row {
    std::string_view field;
    std::function<void(postmark::config&)> spoil;
};

struct message_row {
    std::string_view field;
    std::function<void(postmark::message&, std::string const&)> spoil;
};

} // namespace

BOOST_AUTO_TEST_CASE(names_the_fault_of_a_configuration)
{
    std::string const spoiled_key = std::string{api_key} + "\r\nX: y";
    std::vector<config_row> const table{
        {"api_key", [](auto& settings) { settings.api_key = ""; }},
        {"api_key", [&](auto& settings) { settings.api_key = spoiled_key; }},
        {"api_key", [](auto& settings) { settings.api_key = std::string{api_key} + '\n'; }},
        {"api_key", [](auto& settings) { settings.api_key = std::string{api_key} + std::string(1, '\0'); }},
        {"api_key", [](auto& settings) { settings.api_key = std::string{api_key} + "\x7f"; }},
        {"account_key", [&](auto& settings) { settings.account_key = spoiled_key; }},
        {"host", [](auto& settings) { settings.host = ""; }},
        {"host", [](auto& settings) { settings.host = "a b"; }},
        {"host", [](auto& settings) { settings.host = "a\r\nX: y"; }},
        {"host", [](auto& settings) { settings.host = std::string("a\0b", 3); }},
        {"host", [](auto& settings) { settings.host = "http://localhost"; }},
        {"host", [](auto& settings) { settings.host = "localhost/path"; }},
        {"host", [](auto& settings) { settings.host = "localhost:99999"; }},
        {"host", [](auto& settings) { settings.host = "user@localhost"; }},
        {"host", [](auto& settings) { settings.host = "[::1"; }},
        {"default_sender",
         [](auto& settings) {
             settings.default_sender = postmark::mailbox{"a@b.c", "x\ny"};
         }},
        {"default_reply_to",
         [](auto& settings) {
             settings.default_reply_to = {postmark::mailbox{"a@b.c\r", ""}};
         }},
        {"default_headers",
         [](auto& settings) {
             settings.default_headers = {{"X", "a\nb"}};
         }},
        {"pool.max_connections", [](auto& settings) { settings.pool.max_connections = 0; }},
        {"retry.attempts", [](auto& settings) { settings.retry.attempts = 0; }},
        {"timeouts.reply", [](auto& settings) { settings.timeouts.reply = 0ms; }},
        {"limits.reply_bytes", [](auto& settings) { settings.limits.reply_bytes = 0; }},
        // A loopback address never uses the proxy.
        {"proxy",
         [](auto& settings) {
             settings.host = "api.example";
             settings.proxy = "ftp://x";
         }},
    };
    for (auto const& row : table) {
        fixture env;
        row.spoil(env.config);
        BOOST_TEST_CONTEXT(row.field << ": " << env.config.problem())
        {
            env.connect();
            auto const single = env.send(mail());
            BOOST_TEST((single.error == errc::invalid_configuration));
            BOOST_TEST(single.receipt.detail.find(row.field) != std::string::npos, single.receipt.detail);
            auto const batch = env.send_batch(mails(2));
            BOOST_TEST((batch.error == errc::invalid_configuration));
            BOOST_TEST(batch.outcomes() == "not_sent*2");
            auto const stats = env.call(postmark::get_delivery_stats{});
            BOOST_TEST((stats.error == errc::invalid_configuration));
            BOOST_TEST(stats.reply.detail == single.receipt.detail);
            BOOST_TEST(env.server.stats().connections == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(accepts_unusual_configurations)
{
    fixture env;
    env.config.host = "localhost";
    env.config.retry.attempts = 1'000'000;
    env.config.pool.max_connections = 1'000'000;
    env.config.pool.idle_limit = 0ms;
    env.config.pool.age_limit = 0ms;
    env.config.limits.queued_requests = 1;
    env.config.limits.queued_bytes = 1;
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST(env.send_batch(mails(1001)).outcomes() == "accepted*1001");
}

BOOST_AUTO_TEST_CASE(refuses_line_ends_in_every_header_field)
{
    using text = std::string const&;
    using postmark::message;
    std::vector<message_row> const table{
        {"from",
         [](message& msg, text bad) {
             msg.from = postmark::mailbox{"a@b.c" + bad, ""};
         }},
        {"from",
         [](message& msg, text bad) {
             msg.from = postmark::mailbox{"a@b.c", "x" + bad};
         }},
        {"to",
         [](message& msg, text bad) {
             msg.to = postmark::mailbox{"a@b.c" + bad, ""};
         }},
        {"to",
         [](message& msg, text bad) {
             msg.to.push_back(postmark::mailbox{"a@b.c", bad + "x"});
         }},
        {"cc",
         [](message& msg, text bad) {
             msg.cc = postmark::mailbox{"a" + bad + "@b.c", ""};
         }},
        {"bcc",
         [](message& msg, text bad) {
             msg.bcc = postmark::mailbox{"a@b.c", "x" + bad};
         }},
        {"reply_to",
         [](message& msg, text bad) {
             msg.reply_to = postmark::mailbox{"a@b.c", "x" + bad};
         }},
        {"subject", [](message& msg, text bad) { msg.subject += bad; }},
        {"tag", [](message& msg, text bad) { msg.tag = bad + msg.tag; }},
        {"message_stream", [](message& msg, text bad) { msg.message_stream = "outbound" + bad; }},
        {"template_alias", [](message& msg, text bad) { msg.template_alias = "a" + bad; }},
        {"headers", [](message& msg, text bad) { msg.add_header("X-A" + bad, "b"); }},
        {"headers", [](message& msg, text bad) { msg.add_header("X-A", "b" + bad); }},
        {"metadata", [](message& msg, text bad) { msg.metadata["a" + bad] = "b"; }},
        {"metadata", [](message& msg, text bad) { msg.metadata["a"] = "b" + bad; }},
        {"attachments", [](message& msg, text bad) { msg.attach_bytes("x", "a" + bad + ".txt"); }},
        {"attachments", [](message& msg, text bad) { msg.attach_bytes("x", "a.txt", "text/plain" + bad); }},
        {"attachments", [](message& msg, text bad) { msg.attach_bytes("x", "a.txt", "text/plain", "cid:a" + bad); }},
    };
    fixture env;
    for (auto const& row : table) {
        for (auto const& bad : injections()) {
            BOOST_TEST_CONTEXT(row.field)
            {
                auto msg = mail();
                row.spoil(msg, bad);
                auto const single = env.send(msg);
                BOOST_TEST((single.error == errc::invalid_message));
                BOOST_TEST(single.receipt.detail.find(row.field) != std::string::npos, single.receipt.detail);
                auto const batch = env.send_batch({mail(), msg});
                BOOST_TEST((batch.error == errc::invalid_message));
                BOOST_TEST(batch.outcomes() == "accepted not_sent");
            }
        }
    }
    // Bodies may contain these characters.
    env.server.clear();
    auto msg = mail();
    msg.text = msg.html = std::string("a\r\nb\0c", 6);
    BOOST_TEST((env.send(msg).receipt.outcome == outcome::accepted));
    BOOST_TEST(env.server.messages().front().text == msg.text);
}

BOOST_AUTO_TEST_CASE(verifies_messages_only_on_request)
{
    struct verify_row {
        std::string_view word;
        std::function<void(postmark::message&)> spoil;
    };
    std::vector<verify_row> const table{
        {"recipient", [](auto& msg) { msg.to.clear(); }},
        {"from", [](auto& msg) { msg.from.reset(); }},
        {"from", [](auto& msg) { msg.from = "nobody"; }},
        {"to", [](auto& msg) { msg.to = "nobody"; }},
        {"to", [](auto& msg) { msg.to = "\xc3\xbc@example.org"; }},
        {"recipients", [](auto& msg) { msg.to = postmark::mailbox_list{std::vector<postmark::mailbox>(51, "a@b.c")}; }},
        {"subject", [](auto& msg) { msg.subject.assign(2001, 'x'); }},
        {"tag", [](auto& msg) { msg.tag.assign(1001, 'x'); }},
        {"metadata", [](auto& msg) { msg.metadata["a key of 21 characters"] = "x"; }},
        {"metadata", [](auto& msg) { msg.metadata["key"].assign(81, 'x'); }},
        {"headers", [](auto& msg) { msg.add_header("A B", "x"); }},
        {"headers", [](auto& msg) { msg.add_header("", "x"); }},
        {"attachments", [](auto& msg) { msg.attach_bytes("x", "virus.exe"); }},
        {"text", [](auto& msg) { msg.text.clear(); }},
    };
    fixture trusting;
    fixture verifying;
    verifying.config.verify_messages = true;
    for (auto const& row : table) {
        auto msg = mail();
        row.spoil(msg);
        BOOST_TEST_CONTEXT(row.word)
        {
            auto const judged = trusting.send(msg);
            BOOST_TEST((judged.receipt.outcome == outcome::rejected));
            BOOST_TEST(judged.receipt.http_status == 422U);
            auto const refused = verifying.send(msg);
            BOOST_TEST((refused.error == errc::invalid_message));
            BOOST_TEST(refused.receipt.http_status == 0U);
            BOOST_TEST(refused.receipt.detail.find(row.word) != std::string::npos, refused.receipt.detail);
            BOOST_TEST(verifying.send_batch({msg}).outcomes() == "not_sent");
        }
    }
    BOOST_TEST(verifying.server.stats().connections == 0U);
    BOOST_TEST((verifying.send(mail()).receipt.outcome == outcome::accepted));
    // The sender may come from the configuration.
    verifying.config.default_sender = "shop@example.com";
    verifying.connect();
    auto msg = mail();
    msg.from.reset();
    BOOST_TEST((verifying.send(msg).receipt.outcome == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(refuses_models_that_are_not_objects)
{
    fixture env;
    env.server.add_template("welcome", 17, "s", "h", "t");
    for (std::string const model :
         {"{", "[]", "1", "null", "\"x\"", "{}}", "{}{}", "{\"a\":}", "{'a':1}", "{\"a\":1,}", " "}) {
        postmark::message msg;
        msg.from = "shop@example.com";
        msg.to = "ann@example.org";
        msg.template_id = 17;
        msg.template_model = model;
        auto const result = env.send(msg);
        BOOST_TEST((result.error == errc::invalid_message), model);
        BOOST_TEST(result.receipt.detail.find("template_model") != std::string::npos);
    }
    BOOST_TEST(env.server.stats().connections == 0U);
}

BOOST_AUTO_TEST_CASE(sends_text_that_is_not_utf8_without_breaking_the_request)
{
    fixture env;
    for (std::string const bad : {"\xff", "a\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xc0\xaf"}) {
        env.server.clear();
        auto msg = mail("tag");
        msg.subject = bad + "!";
        msg.text = "x" + bad;
        auto const batch = env.send_batch({msg, mail("other")});
        // Whatever the outcome of that message is, the other one is accepted.
        BOOST_TEST((batch.receipts[1].outcome == outcome::accepted));
        BOOST_TEST(env.accepted()["other"] == 1);
    }
}

BOOST_AUTO_TEST_CASE(refuses_headers_reserved_by_the_client)
{
    struct header_row {
        std::string name;
        std::string value;
        bool good;
    };
    std::vector<header_row> table{
        {"X-Trace", "17", true}, {"x-trace", "a\tb \xc3\xbc", true}, {"", "x", false},      {"A B", "x", false},
        {"A:", "x", false},      {"\xc3\xbc", "x", false},           {"X", "a\x7f", false},
    };
    for (std::string const name :
         {"Host", "Connection", "Accept", "Content-Length", "Content-Type", "Transfer-Encoding",
          "X-Postmark-Server-Token", "X-Postmark-Account-Token", "host", "CONTENT-LENGTH", "x-postmark-server-token"}) {
        table.push_back({name, "x", false});
    }
    for (auto const& bad : injections()) {
        table.push_back({"X-A", "b" + bad, false});
        table.push_back({"X-A" + bad, "b", false});
    }
    fixture env;
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT(row.name << ": " << row.value)
        {
            env.server.clear();
            postmark::call_options options;
            options.headers = {{"X-First", "1"}, {row.name, row.value}};
            auto const single = env.send(mail(), options);
            auto const batch = env.send_batch(mails(2), options);
            auto const stats = env.call(postmark::get_delivery_stats{}, options);
            BOOST_TEST((single.receipt.outcome == (row.good ? outcome::accepted : outcome::not_sent)));
            BOOST_TEST(batch.outcomes() == (row.good ? "accepted*2" : "not_sent*2"));
            BOOST_TEST(stats.error.failed() != row.good);
            if (!row.good) {
                BOOST_TEST((single.error == errc::invalid_message));
                BOOST_TEST((batch.error == errc::invalid_message));
                BOOST_TEST((stats.error == errc::invalid_message));
                BOOST_TEST(single.receipt.detail.find("header") != std::string::npos, single.receipt.detail);
            }
            BOOST_TEST(env.server.stats().requests == (row.good ? 3U : 0U));
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_options_that_cannot_work)
{
    fixture env;
    for (auto const& bad : injections()) {
        postmark::call_options options;
        options.api_key = std::string{api_key} + bad;
        auto const result = env.send(mail(), options);
        BOOST_TEST((result.error == errc::invalid_configuration));
        BOOST_TEST(result.receipt.detail.find("api_key") != std::string::npos);
    }
    postmark::call_options empty;
    empty.api_key = "";
    BOOST_TEST((env.send(mail(), empty).error == errc::invalid_configuration));
    postmark::call_options never;
    never.retry.emplace();
    never.retry->attempts = 0;
    BOOST_TEST((env.send_batch(mails(1), never).error == errc::invalid_configuration));
    auto const year = std::chrono::milliseconds{std::chrono::hours{24 * 365}};
    using std::chrono::milliseconds;
    for (auto const delay : {milliseconds{-1}, year + 1ms, milliseconds::min(), milliseconds::max()}) {
        for (auto const which : {&postmark::retry_settings::first_delay, &postmark::retry_settings::max_delay}) {
            postmark::call_options absurd;
            absurd.retry.emplace();
            (*absurd.retry).*which = delay;
            auto const single = env.send(mail(), absurd);
            BOOST_TEST((single.error == errc::invalid_configuration));
            BOOST_TEST(single.receipt.detail.starts_with("retry"), single.receipt.detail);
            BOOST_TEST((env.send_batch(mails(1), absurd).error == errc::invalid_configuration));
            BOOST_TEST((env.call(postmark::get_delivery_stats{}, absurd).error == errc::invalid_configuration));
        }
    }
    for (auto const timeout : {0ms, -1ms, std::chrono::milliseconds::min()}) {
        postmark::call_options late;
        late.timeout = timeout;
        BOOST_TEST((env.send(mail(), late).error == errc::timed_out_before_sent));
        BOOST_TEST(env.send_batch(mails(501), late).outcomes() == "not_sent*501");
    }
    BOOST_TEST(env.server.stats().requests == 0U);
    postmark::call_options patient;
    patient.timeout = std::chrono::milliseconds::max();
    BOOST_TEST((env.send(mail(), patient).receipt.outcome == outcome::accepted));
    // With the longest delay there is no second attempt before the deadline, with the shortest one it follows at once.
    env.play(R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})", R"({"nth":1})");
    postmark::call_options slow;
    slow.retry.emplace();
    slow.retry->first_delay = slow.retry->max_delay = year;
    BOOST_TEST((env.send(mail(), slow).error == postmark::api_errc::maintenance));
    env.play(R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})", R"({"nth":1})");
    postmark::call_options hasty;
    hasty.retry.emplace();
    hasty.retry->first_delay = hasty.retry->max_delay = 0ms;
    BOOST_TEST((env.send(mail(), hasty).receipt.outcome == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(names_the_fault_of_a_reply)
{
    struct reply_row {
        std::string action;
        errc error;
        std::string_view word;
    };
    std::vector<reply_row> const table{
        {R"("garbage_json","body":"<html>")", errc::malformed_reply, "not JSON"},
        {R"("garbage_json","body":"{\"ErrorCode\":0,\"MessageID\":\"x\"")", errc::malformed_reply, "cut short"},
        {R"("garbage_json","body":"{\"ErrorCode\":0,\"MessageID\":\"x\"} {}")", errc::malformed_reply, "not JSON"},
        {R"("garbage_json","body":"")", errc::malformed_reply, "empty"},
        {R"("not_object","body":[])", errc::malformed_reply, "not a JSON object"},
        {R"("not_object","body":"17")", errc::malformed_reply, "not a JSON object"},
        {R"("not_object","body":{"ErrorCode":true,"MessageID":"x"})", errc::malformed_reply, "ErrorCode"},
        {R"("not_object","body":{"ErrorCode":"none","MessageID":"x"})", errc::malformed_reply, "ErrorCode"},
        {R"("not_object","body":{"ErrorCode":1e-3,"MessageID":"x"})", errc::malformed_reply, "ErrorCode"},
        {R"("not_object","body":{"ErrorCode":0,"MessageID":17})", errc::malformed_reply, "MessageID"},
        {R"("not_object","body":{"ErrorCode":0,"MessageID":null})", errc::malformed_reply, "MessageID"},
        {R"("not_object","body":{"ErrorCode":0,"MessageID":""})", errc::malformed_reply, "MessageID"},
        {R"("not_object","body":{"Nested":{"ErrorCode":0,"MessageID":"x"}})", errc::malformed_reply, "MessageID"},
        {R"("raw","body":"hello\r\n\r\n")", errc::malformed_reply, "HTTP"},
        {R"("big_reply","bytes":5000)", errc::reply_too_large, "limit"},
        {R"("raw","body":"HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n","keep":true)", errc::reply_too_large,
         "limit"},
        {R"("raw","body":"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n","keep":true)",
         errc::reply_too_large, "limit"},
        {R"("truncate_reply")", errc::connection_lost, "closed"},
        {R"("close_after_request")", errc::connection_lost, "closed"},
        {R"("reset_after_request")", errc::connection_lost, "reset"},
        {R"("status","status":502)", errc::server_error, "502"},
        {R"("status","status":301)", errc::server_error, "301"},
        {R"("status","status":418,"body":"short and stout")", errc::http_refused, "short and stout"},
        {R"("status","status":403,"body":"")", errc::http_refused, "403"},
    };
    fixture env;
    env.config.limits.reply_bytes = 4096;
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT(row.action)
        {
            env.connect();
            env.play(row.action);
            auto const result = env.send(mail());
            BOOST_TEST((result.error == row.error), result.error);
            BOOST_TEST(result.receipt.detail.find(row.word) != std::string::npos, result.receipt.detail);
        }
    }
    // The limit of a batch reply is a separate one.
    env.connect();
    env.play(R"("big_reply","bytes":5000)");
    BOOST_TEST(env.send_batch(mails(2)).outcomes() == "accepted*2");
    env.config.limits.large_reply_bytes = 4096;
    env.connect();
    auto const batch = env.send_batch(mails(2));
    BOOST_TEST((batch.error == errc::reply_too_large));
    BOOST_TEST((env.call(postmark::get_bounces{}).error == errc::reply_too_large));
}

BOOST_AUTO_TEST_CASE(reads_unusual_but_valid_replies)
{
    fixture env;
    for (std::string const action : {
             R"("not_object","body":{"ErrorCode":"0","MessageID":"x"})",
             R"("not_object","body":{"MessageID":"x","SubmittedAt":"never","To":null,"Message":7})",
             R"("not_object","body":{"ErrorCode":null,"MessageID":"x","New":[{"ErrorCode":1}]})",
             R"("not_object","body":"\r\n\t {\"MessageID\":\"\\u0078\"} \n")",
             R"("status","status":200,"content_type":"text/plain","body":{"ErrorCode":0,"MessageID":"x"})",
         }) {
        env.play(action);
        auto const result = env.send(mail());
        BOOST_TEST((result.receipt.outcome == outcome::accepted), action << ": " << result.receipt.detail);
        BOOST_TEST(result.receipt.message_id == "x");
    }
}

BOOST_AUTO_TEST_SUITE_END()
