// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_HPP
#define POSTMARK_CLIENT_HPP

#include <postmark/api/bounces.hpp>
#include <postmark/api/messages.hpp>
#include <postmark/call_options.hpp>
#include <postmark/config.hpp>
#include <postmark/detail/engine.hpp>
#include <postmark/detail/throw_on_error.hpp>
#include <postmark/error.hpp>
#include <postmark/message.hpp>
#include <postmark/receipt.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace postmark {

namespace detail {

template <class Context>
concept context = std::convertible_to<Context&, boost::asio::execution_context&>;

/// What may stand where a completion token stands: anything but the arguments that may stand there, too.
template <class Token>
concept token =
    !std::same_as<std::remove_cvref_t<Token>, call_options> && !std::convertible_to<Token, std::chrono::milliseconds>;

} // namespace detail

/// Sends mail through Postmark.
///
/// A client has a configuration, a queue and a pool of connections, and runs on the executor it was given: it owns no
/// thread and has no global state. Connections are made when there is work, and nothing is left pending when there is
/// none, so that `io_context::run()` returns once every call is complete.
///
/// \par Completion
/// Every asynchronous function takes any completion token and honours the executor, the allocator and the cancellation
/// slot that are associated with the handler. Without a token it returns an `awaitable` that throws `send_error`,
/// `batch_error` or `call_error`. Handlers are never called from within the initiating function. Nothing happens before the
/// operation is initiated, and nothing that the caller owns must outlive the call. There is no order among sends.
///
/// \par Cancellation
/// A call that waits is cancelled by every cancellation type: `errc::cancelled_before_sent`. A call that is in flight is
/// ended by `partial` and `terminal`, and its connection reset, so that what the system had not sent yet does not leave:
/// `errc::cancelled_in_flight`, or `errc::cancelled_before_sent` if the request had not left whole; `total` is ignored
/// then. A send that shares its request ends with `errc::cancelled_in_flight`, and the request goes on for the others. A
/// signal is to be emitted on the executor of the handler, or before that runs, and has to live as long as its slot is in
/// use.
///
/// \par Errors
/// Codes come from `error_category()` and `api_category()` only; what the system or TLS said is in the `detail`.
///
/// \par Thread safety
/// Calls may be made from any thread at any time. Constructing, destroying, moving and assigning must not race with them,
/// but may happen inside a handler. With several threads running the executor's context, connections work side by side.
///
/// \par Lifetime
/// The client may be destroyed before or after its context. Once the context has ended, handlers are dropped uncalled, as
/// everywhere in Asio. A client that was moved from can only be destroyed or assigned to. A look-up of a name that is under
/// way cannot be cancelled: it keeps `run()` from returning until the system answers, though the call ends in time.
class client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Makes a client on an executor. Never throws for what the configuration holds: what is wrong with it, or with the
    /// trust store, is the error of every call.
    client(executor_type executor, config settings);

    /// Makes a client on an execution context, such as an `io_context`.
    template <detail::context Context>
    client(Context& context, config settings)
        : client{executor_type{context.get_executor()}, std::move(settings)}
    {
    }

    client(client&& other) noexcept = default;
    /// Ends this client as its destructor would, then takes the other's place.
    client& operator=(client&& other) noexcept;

    /// Completes what is outstanding, each call with its truthful outcome, through the executor.
    ~client();

    [[nodiscard]] executor_type get_executor() const noexcept { return detail::executor_of(*engine_); }

    /// Sends one message.
    ///
    /// A message that names a template goes to the template endpoint. Defaults of the configuration are filled in where the
    /// message leaves a field open.
    /// \par Completion signature
    /// `void(error_code, receipt)`. `error` and `receipt.outcome` agree.
    template <detail::token Token>
    auto async_send(message msg, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, receipt)>(detail::initiate_send{engine_}, token,
                                                                             std::move(msg), call_options{});
    }

    /// Likewise, with options of its own.
    template <detail::token Token>
    auto async_send(message msg, call_options options, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, receipt)>(detail::initiate_send{engine_}, token,
                                                                             std::move(msg), std::move(options));
    }

    /// Likewise, for `co_await` without a token.
    /// \throws send_error
    [[nodiscard]] boost::asio::awaitable<receipt> async_send(message msg, call_options options = {})
    {
        return detail::awaitable_of<receipt>(detail::initiate_send{engine_}, std::move(msg), std::move(options));
    }

    /// Sends any number of messages, in chunks of at most 500 messages and 45 MiB, two of them in flight at a time.
    ///
    /// Each message has its own receipt, whatever happens to the others.
    /// \par Completion signature
    /// `void(error_code, std::vector<receipt>)`: one receipt per message, in order. No error if every chunk was answered
    /// message by message and no outcome is unknown (a refused message stands in its receipt); else the error of the first
    /// message that was refused with its whole chunk, not sent, or unknown.
    ///
    /// That error speaks of that message only: what may be sent again, the receipts tell. `call_options::timeout` is for each
    /// chunk, from when it is queued.
    template <detail::token Token>
    auto async_send_batch(std::vector<message> messages, Token&& token)
    {
        return async_send_batch(std::move(messages), call_options{}, std::forward<Token>(token));
    }

    /// Likewise, with options of its own.
    template <detail::token Token>
    auto async_send_batch(std::vector<message> messages, call_options options, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, std::vector<receipt>)>(
            detail::initiate_batch{engine_}, token, std::move(messages), std::move(options));
    }

    /// Likewise, for `co_await` without a token.
    /// \throws batch_error
    [[nodiscard]] boost::asio::awaitable<std::vector<receipt>> async_send_batch(std::vector<message> messages,
                                                                                call_options options = {})
    {
        return detail::awaitable_of<std::vector<receipt>>(detail::initiate_batch{engine_}, std::move(messages),
                                                          std::move(options));
    }

    /// Calls any other endpoint. A request is a value whose type knows method, path and reply; see `api_request`.
    /// \par Completion signature
    /// `void(error_code, Request::reply_type)`. The reply's `http_status`, `error_code` and `detail` are filled on failure,
    /// too.
    template <class Request, detail::token Token>
    auto async_call(Request request, Token&& token)
    {
        return async_call(std::move(request), call_options{}, std::forward<Token>(token));
    }

    /// Likewise, with options of its own.
    template <class Request, detail::token Token>
    auto async_call(Request request, call_options options, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, typename Request::reply_type)>(
            detail::initiate_call{engine_}, token, std::move(request), std::move(options));
    }

    /// Likewise, for `co_await` without a token.
    /// \throws call_error
    template <class Request>
    [[nodiscard]] boost::asio::awaitable<typename Request::reply_type> async_call(Request request,
                                                                                  call_options options = {})
    {
        return detail::awaitable_of<typename Request::reply_type>(detail::initiate_call{engine_}, std::move(request),
                                                                  std::move(options));
    }

    /// A page of bounces: `async_call(query, [options,] [token])`.
    template <class... Rest>
    auto async_get_bounces(get_bounces query, Rest&&... rest)
    {
        return async_call(std::move(query), std::forward<Rest>(rest)...);
    }

    /// One bounce: `async_call(get_bounce{id}, [options,] [token])`.
    template <class... Rest>
    auto async_get_bounce(std::int64_t id, Rest&&... rest)
    {
        return async_call(get_bounce{id}, std::forward<Rest>(rest)...);
    }

    /// The raw source of a bounce: `async_call(get_bounce_dump{id}, [options,] [token])`.
    template <class... Rest>
    auto async_get_bounce_dump(std::int64_t id, Rest&&... rest)
    {
        return async_call(get_bounce_dump{id}, std::forward<Rest>(rest)...);
    }

    /// Tags of messages that bounced: `async_call(get_bounce_tags{}, [options,] [token])`.
    template <class... Rest>
    auto async_get_bounce_tags(Rest&&... rest)
    {
        return async_call(get_bounce_tags{}, std::forward<Rest>(rest)...);
    }

    /// Lets mail go to a bounced address again: `async_call(activate_bounce{id}, [options,] [token])`.
    template <class... Rest>
    auto async_activate_bounce(std::int64_t id, Rest&&... rest)
    {
        return async_call(activate_bounce{id}, std::forward<Rest>(rest)...);
    }

    /// Counts of bounces by type: `async_call(get_delivery_stats{}, [options,] [token])`.
    template <class... Rest>
    auto async_get_delivery_stats(Rest&&... rest)
    {
        return async_call(get_delivery_stats{}, std::forward<Rest>(rest)...);
    }

    /// What became of a message: `async_call(get_outbound_message_details{id}, [options,] [token])`.
    template <class... Rest>
    auto async_get_outbound_message_details(std::string message_id, Rest&&... rest)
    {
        return async_call(get_outbound_message_details{std::move(message_id)}, std::forward<Rest>(rest)...);
    }

    /// Asks the service's message search for a message whose outcome is unknown, by the stamp in its receipt (see
    /// `config::stamp_messages`). Never sends. A receipt without a stamp ends with `errc::invalid_message`.
    /// `async_call(find_stamped{which.stamp, which.message_stream}, [options,] [token])`.
    template <class... Rest>
    auto async_reconcile(receipt const& which, Rest&&... rest)
    {
        return async_call(find_stamped{which.stamp, which.message_stream}, std::forward<Rest>(rest)...);
    }

    /// Takes no new work for good, and completes when all accepted work has completed and every connection is closed.
    ///
    /// New calls end with `errc::client_closed`.
    /// \param timeout after which the calls that are left are cancelled, each with its truthful outcome
    /// \par Completion signature
    /// `void(error_code)`: no error when all work is over, be it by itself or because the time was. Cancelling stops only
    /// the waiting: `errc::cancelled_before_sent`.
    template <detail::token Token>
    auto async_drain(std::chrono::milliseconds timeout, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code)>(detail::initiate_drain{engine_}, token,
                                                                    std::optional<std::chrono::milliseconds>{timeout});
    }

    /// Likewise, without a limit of time.
    template <detail::token Token>
    auto async_drain(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code)>(detail::initiate_drain{engine_}, token,
                                                                    std::optional<std::chrono::milliseconds>{});
    }

    /// Likewise, for `co_await` without a token.
    [[nodiscard]] boost::asio::awaitable<void> async_drain(std::chrono::milliseconds timeout)
    {
        return async_drain(timeout, boost::asio::use_awaitable);
    }

    /// Likewise.
    [[nodiscard]] boost::asio::awaitable<void> async_drain() { return async_drain(boost::asio::use_awaitable); }

    /// Completes every outstanding call with its truthful outcome. The client can be used on.
    void cancel() { detail::cancel(engine_); }

    /// Closes the connections that no call uses.
    void close_idle() { detail::close_idle(engine_); }

private:
    std::shared_ptr<detail::engine> engine_;
};

} // namespace postmark

#endif
