// SPDX-License-Identifier: BSL-1.0

// What is tried again, what is not, and what the last answer says then.

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

    /// Plays faults for the first requests, one each.
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
    /// Requests that the sandbox saw.
    std::uint64_t requests;
    std::size_t accepted;
    postmark::error_code error{};
    bool at_least_once = false;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_request_of_any_length_leaves_as_often_as_it_must)
{
    // Up to some length a request is put together anew whenever it leaves; what is longer lies ready.
    std::vector<std::string> texts;
    for (std::size_t size = 3400; size <= 4400; size += 50) {
        texts.push_back(std::string(size, 'x'));
    }
    // Longer than it seems.
    texts.push_back(std::string(3000, '"'));
    for (bool const coalescing : {false, true}) {
        fixture world;
        world.config.retry.attempts = 3;
        world.config.coalescing.enabled = coalescing;
        for (std::string const& text : texts) {
            BOOST_TEST_CONTEXT(text.size() << " bytes" << (coalescing ? ", coalescing" : ""))
            {
                world.play(R"("status","status":429,"headers":{"Retry-After":"0"})", R"({"nth":[1,2]})");
                postmark::message msg = mail();
                msg.text = text;
                auto const sent = world.send(msg);
                BOOST_TEST((sent.receipt.outcome == outcome::accepted), sent.receipt.detail);
                auto const all = world.server.messages();
                BOOST_TEST_REQUIRE(all.size() == 1U);
                BOOST_TEST((all.front().text == text));
                world.server.clear();
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(repeats_what_was_certainly_not_accepted)
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
        // A refusal stands, and so does what cannot be known.
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
        // On demand all but a refusal is repeated, at the price of a second mail.
        {{lost}, outcome::accepted, 2, 1, {}, true},
        {{accepted_and_lost}, outcome::accepted, 2, 2, {}, true},
        {{gateway, R"("garbage_json")", R"("truncate_reply")"}, outcome::accepted, 4, 3, {}, true},
        {{lost, lost, lost, lost}, outcome::unknown, 4, 0, errc::connection_lost, true},
        {{lost, gateway, lost, gateway}, outcome::unknown, 4, 0, errc::server_error, true},
        {{refused}, outcome::rejected, 1, 0, api_errc::invalid_email_request, true},
        {{limited, refused}, outcome::rejected, 2, 0, api_errc::invalid_email_request, true},
        // Once it may have been accepted, nothing but an acceptance makes that good.
        {{lost, refused}, outcome::unknown, 2, 0, errc::connection_lost, true},
        {{gateway, limited, maintenance, limited}, outcome::unknown, 4, 0, errc::server_error, true},
        {{gateway, limited}, outcome::accepted, 3, 1, {}, true},
    };
    retry_fixture world;
    for (auto const& row : table) {
        for (bool const batch : {false, true}) {
            std::string script;
            for (auto const& each : row.faults) {
                script += each + "; ";
            }
            BOOST_TEST_CONTEXT("faults: " << script << (batch ? "batch" : "single")
                                          << (row.at_least_once ? ", at least once" : ""))
            {
                world.config.retry.at_least_once = row.at_least_once;
                world.connect();
                world.play_each(row.faults);
                world.server.clear();
                postmark::receipt receipt;
                if (batch) {
                    auto const result = world.send_batch({mail()});
                    BOOST_TEST((result.error == row.error), result.error);
                    receipt = result.receipts.front();
                } else {
                    receipt = world.send(mail()).receipt;
                }
                BOOST_TEST(receipt.outcome == row.expected);
                BOOST_TEST(receipt.error == row.error, receipt.error << ": " << receipt.detail);
                BOOST_TEST(world.server.stats().requests == row.requests);
                BOOST_TEST(world.server.message_count() == row.accepted);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(keeps_the_last_answer, retry_fixture)
{
    play(R"("status","status":429,"body":{"ErrorCode":429,"Message":"Slow down."},"headers":{"Retry-After":"0"})");
    auto const result = send(mail());
    BOOST_TEST(server.stats().requests == 4U);
    BOOST_TEST(result.receipt.http_status == 429U);
    BOOST_TEST(result.receipt.api_code == 429);
    BOOST_TEST(result.receipt.detail == "Slow down.");
}

BOOST_FIXTURE_TEST_CASE(waits_as_long_as_it_is_told, retry_fixture)
{
    play(R"("status","status":429,"headers":{"Retry-After":"1"})", R"({"nth":1})");
    auto const begin = std::chrono::steady_clock::now();
    BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= 1s));
    BOOST_TEST(server.stats().requests == 2U);
}

BOOST_FIXTURE_TEST_CASE(does_not_wait_where_the_time_does_not_suffice, retry_fixture)
{
    play(R"("status","status":429,"headers":{"Retry-After":"40"})");
    postmark::call_options options;
    options.timeout = 20s;
    auto const begin = std::chrono::steady_clock::now();
    auto const refused = send(mail(), options);
    BOOST_TEST((refused.error == api_errc::rate_limit_exceeded));
    // The token is paused: what cannot outlast that ends without a request.
    auto const paused = send(mail(), options);
    BOOST_TEST((paused.error == errc::timed_out_before_sent));
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 20s));
    BOOST_TEST(server.stats().requests == 1U);
    // Another token is another account.
    server.set_faults("");
    options.api_key = "another-token";
    BOOST_TEST((send(mail(), options).receipt.outcome == outcome::accepted));
}

BOOST_FIXTURE_TEST_CASE(a_pause_holds_for_the_token_however_it_is_named, retry_fixture)
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
    for (row each : {row{named, {}, true}, row{{}, named, true}, row{not_test, named, true}, row{{}, not_test, true},
                     row{{}, test, false}, row{test, {}, false}, row{test, test, true}}) {
        connect();
        server.clear();
        play(R"("status","status":429,"headers":{"Retry-After":"30"})", R"({"nth":1})");
        each.refused.timeout = each.waiting.timeout = 20s;
        BOOST_TEST((send(mail(), each.refused).error == api_errc::rate_limit_exceeded));
        auto const next = send(mail(), each.waiting);
        BOOST_TEST((next.error == errc::timed_out_before_sent) == each.same);
        BOOST_TEST((next.receipt.outcome == outcome::accepted) == !each.same);
        BOOST_TEST(server.stats().requests == (each.same ? 1U : 2U));
    }
}

BOOST_FIXTURE_TEST_CASE(a_refusal_says_nothing_of_an_unknown_attempt_before, retry_fixture)
{
    config.retry.at_least_once = true;
    // The first attempt is accepted but its answer lost; meanwhile one of the addresses came to be suppressed.
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
    // A refusal for now is no unknown attempt: what follows it is final.
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
                // A request that was cut off is not kept among them.
                BOOST_TEST_REQUIRE(requests.size() == 1U);
                BOOST_TEST(server.stats().requests == 2U);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(tries_again_to_connect, retry_fixture)
{
    // The attempts of a call are attempts to send; connecting has as many of its own.
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

BOOST_FIXTURE_TEST_CASE(calls_that_change_nothing_are_repeated_after_anything, retry_fixture)
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
