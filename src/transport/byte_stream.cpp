// SPDX-License-Identifier: BSL-1.0

#include "transport/byte_stream.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <exception>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postmark::transport {

namespace asio = boost::asio;

namespace {

/// One read of plain bytes: as much as a TLS record holds at most.
constexpr std::size_t read_size = 16 * 1024;

/// How much of a large request is encrypted before it is sent: four records.
constexpr std::size_t encrypt_size = 64 * 1024;

/// Makes a socket writable as soon as little of what it took is unsent. Otherwise it reports nothing before a third of
/// a buffer of megabytes is free, and a peer that reads slowly but steadily looks like one that has stopped.
void report_progress_early([[maybe_unused]] asio::ip::tcp::socket& socket)
{
#ifdef TCP_NOTSENT_LOWAT
    int const bytes = 128 * 1024;
    // Where it is refused, writing works all the same.
    static_cast<void>(::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes));
#endif
}

read_status to_read_status(reply_parser::status status) noexcept
{
    switch (status) {
    case reply_parser::status::incomplete:
        return read_status::incomplete;
    case reply_parser::status::complete:
        return read_status::complete;
    case reply_parser::status::malformed:
        return read_status::malformed;
    case reply_parser::status::too_large:
        break;
    }
    return read_status::too_large;
}

} // namespace

boost::system::error_code byte_stream::configure()
{
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    // Requests are written whole: waiting to fill a segment only delays their end.
    if (!error) {
        socket_.set_option(tcp::no_delay{true}, error);
    }
    if (!error) {
        report_progress_early(socket_);
    }
    return error;
}

void byte_stream::start_tls(tls_context& context, std::string const& host)
{
    tls_ = std::make_unique<tls_session>(context, host);
}

// ---------------------------------------------------------------------------------------------------------------------
// Output

void byte_stream::begin_write(std::string_view bytes) noexcept
{
    request_ = bytes;
    request_taken_ = unsent_ = 0;
}

write_status byte_stream::write(bool& progressed)
{
    while (!write_failed_) {
        if (request_taken_ == request_.size() && unsent_ == 0) {
            return write_status::done;
        }
        std::size_t sent = 0;
        if (tls_ && !tls_->output().empty()) {
            bool const all = send(tls_->output(), sent);
            tls_->consume(sent);
            unsent_ -= std::min(unsent_, sent);
            progressed = progressed || sent != 0;
            if (!all && (unsent_ != 0 || request_taken_ != request_.size())) {
                break;
            }
        } else if (tls_) {
            std::string_view const piece = request_.substr(request_taken_, encrypt_size);
            if (tls_->write(piece) != tls_session::result::done) {
                write_failed_ = true;
                write_error_ = tls_->cause();
            }
            request_taken_ += piece.size();
            unsent_ = tls_->output().size();
        } else {
            bool const all = send(request_.substr(request_taken_), sent);
            request_taken_ += sent;
            progressed = progressed || sent != 0;
            if (!all) {
                break;
            }
        }
    }
    return write_failed_ ? write_status::failed : write_status::blocked;
}

write_status byte_stream::flush()
{
    while (!write_failed_ && has_output()) {
        std::size_t sent = 0;
        bool const all = send(tls_->output(), sent);
        tls_->consume(sent);
        unsent_ -= std::min(unsent_, sent);
        if (!all) {
            break;
        }
    }
    if (write_failed_) {
        return write_status::failed;
    }
    return has_output() ? write_status::blocked : write_status::done;
}

/// \return whether all was taken; if not, either the socket is full or `write_failed_` is set
bool byte_stream::send(std::string_view bytes, std::size_t& sent)
{
    boost::system::error_code error;
    sent = socket_.send(asio::buffer(bytes.data(), bytes.size()), 0, error);
    if (error && error != asio::error::would_block) {
        write_failed_ = true;
        write_error_ = error.message();
    }
    return !error && sent == bytes.size();
}

/// A peer that makes TLS answer and does not read the answers would let the output grow for ever.
bool byte_stream::output_is_excessive() noexcept
{
    return tls_->output().size() > unsent_ + max_idle_chatter;
}

// ---------------------------------------------------------------------------------------------------------------------
// Input

asio::mutable_buffer byte_stream::input_buffer(reply_parser& parser)
{
    if (tls_) {
        char* const memory = tls_->input_buffer();
        input_size_ = tls_->input_buffer_size();
        return asio::buffer(memory, input_size_);
    }
    input_size_ = read_size;
    return asio::buffer(parser.prepare(read_size), read_size);
}

read_status byte_stream::commit(std::size_t size, reply_parser& parser)
{
    // A receive that did not fill its buffer has emptied the socket.
    drained_ = size < input_size_;
    if (!tls_) {
        return to_read_status(parser.commit(size));
    }
    tls_->commit(size);
    read_status const status = decrypt(parser);
    if (output_is_excessive()) {
        read_error_ = "the server asks for more TLS messages than it reads";
        return read_status::failed;
    }
    return status;
}

read_status byte_stream::decrypt(reply_parser& parser)
{
    for (;;) {
        std::size_t size = read_size;
        char* const buffer = parser.prepare(read_size);
        switch (tls_->read(buffer, size)) {
        case tls_session::result::want_input:
            return read_status::incomplete;
        case tls_session::result::failed:
            read_error_ = tls_->cause();
            return read_status::failed;
        case tls_session::result::closed:
            return read_status::closed;
        case tls_session::result::done:
            break;
        }
        read_status const status = to_read_status(parser.commit(size));
        if (status != read_status::incomplete) {
            return status;
        }
    }
}

read_status byte_stream::receive(reply_parser& parser, boost::system::error_code& error)
{
    std::size_t const size = receive_bytes(parser, error);
    if (error == asio::error::would_block) {
        drained_ = true;
        return read_status::would_block;
    }
    return error ? read_status::error : commit(size, parser);
}

bool byte_stream::skip_tickets()
{
    if (!tls_ || !tls_->has_input()) {
        return true;
    }
    char byte = 0;
    std::size_t size = 1;
    return tls_->read(&byte, size) == tls_session::result::want_input;
}

peer_state byte_stream::look()
{
    boost::system::error_code error;
    if (!tls_) {
        char byte = 0;
        socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
        drained_ = error == asio::error::would_block;
        if (drained_) {
            return peer_state::silent;
        }
        return error ? peer_state::ended : peer_state::talking;
    }
    std::size_t taken = 0;
    for (;;) {
        // What came with the end of the handshake is in TLS's buffers, not in the socket. Session tickets are read and
        // kept.
        char byte = 0;
        std::size_t size = 1;
        auto const result = tls_->has_input() ? tls_->read(&byte, size) : tls_session::result::want_input;
        if (result == tls_session::result::closed) {
            return peer_state::ended;
        }
        if (result != tls_session::result::want_input) {
            return peer_state::talking;
        }
        // This may run within the initiating function of a call, so that a peer must not be able to prolong it.
        if (taken > max_idle_chatter || output_is_excessive()) {
            return peer_state::talking;
        }
        char* const buffer = tls_->input_buffer();
        std::size_t const received = socket_.receive(asio::buffer(buffer, tls_->input_buffer_size()), 0, error);
        if (error == asio::error::would_block) {
            drained_ = true;
            // The beginning of a record: whatever it will be, no request asked for it.
            return tls_->has_input() ? peer_state::talking : peer_state::silent;
        }
        if (error) {
            return peer_state::ended;
        }
        taken += received;
        tls_->commit(received);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The end

void byte_stream::cancel() noexcept
{
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void byte_stream::send_closing_alert() noexcept
{
    if (!tls_ || !tls_->output().empty() || write_failed_) {
        return;
    }
    try {
        // A few bytes, which go at once or not at all.
        boost::system::error_code ignored;
        tls_->close();
        socket_.send(asio::buffer(tls_->output()), 0, ignored);
    } catch (std::exception const&) {
        // Without memory for the alert the connection ends without it, which is allowed.
    }
}

void byte_stream::close() noexcept
{
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void byte_stream::reset() noexcept
{
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
}

void byte_stream::detach_after_fork(bool context_notified) noexcept
{
    close_inherited(socket_, context_notified);
}

void close_inherited(asio::ip::tcp::socket& socket, bool context_notified) noexcept
{
    boost::system::error_code ignored;
    if (!socket.is_open()) {
        return;
    }
    if (context_notified) {
        // The context has an epoll set of its own in which the socket is registered. It would stay there after its end
        // in this process, since the parent keeps it open, so it is taken out first.
        try {
            ::close(socket.release(ignored));
            return;
        } catch (std::exception const&) {
            // `close` below at least gives the descriptor back.
        }
    }
    // The epoll set is the parent's, and the parent needs the socket in it: `close` takes nothing out.
    socket.close(ignored);
}

} // namespace postmark::transport
