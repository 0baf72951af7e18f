// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_TRANSPORT_FIXTURE_HPP
#define POSTMARK_TEST_TRANSPORT_FIXTURE_HPP

#include "transport/connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace transport_test {

namespace asio = boost::asio;
using namespace postmark::transport;
using namespace std::chrono_literals;
using postmark::errc;
using tcp = asio::ip::tcp;

inline constexpr std::string_view request_text = "POST /email HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
inline constexpr std::string_view reply_text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Keeps the last event of a connection.
class event_log : public connection_events {
public:
    void opened(bool resumed) override
    {
        is_open = true;
        is_resumed = resumed;
        ++count;
    }
    void open_failed(failure const& cause) override { note(cause); }
    void replied(reply const& complete) override
    {
        last_reply = complete;
        body = complete.body;
        ++count;
    }
    void exchange_failed(failure const& cause) override { note(cause); }
    void due(time_point when) override { next_due = when; }

    int count = 0;
    bool is_open = false;
    bool is_resumed = false;
    std::optional<failure> failed;
    std::optional<reply> last_reply;
    std::string body;
    time_point next_due = time_point::max();

private:
    void note(failure const& cause)
    {
        failed = cause;
        ++count;
    }
};

/// A connection, and a context that is run until the connection reports something.
struct connection_fixture {
    /// Plain, to a port of the loopback address.
    void aim_at(std::uint16_t port)
    {
        params->host = "127.0.0.1";
        params->port = port;
    }

    /// Starts to open a new connection.
    void begin()
    {
        events = std::make_shared<event_log>();
        connection = std::make_shared<postmark::transport::connection>(io.get_executor(), params, events);
        number = 0;
        if (auto failed = connection->open(clock::now())) {
            events->open_failed(*failed);
        }
    }

    /// Runs the context until so many events have come.
    void wait_for_event(int count = 1)
    {
        io.restart();
        while (events->count < count && io.run_one() != 0) {
        }
    }

    bool open()
    {
        begin();
        wait_for_event();
        return events->is_open;
    }

    /// Starts an exchange. \return why it cannot be
    std::optional<failure> start(std::string_view text = request_text)
    {
        events->last_reply.reset();
        events->failed.reset();
        events->count = 0;
        exchange_request request;
        request.number = ++number;
        request.bytes = text;
        request.reply_limit = 1024 * 1024;
        request.reply_timeout = 30s;
        return connection->exchange(request, clock::now());
    }

    /// Starts an exchange and waits for its end. \return whether there was a reply
    bool exchange()
    {
        if (auto failed = start()) {
            events->failed = failed;
            return false;
        }
        wait_for_event();
        return events->last_reply.has_value();
    }

    asio::io_context io;
    std::shared_ptr<connection_params> params = std::make_shared<connection_params>();
    std::shared_ptr<event_log> events;
    std::shared_ptr<postmark::transport::connection> connection;
    std::uint64_t number = 0;
};

/// A server without TLS on the test's own thread: what it writes lies in the client's socket when the call returns.
class plain_server {
public:
    explicit plain_server(asio::io_context& io)
        : acceptor_{io, {asio::ip::address_v4::loopback(), 0}}
        , peer_{io}
    {
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void accept()
    {
        peer_ = acceptor_.accept();
        peer_.set_option(tcp::no_delay{true});
    }
    void read_request()
    {
        std::array<char, request_text.size()> bytes{};
        asio::read(peer_, asio::buffer(bytes));
    }
    void write(std::string_view bytes) { asio::write(peer_, asio::buffer(bytes.data(), bytes.size())); }
    void end() { peer_.shutdown(tcp::socket::shutdown_send); }
    [[nodiscard]] tcp::socket& peer() { return peer_; }
    /// \return the bytes that are there, or the end's error
    [[nodiscard]] std::string read_some(boost::system::error_code& error)
    {
        std::string bytes(64 * 1024, '\0');
        bytes.resize(peer_.read_some(asio::buffer(bytes), error));
        return bytes;
    }

private:
    tcp::acceptor acceptor_;
    tcp::socket peer_;
};

} // namespace transport_test

#endif
