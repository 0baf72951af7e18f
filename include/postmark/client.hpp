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

template <class Request>
class pages;

namespace detail {

template <class Context>
concept context = std::convertible_to<Context&, boost::asio::execution_context&>;

/// Anything but the arguments that may be given in the place of a completion token.
template <class Token>
concept no_option =
    !std::same_as<std::remove_cvref_t<Token>, call_options> && !std::convertible_to<Token, std::chrono::milliseconds>;

} // namespace detail

/// Sends mail through Postmark.
///
/// A client has a configuration, a queue and a pool of connections, and runs on the executor that it was given: it owns
/// no thread and has no global state. Connections are opened when there is work. Nothing is left pending when there is
/// none, so that `io_context::run()` returns when every call has completed.
///
/// \par Completion
/// Every asynchronous function takes any completion token and honours the executor, the allocator and the cancellation
/// slot that are associated with the handler. Without a token it returns an `awaitable` that throws `send_error`,
/// `batch_error` or `call_error`. Handlers are never called from within the initiating function. Nothing happens before
/// the operation is initiated. Arguments are copied or moved from at once; the caller need not keep them alive. Sends
/// are delivered in no particular order.
///
/// \par Cancellation
/// A call that waits is cancelled by every cancellation type: `errc::cancelled_before_sent`. A call that is in flight
/// is ended by `partial` and `terminal`, and its connection is reset, so that what the system has not sent yet does not
/// leave: `errc::cancelled_in_flight`, or `errc::cancelled_before_sent` if the request had not left whole. `total` has
/// no effect then. A send that shares its request ends with `errc::cancelled_in_flight`, and the request goes on for
/// the others. Emit a signal on the handler's executor; if several threads run that executor, on the strand that the
/// handler is bound to. The signal must live until the operation completes.
///
/// \par Errors
/// Codes come from `error_category()` and `api_category()` only; what the system or TLS reported is in the `detail`. An
/// initiating function that finds no memory throws `std::bad_alloc`, and its handler is never called. A handler with an
/// executor of its own is dispatched there; where no memory is left for that, it is destroyed uncalled, and
/// `std::bad_alloc` leaves `run()`.
///
/// \par Thread safety
/// Calls may be made from any thread at any time. Constructing, destroying, moving and assigning must not race with
/// them, but may happen inside a handler. If several threads run the executor's context, connections work side by side.
///
/// \par Lifetime
/// The client may be destroyed before or after its context. When the context has ended, handlers are dropped uncalled,
/// as everywhere in Asio. A client that was moved from can only be destroyed or assigned to. A name look-up that is
/// under way cannot be cancelled: it keeps `run()` from returning until the system answers, though the call completes
/// in time.
///
/// \par Fork
/// Connections and calls belong to the process that made them. As Asio requires, call `notify_fork` of the context
/// before a fork and after it, in the parent and in the child, while no other thread uses the context. The child then
/// closes its copies of the connections without sending a byte on them, forgets TLS sessions, draws stamps of its own,
/// and completes its copies of calls that had begun with `errc::client_closed`, whatever becomes of them in the parent.
/// Handlers and observers that other threads were running do not exist in the child, and a drain there does not wait
/// for them. Its client can be used for new calls. A child in which `notify_fork` was not called finds out at the next
/// use of the client, which then notifies the context itself (`fork_child`); only where nothing was resolved before the
/// fork can that replace the notification in the parent. The parent's client is not affected in any case.
class client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Makes a client on an executor. Never throws because of the configuration: an error in it, or of the
    /// certificates, is the error of every call.
    /// \param executor runs everything that the client does; its context must not end while the client is being made
    /// \param settings see `config`
    client(executor_type executor, config settings);

    /// Makes a client on an execution context, such as an `io_context`.
    template <detail::context Context>
    client(Context& context, config settings)
        : client{executor_type{context.get_executor()}, std::move(settings)}
    {
    }

    /// Takes over the other client; calls that it began are not affected.
    client(client&& other) noexcept = default;
    /// Ends this client as its destructor would, then takes over the other one.
    client& operator=(client&& other) noexcept;

    /// Completes what is outstanding, each call with its truthful outcome, through the executor.
    ~client();

    /// The executor that the client was made on.
    [[nodiscard]] executor_type get_executor() const noexcept { return detail::executor_of(*engine_); }

    /// Sends one message.
    ///
    /// A message that names a template goes to the template endpoint. Fields that the message leaves open are filled in
    /// from the defaults of the configuration.
    /// \param msg taken over; its value is unspecified afterwards
    /// \par Completion signature
    /// `void(error_code, receipt)`. `error` and `receipt.outcome` agree.
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, receipt)) Token>
        requires detail::no_option<Token>
    auto async_send(message&& msg, Token&& token)
    {
        return async_send(std::move(msg), call_options{}, std::forward<Token>(token));
    }

    /// Sends a copy of a message.
    /// \copydetails async_send(message&&,Token&&)
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, receipt)) Token>
        requires detail::no_option<Token>
    auto async_send(message const& msg, Token&& token)
    {
        return async_send(message{msg}, call_options{}, std::forward<Token>(token));
    }

    /// Sends one message, with options for this call.
    /// \copydetails async_send(message&&,Token&&)
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, receipt)) Token>
    auto async_send(message&& msg, call_options options, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, receipt)>(detail::initiate_send{engine_}, token,
                                                                             std::move(msg), std::move(options));
    }

    /// Sends a copy of a message, with options for this call.
    /// \copydetails async_send(message&&,Token&&)
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, receipt)) Token>
    auto async_send(message const& msg, call_options options, Token&& token)
    {
        return async_send(message{msg}, std::move(options), std::forward<Token>(token));
    }

    /// Sends one message, for `co_await` without a token.
    /// \throws send_error
    [[nodiscard]] boost::asio::awaitable<receipt> async_send(message msg, call_options options = {})
    {
        return detail::awaitable_of<receipt>(detail::initiate_send{engine_}, std::move(msg), std::move(options));
    }

    /// Sends any number of messages, in chunks of at most 500 messages (the service's limit) and 45 MiB (the service
    /// takes 50 MB), two of them in flight at a time.
    ///
    /// Each message has its own receipt, whatever becomes of the others.
    /// \par Completion signature
    /// `void(error_code, std::vector<receipt>)`: one receipt per message, in order. No error if every chunk has a
    /// reply for each message and no outcome is unknown; a message that was refused says so in its receipt alone.
    /// Otherwise the error of the first message that was refused with its whole chunk, not sent, or unknown.
    ///
    /// That error is about that message only: the receipts say what may be sent again. `call_options::timeout` applies
    /// to each chunk, from the time when it is queued.
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, std::vector<receipt>)) Token>
        requires detail::no_option<Token>
    auto async_send_batch(std::vector<message> messages, Token&& token)
    {
        return async_send_batch(std::move(messages), call_options{}, std::forward<Token>(token));
    }

    /// Sends any number of messages, with options for this call.
    /// \copydetails async_send_batch(std::vector<message>,Token&&)
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, std::vector<receipt>)) Token>
    auto async_send_batch(std::vector<message> messages, call_options options, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, std::vector<receipt>)>(
            detail::initiate_batch{engine_}, token, std::move(messages), std::move(options));
    }

    /// Sends any number of messages, for `co_await` without a token.
    /// \throws batch_error
    [[nodiscard]] boost::asio::awaitable<std::vector<receipt>> async_send_batch(std::vector<message> messages,
                                                                                call_options options = {})
    {
        return detail::awaitable_of<std::vector<receipt>>(detail::initiate_batch{engine_}, std::move(messages),
                                                          std::move(options));
    }

    /// Calls any other endpoint. A request is a value whose type knows the method, the path and the reply; see
    /// `api_request`.
    /// \par Completion signature
    /// `void(error_code, Request::reply_type)`. The reply's `http_status`, `api_code` and `detail` are filled on
    /// failure, too.
    template <class Request, BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, typename Request::reply_type)) Token>
        requires detail::no_option<Token>
    auto async_call(Request request, Token&& token)
    {
        return async_call(std::move(request), call_options{}, std::forward<Token>(token));
    }

    /// Calls any other endpoint, with options for this call.
    /// \copydetails async_call(Request,Token&&)
    template <class Request, BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, typename Request::reply_type)) Token>
    auto async_call(Request request, call_options options, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, typename Request::reply_type)>(
            detail::initiate_call{engine_}, token, std::move(request), std::move(options));
    }

    /// Calls any other endpoint, for `co_await` without a token.
    /// \throws call_error
    template <class Request>
    [[nodiscard]] boost::asio::awaitable<typename Request::reply_type> async_call(Request request,
                                                                                  call_options options = {})
    {
        return detail::awaitable_of<typename Request::reply_type>(detail::initiate_call{engine_}, std::move(request),
                                                                  std::move(options));
    }

    // The functions below take `[call_options options,] [Token&& token]` as their last arguments, as `async_call` does,
    // and return what it returns.

    /// Gets a page of bounces: `async_get_bounces(query, [options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, bounces_reply)`
    template <class... OptionsAndToken>
    auto async_get_bounces(get_bounces query, OptionsAndToken&&... options_and_token)
    {
        return async_call(std::move(query), std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Gets one bounce: `async_get_bounce(id, [options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, bounce_reply)`
    template <class... OptionsAndToken>
    auto async_get_bounce(std::int64_t id, OptionsAndToken&&... options_and_token)
    {
        return async_call(get_bounce{id}, std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Gets the raw source of a bounce: `async_get_bounce_dump(id, [options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, bounce_dump_reply)`
    template <class... OptionsAndToken>
    auto async_get_bounce_dump(std::int64_t id, OptionsAndToken&&... options_and_token)
    {
        return async_call(get_bounce_dump{id}, std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Gets the tags of messages that bounced: `async_get_bounce_tags([options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, bounce_tags_reply)`
    template <class... OptionsAndToken>
    auto async_get_bounce_tags(OptionsAndToken&&... options_and_token)
    {
        return async_call(get_bounce_tags{}, std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Lets mail go to a bounced address again: `async_activate_bounce(id, [options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, activate_bounce_reply)`
    template <class... OptionsAndToken>
    auto async_activate_bounce(std::int64_t id, OptionsAndToken&&... options_and_token)
    {
        return async_call(activate_bounce{id}, std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Gets the counts of bounces by type: `async_get_delivery_stats([options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, delivery_stats_reply)`
    template <class... OptionsAndToken>
    auto async_get_delivery_stats(OptionsAndToken&&... options_and_token)
    {
        return async_call(get_delivery_stats{}, std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Gets what became of a message: `async_get_outbound_message_details(message_id, [options,] [token])`.
    /// \par Completion signature
    /// `void(error_code, outbound_message_details_reply)`
    template <class... OptionsAndToken>
    auto async_get_outbound_message_details(std::string message_id, OptionsAndToken&&... options_and_token)
    {
        return async_call(get_outbound_message_details{std::move(message_id)},
                          std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Asks the service's message search for a message whose outcome is unknown, by the stamp in its receipt (see
    /// `config::stamp_messages`): `async_reconcile(receipt, [options,] [token])`. Never sends. A receipt without a
    /// stamp ends with `errc::invalid_message`.
    /// \par Completion signature
    /// `void(error_code, reconciliation)`
    template <class... OptionsAndToken>
    auto async_reconcile(receipt const& result, OptionsAndToken&&... options_and_token)
    {
        return async_call(find_stamped{result.stamp, result.message_stream},
                          std::forward<OptionsAndToken>(options_and_token)...);
    }

    /// Takes no new calls for good, and completes when all calls that were accepted have completed and every connection
    /// is closed.
    ///
    /// A call has completed when its handler has returned or thrown; a handler that is bound to another executor than
    /// the client's, when it was dispatched to that executor. New calls end with `errc::client_closed`. A handler must
    /// not block until the drain completes.
    /// \param timeout after it the calls that are left are cancelled, each with its truthful outcome. Zero or less
    ///                cancels
    ///                 them at once.
    /// \par Completion signature
    /// `void(error_code)`: no error once every call has completed, in time or cancelled at the deadline. Cancelling the
    /// drain stops only the waiting: `errc::cancelled_before_sent`.
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code)) Token>
    auto async_drain(std::chrono::milliseconds timeout, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code)>(detail::initiate_drain{engine_}, token,
                                                                    std::optional<std::chrono::milliseconds>{timeout});
    }

    /// Takes no new calls for good, and completes when all others have completed, however long that takes.
    /// \copydetails async_drain(std::chrono::milliseconds,Token&&)
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code)) Token>
        requires detail::no_option<Token>
    auto async_drain(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code)>(detail::initiate_drain{engine_}, token,
                                                                    std::optional<std::chrono::milliseconds>{});
    }

    /// Drains the client, for `co_await` without a token.
    [[nodiscard]] boost::asio::awaitable<void> async_drain(std::chrono::milliseconds timeout)
    {
        return async_drain(timeout, boost::asio::use_awaitable);
    }

    /// Drains the client without a timeout, for `co_await` without a token.
    [[nodiscard]] boost::asio::awaitable<void> async_drain() { return async_drain(boost::asio::use_awaitable); }

    /// Completes every outstanding call with its truthful outcome. The client takes new calls afterwards.
    void cancel() { detail::cancel(engine_); }

    /// Closes the connections that no call uses.
    void close_idle() { detail::close_idle(engine_); }

private:
    template <class Request>
    friend class pages;

    std::shared_ptr<detail::engine> engine_;
};

} // namespace postmark

#endif
