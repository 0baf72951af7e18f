// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

#include <atomic>
#include <future>

BOOST_FIXTURE_TEST_SUITE(client_tokens_handlers, client_test::client_fixture)

using namespace client_test;
using asio::as_tuple;
using asio::awaitable;
using asio::bind_executor;
using asio::use_awaitable;
using asio::use_future;

// ---------------------------------------------------------------------------------------------------------------------
// Associated executor and allocator

BOOST_AUTO_TEST_CASE(handlers_run_on_their_executor, *timeout(60))
{
    client mailer{io, settings};
    auto const strand = asio::make_strand(io);
    asio::thread_pool pool{1};
    asio::io_context other;
    auto const pooled = pool.get_executor();

    bool on_strand = false;
    std::promise<bool> on_pool;
    bool on_other = false;
    std::promise<bool> refused_on_pool;
    std::promise<bool> batch_on_pool;
    mailer.async_send(mail(), bind_executor(strand, [&](error_code error, receipt const&) {
                          on_strand = !error && strand.running_in_this_thread();
                      }));
    mailer.async_send(mail(), bind_executor(pooled, [&](error_code error, receipt const&) {
                          on_pool.set_value(!error && pooled.running_in_this_thread());
                      }));
    mailer.async_send(mail(), bind_executor(other, [&](error_code error, receipt const&) {
                          on_other = !error && other.get_executor().running_in_this_thread();
                      }));
    mailer.async_send(invalid_mail(), bind_executor(pooled, [&](error_code error, receipt const&) {
                          refused_on_pool.set_value(error == errc::invalid_message && pooled.running_in_this_thread());
                      }));
    mailer.async_send_batch(mails(2), bind_executor(pooled, [&](error_code error, std::vector<receipt> const&) {
                                batch_on_pool.set_value(!error && pooled.running_in_this_thread());
                            }));
    run();
    BOOST_TEST(on_strand);
    // The operation kept the context of its handler running: the handler is still queued there.
    BOOST_TEST(!on_other);
    other.run();
    BOOST_TEST(on_other);
    BOOST_TEST(on_pool.get_future().get());
    BOOST_TEST(refused_on_pool.get_future().get());
    BOOST_TEST(batch_on_pool.get_future().get());

    std::promise<bool> drained_on_pool;
    mailer.async_drain(bind_executor(
        pooled, [&](error_code error) { drained_on_pool.set_value(!error && pooled.running_in_this_thread()); }));
    run();
    BOOST_TEST(drained_on_pool.get_future().get());
    pool.join();
}

BOOST_AUTO_TEST_CASE(an_operation_keeps_the_context_of_its_handler_running, *timeout(60))
{
    client mailer{io, settings};
    asio::io_context other;
    recorder<receipt> sent;
    mailer.async_send(mail(), bind_executor(other, sent.handler()));
    std::jthread const client_thread{[this] { run(); }};
    other.run();
    check_accepted(sent);
}

BOOST_AUTO_TEST_CASE(coroutines_resume_on_their_executor, *timeout(60))
{
    client mailer{io, settings};
    auto const strand = asio::make_strand(io);
    asio::thread_pool pool{1};
    auto const body = [&](auto const& here) -> awaitable<void> {
        static_cast<void>(co_await mailer.async_send(mail()));
        BOOST_TEST(here.running_in_this_thread());
        static_cast<void>(co_await mailer.async_send(mail(), as_tuple(use_awaitable)));
        BOOST_TEST(here.running_in_this_thread());
        static_cast<void>(co_await mailer.async_send_batch(mails(2)));
        BOOST_TEST(here.running_in_this_thread());
        auto const [error, refused] = co_await mailer.async_send(invalid_mail(), as_tuple(use_awaitable));
        BOOST_TEST(error == errc::invalid_message);
        BOOST_TEST(here.running_in_this_thread());
    };
    auto on_strand = asio::co_spawn(strand, body(strand), use_future);
    run();
    on_strand.get();
    auto const pooled = pool.get_executor();
    auto on_pool = asio::co_spawn(pool, body(pooled), use_future);
    auto const work = asio::make_work_guard(io);
    std::jthread const client_thread{[this] {
        io.restart();
        io.run();
    }};
    on_pool.get();
    io.stop();
}

BOOST_AUTO_TEST_CASE(a_client_works_on_any_executor, *timeout(60))
{
    auto const strand = asio::make_strand(io);
    std::vector<client> clients;
    clients.emplace_back(io, settings);
    clients.emplace_back(io.get_executor(), settings);
    clients.emplace_back(strand, settings);
    clients.emplace_back(asio::any_io_executor{asio::make_strand(io)}, settings);
    sends results;
    for (client& mailer : clients) {
        mailer.async_send(mail(), results.emplace_back().handler());
    }
    bool in_strand = false;
    clients[2].async_send(mail(), [&](error_code, receipt const&) { in_strand = strand.running_in_this_thread(); });
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    BOOST_TEST(in_strand);
    BOOST_TEST((clients[2].get_executor() == strand));
    BOOST_TEST((clients[0].get_executor() == io.get_executor()));

    asio::thread_pool pool{2};
    client pooled{pool, settings};
    BOOST_TEST(pooled.async_send(mail(), use_future).get().outcome == outcome::accepted);
    client pooled_strand{asio::make_strand(pool), settings};
    BOOST_TEST(pooled_strand.async_send(mail(), use_future).get().outcome == outcome::accepted);
    BOOST_TEST(pooled_strand.async_send_batch(mails(3), use_future).get().size() == 3U);
    // An idle connection has no pending operation.
    pool.join();
}

namespace {

struct ledger {
    std::atomic<std::size_t> taken{0};
    std::atomic<std::size_t> given_back{0};
};

template <class T>
struct counting_allocator {
    using value_type = T;

    explicit counting_allocator(ledger& into)
        : book{&into}
    {
    }
    template <class U>
    counting_allocator(counting_allocator<U> const& other)
        : book{other.book}
    {
    }

    T* allocate(std::size_t count)
    {
        book->taken += count * sizeof(T);
        return std::allocator<T>{}.allocate(count);
    }
    void deallocate(T* msg, std::size_t count)
    {
        book->given_back += count * sizeof(T);
        std::allocator<T>{}.deallocate(msg, count);
    }

    friend bool operator==(counting_allocator const&, counting_allocator const&) = default;

    ledger* book;
};

} // namespace

BOOST_AUTO_TEST_CASE(allocators_of_handlers_are_used, *timeout(60))
{
    client mailer{io, settings};
    ledger book;
    counting_allocator<void*> const allocator{book};
    asio::thread_pool pool{1};
    recorder<std::vector<receipt>> batch;
    recorder<postmark::delivery_stats_reply> call;
    sends results;
    std::size_t before = 0;
    auto const used = [&] { return std::exchange(before, book.taken.load()) != book.taken; };
    BOOST_TEST(!used());
    mailer.async_send(mail(), asio::bind_allocator(allocator, results.emplace_back().handler()));
    BOOST_TEST(used());
    mailer.async_send(invalid_mail(), asio::bind_allocator(allocator, results.emplace_back().handler()));
    BOOST_TEST(used());
    mailer.async_send_batch(mails(2), asio::bind_allocator(allocator, batch.handler()));
    BOOST_TEST(used());
    mailer.async_call(postmark::get_delivery_stats{}, asio::bind_allocator(allocator, call.handler()));
    BOOST_TEST(used());
    run();
    check_accepted(results.front());
    check_not_sent(results.back(), errc::invalid_message);
    BOOST_TEST(batch.value.size() == 2U);
    BOOST_TEST(call.value.http_status == 200U);
    BOOST_TEST(book.taken == book.given_back);

    // Handlers that are dropped release their memory, too.
    mailer.async_send(mail(), asio::bind_allocator(allocator, asio::bind_executor(pool, results.front().handler())));
    recorder<void> drained;
    mailer.async_drain(asio::bind_allocator(allocator, drained.handler()));
    run();
    pool.join();
    BOOST_TEST(drained.calls == 1);
    BOOST_TEST(book.taken == book.given_back);
}

// ---------------------------------------------------------------------------------------------------------------------
// Never inline

BOOST_AUTO_TEST_CASE(handlers_are_never_called_by_the_initiating_function, *timeout(60))
{
    config without_key = settings;
    without_key.api_key = {};
    config small = settings;
    small.limits.queued_requests = 1;
    config without_trust = settings;
    without_trust.tls.ca_file = "/nonexistent/ca.pem";
    client healthy{io, settings};
    client crowded{io, small};
    client misconfigured{io, without_key};
    client distrustful{io, without_trust};
    client closed{io, settings};
    closed.async_drain(asio::detached);
    call_options no_time;
    no_time.timeout = 0ms;
    // No connection is established yet, so that the first call waits and the queue is full for the next one.
    auto const occupied = [&] {
        crowded.close_idle();
        crowded.async_send(mail(), asio::detached);
    };

    struct row {
        char const* name;
        client& mailer;
        message msg;
        call_options options;
        errc expected;
    };
    std::vector<row> const rows{
        {"invalid message", healthy, invalid_mail(), {}, errc::invalid_message},
        {"no time", healthy, mail(), no_time, errc::timed_out_before_sent},
        {"no key", misconfigured, mail(), {}, errc::invalid_configuration},
        {"no trust", distrustful, mail(), {}, errc::invalid_configuration},
        {"closed", closed, mail(), {}, errc::client_closed},
        {"full", crowded, mail(), {}, errc::queue_full},
    };
    for (row const& item : rows) {
        BOOST_TEST_CONTEXT(item.name)
        {
            // Also from a handler on the client's executor, where a handler could be called inline.
            for (bool const inside : {false, true}) {
                recorder<receipt> sent;
                recorder<std::vector<receipt>> batch;
                recorder<postmark::delivery_stats_reply> call;
                auto const initiate = [&] {
                    if (item.expected == errc::queue_full) {
                        occupied();
                    }
                    item.mailer.async_send(item.msg, item.options, sent.handler());
                    if (item.expected != errc::queue_full) {
                        item.mailer.async_send_batch({item.msg, item.msg}, item.options, batch.handler());
                    }
                    if (item.expected != errc::invalid_message) {
                        item.mailer.async_call(postmark::get_delivery_stats{}, item.options, call.handler());
                    }
                    BOOST_TEST(sent.calls + batch.calls + call.calls == 0);
                };
                if (inside) {
                    asio::dispatch(io, initiate);
                } else {
                    initiate();
                }
                run();
                check_not_sent(sent, item.expected);
                BOOST_TEST(!sent.value.detail.empty());
                if (item.expected != errc::queue_full) {
                    BOOST_TEST(batch.calls == 1);
                    BOOST_TEST(batch.error == item.expected);
                    BOOST_REQUIRE(batch.value.size() == 2U);
                    BOOST_TEST(batch.value.back().outcome == outcome::not_sent);
                }
                if (item.expected != errc::invalid_message) {
                    BOOST_TEST(call.calls == 1);
                    BOOST_TEST(call.error == item.expected);
                }
            }
        }
    }
    // Only the call that filled the queue was sent.
    BOOST_TEST(sandbox.message_count() == 2U);
}

BOOST_AUTO_TEST_CASE(empty_batches_and_idle_drains_do_not_complete_inline, *timeout(60))
{
    client mailer{io, settings};
    recorder<std::vector<receipt>> batch;
    recorder<void> drain;
    asio::post(io, [&] {
        mailer.async_send_batch({}, batch.handler());
        BOOST_TEST(batch.calls == 0);
    });
    run();
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(!batch.error);
    BOOST_TEST(batch.value.empty());
    asio::post(io, [&] {
        mailer.async_drain(drain.handler());
        BOOST_TEST(drain.calls == 0);
    });
    run();
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
}

BOOST_AUTO_TEST_SUITE_END()
