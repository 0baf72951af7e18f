// SPDX-License-Identifier: BSL-1.0

// Sends that would wait for a connection share a request, and each completes as if it had been sent alone.

#include "client_fixture.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace {

using namespace client_test;

struct coalescing_fixture : client_fixture {
    coalescing_fixture()
    {
        settings.coalescing.enabled = true;
        settings.pool.max_connections = 1;
    }

    static message tagged(std::size_t number)
    {
        message made = mail();
        made.tag = std::to_string(number);
        return made;
    }
    /// The message of the next result.
    message next() const { return tagged(results.size()); }

    void send(client& mailer, std::size_t count)
    {
        for (std::size_t index = 0; index != count; ++index) {
            message msg = next();
            mailer.async_send(std::move(msg), results.emplace_back().handler());
        }
    }

    /// Calls `then` on the context while a shared request is in flight.
    void while_in_flight(std::function<void()> then)
    {
        auto const watch = when_requests(1, std::move(then));
        run();
    }

    /// Checks every receipt against the sandbox: the tag of a message is the number of its result.
    void check_against_sandbox() const
    {
        std::map<std::string, std::vector<std::string>> ids;
        sandbox.for_each_message(
            [&](postmark::sandbox::stored_message const& stored) { ids[stored.tag].push_back(stored.message_id); });
        std::size_t wrong = 0;
        for (std::size_t index = 0; index != results.size(); ++index) {
            BOOST_TEST(results[index].calls == 1);
            receipt const& reported = results[index].value;
            auto const found = ids.find(std::to_string(index));
            bool const is_there = found != ids.end();
            bool const is_right = reported.outcome == outcome::accepted
                                      ? is_there && found->second == std::vector{reported.message_id}
                                      : reported.outcome == outcome::unknown || !is_there;
            wrong += is_right ? 0U : 1U;
        }
        BOOST_TEST(wrong == 0U);
    }

    [[nodiscard]] std::uint64_t requests_to(std::string const& endpoint) const
    {
        auto const counts = sandbox.stats().requests_by_endpoint;
        auto const found = counts.find(endpoint);
        return found == counts.end() ? 0 : found->second;
    }

    sends results;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(client_coalescing, coalescing_fixture, *boost::unit_test::timeout(120))

BOOST_AUTO_TEST_CASE(queued_sends_share_requests)
{
    client mailer{io, settings};
    send(mailer, 1200);
    run();
    check_against_sandbox();
    for (auto const& result : results) {
        check_accepted(result);
    }
    BOOST_TEST(requests_to("/email/batch") == 3U);
    BOOST_TEST(requests_to("/email") == 0U);
    BOOST_TEST(results[7].value.to == "ann@example.org");
}

BOOST_AUTO_TEST_CASE(a_single_send_has_its_own_request)
{
    client mailer{io, settings};
    send(mailer, 1);
    run();
    send(mailer, 1);
    run();
    check_against_sandbox();
    BOOST_TEST(requests_to("/email") == 2U);
    BOOST_TEST(requests_to("/email/batch") == 0U);
}

BOOST_AUTO_TEST_CASE(sends_of_one_turn_share_a_request_on_an_idle_connection)
{
    client mailer{io, settings};
    send(mailer, 1);
    run();
    send(mailer, 20);
    run();
    check_against_sandbox();
    BOOST_TEST(requests_to("/email/batch") == 1U);
    BOOST_TEST(sandbox.stats().connections == 1U);
}

BOOST_AUTO_TEST_CASE(one_invalid_message_fails_alone_as_in_a_single_send)
{
    client mailer{io, settings};
    send(mailer, 5);
    message bad = tagged(5);
    bad.to = "not an address";
    mailer.async_send(bad, results.emplace_back().handler());
    send(mailer, 5);
    run();
    for (std::size_t index = 0; index != results.size(); ++index) {
        if (index != 5) {
            check_accepted(results[index]);
        }
    }
    check(results[5], api_errc::invalid_email_request, outcome::rejected);
    BOOST_TEST(results[5].value.api_code == 300);
    BOOST_TEST(!results[5].value.detail.empty());
    check_against_sandbox();
}

BOOST_AUTO_TEST_CASE(templates_and_sends_with_options_are_not_coalesced)
{
    sandbox.add_template("welcome", 17, "Welcome {{name}}", "<b>{{name}}</b>", "{{name}}");
    client mailer{io, settings};
    for (int index = 0; index != 4; ++index) {
        send(mailer, 1);
        message welcome = next();
        welcome.subject.clear();
        welcome.text.clear();
        welcome.template_alias = "welcome";
        welcome.template_model = R"({"name":"Ann"})";
        mailer.async_send(welcome, results.emplace_back().handler());
    }
    call_options own_key;
    own_key.api_key = postmark::secret{"another"};
    message msg = next();
    mailer.async_send(msg, own_key, results.emplace_back().handler());
    call_options own_header;
    own_header.headers.emplace_back("X-Trace", "1");
    msg = next();
    mailer.async_send(msg, own_header, results.emplace_back().handler());
    call_options own_retry;
    own_retry.retry = postmark::retry_settings{};
    msg = next();
    mailer.async_send(msg, own_retry, results.emplace_back().handler());
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    check_against_sandbox();
    BOOST_TEST(requests_to("/email/batch") == 1U);
    BOOST_TEST(requests_to("/email/batchWithTemplates") == 1U);
    BOOST_TEST(requests_to("/email") == 3U);
}

BOOST_AUTO_TEST_CASE(a_request_refused_as_a_whole_fails_only_the_cause)
{
    client mailer{io, settings};
    send(mailer, 3);
    // One megabyte more than the service accepts.
    message huge = tagged(3);
    huge.attach_bytes(std::string(8 * 1024 * 1024 + 256 * 1024, 'x'), "a.txt");
    mailer.async_send(std::move(huge), results.emplace_back().handler());
    send(mailer, 3);
    sandbox.set_faults(
        R"({"faults": [{"do": "status", "status": 413, "body": "", "when": {"path": "/email/batch", "times": 1}}]})");
    run();
    for (std::size_t index = 0; index != results.size(); ++index) {
        if (index != 3) {
            check_accepted(results[index]);
        }
    }
    BOOST_TEST(results[3].value.outcome == outcome::rejected);
    check_against_sandbox();
}

BOOST_AUTO_TEST_CASE(a_lost_reply_makes_all_unknown_without_a_repetition)
{
    sandbox.set_faults(R"({"faults": [{"do": "reset_after_request"}]})");
    client mailer{io, settings};
    send(mailer, 20);
    run();
    for (auto const& result : results) {
        check_unknown(result, errc::connection_lost);
    }
    check_against_sandbox();
    BOOST_TEST(sandbox.message_count() == 20U);
}

BOOST_AUTO_TEST_CASE(coalesced_sends_are_repeated_after_429)
{
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 429, "when": {"times": 2}}]})");
    client mailer{io, settings};
    send(mailer, 20);
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    check_against_sandbox();
    BOOST_TEST(sandbox.message_count() == 20U);
}

BOOST_AUTO_TEST_CASE(a_connection_closed_while_idle_affects_no_send)
{
    client mailer{io, settings};
    send(mailer, 1);
    run();
    sandbox.close_idle_connections();
    BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
    send(mailer, 20);
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    check_against_sandbox();
}

BOOST_AUTO_TEST_CASE(cancelling_one_in_flight_does_not_affect_the_others)
{
    sandbox.set_faults(R"({"faults": [{"do": "delay", "ms": 100}]})");
    client mailer{io, settings};
    asio::cancellation_signal signal;
    send(mailer, 5);
    message msg = next();
    mailer.async_send(std::move(msg), asio::bind_cancellation_slot(signal.slot(), results.emplace_back().handler()));
    send(mailer, 5);
    bool others_went_on = false;
    while_in_flight([&] {
        signal.emit(asio::cancellation_type::total);
        signal.emit(asio::cancellation_type::terminal);
        asio::post(io, [&] { others_went_on = results[5].calls == 1 && results[4].calls == 0; });
    });
    BOOST_TEST(others_went_on);
    check_unknown(results[5], errc::cancelled_in_flight);
    for (std::size_t index = 0; index != results.size(); ++index) {
        if (index != 5) {
            check_accepted(results[index]);
        }
    }
    check_against_sandbox();
    BOOST_TEST(sandbox.stats().connections == 1U);
}

BOOST_AUTO_TEST_CASE(coalesced_sends_have_their_own_deadlines)
{
    sandbox.set_faults(R"({"faults": [{"do": "delay", "ms": 600}]})");
    client mailer{io, settings};
    send(mailer, 3);
    call_options hasty;
    hasty.timeout = 250ms;
    message msg = next();
    mailer.async_send(std::move(msg), hasty, results.emplace_back().handler());
    send(mailer, 3);
    run();
    check_unknown(results[3], errc::timed_out_in_flight);
    for (std::size_t index = 0; index != results.size(); ++index) {
        if (index != 3) {
            check_accepted(results[index]);
        }
    }
    check_against_sandbox();
}

BOOST_AUTO_TEST_CASE(cancelling_all_calls_ends_coalesced_sends)
{
    sandbox.set_faults(stall);
    client mailer{io, settings};
    send(mailer, 20);
    while_in_flight([&] { mailer.cancel(); });
    for (auto const& result : results) {
        check_unknown(result, errc::cancelled_in_flight);
    }
    check_against_sandbox();
}

BOOST_AUTO_TEST_CASE(the_client_may_be_destroyed_with_coalesced_sends_in_flight)
{
    sandbox.set_faults(stall);
    auto mailer = std::make_unique<client>(io, settings);
    send(*mailer, 20);
    while_in_flight([&] { mailer.reset(); });
    for (auto const& result : results) {
        check_unknown(result, errc::cancelled_in_flight);
    }
}

BOOST_AUTO_TEST_CASE(stamps_stay_with_their_messages)
{
    settings.stamp_messages = true;
    client mailer{io, settings};
    send(mailer, 10);
    run();
    std::map<std::string, std::string> stamps;
    for (auto const& stored : sandbox.messages()) {
        stamps[stored.tag] = stored.metadata.at("postmark-stamp");
    }
    for (std::size_t index = 0; index != results.size(); ++index) {
        BOOST_TEST(results[index].value.stamp == stamps[std::to_string(index)]);
    }
}

BOOST_AUTO_TEST_CASE(two_threads_may_cancel_at_any_time)
{
    settings.pool.max_connections = 2;
    client mailer{io, settings};
    constexpr std::size_t count = 400;
    std::deque<asio::cancellation_signal> signals(count);
    auto const strand = [&] { return asio::make_strand(io); };
    for (std::size_t index = 0; index != count; ++index) {
        auto const executor = strand();
        auto& result = results.emplace_back();
        asio::post(executor, [&, index, executor, handler = result.handler()] {
            mailer.async_send(tagged(index), asio::bind_cancellation_slot(signals[index].slot(),
                                                                          asio::bind_executor(executor, handler)));
            if (index % 3 == 0) {
                asio::post(executor, [&, index] { signals[index].emit(asio::cancellation_type::terminal); });
            }
        });
    }
    std::jthread const other{[&] { io.run(); }};
    io.run();
    check_against_sandbox();
}

BOOST_AUTO_TEST_SUITE_END()
