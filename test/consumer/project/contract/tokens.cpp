// SPDX-License-Identifier: BSL-1.0

#include "contract_check.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/spawn.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <new>
#include <tuple>
#include <variant>

namespace {

// Messages and results are local variables: GCC 12 miscompiles objects that are constructed inside a co_await
// expression.

asio::awaitable<void> no_token(postmark::client& client, bool& good)
{
    postmark::message msg = contract_check::mail("co_await");
    postmark::receipt const receipt = co_await client.async_send(std::move(msg));
    good = is_accepted(receipt);
}

asio::awaitable<void> use_awaitable(postmark::client& client, bool& good)
{
    postmark::message const msg = contract_check::mail("use_awaitable");
    postmark::receipt const receipt = co_await client.async_send(msg, asio::use_awaitable);
    good = is_accepted(receipt);
}

asio::awaitable<void> as_tuple(postmark::client& client, bool& good)
{
    postmark::message const msg = contract_check::mail("as_tuple");
    auto [ec, receipt] = co_await client.async_send(msg, asio::as_tuple(asio::use_awaitable));
    good = !ec && is_accepted(receipt);
}

asio::awaitable<void> redirect_error(postmark::client& client, bool& good)
{
    postmark::message const msg = contract_check::mail("redirect_error");
    postmark::error_code ec = postmark::errc::connection_lost;
    postmark::receipt const receipt = co_await client.async_send(msg, asio::redirect_error(asio::use_awaitable, ec));
    good = !ec && is_accepted(receipt);
}

asio::awaitable<void> deferred(postmark::client& client, bool& good)
{
    postmark::message const msg = contract_check::mail("deferred");
    auto operation = client.async_send(msg, asio::deferred);
    postmark::receipt const receipt = co_await std::move(operation);
    good = is_accepted(receipt);
}

asio::awaitable<void> either_by_token(postmark::client& client, bool& good)
{
    using namespace asio::experimental::awaitable_operators;
    postmark::message const msg = contract_check::mail("a || b, use_awaitable");
    asio::steady_timer limit{client.get_executor(), std::chrono::hours{1}};
    auto const first = co_await (client.async_send(msg, asio::use_awaitable) || limit.async_wait(asio::use_awaitable));
    good = first.index() == 0 && is_accepted(std::get<0>(first));
}

asio::awaitable<void> either(postmark::client& client, bool& good)
{
    using namespace asio::experimental::awaitable_operators;
    postmark::message const msg = contract_check::mail("a || b");
    asio::steady_timer limit{client.get_executor(), std::chrono::hours{1}};
    auto const first = co_await (client.async_send(msg) || limit.async_wait(asio::use_awaitable));
    good = first.index() == 0 && is_accepted(std::get<0>(first));
}

void try_awaiting(contract_check& check)
{
    struct row {
        char const* subject;
        asio::awaitable<void> (*body)(postmark::client&, bool&);
    };
    for (row const& item : {row{"co_await", no_token}, row{"use_awaitable", use_awaitable}, row{"as_tuple", as_tuple},
                            row{"redirect_error", redirect_error}, row{"deferred", deferred}, row{"a || b", either},
                            row{"a || b, use_awaitable", either_by_token}}) {
        bool good = false;
        check.run(item.body(check.client, good));
        check.accepted(item.subject, good);
    }
}

template <class T>
struct counting_allocator {
    using value_type = T;

    explicit counting_allocator(std::size_t& into)
        : count{&into}
    {
    }
    template <class U>
    counting_allocator(counting_allocator<U> const& other)
        : count{other.count}
    {
    }

    T* allocate(std::size_t size)
    {
        ++*count;
        return std::allocator<T>{}.allocate(size);
    }
    void deallocate(T* memory, std::size_t size) { std::allocator<T>{}.deallocate(memory, size); }

    friend bool operator==(counting_allocator const&, counting_allocator const&) = default;

    std::size_t* count;
};

void try_handlers(contract_check& check)
{
    bool good = false;
    auto const handler = [&good](postmark::error_code ec, postmark::receipt r) { good = !ec && is_accepted(r); };

    check.client.async_send(contract_check::mail("callback"), handler);
    check.run();
    check.accepted("callback", std::exchange(good, false));

    auto const strand = asio::make_strand(check.io);
    bool on_strand = false;
    check.client.async_send(contract_check::mail("bind_executor"),
                            asio::bind_executor(strand, [&](postmark::error_code ec, postmark::receipt r) {
                                on_strand = strand.running_in_this_thread();
                                handler(ec, std::move(r));
                            }));
    check.run();
    check.accepted("bind_executor", std::exchange(good, false) && on_strand);

    std::size_t allocations = 0;
    check.client.async_send(contract_check::mail("bind_allocator"),
                            asio::bind_allocator(counting_allocator<void*>{allocations}, handler));
    check.run();
    check.accepted("bind_allocator", std::exchange(good, false) && allocations != 0);

    asio::cancellation_signal stop;
    check.client.async_send(contract_check::mail("bind_cancellation_slot"),
                            asio::bind_cancellation_slot(stop.slot(), handler));
    bool const connected = stop.slot().has_handler();
    check.run();
    check.accepted("bind_cancellation_slot", std::exchange(good, false) && connected);
    // The operation has completed: a signal has no effect any more.
    stop.emit(asio::cancellation_type::terminal);
}

} // namespace

void try_tokens(contract_check& check)
{
    try_awaiting(check);
    try_handlers(check);

    std::future<postmark::receipt> sent = check.client.async_send(contract_check::mail("use_future"), asio::use_future);
    check.run();
    check.accepted("use_future", is_accepted(sent.get()));

    check.client.async_send(contract_check::mail("detached"), asio::detached);
    check.run();
    check.accepted("detached", true);

    bool good = false;
    asio::spawn(
        check.io,
        [&](asio::yield_context yield) {
            good = is_accepted(check.client.async_send(contract_check::mail("yield_context"), yield));
        },
        [](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
    check.run();
    check.accepted("yield_context", good);
}
