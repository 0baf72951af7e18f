// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_STREAM_HPP
#define POSTMARK_SANDBOX_STREAM_HPP

#include <boost/asio/ip/tcp.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

namespace postmark::sandbox {

/// What an attempt to read or write came to.
enum class progress {
    done,
    /// Nothing yet: wait until the socket is readable or writable and try again.
    want_read,
    want_write,
    /// The peer closed, or the connection failed.
    closed,
};

/// The server's end of one connection: TLS or plain, never blocking. It decides nothing and waits for nothing, so that
/// whoever plays a fault has every byte and every kind of ending in its own hands.
class stream {
public:
    using socket_type = boost::asio::ip::tcp::socket;

    /// `context` null: plain.
    stream(socket_type socket, SSL_CTX* context);

    [[nodiscard]] socket_type& socket() { return socket_; }
    [[nodiscard]] bool encrypted() const { return tls_ != nullptr; }

    [[nodiscard]] progress handshake();
    [[nodiscard]] bool resumed() const;
    [[nodiscard]] std::string server_name() const;

    [[nodiscard]] progress read(char* data, std::size_t size, std::size_t& count);
    [[nodiscard]] progress write(char const* data, std::size_t size, std::size_t& count);

    /// True when the peer has closed or the connection is broken; reads nothing.
    [[nodiscard]] bool peer_is_gone();

    /// Says in TLS that nothing follows.
    void send_close_notify();
    /// Says in TCP that nothing follows; reading stays possible.
    void shutdown_send();
    void close();
    /// Ends the connection with a TCP reset.
    void reset();

private:
    struct tls_deleter {
        void operator()(SSL* tls) const { SSL_free(tls); }
    };

    [[nodiscard]] progress after_tls(int result);

    socket_type socket_;
    std::unique_ptr<SSL, tls_deleter> tls_;
};

} // namespace postmark::sandbox

#endif
