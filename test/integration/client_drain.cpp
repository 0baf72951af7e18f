// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

#include <atomic>
#include <future>
#include <stdexcept>

BOOST_FIXTURE_TEST_SUITE(client_drain, client_test::client_fixture)

using namespace client_test;
using asio::awaitable;

BOOST_AUTO_TEST_CASE(a_drain_waits_for_all_calls, *timeout(60))
{
    settings.pool.max_connections = 2;
    client mailer{io, settings};
    std::vector<std::string> order;
    sends results;
    for (int index = 0; index != 6; ++index) {
        auto& result = results.emplace_back();
        mailer.async_send(mail(), [&](error_code error, receipt sent) {
            order.emplace_back("send");
            result.handler()(error, std::move(sent));
        });
    }
    recorder<std::vector<receipt>> batch;
    mailer.async_send_batch(mails(1200), [&](error_code error, std::vector<receipt> all) {
        order.emplace_back("batch");
        batch.handler()(error, std::move(all));
    });
    recorder<receipt> refused;
    bool closed = false;
    mailer.async_drain([&](error_code error) {
        BOOST_TEST(!error);
        order.emplace_back("drain");
        closed = sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s);
    });
    recorder<void> second;
    mailer.async_drain(30s, second.handler());
    mailer.async_send(mail(), refused.handler());
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    // A batch that was started continues with chunks that were not queued yet.
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(!batch.error);
    check_not_sent(refused, errc::client_closed);
    BOOST_TEST(second.calls == 1);
    BOOST_TEST(!second.error);
    BOOST_TEST(order.size() == 8U);
    BOOST_TEST(order.back() == "drain");
    BOOST_TEST(closed);
    BOOST_TEST(sandbox.message_count() == 1206U);
}

BOOST_AUTO_TEST_CASE(no_call_is_accepted_after_a_drain, *timeout(60))
{
    client mailer{io, settings};
    recorder<receipt> before;
    mailer.async_send(mail(), before.handler());
    run();
    recorder<void> drain;
    mailer.async_drain(drain.handler());
    run();
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
    BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));

    recorder<receipt> sent;
    recorder<std::vector<receipt>> batch;
    recorder<postmark::delivery_stats_reply> call;
    recorder<void> again;
    mailer.async_send(mail(), sent.handler());
    mailer.async_send_batch(mails(2), batch.handler());
    mailer.async_call(postmark::get_delivery_stats{}, call.handler());
    mailer.async_drain(again.handler());
    mailer.cancel();
    mailer.close_idle();
    run();
    check_accepted(before);
    check_not_sent(sent, errc::client_closed);
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(batch.error == errc::client_closed);
    for (receipt const& item : batch.value) {
        BOOST_TEST(item.outcome == outcome::not_sent);
    }
    BOOST_TEST(call.calls == 1);
    BOOST_TEST(call.error == errc::client_closed);
    BOOST_TEST(again.calls == 1);
    BOOST_TEST(!again.error);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_AUTO_TEST_CASE(calls_left_at_the_timeout_of_a_drain_are_cancelled, *timeout(60))
{
    settings.pool.max_connections = 1;
    sandbox.set_faults(stall);
    for (auto const time : {100ms, 0ms, -5ms}) {
        BOOST_TEST_CONTEXT(time.count() << " ms")
        {
            sandbox.clear();
            client mailer{io, settings};
            recorder<receipt> in_flight;
            recorder<receipt> waiting;
            recorder<std::vector<receipt>> batch;
            recorder<void> drain;
            mailer.async_send(mail(), in_flight.handler());
            mailer.async_send(mail(), waiting.handler());
            mailer.async_send_batch(mails(1200), batch.handler());
            run_until_requests(1);
            mailer.async_drain(time, drain.handler());
            run();
            check_unknown(in_flight, errc::cancelled_in_flight);
            check_not_sent(waiting, errc::cancelled_before_sent);
            BOOST_TEST(batch.calls == 1);
            BOOST_TEST(batch.error == errc::cancelled_before_sent);
            BOOST_TEST(batch.value.size() == 1200U);
            BOOST_TEST(drain.calls == 1);
            BOOST_TEST(!drain.error);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_longest_duration_means_no_time_limit, *timeout(60))
{
    client mailer{io, settings};
    recorder<receipt> sent;
    recorder<void> drain;
    mailer.async_send(mail(), sent.handler());
    mailer.async_drain(std::chrono::milliseconds::max(), drain.handler());
    run();
    check_accepted(sent);
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
}

BOOST_AUTO_TEST_CASE(a_drain_can_be_cancelled_without_its_calls, *timeout(60))
{
    for (auto const type :
         {asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal}) {
        client mailer{io, settings};
        asio::cancellation_signal signal;
        recorder<receipt> sent;
        recorder<void> cancelled;
        recorder<void> other;
        recorder<receipt> refused;
        mailer.async_send(mail(), sent.handler());
        // Cancelling the drain also cancels its time limit.
        mailer.async_drain(1ms, asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
        mailer.async_drain(other.handler());
        signal.emit(type);
        signal.emit(type);
        BOOST_TEST(cancelled.calls == 0);
        mailer.async_send(mail(), refused.handler());
        run();
        BOOST_TEST(cancelled.calls == 1);
        BOOST_TEST(cancelled.error == errc::cancelled_before_sent);
        check_accepted(sent);
        BOOST_TEST(other.calls == 1);
        BOOST_TEST(!other.error);
        check_not_sent(refused, errc::client_closed);
        signal.emit(type);
    }
}

BOOST_AUTO_TEST_CASE(cancelling_all_calls_completes_a_drain, *timeout(60))
{
    sandbox.set_faults(stall);
    client mailer{io, settings};
    recorder<receipt> sent;
    recorder<void> drain;
    mailer.async_send(mail(), sent.handler());
    mailer.async_drain(drain.handler());
    auto const watch = when_requests(1, [&] { mailer.cancel(); });
    run();
    check_unknown(sent, errc::cancelled_in_flight);
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
}

BOOST_AUTO_TEST_CASE(destroying_the_client_ends_its_drains, *timeout(60))
{
    sandbox.set_faults(stall);
    auto mailer = std::make_unique<client>(io, settings);
    recorder<receipt> sent;
    recorder<void> unlimited;
    recorder<void> limited;
    mailer->async_send(mail(), sent.handler());
    mailer->async_drain(unlimited.handler());
    mailer->async_drain(30s, limited.handler());
    auto const watch = when_requests(1, [&] { mailer.reset(); });
    run();
    check_unknown(sent, errc::cancelled_in_flight);
    for (auto const* item : {&unlimited, &limited}) {
        BOOST_TEST(item->calls == 1);
        BOOST_TEST(!item->error);
    }
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_repetitions, *timeout(60))
{
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 429, "when": {"nth": [1, 2]}}]})");
    client mailer{io, settings};
    recorder<receipt> sent;
    recorder<void> drain;
    mailer.async_send(mail(), sent.handler());
    mailer.async_drain(drain.handler());
    run();
    check_accepted(sent);
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
    BOOST_TEST(sandbox.stats().requests == 3U);
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_a_batch_that_is_halved, *timeout(60))
{
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 413, "when": {"nth": [1, 2]}}]})");
    client mailer{io, settings};
    recorder<std::vector<receipt>> batch;
    recorder<void> drain;
    mailer.async_send_batch(mails(8), batch.handler());
    mailer.async_drain(drain.handler());
    run();
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(!batch.error);
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
    BOOST_TEST(sandbox.message_count() == 8U);
}

BOOST_AUTO_TEST_CASE(a_drain_completes_after_all_handlers_even_if_one_throws, *timeout(60))
{
    settings.coalescing.enabled = true;
    settings.pool.max_connections = 1;
    client mailer{io, settings};
    std::vector<std::string> order;
    auto const note = [&order](std::string name) {
        return [&order, name = std::move(name)](error_code, receipt const&) { order.push_back(name); };
    };
    // The three share one request, so that they complete together.
    mailer.async_send(mail(), [&order](error_code, receipt const&) {
        order.emplace_back("first");
        throw std::runtime_error{"handler"};
    });
    mailer.async_send(mail(), note("second"));
    mailer.async_send(mail(), note("third"));
    mailer.async_drain([&order](error_code error) {
        BOOST_TEST(!error);
        order.emplace_back("drain");
    });
    BOOST_CHECK_THROW(run(), std::runtime_error);
    run();
    std::vector<std::string> const expected{"first", "second", "third", "drain"};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_a_handler_that_runs_on_another_thread, *timeout(60))
{
    client mailer{io, settings};
    std::promise<void> entered;
    std::promise<void> release;
    std::promise<void> drained;
    std::atomic<bool> returned = false;
    mailer.async_send(mail(), [&](error_code, receipt const&) {
        entered.set_value();
        release.get_future().wait();
        returned = true;
    });
    std::jthread const first{[&] { io.run(); }};
    entered.get_future().wait();
    // No call is outstanding any more, but the handler has not returned.
    bool returned_first = false;
    mailer.async_drain([&](error_code error) {
        BOOST_TEST(!error);
        returned_first = returned;
        drained.set_value();
    });
    std::jthread const second{[&] { io.run(); }};
    // When this has run, the second thread has run the handlers queued earlier.
    std::promise<void> turn;
    asio::post(io, [&] { turn.set_value(); });
    turn.get_future().wait();
    release.set_value();
    drained.get_future().wait();
    BOOST_TEST(returned_first);
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_the_handler_of_a_batch, *timeout(60))
{
    client mailer{io, settings};
    std::vector<std::string> order;
    mailer.async_send_batch(mails(3), [&](error_code, std::vector<receipt> const&) {
        order.emplace_back("batch");
        throw std::runtime_error{"handler"};
    });
    mailer.async_drain([&](error_code) { order.emplace_back("drain"); });
    BOOST_CHECK_THROW(run(), std::runtime_error);
    run();
    std::vector<std::string> const expected{"batch", "drain"};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
