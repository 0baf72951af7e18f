// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_CONNECTION_HPP
#define POSTMARK_TRANSPORT_CONNECTION_HPP

#include "transport/byte_stream.hpp"
#include "transport/connection_params.hpp"
#include "transport/exchange.hpp"
#include "transport/failure.hpp"
#include "transport/opener.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace postmark::transport {

/// How an exchange is ended before its reply.
enum class abort_mode : std::uint8_t {
    /// The reply is not wanted any more.
    at_once,
    /// A time limit has passed: a reply that lies in the socket came in time.
    unless_replied,
};

/// Receives the events of a connection. They come under no lock: on the connection's executor, `due` also within
/// `open`.
class connection_events {
public:
    virtual ~connection_events() = default;
    virtual void opened(bool resumed) = 0;
    virtual void open_failed(failure const& cause) = 0;
    virtual void replied(reply const& complete) = 0;
    virtual void exchange_failed(failure const& cause) = 0;
    /// `tick` is due at this time, maybe earlier than was known.
    virtual void due(time_point when) = 0;
};

/// A connection to the service: opens, then carries one request and one reply at a time.
///
/// Calls may come from any thread; a mutex keeps them apart, so that the work of different connections is done on
/// different threads. After a failure it is closed, and no further event comes. While it is idle, nothing is pending on
/// it.
///
/// In the child of a fork it is of no use: every function and handler first looks whether the process is still the one
/// that made it, and then only gives up the child's share of the socket.
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(boost::asio::any_io_executor executor, std::shared_ptr<connection_params const> params,
               std::shared_ptr<connection_events> events);

    /// Starts to connect; `opened` or `open_failed` follows, unless a failure is returned.
    [[nodiscard]] std::optional<failure> open(time_point now);

    /// Puts a request on the connection; `replied` or `exchange_failed` follows, unless a failure is returned.
    [[nodiscard]] std::optional<failure> exchange(exchange_request const& request, time_point now);

    /// Ends the exchange with this number and resets the connection.
    /// \return with `at_once`, how far the exchange had come. Nothing with `unless_replied`: `replied` or
    ///         `exchange_failed` follows when the socket has been read. Nothing if the exchange has ended already, or
    ///         if it has not begun, in which case `exchange` returns the failure when it is called
    [[nodiscard]] std::optional<failure> abort(std::uint64_t number, abort_mode mode);

    /// Closes; no event follows.
    void close();

    /// When `tick` is due; `time_point::max()`: not before something else happens.
    [[nodiscard]] time_point deadline();

    /// Looks whether a phase took too long, which `open_failed` or `exchange_failed` reports.
    void tick(time_point now);

    /// In the child of a fork: gives up the child's share of the socket, and drops what is pending. No byte is sent,
    /// and neither the socket's options nor the parent's epoll set are touched. No event follows.
    /// \param context_notified the execution context was notified of the fork (`notify_fork`), so that it has an epoll
    ///                         set of its own in which the socket is registered
    void detach_after_fork(bool context_notified) noexcept;

private:
    enum class state : std::uint8_t { created, opening, open, closed };
    using tcp = boost::asio::ip::tcp;
    using stream_exchange = basic_exchange<byte_stream>;

    struct open_failed_event {
        failure cause;
    };
    struct deadline_event {
        time_point when;
    };
    /// The event that a step has produced.
    using event = std::variant<std::monostate, deadline_event, opener::opened, open_failed_event, reply, failure>;

    template <class Step>
    void run_step(Step step);
    [[nodiscard]] std::shared_ptr<connection_events> share_events() noexcept;
    static void deliver(connection_events& events, event const& result);

    // Steps. The lock is held.
    [[nodiscard]] event continue_opening(opener::outcome outcome);
    [[nodiscard]] event become_open(opener::opened opened);
    [[nodiscard]] event continue_exchange(exchange_outcome outcome);
    [[nodiscard]] event on_received(boost::system::error_code error, std::size_t size);
    [[nodiscard]] event on_writable();
    [[nodiscard]] event on_tick(time_point now);
    [[nodiscard]] event on_late(time_point now);
    [[nodiscard]] event fail_with(std::exception const& error);
    [[nodiscard]] event announce_deadline() const { return deadline_event{next_deadline()}; }

    void look_up();
    void try_next_address();
    void wait_for_stream();
    void arm_receive();
    void arm_writable();

    [[nodiscard]] time_point next_deadline() const noexcept;
    [[nodiscard]] bool has_forked() const noexcept { return params_->process.current() != process_; }
    void reset_connection() noexcept;
    void close_socket() noexcept;
    void detach(bool context_notified) noexcept;

    boost::asio::any_io_executor executor_;
    std::shared_ptr<connection_params const> params_;
    std::uint64_t process_;

    std::mutex mutex_;
    std::shared_ptr<connection_events> events_;
    state state_ = state::created;

    std::unique_ptr<tcp::resolver> resolver_;
    /// Until the connection is open.
    std::unique_ptr<opener> opener_;
    /// The opener's present one, then the connection's.
    std::shared_ptr<byte_stream> stream_;
    /// Streams to addresses that were given up: something may be pending on them.
    std::vector<std::shared_ptr<byte_stream>> given_up_;
    std::optional<stream_exchange> exchange_;

    std::uint64_t abort_pending_ = 0;
    /// Counts the streams; tells a late handler of an earlier one.
    std::uint32_t stream_number_ = 0;
    bool receiving_ = false;
    bool waiting_writable_ = false;
    /// A time limit has passed: the pending receive was cancelled, and what follows is decided when it has ended.
    bool late_ = false;
    /// The time that had come then.
    time_point late_at_{};
    /// Without a complete reply the exchange ends then.
    bool expiring_ = false;
};

} // namespace postmark::transport

#endif
