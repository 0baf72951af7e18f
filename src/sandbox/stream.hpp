// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_STREAM_HPP
#define POSTMARK_SANDBOX_STREAM_HPP

#include <boost/asio/ip/tcp.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// The result of an attempt to read or write.
enum class progress {
    done,
    /// Not yet: wait until the socket is readable or writable and try again.
    want_read,
    want_write,
    /// The peer closed, or the connection failed.
    closed,
};

/// The server's end of one connection, TLS or plain. It never blocks and decides nothing, so that the code that plays
/// faults controls every byte and every kind of end.
class stream {
public:
    using socket_type = boost::asio::ip::tcp::socket;

    /// Plain when `context` is null.
    stream(socket_type socket, SSL_CTX* context);

    [[nodiscard]] socket_type& socket() { return socket_; }
    [[nodiscard]] bool encrypted() const { return tls_ != nullptr; }

    [[nodiscard]] progress handshake();
    /// Like `handshake`, but stops before the client's last message and sends `greeting` there: the client receives it
    /// together with the end of the server's part, so always before it can send a request. `handshake` does the rest.
    [[nodiscard]] progress handshake_with_greeting(std::string_view greeting, std::size_t& written);
    [[nodiscard]] bool resumed() const;
    [[nodiscard]] std::string server_name() const;

    [[nodiscard]] progress read(char* data, std::size_t size, std::size_t& count);
    [[nodiscard]] progress write(char const* data, std::size_t size, std::size_t& count);

    /// True when the peer has closed or the connection is broken. Reads nothing.
    [[nodiscard]] bool peer_is_gone();

    /// Sends the TLS alert that says that nothing follows.
    void send_close_notify();
    /// Closes the sending direction of TCP; reading stays possible.
    void shutdown_send();
    void close();
    /// Ends the connection with a TCP reset.
    void reset();

private:
    struct tls_deleter {
        void operator()(SSL* tls) const { SSL_free(tls); }
    };

    [[nodiscard]] progress after_tls(int result);
    /// While set, the kernel collects bytes instead of sending small packets.
    void set_cork(bool on);

    socket_type socket_;
    std::unique_ptr<SSL, tls_deleter> tls_;
};

} // namespace postmark::sandbox::detail

#endif
