// SPDX-License-Identifier: BSL-1.0

// Which sends are repeated, which are not, and the outcome after the last reply.

#include "outcome_fixture.hpp"

BOOST_AUTO_TEST_SUITE(client_outcome_retry, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;

namespace {

std::string const maintenance = R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})";

struct retry_fixture : fixture {
    retry_fixture() { config.retry.attempts = 4; }

    /// Plays one fault for each of the first requests.
    void play_each(std::vector<std::string> const& actions)
    {
        std::string script;
        for (std::size_t index = 0; index != actions.size(); ++index) {
            script += (index == 0 ? R"({"when":{"nth":)" : R"(,{"when":{"nth":)") + std::to_string(index + 1) +
                      R"(},"do":)" + actions[index] + '}';
        }
        server.set_faults(R"({"faults":[)" + script + "]}");
    }
};

struct retry_row {
    std::vector<std::string> faults;
    outcome expected;
    /// The number of requests that the sandbox received.
    std::uint64_t requests;
    std::size_t accepted;
    postmark::error_code error{};
    bool at_least_once = false;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_request_of_any_length_can_be_repeated)
{
    // A short request is assembled for every attempt; a longer one is kept complete.
    std::vector<std::string> texts;
    for (std::size_t size = 3400; size <= 4400; size += 50) {
        texts.push_back(std::string(size, 'x'));
    }
    // Every character is escaped, so that the request is longer than the text.
    texts.push_back(std::string(3000, '"'));
    for (bool const coalescing : {false, true}) {
        fixture env;
        env.config.retry.attempts = 3;
        env.config.coalescing.enabled = coalescing;
        for (std::string const& text : texts) {
            BOOST_TEST_CONTEXT(text.size() << " bytes" << (coalescing ? ", coalescing" : ""))
            {
                env.play(R"("status","status":429,"headers":{"Retry-After":"0"})", R"({"nth":[1,2]})");
                postmark::message msg = mail();
                msg.text = text;
                auto const sent = env.send(msg);
                BOOST_TEST((sent.receipt.outcome == outcome::accepted), sent.receipt.detail);
                auto const all = env.server.messages();
                BOOST_TEST_REQUIRE(all.size() == 1U);
                BOOST_TEST((all.front().text == text));
                env.server.clear();
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(repeats_sends_that_were_certainly_not_accepted)
{
    std::string const limited = R"("status","status":429,"headers":{"Retry-After":"0"})";
    std::string const lost = R"("reset_after_request","accept":false)";
    std::string const accepted_and_lost = R"("reset_after_request")";
    std::string const gateway = R"("status","status":502)";
    std::string const refused = R"("status","status":422,"body":{"ErrorCode":300,"Message":"No."})";
    std::vector<retry_row> const table{
        {{limited}, outcome::accepted, 2, 1},
        {{maintenance}, outcome::accepted, 2, 1},
        {{limited, maintenance, limited}, outcome::accepted, 4, 1},
        {{limited, maintenance, limited, maintenance}, outcome::rejected, 4, 0, api_errc::maintenance},
        {{maintenance, maintenance, maintenance, limited}, outcome::rejected, 4, 0, api_errc::rate_limit_exceeded},
        {{R"("status","status":429,"close":true)"}, outcome::accepted, 2, 1},
        {{R"("early_reply","status":429)"}, outcome::accepted, 2, 1},
        // A refusal is final, and so is an unknown outcome.
        {{refused}, outcome::rejected, 1, 0, api_errc::invalid_email_request},
        {{R"("status","status":413)"}, outcome::rejected, 1, 0, errc::http_refused},
        {{lost}, outcome::unknown, 1, 0, errc::connection_lost},
        {{accepted_and_lost}, outcome::unknown, 1, 1, errc::connection_lost},
        {{gateway}, outcome::unknown, 1, 0, errc::server_error},
        {{R"("status","status":503)"}, outcome::unknown, 1, 0, errc::server_error},
        {{R"("status","status":408)"}, outcome::unknown, 1, 0, errc::server_error},
        {{R"("garbage_json")"}, outcome::unknown, 1, 1, errc::malformed_reply},
        {{R"("truncate_reply")"}, outcome::unknown, 1, 1, errc::connection_lost},
        {{limited, gateway}, outcome::unknown, 2, 0, errc::server_error},
        {{limited, refused}, outcome::rejected, 2, 0, api_errc::invalid_email_request},
        {{maintenance, lost}, outcome::unknown, 2, 0, errc::connection_lost},
        // On request everything but a refusal is repeated, at the risk of a second mail.
        {{lost}, outcome::accepted, 2, 1, {}, true},
        {{accepted_and_lost}, outcome::accepted, 2, 2, {}, true},
        {{gateway, R"("garbage_json")", R"("truncate_reply")"}, outcome::accepted, 4, 3, {}, true},
        {{lost, lost, lost, lost}, outcome::unknown, 4, 0, errc::connection_lost, true},
        {{lost, gateway, lost, gateway}, outcome::unknown, 4, 0, errc::server_error, true},
        {{refused}, outcome::rejected, 1, 0, api_errc::invalid_email_request, true},
        {{limited, refused}, outcome::rejected, 2, 0, api_errc::invalid_email_request, true},
        // Once the message may have been accepted, only an acceptance makes the outcome known.
        {{lost, refused}, outcome::unknown, 2, 0, errc::connection_lost, true},
        {{gateway, limited, maintenance, limited}, outcome::unknown, 4, 0, errc::server_error, true},
        {{gateway, limited}, outcome::accepted, 3, 1, {}, true},
    };
    retry_fixture env;
    for (auto const& row : table) {
        for (bool const batch : {false, true}) {
            std::string script;
            for (auto const& fault : row.faults) {
                script += fault + "; ";
            }
            BOOST_TEST_CONTEXT("faults: " << script << (batch ? "batch" : "single")
                                          << (row.at_least_once ? ", at least once" : ""))
            {
                env.config.retry.at_least_once = row.at_least_once;
                env.connect();
                env.play_each(row.faults);
                env.server.clear();
                postmark::receipt receipt;
                if (batch) {
                    auto const result = env.send_batch({mail()});
                    BOOST_TEST((result.error == row.error), result.error);
                    receipt = result.receipts.front();
                } else {
                    receipt = env.send(mail()).receipt;
                }
                BOOST_TEST(receipt.outcome == row.expected);
                BOOST_TEST(receipt.error == row.error, receipt.error << ": " << receipt.detail);
                BOOST_TEST(env.server.stats().requests == row.requests);
                BOOST_TEST(env.server.message_count() == row.accepted);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(keeps_the_last_reply, retry_fixture)
{
    play(R"("status","status":429,"body":{"ErrorCode":429,"Message":"Slow down."},"headers":{"Retry-After":"0"})");
    auto const result = send(mail());
    BOOST_TEST(server.stats().requests == 4U);
    BOOST_TEST(result.receipt.http_status == 429U);
    BOOST_TEST(result.receipt.api_code == 429);
    BOOST_TEST(result.receipt.detail == "Slow down.");
}

BOOST_FIXTURE_TEST_CASE(waits_as_long_as_the_service_asks, retry_fixture)
{
    play(R"("status","status":429,"headers":{"Retry-After":"1"})", R"({"nth":1})");
    auto const begin = std::chrono::steady_clock::now();
    BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= 1s));
    BOOST_TEST(server.stats().requests == 2U);
}

BOOST_FIXTURE_TEST_CASE(does_not_wait_beyond_the_deadline, retry_fixture)
{
    play(R"("status","status":429,"headers":{"Retry-After":"40"})");
    postmark::call_options options;
    options.timeout = 20s;
    auto const begin = std::chrono::steady_clock::now();
    auto const refused = send(mail(), options);
    BOOST_TEST((refused.error == api_errc::rate_limit_exceeded));
    // The token is paused: a call whose deadline is before the end of the pause ends without a request.
    auto const paused = send(mail(), options);
    BOOST_TEST((paused.error == errc::timed_out_before_sent));
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 20s));
    BOOST_TEST(server.stats().requests == 1U);
    // The pause does not apply to another token.
    server.set_faults("");
    options.api_key = "another-token";
    BOOST_TEST((send(mail(), options).receipt.outcome == outcome::accepted));
}

BOOST_FIXTURE_TEST_CASE(a_pause_applies_to_the_token_however_it_is_given, retry_fixture)
{
    postmark::call_options named;
    named.api_key = api_key;
    postmark::call_options test;
    test.test_api = true;
    postmark::call_options not_test;
    not_test.test_api = false;
    struct row {
        postmark::call_options refused;
        postmark::call_options waiting;
        bool same;
    };
    for (row item : {row{named, {}, true}, row{{}, named, true}, row{not_test, named, true}, row{{}, not_test, true},
                     row{{}, test, false}, row{test, {}, false}, row{test, test, true}}) {
        connect();
        server.clear();
        play(R"("status","status":429,"headers":{"Retry-After":"30"})", R"({"nth":1})");
        item.refused.timeout = item.waiting.timeout = 20s;
        BOOST_TEST((send(mail(), item.refused).error == api_errc::rate_limit_exceeded));
        auto const next = send(mail(), item.waiting);
        BOOST_TEST((next.error == errc::timed_out_before_sent) == item.same);
        BOOST_TEST((next.receipt.outcome == outcome::accepted) == !item.same);
        BOOST_TEST(server.stats().requests == (item.same ? 1U : 2U));
    }
}

BOOST_FIXTURE_TEST_CASE(a_refusal_does_not_decide_an_earlier_unknown_attempt, retry_fixture)
{
    config.retry.at_least_once = true;
    // The first attempt is accepted but its reply is lost; meanwhile one of the addresses is suppressed.
    for (std::string const action : {R"("reset_after_request")", R"("status","status":502,"accept":true)"}) {
        BOOST_TEST_CONTEXT(action)
        {
            connect();
            server.clear();
            server.set_faults(R"({"faults":[
                {"when":{"nth":1},"do":)" +
                              action + R"(},
                {"when":{"nth":2},"do":"not_object","body":[
                    {"ErrorCode":0,"MessageID":"a"},{"ErrorCode":406,"Message":"Inactive."},
                    {"ErrorCode":0,"MessageID":"b"}]}]})");
            auto const batch = send_batch(mails(3));
            BOOST_TEST(batch.outcomes() == "accepted unknown accepted");
            BOOST_TEST((batch.receipts[1].error == batch.error));
            BOOST_TEST(batch.receipts[1].message_id.empty());
            BOOST_TEST(batch.receipts[1].suppressed.empty());
            BOOST_TEST(server.stats().requests == 2U);
        }
    }
    // A temporary refusal is not an unknown attempt: the outcome of the next attempt is final.
    connect();
    server.clear();
    server.set_faults(R"({"faults":[
        {"when":{"nth":1},"do":)" +
                      maintenance + R"(},
        {"when":{"nth":2},"do":"not_object","body":[{"ErrorCode":406,"Message":"Inactive."}]}]})");
    BOOST_TEST(send_batch(mails(1)).outcomes() == "rejected");
}

BOOST_FIXTURE_TEST_CASE(a_call_may_have_its_own_number_of_attempts, retry_fixture)
{
    play(maintenance);
    postmark::call_options options;
    options.retry.emplace();
    options.retry->first_delay = 1ms;
    options.retry->attempts = 2;
    BOOST_TEST((send(mail(), options).error == api_errc::maintenance));
    BOOST_TEST(server.stats().requests == 2U);
    options.retry->attempts = 1;
    BOOST_TEST((send(mail(), options).error == api_errc::maintenance));
    BOOST_TEST(server.stats().requests == 3U);
}

BOOST_FIXTURE_TEST_CASE(replaces_a_connection_that_fails_while_writing, retry_fixture)
{
    auto const huge = [] {
        auto msg = mail();
        msg.attach_bytes(std::string(7 * 1024 * 1024, 'x'), "a.txt");
        return msg;
    };
    for (std::string const action : {R"("reset_before_request")", R"("reset_during_request","bytes":50000)"}) {
        for (bool const kept : {false, true}) {
            BOOST_TEST_CONTEXT(action << (kept ? ", kept" : ", fresh"))
            {
                connect();
                server.set_faults("");
                if (kept) {
                    BOOST_TEST((send(mail("first")).receipt.outcome == outcome::accepted));
                }
                play(action, R"({"nth":1})");
                server.clear();
                BOOST_TEST((send(huge()).receipt.outcome == outcome::accepted));
                BOOST_TEST(server.message_count() == 1U);
                auto const requests = server.requests();
                // The sandbox does not keep a request that was cut off.
                BOOST_TEST_REQUIRE(requests.size() == 1U);
                BOOST_TEST(server.stats().requests == 2U);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(tries_again_to_connect, retry_fixture)
{
    // Attempts to send and attempts to connect are counted separately.
    for (std::string const action : {R"("refuse_connection")", R"("close_in_handshake")"}) {
        connect();
        server.clear();
        play(action, R"({"nth":[1,2,3]})");
        BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
        BOOST_TEST(server.stats().connections == 4U);
        connect();
        server.clear();
        play(action);
        auto const failed = send(mail());
        BOOST_TEST((failed.error == postmark::condition::not_sent));
        BOOST_TEST(server.stats().connections == 4U);
        auto const batch = send_batch(mails(700));
        BOOST_TEST(batch.outcomes() == "not_sent*700");
        BOOST_TEST(server.message_count() == 0U);
    }
}

BOOST_FIXTURE_TEST_CASE(read_only_calls_are_repeated_after_any_failure, retry_fixture)
{
    for (std::string const action :
         {R"("reset_after_request")", R"("status","status":502)", R"("garbage_json","body":"{")", R"("truncate_reply")",
          R"("status","status":429)"}) {
        BOOST_TEST_CONTEXT(action)
        {
            connect();
            play(action, R"({"nth":[1,2]})");
            server.clear();
            auto const stats = call(postmark::get_delivery_stats{});
            BOOST_TEST(!stats.error, stats.error << ": " << stats.reply.detail);
            BOOST_TEST(server.stats().requests == 3U);
        }
    }
    connect();
    play(R"("status","status":502)");
    server.clear();
    auto const stats = call(postmark::get_delivery_stats{});
    BOOST_TEST((stats.error == errc::server_error));
    BOOST_TEST(stats.reply.http_status == 502U);
    BOOST_TEST(server.stats().requests == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
