// SPDX-License-Identifier: BSL-1.0

// What cannot be right is refused before it leaves, and what comes back is not believed blindly.

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

BOOST_AUTO_TEST_CASE(tells_what_is_wrong_with_the_configuration)
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
        {"proxy", [](auto& settings) { settings.proxy = "ftp://x"; }},
    };
    for (auto const& row : table) {
        fixture world;
        row.spoil(world.config);
        BOOST_TEST_CONTEXT(row.field << ": " << world.config.problem())
        {
            world.connect();
            auto const single = world.send(mail());
            BOOST_TEST((single.error == errc::invalid_configuration));
            BOOST_TEST(single.receipt.detail.find(row.field) != std::string::npos, single.receipt.detail);
            auto const batch = world.send_batch(mails(2));
            BOOST_TEST((batch.error == errc::invalid_configuration));
            BOOST_TEST(batch.outcomes() == "not_sent*2");
            auto const stats = world.call(postmark::get_delivery_stats{});
            BOOST_TEST((stats.error == errc::invalid_configuration));
            BOOST_TEST(stats.reply.detail == single.receipt.detail);
            BOOST_TEST(world.server.stats().connections == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(takes_unusual_configurations)
{
    fixture world;
    world.config.host = "localhost";
    world.config.retry.attempts = 1'000'000;
    world.config.pool.max_connections = 1'000'000;
    world.config.pool.idle_limit = 0ms;
    world.config.pool.age_limit = 0ms;
    world.config.limits.queued_requests = 1;
    world.config.limits.queued_bytes = 1;
    BOOST_TEST((world.send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST((world.send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST(world.send_batch(mails(1001)).outcomes() == "accepted*1001");
}

BOOST_AUTO_TEST_CASE(refuses_line_ends_in_all_that_becomes_a_header)
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
    fixture world;
    for (auto const& row : table) {
        for (auto const& bad : injections()) {
            BOOST_TEST_CONTEXT(row.field)
            {
                auto msg = mail();
                row.spoil(msg, bad);
                auto const single = world.send(msg);
                BOOST_TEST((single.error == errc::invalid_message));
                BOOST_TEST(single.receipt.detail.find(row.field) != std::string::npos, single.receipt.detail);
                auto const batch = world.send_batch({mail(), msg});
                BOOST_TEST((batch.error == errc::invalid_message));
                BOOST_TEST(batch.outcomes() == "accepted not_sent");
            }
        }
    }
    // In bodies they are what they are.
    world.server.clear();
    auto msg = mail();
    msg.text = msg.html = std::string("a\r\nb\0c", 6);
    BOOST_TEST((world.send(msg).receipt.outcome == outcome::accepted));
    BOOST_TEST(world.server.messages().front().text == msg.text);
}

BOOST_AUTO_TEST_CASE(leaves_the_verdict_to_the_service_unless_told_otherwise)
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

BOOST_AUTO_TEST_CASE(refuses_models_that_are_no_objects)
{
    fixture world;
    world.server.add_template("welcome", 17, "s", "h", "t");
    for (std::string const model :
         {"{", "[]", "1", "null", "\"x\"", "{}}", "{}{}", "{\"a\":}", "{'a':1}", "{\"a\":1,}", " "}) {
        postmark::message msg;
        msg.from = "shop@example.com";
        msg.to = "ann@example.org";
        msg.template_id = 17;
        msg.template_model = model;
        auto const result = world.send(msg);
        BOOST_TEST((result.error == errc::invalid_message), model);
        BOOST_TEST(result.receipt.detail.find("template_model") != std::string::npos);
    }
    BOOST_TEST(world.server.stats().connections == 0U);
}

BOOST_AUTO_TEST_CASE(sends_text_that_is_not_utf8_without_breaking_the_request)
{
    fixture world;
    for (std::string const bad : {"\xff", "a\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xc0\xaf"}) {
        world.server.clear();
        auto msg = mail("tag");
        msg.subject = bad + "!";
        msg.text = "x" + bad;
        auto const batch = world.send_batch({msg, mail("other")});
        // Whatever becomes of that message, the other one is none the worse for it.
        BOOST_TEST((batch.receipts[1].outcome == outcome::accepted));
        BOOST_TEST(world.accepted()["other"] == 1);
    }
}

BOOST_AUTO_TEST_CASE(refuses_headers_that_are_not_the_callers)
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
    fixture world;
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT(row.name << ": " << row.value)
        {
            world.server.clear();
            postmark::call_options options;
            options.headers = {{"X-First", "1"}, {row.name, row.value}};
            auto const single = world.send(mail(), options);
            auto const batch = world.send_batch(mails(2), options);
            auto const stats = world.call(postmark::get_delivery_stats{}, options);
            BOOST_TEST((single.receipt.outcome == (row.good ? outcome::accepted : outcome::not_sent)));
            BOOST_TEST(batch.outcomes() == (row.good ? "accepted*2" : "not_sent*2"));
            BOOST_TEST(stats.error.failed() != row.good);
            if (!row.good) {
                BOOST_TEST((single.error == errc::invalid_message));
                BOOST_TEST((batch.error == errc::invalid_message));
                BOOST_TEST((stats.error == errc::invalid_message));
                BOOST_TEST(single.receipt.detail.find("header") != std::string::npos, single.receipt.detail);
            }
            BOOST_TEST(world.server.stats().requests == (row.good ? 3U : 0U));
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_options_that_cannot_work)
{
    fixture world;
    for (auto const& bad : injections()) {
        postmark::call_options options;
        options.api_key = std::string{api_key} + bad;
        auto const result = world.send(mail(), options);
        BOOST_TEST((result.error == errc::invalid_configuration));
        BOOST_TEST(result.receipt.detail.find("api_key") != std::string::npos);
    }
    postmark::call_options empty;
    empty.api_key = "";
    BOOST_TEST((world.send(mail(), empty).error == errc::invalid_configuration));
    postmark::call_options never;
    never.retry.emplace();
    never.retry->attempts = 0;
    BOOST_TEST((world.send_batch(mails(1), never).error == errc::invalid_configuration));
    auto const year = std::chrono::milliseconds{std::chrono::hours{24 * 365}};
    using std::chrono::milliseconds;
    for (auto const delay : {milliseconds{-1}, year + 1ms, milliseconds::min(), milliseconds::max()}) {
        for (auto const which : {&postmark::retry_settings::first_delay, &postmark::retry_settings::max_delay}) {
            postmark::call_options absurd;
            absurd.retry.emplace();
            (*absurd.retry).*which = delay;
            auto const single = world.send(mail(), absurd);
            BOOST_TEST((single.error == errc::invalid_configuration));
            BOOST_TEST(single.receipt.detail.starts_with("retry"), single.receipt.detail);
            BOOST_TEST((world.send_batch(mails(1), absurd).error == errc::invalid_configuration));
            BOOST_TEST((world.call(postmark::get_delivery_stats{}, absurd).error == errc::invalid_configuration));
        }
    }
    for (auto const timeout : {0ms, -1ms, std::chrono::milliseconds::min()}) {
        postmark::call_options late;
        late.timeout = timeout;
        BOOST_TEST((world.send(mail(), late).error == errc::timed_out_before_sent));
        BOOST_TEST(world.send_batch(mails(501), late).outcomes() == "not_sent*501");
    }
    BOOST_TEST(world.server.stats().requests == 0U);
    postmark::call_options patient;
    patient.timeout = std::chrono::milliseconds::max();
    BOOST_TEST((world.send(mail(), patient).receipt.outcome == outcome::accepted));
    // The longest delays mean that there is no second attempt in time, the shortest that it comes at once.
    world.play(R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})", R"({"nth":1})");
    postmark::call_options slow;
    slow.retry.emplace();
    slow.retry->first_delay = slow.retry->max_delay = year;
    BOOST_TEST((world.send(mail(), slow).error == postmark::api_errc::maintenance));
    world.play(R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})", R"({"nth":1})");
    postmark::call_options hasty;
    hasty.retry.emplace();
    hasty.retry->first_delay = hasty.retry->max_delay = 0ms;
    BOOST_TEST((world.send(mail(), hasty).receipt.outcome == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_with_an_answer)
{
    struct answer_row {
        std::string action;
        errc error;
        std::string_view word;
    };
    std::vector<answer_row> const table{
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
    fixture world;
    world.config.limits.reply_bytes = 4096;
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT(row.action)
        {
            world.connect();
            world.play(row.action);
            auto const result = world.send(mail());
            BOOST_TEST((result.error == row.error), result.error);
            BOOST_TEST(result.receipt.detail.find(row.word) != std::string::npos, result.receipt.detail);
        }
    }
    // The echo of a token in an answer is the service's affair, but it does not do that; the limit of a batch is
    // another.
    world.connect();
    world.play(R"("big_reply","bytes":5000)");
    BOOST_TEST(world.send_batch(mails(2)).outcomes() == "accepted*2");
    world.config.limits.large_reply_bytes = 4096;
    world.connect();
    auto const batch = world.send_batch(mails(2));
    BOOST_TEST((batch.error == errc::reply_too_large));
    BOOST_TEST((world.call(postmark::get_bounces{}).error == errc::reply_too_large));
}

BOOST_AUTO_TEST_CASE(reads_answers_that_are_unusual_but_right)
{
    fixture world;
    for (std::string const action : {
             R"("not_object","body":{"ErrorCode":"0","MessageID":"x"})",
             R"("not_object","body":{"MessageID":"x","SubmittedAt":"never","To":null,"Message":7})",
             R"("not_object","body":{"ErrorCode":null,"MessageID":"x","New":[{"ErrorCode":1}]})",
             R"("not_object","body":"\r\n\t {\"MessageID\":\"\\u0078\"} \n")",
             R"("status","status":200,"content_type":"text/plain","body":{"ErrorCode":0,"MessageID":"x"})",
         }) {
        world.play(action);
        auto const result = world.send(mail());
        BOOST_TEST((result.receipt.outcome == outcome::accepted), action << ": " << result.receipt.detail);
        BOOST_TEST(result.receipt.message_id == "x");
    }
}

BOOST_AUTO_TEST_SUITE_END()
