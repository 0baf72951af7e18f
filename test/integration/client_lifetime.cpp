// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

#include <optional>
#include <stdexcept>

BOOST_FIXTURE_TEST_SUITE(client_lifetime, client_test::client_fixture)

using namespace client_test;
using asio::awaitable;

namespace {

/// Counts the handlers that exist, so that a test notices one that is never released.
using handler_count = std::shared_ptr<int>;

/// A handler that must be destroyed without being called.
auto dropped(handler_count const& alive)
{
    return [alive](auto const&...) { BOOST_ERROR("a handler was called after its context had ended"); };
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Connections that are kept

BOOST_AUTO_TEST_CASE(run_returns_and_the_connection_is_used_again, *timeout(60))
{
    client mailer{io, settings};
    for (int round = 0; round != 3; ++round) {
        recorder<receipt> sent;
        mailer.async_send(mail(), sent.handler());
        run();
        check_accepted(sent);
    }
    BOOST_TEST(sandbox.stats().connections == 1U);
    BOOST_TEST(sandbox.stats().open_connections == 1U);
    BOOST_TEST(sandbox.stats().requests == 3U);
}

BOOST_AUTO_TEST_CASE(idle_connections_can_be_closed, *timeout(60))
{
    client mailer{io, settings};
    mailer.close_idle();
    recorder<receipt> first;
    mailer.async_send(mail(), first.handler());
    // `close_idle` does not affect connections that are busy or not established yet.
    mailer.close_idle();
    run();
    check_accepted(first);
    mailer.close_idle();
    BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
    recorder<receipt> second;
    mailer.async_send(mail(), second.handler());
    run();
    check_accepted(second);
    BOOST_TEST(sandbox.stats().connections == 2U);
    BOOST_TEST(sandbox.stats().resumed_handshakes == 1U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_the_server_closed_is_noticed, *timeout(60))
{
    client mailer{io, settings};
    for (std::uint64_t round = 1; round != 4; ++round) {
        recorder<receipt> sent;
        recorder<std::vector<receipt>> batch;
        mailer.async_send(mail(), sent.handler());
        if (round == 2) {
            mailer.async_send_batch(mails(2), batch.handler());
        }
        run();
        check_accepted(sent);
        BOOST_TEST(!batch.error);
        BOOST_TEST(sandbox.stats().connections >= round);
        sandbox.close_idle_connections();
        BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
    }
    BOOST_TEST(sandbox.message_count() == 5U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_the_server_closes_after_each_reply_is_noticed, *timeout(60))
{
    for (char const* const fault : {R"({"do": "close_when_idle"})", R"({"do": "close_when_idle", "reset": true})",
                                    R"({"do": "close_when_idle", "close_notify": false})"}) {
        BOOST_TEST_CONTEXT(fault)
        {
            sandbox.set_faults(R"({"faults": [)" + std::string{fault} + "]}");
            client mailer{io, settings};
            for (int round = 0; round != 3; ++round) {
                recorder<receipt> sent;
                mailer.async_send(mail(), sent.handler());
                run();
                check_accepted(sent);
                BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
            }
        }
    }
    BOOST_TEST(sandbox.message_count() == 9U);
}

BOOST_AUTO_TEST_CASE(a_client_that_is_destroyed_leaves_no_connection, *timeout(60))
{
    {
        client mailer{io, settings};
        recorder<receipt> sent;
        mailer.async_send(mail(), sent.handler());
        run();
        check_accepted(sent);
    }
    BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
    run();
}

// ---------------------------------------------------------------------------------------------------------------------
// A client that is destroyed, moved, assigned

BOOST_AUTO_TEST_CASE(destroyed_before_the_context_runs, *timeout(60))
{
    sends results;
    recorder<std::vector<receipt>> batch;
    recorder<postmark::delivery_stats_reply> call;
    recorder<void> drain;
    {
        client mailer{io, settings};
        for (int index = 0; index != 20; ++index) {
            mailer.async_send(mail(), results.emplace_back().handler());
        }
        mailer.async_send_batch(mails(1200), batch.handler());
        mailer.async_call(postmark::get_delivery_stats{}, call.handler());
        mailer.async_drain(drain.handler());
    }
    BOOST_TEST(results.front().calls == 0);
    run();
    for (auto const& result : results) {
        check_not_sent(result, errc::client_closed);
    }
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(batch.error == errc::client_closed);
    BOOST_REQUIRE(batch.value.size() == 1200U);
    for (receipt const& item : batch.value) {
        BOOST_TEST(item.error == errc::client_closed);
    }
    BOOST_TEST(call.calls == 1);
    BOOST_TEST(call.error == errc::client_closed);
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
    BOOST_TEST(sandbox.stats().requests == 0U);
}

BOOST_AUTO_TEST_CASE(destroyed_while_connecting, *timeout(60))
{
    silent_server const silent;
    silent.apply_to(settings);
    std::optional<client> mailer{std::in_place, io, settings};
    recorder<receipt> sent;
    mailer->async_send(mail(), sent.handler());
    // Runs until the handshake waits for a reply that will not arrive.
    while (io.poll_one() != 0) {
    }
    mailer.reset();
    BOOST_TEST(sent.calls == 0);
    run();
    check_not_sent(sent, errc::client_closed);
}

BOOST_AUTO_TEST_CASE(destroyed_with_calls_in_flight_and_queued, *timeout(60))
{
    settings.pool.max_connections = 2;
    sandbox.set_faults(stall);
    std::optional<client> mailer{std::in_place, io, settings};
    sends results;
    for (int index = 0; index != 5; ++index) {
        mailer->async_send(mail(), results.emplace_back().handler());
    }
    recorder<std::vector<receipt>> batch;
    mailer->async_send_batch(mails(3), batch.handler());
    run_until_requests(2);
    mailer.reset();
    run();
    check_unknown(results[0], errc::cancelled_in_flight);
    check_unknown(results[1], errc::cancelled_in_flight);
    for (std::size_t index = 2; index != results.size(); ++index) {
        check_not_sent(results[index], errc::client_closed);
    }
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(batch.error == errc::client_closed);
    for (receipt const& item : batch.value) {
        BOOST_TEST(item.outcome == outcome::not_sent);
    }
}

BOOST_AUTO_TEST_CASE(destroyed_with_a_batch_half_way, *timeout(60))
{
    settings.pool.max_connections = 1;
    sandbox.set_faults(R"({"faults": [{"do": "stall", "when": {"nth": 2}}]})");
    std::optional<client> mailer{std::in_place, io, settings};
    recorder<std::vector<receipt>> batch;
    mailer->async_send_batch(mails(1200), batch.handler());
    run_until_requests(2);
    mailer.reset();
    run();
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(batch.error == errc::cancelled_in_flight);
    BOOST_REQUIRE(batch.value.size() == 1200U);
    for (std::size_t index = 0; index != batch.value.size(); ++index) {
        auto const expected = index < 500 ? outcome::accepted : index < 1000 ? outcome::unknown : outcome::not_sent;
        BOOST_TEST(batch.value[index].outcome == expected);
    }
}

BOOST_AUTO_TEST_CASE(destroyed_by_a_handler, *timeout(60))
{
    settings.pool.max_connections = 1;
    // The connection may or may not have its next call by then.
    for (int const others : {0, 3}) {
        auto mailer = std::make_unique<client>(io, settings);
        recorder<receipt> first;
        sends results;
        mailer->async_send(mail(), [&](error_code error, receipt sent) {
            mailer.reset();
            first.handler()(error, std::move(sent));
        });
        for (int index = 0; index != others; ++index) {
            mailer->async_send(mail(), results.emplace_back().handler());
        }
        run();
        check_accepted(first);
        for (std::size_t index = 0; index != results.size(); ++index) {
            if (index == 0) {
                check_unknown(results[index], errc::cancelled_in_flight);
            } else {
                check_not_sent(results[index], errc::client_closed);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(destroyed_by_a_handler_that_failed, *timeout(60))
{
    settings.port = closed_port();
    settings.retry.attempts = 1;
    auto mailer = std::make_unique<client>(io, settings);
    recorder<receipt> first;
    sends results;
    mailer->async_send(mail(), [&](error_code error, receipt sent) {
        mailer.reset();
        first.handler()(error, std::move(sent));
    });
    for (int index = 0; index != 3; ++index) {
        mailer->async_send(mail(), results.emplace_back().handler());
    }
    run();
    check_not_sent(first, errc::connect_failed);
    for (auto const& result : results) {
        check_not_sent(result, errc::connect_failed);
    }
}

BOOST_AUTO_TEST_CASE(owned_by_its_own_handler, *timeout(60))
{
    auto mailer = std::make_shared<client>(io, settings);
    bool accepted = false;
    mailer->async_send(mail(), [mailer, &accepted](error_code error, receipt const&) { accepted = !error; });
    std::weak_ptr<client> const observer = mailer;
    mailer.reset();
    run();
    BOOST_TEST(accepted);
    BOOST_TEST(observer.expired());
}

BOOST_AUTO_TEST_CASE(moved_with_calls_outstanding, *timeout(60))
{
    client first{io, settings};
    sends results;
    first.async_send(mail(), results.emplace_back().handler());
    client second{std::move(first)};
    second.async_send(mail(), results.emplace_back().handler());
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
}

BOOST_AUTO_TEST_CASE(assigned_over_a_client_with_calls_outstanding, *timeout(60))
{
    sandbox.set_faults(R"({"faults": [{"do": "stall", "when": {"nth": 1}}]})");
    client mailer{io, settings};
    sends old;
    mailer.async_send(mail(), old.emplace_back().handler());
    run_until_requests(1);
    mailer.async_send(mail(), old.emplace_back().handler());
    client next{io, settings};
    recorder<receipt> kept;
    next.async_send(mail(), kept.handler());

    mailer = std::move(next);
    recorder<receipt> after;
    mailer.async_send(mail(), after.handler());
    run();
    check_unknown(old.front(), errc::cancelled_in_flight);
    check_not_sent(old.back(), errc::client_closed);
    check_accepted(kept);
    check_accepted(after);

    // A client that was moved from can be assigned to.
    next = client{io, settings};
    recorder<receipt> again;
    next.async_send(mail(), again.handler());
    client& alias = next;
    next = std::move(alias);
    run();
    check_accepted(again);
}

// ---------------------------------------------------------------------------------------------------------------------
// A context that ends

BOOST_AUTO_TEST_CASE(the_context_ends_with_calls_outstanding, *timeout(60))
{
    for (bool const client_first : {false, true}) {
        for (std::uint64_t const requests : {0U, 2U}) {
            BOOST_TEST_CONTEXT("client first " << client_first << ", after " << requests << " requests")
            {
                sandbox.clear();
                sandbox.set_faults(stall);
                settings.pool.max_connections = 2;
                auto const alive = std::make_shared<int>();
                auto context = std::make_unique<asio::io_context>();
                asio::thread_pool pool{1};
                auto mailer = std::make_unique<client>(*context, settings);
                for (int index = 0; index != 4; ++index) {
                    mailer->async_send(mail(), dropped(alive));
                }
                mailer->async_send(invalid_mail(), dropped(alive));
                mailer->async_send(mail(), asio::bind_executor(pool, dropped(alive)));
                mailer->async_send_batch(mails(1200), dropped(alive));
                mailer->async_send_batch({}, dropped(alive));
                mailer->async_call(postmark::get_delivery_stats{}, dropped(alive));
                if (requests != 0) {
                    // This test is about calls in flight only, so it starts again with a new context.
                    context = std::make_unique<asio::io_context>();
                    mailer = std::make_unique<client>(*context, settings);
                    for (int index = 0; index != 4; ++index) {
                        mailer->async_send(mail(), dropped(alive));
                    }
                    mailer->async_send_batch(mails(1200), dropped(alive));
                    std::jthread const watch{[&, work = asio::make_work_guard(*context)] {
                        sandbox.wait_for_requests(requests);
                        context->stop();
                    }};
                    context->run();
                    BOOST_TEST(sandbox.stats().requests == requests);
                }
                mailer->async_drain(dropped(alive));
                BOOST_TEST(alive.use_count() > 1);
                if (client_first) {
                    mailer.reset();
                }
                context.reset();
                pool.join();
                BOOST_TEST(alive.use_count() == 1);
                // After the context only the client object exists.
                mailer.reset();
                BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_context_ends_with_idle_connections_and_a_strand, *timeout(60))
{
    auto context = std::make_unique<asio::io_context>();
    client on_context{*context, settings};
    client on_strand{asio::make_strand(*context), settings};
    recorder<receipt> first;
    recorder<receipt> second;
    on_context.async_send(mail(), first.handler());
    on_strand.async_send(mail(), second.handler());
    context->run();
    check_accepted(first);
    check_accepted(second);
    context.reset();
    BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
}

BOOST_AUTO_TEST_CASE(the_context_ends_with_suspended_coroutines, *timeout(60))
{
    sandbox.set_faults(stall);
    auto const alive = std::make_shared<int>();
    auto context = std::make_unique<asio::io_context>();
    auto mailer = std::make_shared<client>(*context, settings);
    auto const body = [](std::shared_ptr<client> owned, handler_count) -> awaitable<void> {
        static_cast<void>(co_await owned->async_send(mail()));
    };
    asio::co_spawn(*context, body(mailer, alive), asio::detached);
    asio::co_spawn(asio::make_strand(*context), body(mailer, alive), asio::detached);
    mailer.reset();
    run_until_requests(*context, 2);
    BOOST_TEST(alive.use_count() == 3);
    // The last owners of the client are the coroutines.
    context.reset();
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(the_context_ends_while_a_refused_batch_is_halved, *timeout(60))
{
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 413, "when": {"nth": [1, 2, 3]}}, {"do": "stall"}]})");
    auto const alive = std::make_shared<int>();
    auto context = std::make_unique<asio::io_context>();
    client mailer{*context, settings};
    mailer.async_send_batch(mails(8), dropped(alive));
    run_until_requests(*context, 5);
    BOOST_TEST(alive.use_count() == 2);
    context.reset();
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_client_that_is_used_after_its_context_drops_handlers, *timeout(60))
{
    for (bool const used_before : {false, true}) {
        for (bool const refused : {false, true}) {
            BOOST_TEST_CONTEXT("used before " << used_before << ", refused " << refused)
            {
                auto const alive = std::make_shared<int>();
                auto context = std::make_unique<asio::io_context>();
                asio::thread_pool pool{1};
                client mailer{*context, settings};
                if (used_before) {
                    recorder<receipt> sent;
                    mailer.async_send(mail(), sent.handler());
                    context->run();
                    check_accepted(sent);
                }
                auto later = mailer.async_send(mail(), asio::deferred);
                context.reset();

                message const msg = refused ? invalid_mail() : mail();
                mailer.async_send(msg, dropped(alive));
                mailer.async_send(msg, asio::bind_executor(pool, dropped(alive)));
                mailer.async_send_batch({msg, msg}, dropped(alive));
                mailer.async_send_batch({}, dropped(alive));
                mailer.async_call(postmark::get_delivery_stats{}, dropped(alive));
                mailer.async_drain(dropped(alive));
                mailer.async_drain(1ms, dropped(alive));
                std::move(later)(dropped(alive));
                asio::cancellation_signal signal;
                mailer.async_send(msg, asio::bind_cancellation_slot(signal.slot(), dropped(alive)));
                signal.emit(asio::cancellation_type::terminal);
                mailer.cancel();
                mailer.close_idle();
                pool.join();
                // The handlers of drains are released with the client.
                {
                    client const ended{std::move(mailer)};
                }
                BOOST_TEST(alive.use_count() == 1);
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Handlers that throw

BOOST_AUTO_TEST_CASE(an_exception_of_a_handler_leaves_run, *timeout(60))
{
    client mailer{io, settings};
    sends results;
    for (int index = 0; index != 5; ++index) {
        mailer.async_send(mail(), results.emplace_back().handler());
        mailer.async_send(mail(), [](error_code, receipt const&) { throw std::runtime_error{"send"}; });
    }
    recorder<std::vector<receipt>> batch;
    mailer.async_send_batch(mails(2),
                            [](error_code, std::vector<receipt> const&) { throw std::runtime_error{"batch"}; });
    mailer.async_send_batch(mails(2), batch.handler());
    int thrown = 0;
    for (;;) {
        try {
            run();
            break;
        } catch (std::runtime_error const&) {
            ++thrown;
        }
    }
    BOOST_TEST(thrown == 6);
    for (auto const& result : results) {
        check_accepted(result);
    }
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(!batch.error);
    BOOST_TEST(sandbox.message_count() == 14U);
    // The client remains usable.
    mailer.async_drain([](error_code) { throw std::runtime_error{"drain"}; });
    recorder<void> drain;
    mailer.async_drain(drain.handler());
    BOOST_CHECK_THROW(run(), std::runtime_error);
    run();
    BOOST_TEST(drain.calls == 1);
}

BOOST_AUTO_TEST_CASE(other_handlers_are_called_after_a_handler_threw, *timeout(60))
{
    settings.port = closed_port();
    settings.retry.attempts = 1;
    client mailer{io, settings};
    sends results;
    mailer.async_send(mail(), [](error_code, receipt const&) { throw std::runtime_error{"first"}; });
    for (int index = 0; index != 3; ++index) {
        mailer.async_send(mail(), results.emplace_back().handler());
    }
    mailer.async_send(mail(), [](error_code, receipt const&) { throw std::runtime_error{"last"}; });
    BOOST_CHECK_THROW(run(), std::runtime_error);
    BOOST_CHECK_THROW(run(), std::runtime_error);
    run();
    for (auto const& result : results) {
        check_not_sent(result, errc::connect_failed);
    }
}

BOOST_AUTO_TEST_CASE(handlers_are_released_when_the_context_is_not_run_after_a_throw, *timeout(60))
{
    settings.port = closed_port();
    settings.retry.attempts = 1;
    auto const alive = std::make_shared<int>();
    auto context = std::make_unique<asio::io_context>();
    client mailer{*context, settings};
    mailer.async_send(mail(), [](error_code, receipt const&) { throw std::runtime_error{"first"}; });
    for (int index = 0; index != 3; ++index) {
        mailer.async_send(mail(), dropped(alive));
    }
    BOOST_CHECK_THROW(context->run(), std::runtime_error);
    context.reset();
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(deadlines_are_kept_after_a_handler_threw, *timeout(60))
{
    settings.pool.max_connections = 1;
    settings.timeouts.reply = 300ms;
    call_options soon;
    soon.timeout = 100ms;
    sandbox.set_faults(stall);
    client mailer{io, settings};
    recorder<receipt> in_flight;
    recorder<receipt> waiting;
    mailer.async_send(mail(), in_flight.handler());
    mailer.async_send(mail(), soon, [](error_code, receipt const&) { throw std::runtime_error{"in vain"}; });
    mailer.async_send(mail(), soon, waiting.handler());
    BOOST_CHECK_THROW(run(), std::runtime_error);
    run();
    check_not_sent(waiting, errc::timed_out_before_sent);
    check_unknown(in_flight, errc::timed_out_in_flight);

    // The same with the handler of a call in flight.
    settings.pool.max_connections = 2;
    client other{io, settings};
    recorder<receipt> second;
    other.async_send(mail(), [](error_code, receipt const&) { throw std::runtime_error{"in flight"}; });
    call_options later;
    later.timeout = 600ms;
    other.async_send(mail(), later, second.handler());
    BOOST_CHECK_THROW(run(), std::runtime_error);
    run();
    BOOST_TEST(second.calls == 1);
}

BOOST_AUTO_TEST_SUITE_END()
