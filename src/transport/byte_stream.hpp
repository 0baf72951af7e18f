// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_BYTE_STREAM_HPP
#define POSTMARK_TRANSPORT_BYTE_STREAM_HPP

#include "transport/reply_parser.hpp"
#include "transport/stream_status.hpp"
#include "transport/tls_session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace postmark::transport {

/// A connected socket, and TLS on it once `start_tls` was called: takes the bytes of a request, gives the bytes of a
/// reply to a parser. Nothing here waits but the two `async_` functions. Guarded by its owner's mutex.
class byte_stream {
public:
    using tcp = boost::asio::ip::tcp;

    /// Bytes that TLS sends or receives beside requests and replies (new keys, session tickets, requests to
    /// renegotiate) before the peer counts as one that only talks.
    static constexpr std::size_t max_idle_chatter = 64 * 1024;

    explicit byte_stream(tcp::socket socket)
        : socket_{std::move(socket)}
    {
    }

    /// Makes a socket that has just connected ready for use.
    [[nodiscard]] boost::system::error_code configure();

    /// From here on all bytes are encrypted; the handshake is the owner's.
    void start_tls(tls_context& context, std::string const& host);
    /// Null without TLS.
    [[nodiscard]] tls_session* tls() noexcept { return tls_.get(); }

    [[nodiscard]] bool is_encrypted() const noexcept { return tls_ != nullptr; }

    // Output.

    /// Begins a request, of which `write` then sends as much as the socket takes. The bytes must stay where they are
    /// until the request was written or dropped.
    void begin_write(std::string_view bytes) noexcept;
    void drop_request() noexcept { request_ = {}; }
    /// \param progressed set to true if the socket took any byte
    [[nodiscard]] write_status write(bool& progressed);
    /// Sends TLS's own output: alerts, new keys.
    [[nodiscard]] write_status flush();
    [[nodiscard]] bool has_output() const noexcept { return tls_ && !tls_->output().empty(); }
    /// After `failed`: the cause as diagnostic text.
    [[nodiscard]] std::string const& write_error() const noexcept { return write_error_; }

    // Input.

    /// Free memory for the next bytes of the socket.
    [[nodiscard]] boost::asio::mutable_buffer input_buffer(reply_parser& parser);
    /// So many bytes were put into the input buffer: hands them to the parser, decrypted.
    [[nodiscard]] read_status commit(std::size_t size, reply_parser& parser);
    /// Receives into the input buffer without blocking.
    [[nodiscard]] std::size_t receive_bytes(reply_parser& parser, boost::system::error_code& error)
    {
        return socket_.receive(input_buffer(parser), 0, error);
    }
    /// Receives without blocking, and does as `commit`.
    [[nodiscard]] read_status receive(reply_parser& parser, boost::system::error_code& error);
    /// After `failed`: the cause as diagnostic text.
    [[nodiscard]] std::string const& read_error() const noexcept { return read_error_; }

    /// Reads what TLS holds after a complete reply. \return false if more than session tickets and other messages of
    /// TLS's own is there
    [[nodiscard]] bool skip_tickets();
    /// Whether nothing has come since the last reply, as far as is known without a system call: the last receive left
    /// the socket empty, and TLS holds nothing.
    [[nodiscard]] bool is_silent() const noexcept { return drained_ && !(tls_ && tls_->has_input()); }
    /// Looks into the socket, without blocking, for whether nothing has come since the last reply.
    [[nodiscard]] peer_state look();

    template <class Handler>
    void async_receive(boost::asio::mutable_buffer buffer, Handler handler)
    {
        socket_.async_receive(buffer, std::move(handler));
    }
    template <class Handler>
    void async_wait_writable(Handler handler)
    {
        socket_.async_wait(tcp::socket::wait_write, std::move(handler));
    }
    /// Ends what is pending: its handlers come, with what had been received or with `operation_aborted`.
    void cancel() noexcept;

    // The end.

    /// Announces the end by TLS's alert, where that takes no waiting.
    void send_closing_alert() noexcept;
    void close() noexcept;
    /// Closes and drops what the system still holds of a request. It would leave all the same, for minutes where the
    /// peer reads slowly.
    void reset() noexcept;
    /// In the child of a fork: gives up the child's share of the socket. The parent's is not touched, and nothing is
    /// sent.
    /// \param context_notified the execution context was notified of the fork
    void detach_after_fork(bool context_notified) noexcept;

private:
    [[nodiscard]] bool send(std::string_view bytes, std::size_t& sent);
    [[nodiscard]] bool output_is_excessive() noexcept;
    [[nodiscard]] read_status decrypt(reply_parser& parser);

    tcp::socket socket_;
    std::unique_ptr<tls_session> tls_;
    std::string_view request_;
    /// Bytes of the request that were sent or, with TLS, encrypted.
    std::size_t request_taken_ = 0;
    /// Encrypted bytes of the request that are not sent yet. Output of TLS's own may follow them.
    std::size_t unsent_ = 0;
    std::string write_error_;
    std::string read_error_;
    std::size_t input_size_ = 0;
    bool write_failed_ = false;
    bool drained_ = false;
};

/// In the child of a fork: closes an inherited socket without touching the parent's.
void close_inherited(boost::asio::ip::tcp::socket& socket, bool context_notified) noexcept;

} // namespace postmark::transport

#endif
