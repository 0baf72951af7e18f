// SPDX-License-Identifier: BSL-1.0

#include "sandbox_client.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

BOOST_AUTO_TEST_SUITE(sandbox_faults)

using namespace sandbox_test;
using postmark::sandbox::server;
using postmark::sandbox::settings;

namespace {

struct fixture {
    fixture() = default;

    server sandbox;

    /// Plays one fault for every request, or for the requests that `when` selects.
    void play(std::string const& action, std::string const& when = "{}")
    {
        sandbox.set_faults(R"({"faults":[{"when":)" + when + R"(,"do":)" + action + "}]}");
    }

    /// Sends one message over a new connection and reads until the connection ends.
    final_bytes send_and_read_to_end(std::string const& body = mail())
    {
        client caller{sandbox};
        caller.write(client::request_text("POST", "/email", body));
        return caller.read_to_end();
    }

    reply send(std::string_view target = "/email", std::string const& body = mail())
    {
        client caller{sandbox};
        auto result = caller.send("POST", target, body);
        BOOST_TEST(!caller.read_error);
        return result;
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(refuses_bad_scripts_with_a_reason, fixture)
{
    auto const complaint = [&](std::string_view script) -> std::string {
        try {
            sandbox.set_faults(script);
        } catch (std::invalid_argument const& error) {
            return error.what();
        }
        return {};
    };
    BOOST_TEST(complaint("").empty());
    BOOST_TEST(complaint("{}").empty());
    BOOST_TEST(complaint("[").find("JSON object") != std::string::npos);
    BOOST_TEST(complaint(R"({"fault":[]})").find("\"fault\"") != std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"explode"}]})").find("explode") != std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"delay","bytes":1}]})").find("bytes") != std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"delay","ms":"1"}]})").find("integer") != std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"delay","when":{"often":1}}]})").find("often") != std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"refuse_connection","when":{"path":"/email"}}]})").find("path") !=
               std::string::npos);
    // A fault that the service could not show is refused.
    BOOST_TEST(complaint(R"({"faults":[{"do":"status","status":429,"accept":true}]})").find("429") !=
               std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"status","body":{"ErrorCode":100},"accept":true}]})").find("100") !=
               std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"greeting","status":103}]})").find("greeting") != std::string::npos);
    BOOST_TEST(complaint(R"({"faults":[{"do":"greeting","when":{"path":"/email"}}]})").find("path") !=
               std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(decides_by_number_path_and_connection, fixture)
{
    client caller{sandbox};
    auto const statuses = [&](int count) {
        std::string result;
        for (int index = 0; index < count; ++index) {
            result += caller.send("POST", "/email", mail()).status == 200 ? '.' : 'x';
        }
        return result;
    };
    std::string const action = R"("status","status":429)";
    play(action, R"({"every":3})");
    BOOST_TEST(statuses(7) == "..x..x.");
    play(action, R"({"nth":[1,3]})");
    BOOST_TEST(statuses(5) == "x.x..");
    play(action, R"({"times":2})");
    BOOST_TEST(statuses(4) == "xx..");
    play(action, R"({"path":"/Email/Batch/"})");
    BOOST_TEST(statuses(2) == "..");
    BOOST_TEST(caller.send("POST", "/email/batch", array_of({mail()})).status == 429);
    play(action, R"({"connection":1})");
    BOOST_TEST(statuses(1) == ".");
    BOOST_TEST(send().status == 429);
    BOOST_TEST(send().status == 200);
    play(action, R"({"probability":0.5})");
    auto const once = statuses(40);
    BOOST_TEST(once.find('x') != std::string::npos);
    BOOST_TEST(once.find('.') != std::string::npos);
    play(action, R"({"probability":0.5})");
    BOOST_TEST(statuses(40) == once);
}

BOOST_FIXTURE_TEST_CASE(plays_the_first_rule_that_applies, fixture)
{
    sandbox.set_faults(R"({"faults":[{"when":{"nth":2},"do":"status","status":500},
                                     {"when":{"nth":[1,2]},"do":"status","status":502}]})");
    BOOST_TEST(send().status == 502);
    BOOST_TEST(send().status == 500);
    BOOST_TEST(send().status == 200);
    BOOST_TEST(sandbox.stats().faults == 2U);
}

BOOST_FIXTURE_TEST_CASE(replies_with_a_status, fixture)
{
    play(R"("status","status":429,"headers":{"Retry-After":"7"})");
    auto const limited = send();
    BOOST_TEST(limited.status == 429);
    BOOST_TEST(limited.headers["Retry-After"] == "7");
    BOOST_TEST(limited.headers["Content-Type"] == "text/html");
    play(R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})");
    BOOST_TEST(send().api_code() == 100);
    play(R"("status","status":502,"body":"<html>","close":true)");
    auto const gateway = send_and_read_to_end();
    BOOST_TEST(gateway.bytes.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    BOOST_TEST(gateway.bytes.ends_with("<html>"));
    BOOST_TEST(gateway.ended_in_order());
    play(R"("status","status":204)");
    BOOST_TEST(send().body.empty());
    play(R"("status","status":302,"headers":{"Location":"/"})");
    BOOST_TEST(send().headers["Location"] == "/");
    BOOST_TEST(sandbox.message_count() == 0U);
    play(R"("status","status":500,"accept":true)");
    BOOST_TEST(send().status == 500);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(refuses_connections, fixture)
{
    play(R"("refuse_connection")", R"({"nth":1})");
    client caller{sandbox};
    BOOST_TEST(caller.handshake_error == asio::error::connection_reset);
    caller.connect();
    BOOST_TEST(!caller.handshake_error);

    play(R"("close_in_handshake")");
    caller.connect();
    BOOST_TEST(
        (caller.handshake_error == asio::error::eof || caller.handshake_error == asio::ssl::error::stream_truncated));
    play(R"("close_in_handshake","reset":true)");
    caller.connect();
    BOOST_TEST(caller.handshake_error == asio::error::connection_reset);
    BOOST_TEST(sandbox.stats().handshakes == 1U);
}

BOOST_FIXTURE_TEST_CASE(resets_and_closes_around_the_request, fixture)
{
    play(R"("reset_before_request")");
    BOOST_TEST(send_and_read_to_end().was_reset());
    play(R"("reset_before_request","at":"connection")");
    client caller{sandbox};
    BOOST_TEST(caller.read_to_end().was_reset());
    play(R"("reset_during_request","bytes":100000)");
    caller.connect();
    caller.write(
        client::request_text("POST", "/email", mail("a@b.c", ",\"Tag\":\"" + std::string(4'000'000, 'x') + '"')));
    BOOST_TEST((caller.write_error || caller.read_to_end().was_reset()));
    BOOST_TEST(sandbox.message_count() == 0U);

    play(R"("reset_after_request","accept":false)");
    auto const refused = send_and_read_to_end();
    BOOST_TEST(refused.was_reset());
    BOOST_TEST(refused.bytes.empty());
    BOOST_TEST(sandbox.message_count() == 0U);
    play(R"("reset_after_request")");
    BOOST_TEST(send_and_read_to_end().was_reset());
    BOOST_TEST(sandbox.message_count() == 1U);

    play(R"("close_after_request","accept":false)");
    BOOST_TEST(send_and_read_to_end().ended_in_order());
    BOOST_TEST(sandbox.message_count() == 1U);
    play(R"("close_after_request","close_notify":false)");
    BOOST_TEST(send_and_read_to_end().was_truncated());
    BOOST_TEST(sandbox.message_count() == 2U);
}

BOOST_FIXTURE_TEST_CASE(cuts_replies, fixture)
{
    play(R"("reset_during_reply","bytes":40)");
    auto const reset = send_and_read_to_end();
    BOOST_TEST(reset.bytes.size() == 40U);
    BOOST_TEST(reset.was_reset());
    play(R"("truncate_reply","bytes":-1)");
    auto const cut = send_and_read_to_end();
    BOOST_TEST(cut.bytes.find("\r\n\r\n{") != std::string::npos);
    BOOST_TEST(cut.bytes.back() != '}');
    BOOST_TEST(cut.ended_in_order());
    play(R"("truncate_reply","close_notify":false)");
    BOOST_TEST(send_and_read_to_end().was_truncated());
    BOOST_TEST(sandbox.message_count() == 3U);
}

BOOST_FIXTURE_TEST_CASE(stalls_until_the_client_goes_away, fixture)
{
    for (std::string const place : {"before", "after"}) {
        sandbox.clear();
        play(R"("stall","at":")" + place + '"');
        client caller{sandbox};
        caller.write(client::request_text("POST", "/email", mail()));
        BOOST_TEST(sandbox.wait_for_requests(1));
        if (place == "after") {
            BOOST_TEST(sandbox.wait_for_messages(1));
        }
        BOOST_TEST(sandbox.stats().open_connections >= 1U);
        caller.close();
        BOOST_TEST(
            sandbox.wait_until([](auto const& now) { return now.open_connections == 0; }, std::chrono::seconds{10}));
        BOOST_TEST(sandbox.message_count() == (place == "after" ? 1U : 0U));
    }
}

BOOST_FIXTURE_TEST_CASE(closes_kept_connections, fixture)
{
    play(R"("close_when_idle")");
    auto const at_once = send_and_read_to_end();
    BOOST_TEST(at_once.bytes.ends_with("}"));
    BOOST_TEST(at_once.bytes.find("Connection: close") == std::string::npos);
    BOOST_TEST(at_once.ended_in_order());
    play(R"("close_when_idle","ms":20,"close_notify":false)");
    BOOST_TEST(send_and_read_to_end().was_truncated());
    play(R"("close_when_idle","ms":20,"reset":true)");
    BOOST_TEST(send_and_read_to_end().was_reset());
    play(R"("connection_close")");
    auto const announced = send_and_read_to_end();
    BOOST_TEST(announced.bytes.find("Connection: close\r\n") != std::string::npos);
    BOOST_TEST(announced.ended_in_order());

    // A request that arrives in time is served as usual.
    play(R"("close_when_idle","ms":60000)", R"({"nth":1})");
    client caller{sandbox};
    BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
    BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
    sandbox.close_idle_connections();
    BOOST_TEST(caller.read_to_end().ended_in_order());
}

BOOST_FIXTURE_TEST_CASE(reads_and_replies_slowly, fixture)
{
    play(R"("slow_read","bytes":2000,"ms":1)");
    BOOST_TEST(send("/email", mail("a@b.c", ",\"Ignored\":\"" + std::string(40'000, 'x') + '"')).status == 200);
    play(R"("slow_reply","bytes":50,"ms":1)");
    BOOST_TEST(send().api_code() == 0);
    play(R"("delay","ms":30)");
    auto const begin = std::chrono::steady_clock::now();
    BOOST_TEST(send().status == 200);
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{30}));
}

BOOST_FIXTURE_TEST_CASE(replies_before_the_request_is_read, fixture)
{
    play(R"("early_reply","status":413)");
    client caller{sandbox};
    auto const request = client::request_text("POST", "/email", mail("a@b.c", ",\"A\":\"" + std::string(500'000, 'x')));
    // The body is still missing when the reply comes, and writing it does not destroy the reply.
    caller.write(request.substr(0, 1000));
    BOOST_TEST(caller.read().status == 413);
    caller.write(request.substr(1000));
    BOOST_TEST(!caller.write_error);
    BOOST_TEST(sandbox.message_count() == 0U);
}

BOOST_FIXTURE_TEST_CASE(greets_before_any_request, fixture)
{
    for (bool const old : {false, true}) {
        settings options;
        options.tls12_only = old;
        server greeting_server{options};
        greeting_server.set_faults(R"({"faults":[{"when":{"nth":1},"do":"greeting","status":429,
            "headers":{"Retry-After":"1"}}]})");
        client caller{greeting_server};
        BOOST_TEST(!caller.handshake_error);
        auto const greeting = caller.read();
        BOOST_TEST(greeting.status == 429);
        BOOST_TEST(greeting.headers["Retry-After"] == "1");
        // The connection still serves requests.
        BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
        BOOST_TEST(greeting_server.stats().faults_by_action.at("greeting") == 1U);
        BOOST_TEST(greeting_server.stats().handshakes == 1U);
    }
    settings options;
    options.tls = false;
    server plain_server{options};
    plain_server.set_faults(R"({"faults":[{"do":"greeting","body":{"ErrorCode":100}}]})");
    client caller{plain_server, false};
    auto const greeting = caller.read();
    BOOST_TEST(greeting.status == 503);
    BOOST_TEST(greeting.api_code() == 100);
}

BOOST_FIXTURE_TEST_CASE(sends_surplus_bytes_late, fixture)
{
    play(R"("extra_bytes","ms":30,"body":"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n")", R"({"nth":1})");
    client caller{sandbox};
    auto const begin = std::chrono::steady_clock::now();
    BOOST_TEST(caller.send("POST", "/email", mail()).api_code() == 0);
    BOOST_TEST(caller.read().status == 429);
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{30}));
    BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
    BOOST_TEST(sandbox.message_count() == 2U);
}

BOOST_FIXTURE_TEST_CASE(replies_with_success_before_the_request_is_read, fixture)
{
    play(R"("early_reply","status":200,"read_rest":false,"body":{"ErrorCode":0,"Message":"OK","MessageID":"x"})");
    client caller{sandbox};
    auto const request = client::request_text("POST", "/email", mail("a@b.c", ",\"A\":\"" + std::string(500'000, 'x')));
    caller.write(request.substr(0, 1000));
    auto const early = caller.read();
    BOOST_TEST(early.status == 200);
    BOOST_TEST(early.api_code() == 0);
    BOOST_TEST(sandbox.message_count() == 0U);
}

BOOST_FIXTURE_TEST_CASE(frames_replies_in_other_ways, fixture)
{
    for (std::string const more : {R"("bytes":7)", R"("extensions":true)", R"("trailers":true)"}) {
        play(R"("chunked",)" + more);
        auto const chunked = send();
        BOOST_TEST(chunked.api_code() == 0);
        BOOST_TEST(chunked.headers["Transfer-Encoding"] == "chunked");
    }
    play(R"("no_length")");
    auto const until_end = send_and_read_to_end();
    BOOST_TEST(until_end.bytes.find("Content-Length") == std::string::npos);
    BOOST_TEST(until_end.bytes.ends_with("}"));
    BOOST_TEST(until_end.ended_in_order());
    play(R"("no_length","close_notify":false,"bytes":-3)");
    BOOST_TEST(send_and_read_to_end().was_truncated());
    play(R"("interim","status":103,"headers":{"Link":"</a>"})");
    client caller{sandbox};
    caller.write(client::request_text("POST", "/email", mail()));
    BOOST_TEST(caller.read().status == 103);
    BOOST_TEST(caller.read().status == 200);
    play(R"("extra_bytes","body":"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")");
    caller.write(client::request_text("POST", "/email", mail()));
    BOOST_TEST(caller.read().api_code() == 0);
    BOOST_TEST(caller.read().body.empty());
    play(R"("raw","base64":"AP8K")");
    auto const raw = send_and_read_to_end();
    BOOST_TEST(raw.bytes == std::string("\0\xff\n", 3));
    BOOST_TEST(raw.ended_in_order());
}

BOOST_FIXTURE_TEST_CASE(spoils_bodies, fixture)
{
    std::string const batch = array_of({mail("a@b.c"), mail("b@b.c")});
    auto const spoiled = [&](std::string const& action) {
        play(action);
        return send("/email/batch", batch).body;
    };
    BOOST_TEST(json::parse(spoiled(R"("wrong_item_count")")).as_array().size() == 1U);
    BOOST_TEST(json::parse(spoiled(R"("wrong_item_count","change":1)")).as_array().size() == 3U);
    BOOST_TEST(json::parse(spoiled(R"("null_item","item":1)")).at(1).is_null());
    BOOST_TEST(json::parse(spoiled(R"("empty_object","item":0)")).at(0).as_object().empty());
    BOOST_TEST(!json::parse(spoiled(R"("empty_object","item":0)")).at(1).as_object().empty());
    BOOST_TEST(!json::parse(spoiled(R"("no_message_id")")).at(1).as_object().contains("MessageID"));
    BOOST_TEST(!json::parse(spoiled(R"("no_error_code")")).at(0).as_object().contains("ErrorCode"));
    BOOST_TEST(spoiled(R"("not_object","body":"true")") == "true");
    boost::system::error_code error;
    json::parse(spoiled(R"("garbage_json")"), error);
    BOOST_TEST(error.failed());
    BOOST_TEST(spoiled(R"("big_reply","bytes":2000000)").size() == 2000000U);
    BOOST_TEST(json::parse(spoiled(R"("big_reply","bytes":3000)")).at(0).at("ErrorCode") == 0);
    BOOST_TEST(sandbox.message_count() == 22U);
    play(R"("empty_object")");
    BOOST_TEST(send().body == "{}");
}

BOOST_FIXTURE_TEST_CASE(accepts_a_script_over_http, fixture)
{
    client caller{sandbox};
    std::vector<header> const control{{"X-Postmark-Server-Token", ""}, {"X-Postmark-Sandbox", "1"}};
    BOOST_TEST(
        caller.send("PUT", "/__sandbox/faults", R"({"faults":[{"do":"status","status":500}]})", control).status == 200);
    BOOST_TEST(caller.send("POST", "/email", mail()).status == 500);
    auto const bad = caller.send("PUT", "/__sandbox/faults", R"({"faults":[{"do":"x"}]})", control);
    BOOST_TEST(bad.status == 400);
    BOOST_TEST(bad.message().find("\"x\"") != std::string::npos);
    BOOST_TEST(caller.send("PUT", "/__sandbox/faults", R"({"index_delay_ms":60000})", control).status == 200);
    BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
    BOOST_TEST(caller.send("GET", "/messages/outbound?count=5&offset=0").value().at("TotalCount") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
