// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

#include <optional>

BOOST_FIXTURE_TEST_SUITE(client_cancellation, client_test::client_fixture)

using namespace client_test;
using asio::awaitable;
using asio::cancellation_type;

namespace {

constexpr cancellation_type every_type[] = {cancellation_type::total, cancellation_type::partial,
                                            cancellation_type::terminal, cancellation_type::all};

bool ends_what_is_in_flight(cancellation_type type)
{
    return type != cancellation_type::total;
}

/// A fault script that keeps a request in flight: without end if the test cancels it, else for a limited time.
std::string delayed_reply(cancellation_type type, int request)
{
    std::string const fault = ends_what_is_in_flight(type) ? R"("stall")" : R"("delay", "ms": 100)";
    return R"({"faults": [{"do": )" + fault + R"(, "when": {"nth": )" + std::to_string(request) + "}}]}";
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// All at once

BOOST_AUTO_TEST_CASE(cancel_ends_all_calls_and_the_client_remains_usable, *timeout(60))
{
    settings.pool.max_connections = 2;
    sandbox.set_faults(stall);
    client mailer{io, settings};
    mailer.cancel();
    sends results;
    for (int index = 0; index != 4; ++index) {
        mailer.async_send(mail(), results.emplace_back().handler());
    }
    recorder<std::vector<receipt>> batch;
    recorder<postmark::delivery_stats_reply> call;
    mailer.async_send_batch(mails(1200), batch.handler());
    mailer.async_call(postmark::get_delivery_stats{}, call.handler());
    run_until_requests(2);
    asio::post(io, [&] {
        mailer.cancel();
        mailer.cancel();
        BOOST_TEST(results.front().calls == 0);
    });
    run();
    check_unknown(results[0], errc::cancelled_in_flight);
    check_unknown(results[1], errc::cancelled_in_flight);
    check_not_sent(results[2], errc::cancelled_before_sent);
    check_not_sent(results[3], errc::cancelled_before_sent);
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(batch.error == errc::cancelled_before_sent);
    BOOST_REQUIRE(batch.value.size() == 1200U);
    for (receipt const& item : batch.value) {
        BOOST_TEST(item.outcome == outcome::not_sent);
    }
    BOOST_TEST(call.calls == 1);
    BOOST_TEST(call.error == errc::cancelled_before_sent);

    sandbox.set_faults("");
    recorder<receipt> next;
    mailer.async_send(mail(), next.handler());
    run();
    check_accepted(next);
}

BOOST_AUTO_TEST_CASE(cancel_between_attempts_keeps_the_last_reply, *timeout(60))
{
    settings.pool.max_connections = 1;
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 429, "headers": {"Retry-After": "30"}}]})");
    client mailer{io, settings};
    recorder<receipt> refused;
    mailer.async_send(mail(), refused.handler());
    // A call whose deadline is before the end of the pause ends when the pause starts, which shows that it has started.
    call_options short_lived;
    short_lived.timeout = 20s;
    recorder<receipt> timed_out;
    mailer.async_send(mail(), short_lived, [&](error_code error, receipt sent) {
        timed_out.handler()(error, std::move(sent));
        mailer.cancel();
    });
    run();
    check(refused, refused.value.error, outcome::rejected);
    BOOST_TEST(refused.value.http_status == 429U);
    BOOST_TEST(timed_out.calls == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_may_cancel, *timeout(60))
{
    settings.pool.max_connections = 1;
    sandbox.set_faults(R"({"faults": [{"do": "stall", "when": {"nth": 2}}]})");
    client mailer{io, settings};
    recorder<receipt> first;
    recorder<receipt> second;
    recorder<receipt> third;
    mailer.async_send(mail(), [&](error_code error, receipt sent) {
        first.handler()(error, std::move(sent));
        mailer.cancel();
        mailer.async_send(mail(), third.handler());
    });
    mailer.async_send(mail(), second.handler());
    run();
    check_accepted(first);
    BOOST_TEST(second.calls == 1);
    BOOST_TEST((second.error == errc::cancelled_in_flight || second.error == errc::cancelled_before_sent));
    BOOST_TEST(third.calls == 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// One of them, by its slot

BOOST_AUTO_TEST_CASE(queued_calls_are_cancelled_by_every_type, *timeout(60))
{
    for (auto const type : every_type) {
        client mailer{io, settings};
        asio::cancellation_signal signal;
        recorder<receipt> cancelled;
        recorder<receipt> other;
        recorder<postmark::delivery_stats_reply> call;
        asio::cancellation_signal of_call;
        mailer.async_send(mail(), asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
        mailer.async_call(postmark::get_delivery_stats{}, asio::bind_cancellation_slot(of_call.slot(), call.handler()));
        mailer.async_send(mail(), other.handler());
        asio::post(io, [&] {
            signal.emit(type);
            signal.emit(type);
            of_call.emit(type);
            BOOST_TEST(cancelled.calls == 0);
        });
        run();
        check_not_sent(cancelled, errc::cancelled_before_sent);
        BOOST_TEST(call.calls == 1);
        BOOST_TEST(call.error == errc::cancelled_before_sent);
        check_accepted(other);
        // The call has completed: a later signal has no effect.
        signal.emit(type);
        run();
        BOOST_TEST(cancelled.calls == 1);
    }
    BOOST_TEST(sandbox.message_count() == 4U);
}

BOOST_AUTO_TEST_CASE(calls_in_flight_are_cancelled_by_partial_and_terminal, *timeout(60))
{
    for (auto const type : every_type) {
        BOOST_TEST_CONTEXT("type " << static_cast<int>(type))
        {
            sandbox.clear();
            sandbox.set_faults(delayed_reply(type, 1));
            auto const connections = sandbox.stats().connections;
            settings.pool.max_connections = 1;
            client mailer{io, settings};
            asio::cancellation_signal signal;
            recorder<receipt> cancelled;
            recorder<receipt> other;
            mailer.async_send(mail(), asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
            mailer.async_send(mail(), other.handler());
            auto const watch = when_requests(1, [&] {
                signal.emit(type);
                BOOST_TEST(cancelled.calls == 0);
            });
            run();
            if (ends_what_is_in_flight(type)) {
                check_unknown(cancelled, errc::cancelled_in_flight);
            } else {
                check_accepted(cancelled);
            }
            check_accepted(other);
            // A connection is closed together with the request in flight on it.
            BOOST_TEST(sandbox.stats().connections - connections == (ends_what_is_in_flight(type) ? 2U : 1U));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_queued_batch_is_cancelled_by_every_type, *timeout(60))
{
    for (auto const type : every_type) {
        client mailer{io, settings};
        asio::cancellation_signal signal;
        recorder<std::vector<receipt>> batch;
        mailer.async_send_batch(mails(1200), asio::bind_cancellation_slot(signal.slot(), batch.handler()));
        asio::post(io, [&] { signal.emit(type); });
        run();
        BOOST_TEST(batch.calls == 1);
        BOOST_TEST(batch.error == errc::cancelled_before_sent);
        BOOST_REQUIRE(batch.value.size() == 1200U);
        for (receipt const& item : batch.value) {
            BOOST_TEST(item.error == errc::cancelled_before_sent);
        }
    }
    BOOST_TEST(sandbox.stats().requests == 0U);
}

BOOST_AUTO_TEST_CASE(a_batch_in_flight_is_cancelled_by_partial_and_terminal, *timeout(60))
{
    settings.pool.max_connections = 1;
    for (auto const type : every_type) {
        BOOST_TEST_CONTEXT("type " << static_cast<int>(type))
        {
            sandbox.clear();
            sandbox.set_faults(delayed_reply(type, 2));
            client mailer{io, settings};
            asio::cancellation_signal signal;
            recorder<std::vector<receipt>> batch;
            mailer.async_send_batch(mails(1200), asio::bind_cancellation_slot(signal.slot(), batch.handler()));
            auto const watch = when_requests(2, [&] { signal.emit(type); });
            run();
            BOOST_TEST(batch.calls == 1);
            BOOST_REQUIRE(batch.value.size() == 1200U);
            bool const ends = ends_what_is_in_flight(type);
            BOOST_TEST(batch.error == (ends ? error_code{errc::cancelled_in_flight} : error_code{}));
            BOOST_TEST(batch.value[0].outcome == outcome::accepted);
            BOOST_TEST(batch.value[500].outcome == (ends ? outcome::unknown : outcome::accepted));
            BOOST_TEST(batch.value[1000].outcome == (ends ? outcome::not_sent : outcome::accepted));
            BOOST_TEST(batch.value[1199].outcome == batch.value[1000].outcome);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_coroutine_is_cancelled_from_outside, *timeout(60))
{
    sandbox.set_faults(stall);
    client mailer{io, settings};
    asio::cancellation_signal signal;
    error_code caught;
    outcome result = outcome::accepted;
    asio::co_spawn(
        io,
        [&]() -> awaitable<void> {
            try {
                static_cast<void>(co_await mailer.async_send(mail()));
            } catch (postmark::send_error const& error) {
                caught = error.code();
                result = error.receipt().outcome;
            }
        },
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    auto const watch = when_requests(1, [&] { signal.emit(cancellation_type::terminal); });
    run();
    BOOST_TEST(caught == errc::cancelled_in_flight);
    BOOST_TEST(result == outcome::unknown);
}

BOOST_AUTO_TEST_CASE(a_handler_on_another_executor_is_cancelled_from_there, *timeout(60))
{
    sandbox.set_faults(stall);
    client mailer{io, settings};
    asio::io_context other;
    asio::cancellation_signal signal;
    recorder<receipt> sent;
    mailer.async_send(mail(), asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(other, sent.handler())));
    auto const watch = when_requests(1, [&] { asio::post(other, [&] { signal.emit(cancellation_type::terminal); }); });
    std::jthread const client_thread{[this] { run(); }};
    other.run();
    check_unknown(sent, errc::cancelled_in_flight);
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

BOOST_AUTO_TEST_CASE(a_call_has_its_own_timeout, *timeout(60))
{
    settings.pool.max_connections = 1;
    client mailer{io, settings};
    // The connection is established, so that the first call is in flight as soon as it is made.
    mailer.async_send(mail(), asio::detached);
    run();
    sandbox.clear();
    sandbox.set_faults(stall);
    call_options soon;
    soon.timeout = 200ms;
    recorder<receipt> in_flight;
    recorder<receipt> waiting;
    recorder<std::vector<receipt>> batch;
    recorder<postmark::delivery_stats_reply> call;
    mailer.async_send(mail(), soon, in_flight.handler());
    soon.timeout = 100ms;
    mailer.async_send(mail(), soon, waiting.handler());
    mailer.async_send_batch(mails(2), soon, batch.handler());
    mailer.async_call(postmark::get_delivery_stats{}, soon, call.handler());
    run();
    check_unknown(in_flight, errc::timed_out_in_flight);
    check_not_sent(waiting, errc::timed_out_before_sent);
    BOOST_TEST(batch.error == errc::timed_out_before_sent);
    BOOST_TEST(call.error == errc::timed_out_before_sent);
    BOOST_TEST(sandbox.stats().requests == 1U);
}

BOOST_AUTO_TEST_CASE(a_late_reply_ends_the_attempt, *timeout(60))
{
    settings.timeouts.reply = 100ms;
    settings.timeouts.batch_reply = 150ms;
    sandbox.set_faults(stall);
    client mailer{io, settings};
    recorder<receipt> sent;
    recorder<std::vector<receipt>> batch;
    mailer.async_send(mail(), sent.handler());
    mailer.async_send_batch(mails(2), batch.handler());
    run();
    check_unknown(sent, errc::timed_out_in_flight);
    BOOST_TEST(sent.value.detail.find("100 ms") != std::string::npos);
    BOOST_TEST(batch.error == errc::timed_out_in_flight);
    // Neither call is repeated.
    BOOST_TEST(sandbox.stats().requests == 2U);
}

BOOST_AUTO_TEST_CASE(a_handshake_has_a_time_limit, *timeout(60))
{
    silent_server const silent;
    silent.apply_to(settings);
    settings.timeouts.handshake = 100ms;
    for (std::size_t const attempts : {1U, 3U}) {
        settings.retry.attempts = attempts;
        client mailer{io, settings};
        recorder<receipt> sent;
        auto const begin = std::chrono::steady_clock::now();
        mailer.async_send(mail(), sent.handler());
        run();
        check_not_sent(sent, errc::handshake_failed);
        BOOST_TEST(sent.value.detail.find("100 ms") != std::string::npos);
        BOOST_TEST((std::chrono::steady_clock::now() - begin >= attempts * 100ms));
    }
}

BOOST_AUTO_TEST_CASE(a_call_may_time_out_during_a_handshake, *timeout(60))
{
    silent_server const silent;
    silent.apply_to(settings);
    client mailer{io, settings};
    call_options soon;
    soon.timeout = 100ms;
    recorder<receipt> sent;
    mailer.async_send(mail(), soon, sent.handler());
    // No call waits for the handshake any more, so that it does not keep the context running.
    run();
    check_not_sent(sent, errc::timed_out_before_sent);
}

BOOST_AUTO_TEST_CASE(connecting_has_a_time_limit, *timeout(60))
{
    // A connection attempt beyond a full backlog gets no reply.
    asio::ip::tcp::acceptor full{io, asio::ip::tcp::v4()};
    full.bind({asio::ip::address_v4::loopback(), 0});
    full.listen(0);
    std::vector<asio::ip::tcp::socket> crowd;
    for (int index = 0; index != 8; ++index) {
        crowd.emplace_back(io).async_connect(full.local_endpoint(), asio::detached);
        io.poll();
    }
    settings.host = "127.0.0.1";
    settings.port = full.local_endpoint().port();
    settings.timeouts.connect = 100ms;
    settings.retry.attempts = 1;
    {
        client mailer{io, settings};
        recorder<receipt> sent;
        mailer.async_send(mail(), [&](error_code error, receipt result) {
            sent.handler()(error, std::move(result));
            crowd.clear();
        });
        run();
        check_not_sent(sent, errc::connect_failed);
        BOOST_TEST(sent.value.detail.find("100 ms") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_closed_port_fails_calls_as_not_sent, *timeout(60))
{
    settings.port = closed_port();
    for (std::size_t const attempts : {1U, 3U}) {
        settings.retry.attempts = attempts;
        client mailer{io, settings};
        sends results;
        for (int index = 0; index != 3; ++index) {
            mailer.async_send(mail(), results.emplace_back().handler());
        }
        recorder<std::vector<receipt>> batch;
        mailer.async_send_batch(mails(1200), batch.handler());
        run();
        for (auto const& result : results) {
            check_not_sent(result, errc::connect_failed);
            BOOST_TEST(result.value.detail.find("refused") != std::string::npos);
        }
        BOOST_TEST(batch.calls == 1);
        BOOST_TEST(batch.error == errc::connect_failed);
        BOOST_REQUIRE(batch.value.size() == 1200U);
        for (receipt const& item : batch.value) {
            BOOST_TEST(item.error == errc::connect_failed);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_port_that_opens_later_is_connected_to, *timeout(60))
{
    // A port that is refused at first and served from the second attempt on.
    sandbox.set_faults(R"({"faults": [{"do": "refuse_connection", "when": {"nth": 1}}]})");
    client mailer{io, settings};
    recorder<receipt> sent;
    mailer.async_send(mail(), sent.handler());
    run();
    check_accepted(sent);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
