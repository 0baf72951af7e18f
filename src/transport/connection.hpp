// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_CONNECTION_HPP
#define POSTMARK_TRANSPORT_CONNECTION_HPP

#include "transport/connector.hpp"
#include "transport/failure.hpp"
#include "transport/reply_parser.hpp"
#include "transport/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::transport {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

/// The tunnel that a proxy has to open.
struct proxy_address {
    std::string host;
    std::uint16_t port = 0;
    /// Value of `Proxy-Authorization`; empty: none.
    std::string authorization{};
};

/// Where connections go and how; the same for all connections of a client.
struct route {
    std::string host;
    std::uint16_t port = 0;
    std::optional<proxy_address> proxy{};
    /// Null: no TLS.
    std::shared_ptr<tls_context> tls{};
    timeout_settings timeouts{};
    /// A connection of this client has ended behind a reply that did not say so.
    mutable std::atomic<bool> ends_unannounced = false;
};

/// One request to put on a connection.
struct exchange_request {
    /// Counts the exchanges of the connection, from 1.
    std::uint64_t number = 0;
    /// Must stay where it is until the exchange is over.
    std::string_view bytes{};
    std::size_t reply_limit = 0;
    std::chrono::milliseconds reply_timeout{};
    /// The connection has idled: look whether it still can be used.
    bool after_idling = false;
};

/// A complete reply. The views hold until the next exchange, or until the connection is closed.
struct reply {
    unsigned status = 0;
    std::string_view body{};
    std::string_view retry_after{};
    /// The transport took the last byte of the request before the reply was complete.
    bool written = false;
    bool reusable = false;
};

/// Who is told what becomes of a connection. Called under no lock, on the connection's executor.
class connection_events {
public:
    virtual ~connection_events() = default;
    virtual void opened(bool resumed) = 0;
    virtual void open_failed(failure const& cause) = 0;
    virtual void replied(reply const& said) = 0;
    virtual void exchange_failed(failure const& cause) = 0;
    /// `tick` is due at this time, maybe earlier than was known.
    virtual void due(time_point when) = 0;
};

/// A connection to the service: opens, then carries one request and one reply at a time.
///
/// Owns the socket and TLS. Calls may come from any thread; a mutex keeps them apart, so that the work of different
/// connections is done on different threads. After a failure it is closed and says nothing more. While it is idle, nothing
/// is pending on it.
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(boost::asio::any_io_executor executor, std::shared_ptr<route const> where,
               std::shared_ptr<connection_events> events);

    /// Begins to connect; `opened` or `open_failed` follows, unless a failure is returned.
    [[nodiscard]] std::optional<failure> open(time_point now);

    /// Puts a request on the connection; `replied` or `exchange_failed` follows, unless a failure is returned.
    [[nodiscard]] std::optional<failure> exchange(exchange_request const& request, time_point now);

    /// Ends the exchange with this number and resets the connection.
    /// \return how far the exchange had come; nothing if it is over already, or if it has not begun, in which case
    ///         `exchange` returns the failure when it is called
    [[nodiscard]] std::optional<failure> abort(std::uint64_t number);

    /// Closes; nothing is told any more.
    void close();

    /// When `tick` is due; `time_point::max()`: not before something else happens.
    [[nodiscard]] time_point deadline();

    /// Looks whether a phase took too long, which `open_failed` or `exchange_failed` tells.
    void tick(time_point now);

private:
    enum class state : std::uint8_t {
        created,
        resolving,
        connecting,
        tunnelling,
        handshaking,
        idle,
        exchanging,
        closed
    };
    using lock = std::unique_lock<std::mutex>;
    using tcp = boost::asio::ip::tcp;

    /// What the owner is to be told.
    struct notice {
        enum class kind : std::uint8_t { nothing, due, opened, open_failed, replied, exchange_failed };

        kind what = kind::nothing;
        std::shared_ptr<connection_events> whom{};
        time_point when{};
        bool resumed = false;
        failure cause{};
        reply said{};
    };

    template <class Step>
    void take_step(Step step);
    static void tell(notice const& what);

    // Steps. Each is taken with the lock held.
    [[nodiscard]] notice resolve(time_point now);
    [[nodiscard]] notice on_resolved(boost::system::error_code error, tcp::resolver::results_type const& results);
    [[nodiscard]] notice connect(std::vector<tcp::endpoint> addresses, time_point now);
    void try_next_address(time_point now);
    [[nodiscard]] notice on_connected(boost::system::error_code error, std::size_t index);
    [[nodiscard]] notice begin_tunnel();
    [[nodiscard]] notice begin_handshake();
    [[nodiscard]] notice step_handshake();
    [[nodiscard]] notice become_open();

    void arm_receive();
    [[nodiscard]] notice on_received(boost::system::error_code error, std::size_t size);
    [[nodiscard]] notice on_end_of_stream(boost::system::error_code error);
    [[nodiscard]] notice read_tunnel_reply(std::size_t size);
    [[nodiscard]] notice read_reply(std::size_t size);
    [[nodiscard]] notice finish_exchange();

    [[nodiscard]] bool may_end_unannounced() const noexcept;
    void note_unannounced_end() noexcept;
    [[nodiscard]] bool is_stale();
    void pump_request();
    void pump_output();
    [[nodiscard]] notice on_writable();
    void wait_writable();
    [[nodiscard]] bool send(std::string_view bytes, std::size_t& sent);

    void set_deadline(time_point when) noexcept { deadline_ = when; }
    [[nodiscard]] time_point next_deadline() const noexcept;
    [[nodiscard]] notice on_stagger(time_point now);
    [[nodiscard]] notice on_timeout();
    [[nodiscard]] notice announce_deadline() const;
    [[nodiscard]] notice fail_opening(errc error, std::string detail);
    [[nodiscard]] notice fail_exchange(errc error, std::string detail);
    [[nodiscard]] notice break_off(std::exception const& error);
    [[nodiscard]] failure describe_failure(errc error, std::string detail) const;
    void give_up();
    void shut();

    boost::asio::any_io_executor executor_;
    std::shared_ptr<route const> route_;

    std::mutex mutex_;
    std::shared_ptr<connection_events> events_;
    state state_ = state::created;
    time_point deadline_ = time_point::max();

    std::unique_ptr<tcp::resolver> resolver_;
    connector connector_;
    tcp::socket socket_;
    std::unique_ptr<tls_session> tls_;
    reply_parser parser_;

    // The exchange under way.
    std::uint64_t number_ = 0;
    std::uint64_t abort_pending_ = 0;
    std::string_view request_;
    /// Bytes of the request that were sent, or, with TLS, encrypted.
    std::size_t request_taken_ = 0;
    /// Encrypted bytes that are not sent yet, up to the end of what was taken. TLS may have more to say behind them.
    std::size_t unsent_ = 0;
    std::chrono::milliseconds reply_timeout_{};
    bool written_ = false;
    bool write_failed_ = false;
    std::string write_cause_;

    bool receiving_ = false;
    bool waiting_writable_ = false;
};

} // namespace postmark::transport

#endif
