// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>

BOOST_FIXTURE_TEST_SUITE(client_threads, client_test::client_fixture)

using namespace client_test;
using asio::awaitable;

namespace {

/// Runs a context on some threads until it is destroyed.
class thread_group {
public:
    thread_group(asio::io_context& io, std::size_t size)
        : work_{asio::make_work_guard(io)}
    {
        for (std::size_t index = 0; index != size; ++index) {
            threads_.emplace_back([&io] { io.run(); });
        }
    }

private:
    // The guard is destroyed first, then the threads are joined.
    std::vector<std::jthread> threads_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
};

/// Collects the results of handlers on several threads, where the test framework must not be used.
class outcome_counter {
public:
    void add(receipt const& sent)
    {
        std::lock_guard const lock{mutex_};
        threads_.insert(std::this_thread::get_id());
        ++outcomes_[static_cast<std::size_t>(sent.outcome)];
        if (sent.outcome == outcome::accepted) {
            ids_.insert(sent.message_id);
        }
        ++calls_;
        changed_.notify_all();
    }

    auto handler()
    {
        return [this](error_code, receipt const& sent) { add(sent); };
    }

    bool wait_for(std::size_t count)
    {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, 50s, [&] { return calls_ >= count; });
    }

    std::size_t count(outcome wanted)
    {
        std::lock_guard const lock{mutex_};
        return outcomes_[static_cast<std::size_t>(wanted)];
    }

    std::size_t calls()
    {
        std::lock_guard const lock{mutex_};
        return calls_;
    }

    std::size_t different_ids()
    {
        std::lock_guard const lock{mutex_};
        return ids_.size();
    }

    std::size_t threads()
    {
        std::lock_guard const lock{mutex_};
        return threads_.size();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::thread::id> threads_;
    std::multiset<std::string> ids_;
    std::array<std::size_t, 4> outcomes_{};
    std::size_t calls_ = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(every_send_is_accepted_once, *timeout(60))
{
    constexpr std::size_t callers = 3;
    constexpr std::size_t sends_per_thread = 700;
    outcome_counter seen;
    {
        thread_group const runners{io, 3};
        client mailer{io, settings};
        {
            std::vector<std::jthread> threads;
            for (std::size_t caller = 0; caller != callers; ++caller) {
                threads.emplace_back([&] {
                    for (std::size_t index = 0; index != sends_per_thread; ++index) {
                        mailer.async_send(mail(), seen.handler());
                    }
                });
            }
        }
        BOOST_TEST(seen.wait_for(callers * sends_per_thread));
    }
    BOOST_TEST(seen.calls() == callers * sends_per_thread);
    BOOST_TEST(seen.count(outcome::accepted) == callers * sends_per_thread);
    BOOST_TEST(seen.different_ids() == callers * sends_per_thread);
    BOOST_TEST(sandbox.message_count() == callers * sends_per_thread);
    BOOST_TEST(sandbox.stats().connections <= 8U);
    BOOST_TEST(seen.threads() >= 2U);
}

BOOST_AUTO_TEST_CASE(connections_are_served_in_parallel, *timeout(60))
{
    // Each handler waits for the other one: both are entered only if two connections are served at the same time.
    sandbox.set_faults(R"({"faults": [{"do": "delay", "ms": 50, "when": {"nth": [1, 2]}}]})");
    thread_group const runners{io, 2};
    client mailer{io, settings};
    std::mutex mutex;
    std::condition_variable changed;
    int arrived = 0;
    int met = 0;
    int finished = 0;
    auto const meet = [&](error_code, receipt const&) {
        std::unique_lock lock{mutex};
        ++arrived;
        changed.notify_all();
        if (changed.wait_for(lock, 20s, [&] { return arrived == 2; })) {
            ++met;
        }
        ++finished;
        changed.notify_all();
    };
    mailer.async_send(mail(), meet);
    mailer.async_send(mail(), meet);
    std::unique_lock lock{mutex};
    BOOST_TEST(changed.wait_for(lock, 50s, [&] { return finished == 2; }));
    BOOST_TEST(met == 2);
    BOOST_TEST(sandbox.stats().connections == 2U);
}

BOOST_AUTO_TEST_CASE(coroutines_of_several_strands, *timeout(60))
{
    constexpr std::size_t coroutines = 8;
    constexpr std::size_t sends_per_thread = 60;
    outcome_counter seen;
    {
        thread_group const runners{io, 3};
        client mailer{io, settings};
        // Each coroutine runs on its own strand, which is not the client's.
        std::vector<std::future<void>> ends;
        for (std::size_t index = 0; index != coroutines; ++index) {
            ends.push_back(asio::co_spawn(
                asio::make_strand(io),
                [&]() -> awaitable<void> {
                    for (std::size_t count = 0; count != sends_per_thread; ++count) {
                        seen.add(co_await mailer.async_send(mail()));
                    }
                },
                asio::use_future));
        }
        for (auto& end : ends) {
            end.get();
        }
    }
    BOOST_TEST(seen.count(outcome::accepted) == coroutines * sends_per_thread);
    BOOST_TEST(sandbox.message_count() == coroutines * sends_per_thread);
}

BOOST_AUTO_TEST_CASE(batches_from_several_threads, *timeout(60))
{
    constexpr std::size_t callers = 3;
    constexpr std::size_t size = 1100;
    outcome_counter seen;
    {
        thread_group const runners{io, 3};
        client mailer{io, settings};
        std::vector<std::jthread> threads;
        for (std::size_t caller = 0; caller != callers; ++caller) {
            threads.emplace_back([&] {
                mailer.async_send_batch(mails(size), [&](error_code, std::vector<receipt> const& all) {
                    for (receipt const& item : all) {
                        seen.add(item);
                    }
                });
            });
        }
        threads.clear();
        BOOST_TEST(seen.wait_for(callers * size));
    }
    BOOST_TEST(seen.calls() == callers * size);
    BOOST_TEST(seen.count(outcome::accepted) == callers * size);
    BOOST_TEST(seen.different_ids() == callers * size);
    BOOST_TEST(sandbox.message_count() == callers * size);
}

BOOST_AUTO_TEST_CASE(calls_that_end_at_once_complete_once, *timeout(60))
{
    // The calls complete on another thread before the initiating function returns.
    constexpr std::size_t rounds = 300;
    std::atomic<std::size_t> calls{0};
    std::atomic<std::size_t> receipts{0};
    call_options no_time;
    no_time.timeout = 0ms;
    {
        thread_group const runners{io, 2};
        client mailer{io, settings};
        for (std::size_t index = 0; index != rounds; ++index) {
            mailer.async_send_batch(mails(3), no_time, [&](error_code error, std::vector<receipt> const& all) {
                calls += error == errc::timed_out_before_sent ? 1 : 1000;
                receipts += all.size();
            });
            mailer.async_send(mail(), no_time, [&](error_code error, receipt const&) {
                calls += error == errc::timed_out_before_sent ? 1 : 1000;
            });
        }
    }
    BOOST_TEST(calls == 2 * rounds);
    BOOST_TEST(receipts == 3 * rounds);
    BOOST_TEST(sandbox.stats().requests == 0U);
}

BOOST_AUTO_TEST_CASE(cancelled_from_another_thread, *timeout(60))
{
    // Whenever the cancellation takes effect, each handler is called once, and no accepted message is reported as not
    // sent.
    constexpr std::size_t rounds = 20;
    constexpr std::size_t sends_per_thread = 20;
    outcome_counter seen;
    {
        thread_group const runners{io, 3};
        client mailer{io, settings};
        for (std::size_t round = 0; round != rounds; ++round) {
            for (std::size_t index = 0; index != sends_per_thread; ++index) {
                mailer.async_send(mail(), seen.handler());
            }
            mailer.async_send_batch(mails(600), [&](error_code, std::vector<receipt> const& all) {
                for (receipt const& item : all) {
                    seen.add(item);
                }
            });
            if (round % 2 == 0) {
                static_cast<void>(sandbox.wait_for_requests(1 + round));
            }
            mailer.cancel();
            mailer.close_idle();
        }
        BOOST_TEST(seen.wait_for(rounds * (sends_per_thread + 600)));
    }
    BOOST_TEST(seen.calls() == rounds * (sends_per_thread + 600));
    BOOST_TEST(seen.count(outcome::rejected) == 0U);
    BOOST_TEST(sandbox.message_count() >= seen.count(outcome::accepted));
    BOOST_TEST(sandbox.message_count() <= seen.count(outcome::accepted) + seen.count(outcome::unknown));
}

BOOST_AUTO_TEST_CASE(slots_are_emitted_on_the_executors_of_the_handlers, *timeout(60))
{
    constexpr std::size_t rounds = 40;
    std::atomic<std::size_t> calls{0};
    std::atomic<std::size_t> messages{0};
    // A handler may still be queued on its strand when the drain completes.
    std::deque<asio::cancellation_signal> signals;
    {
        thread_group const runners{io, 3};
        client mailer{io, settings};
        for (std::size_t index = 0; index != rounds; ++index) {
            auto& signal = signals.emplace_back();
            auto const strand = asio::make_strand(io);
            asio::post(strand, [&, strand] {
                mailer.async_send_batch(
                    mails(600),
                    asio::bind_cancellation_slot(
                        signal.slot(), asio::bind_executor(strand, [&](error_code, std::vector<receipt> const& all) {
                            ++calls;
                            messages += all.size();
                        })));
            });
            static_cast<void>(sandbox.wait_for_requests(index));
            asio::post(strand, [&signal, index] {
                signal.emit(index % 2 == 0 ? asio::cancellation_type::terminal : asio::cancellation_type::total);
            });
        }
        auto ended = mailer.async_drain(asio::use_future);
        ended.get();
    }
    BOOST_TEST(calls == rounds);
    BOOST_TEST(messages == rounds * 600);
    // No request without a message was made.
    for (auto const& request : sandbox.requests()) {
        BOOST_TEST(request.body_size > 2U);
    }
}

BOOST_AUTO_TEST_CASE(drained_while_other_threads_send, *timeout(60))
{
    constexpr std::size_t callers = 3;
    constexpr std::size_t sends_per_thread = 200;
    outcome_counter seen;
    std::atomic<std::size_t> after{0};
    {
        thread_group const runners{io, 2};
        client mailer{io, settings};
        std::vector<std::jthread> threads;
        for (std::size_t caller = 0; caller != callers; ++caller) {
            threads.emplace_back([&] {
                for (std::size_t index = 0; index != sends_per_thread; ++index) {
                    mailer.async_send(mail(), seen.handler());
                }
            });
        }
        static_cast<void>(sandbox.wait_for_requests(50));
        mailer.async_drain(asio::use_future).get();
        after = sandbox.message_count();
        threads.clear();
        BOOST_TEST(seen.wait_for(callers * sends_per_thread));
        BOOST_TEST(sandbox.wait_until([](auto const& stats) { return stats.open_connections == 0; }, 10s));
    }
    BOOST_TEST(seen.count(outcome::accepted) + seen.count(outcome::not_sent) == callers * sends_per_thread);
    BOOST_TEST(seen.count(outcome::accepted) == sandbox.message_count());
    BOOST_TEST(after == sandbox.message_count());
}

BOOST_AUTO_TEST_CASE(a_strand_serialises_handlers, *timeout(60))
{
    constexpr std::size_t count = 300;
    std::atomic<int> inside{0};
    std::atomic<bool> overlapped{false};
    std::size_t unguarded = 0;
    {
        thread_group const runners{io, 3};
        client mailer{asio::make_strand(io), settings};
        for (std::size_t index = 0; index != count; ++index) {
            mailer.async_send(mail(), [&](error_code, receipt const&) {
                if (++inside != 1) {
                    overlapped = true;
                }
                ++unguarded;
                --inside;
            });
        }
        mailer.async_drain(asio::use_future).get();
    }
    BOOST_TEST(unguarded == count);
    BOOST_TEST(!overlapped);
}

BOOST_AUTO_TEST_CASE(handlers_that_throw_on_several_threads, *timeout(60))
{
    constexpr std::size_t count = 100;
    outcome_counter seen;
    std::atomic<std::size_t> thrown{0};
    {
        std::vector<std::jthread> threads;
        client mailer{io, settings};
        for (std::size_t index = 0; index != count; ++index) {
            mailer.async_send(mail(), [&](error_code, receipt const& sent) {
                seen.add(sent);
                throw std::runtime_error{"for the caller of run"};
            });
            mailer.async_send(mail(), seen.handler());
        }
        for (int index = 0; index != 3; ++index) {
            threads.emplace_back([&] {
                for (;;) {
                    try {
                        io.run();
                        return;
                    } catch (std::runtime_error const&) {
                        ++thrown;
                    }
                }
            });
        }
        threads.clear();
    }
    BOOST_TEST(thrown == count);
    BOOST_TEST(seen.count(outcome::accepted) == 2 * count);
    BOOST_TEST(sandbox.message_count() == 2 * count);
}

BOOST_AUTO_TEST_SUITE_END()
