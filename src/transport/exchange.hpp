// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_EXCHANGE_HPP
#define POSTMARK_TRANSPORT_EXCHANGE_HPP

#include "transport/connection_params.hpp"
#include "transport/failure.hpp"
#include "transport/reply_parser.hpp"
#include "transport/stream_status.hpp"

#include <boost/asio/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace postmark::transport {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

/// One request to put on a connection.
struct exchange_request {
    /// Counts the exchanges of the connection, from 1.
    std::uint64_t number = 0;
    /// Must stay where it is until the exchange has ended.
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

/// How an exchange ended; nothing if it goes on.
using exchange_outcome = std::variant<std::monostate, reply, failure>;

/// The exchanges on an open connection, one after the other: decides what is written, how a reply ends, and what a
/// failure means. It never waits: its owner does, for bytes to receive always, and for a writable socket where
/// `wants_writable`.
///
/// \tparam Stream `byte_stream`, or in tests a stream that plays a script
template <class Stream>
class basic_exchange {
public:
    basic_exchange(Stream& stream, peer_traits& traits, std::chrono::milliseconds write_stall)
        : stream_{stream}
        , traits_{traits}
        , write_stall_{write_stall}
    {
    }

    /// Writes a request, as much of it as the socket takes.
    /// \return why the connection cannot be used, if so; nothing of the request was written then
    [[nodiscard]] std::optional<failure> start(exchange_request const& request, time_point now);

    /// So many bytes were put into the stream's input buffer.
    [[nodiscard]] exchange_outcome on_received(std::size_t size) { return on_read(stream_.commit(size, parser_), {}); }
    /// Receiving has failed, or the stream has ended.
    [[nodiscard]] exchange_outcome on_receive_error(boost::system::error_code error)
    {
        return on_read(read_status::error, error);
    }
    /// The socket can be written to, or has failed: then the attempt to write says so.
    void on_writable();

    /// A time limit has passed. What lies in the socket came in time, and is read first; nothing must be pending on the
    /// stream. If the request could not be written for too long, but now can, the exchange goes on.
    [[nodiscard]] exchange_outcome on_timeout(time_point now);
    /// As `on_timeout`, but nothing more is written: without a complete reply the exchange ends.
    [[nodiscard]] exchange_outcome expire();

    /// Ends the exchange because of something that happened elsewhere, and describes that. Needs no memory, so that the
    /// end of an exchange is always reported.
    [[nodiscard]] failure fail_with(errc error, std::string detail) noexcept;

    [[nodiscard]] bool is_active() const noexcept { return active_; }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// Of the exchange under way, or the last one: the transport took the last byte of the request.
    [[nodiscard]] bool is_written() const noexcept { return written_; }
    [[nodiscard]] bool wants_writable() const noexcept { return wants_writable_; }
    /// When `on_timeout` is due.
    [[nodiscard]] time_point deadline() const noexcept { return deadline_; }
    [[nodiscard]] reply_parser& parser() noexcept { return parser_; }

private:
    [[nodiscard]] bool has_to_look(exchange_request const& request) const noexcept;
    [[nodiscard]] exchange_outcome on_read(read_status status, boost::system::error_code error);
    [[nodiscard]] exchange_outcome read_what_is_there();
    [[nodiscard]] exchange_outcome finish();
    void write_request(time_point now);
    void flush();
    void note_unannounced_end() noexcept;

    /// How often the socket is read after a time limit at most, so that a peer that never stops does not prolong an
    /// exchange. It is enough for the longest reply that `config::limits` allows by default.
    static constexpr int max_late_reads = 4096;

    Stream& stream_;
    peer_traits& traits_;
    std::chrono::milliseconds write_stall_;
    reply_parser parser_;
    time_point deadline_ = time_point::max();
    std::chrono::milliseconds reply_timeout_{};
    std::uint64_t number_ = 0;
    /// How many requests were put on the connection: fewer than `number_` where an exchange had nothing to send.
    std::uint64_t requests_ = 0;
    bool active_ = false;
    bool written_ = false;
    bool write_failed_ = false;
    bool wants_writable_ = false;
    /// A time limit has passed: nothing more may be written.
    bool expired_ = false;
};

template <class Stream>
std::optional<failure> basic_exchange<Stream>::start(exchange_request const& request, time_point now)
{
    number_ = request.number;
    written_ = write_failed_ = false;
    if (has_to_look(request)) {
        peer_state const peer = stream_.look();
        if (peer != peer_state::silent) {
            // After a reply, without the pause in which services commonly end connections.
            if (peer == peer_state::ended && requests_ != 0 && !request.after_idling) {
                traits_.note_unannounced_end();
            }
            return failure{.error = errc::write_failed,
                           .not_started = true,
                           .detail = peer == peer_state::ended ? "the server had closed the connection"
                                                               : "the server sent bytes before it had a request"};
        }
    }
    ++requests_;
    active_ = true;
    expired_ = false;
    reply_timeout_ = request.reply_timeout;
    parser_.reset(request.reply_limit);
    deadline_ = now + write_stall_;
    stream_.begin_write(request.bytes);
    write_request(now);
    return std::nullopt;
}

/// What was in the socket before a request would be taken for its reply, so a request is written only on a connection
/// that is known to be silent. A fresh connection is not: a server may greet it with a reply of its own, or end it. One
/// whose last receive filled its buffer is not. One that was silent at the end of its last reply need not be looked at
/// again, unless it has idled or the service may end it right after a reply: that is known after the second request.
template <class Stream>
bool basic_exchange<Stream>::has_to_look(exchange_request const& request) const noexcept
{
    return request.after_idling || requests_ < 2 || traits_.ends_unannounced() || !stream_.is_silent();
}

template <class Stream>
void basic_exchange<Stream>::write_request(time_point now)
{
    if (write_failed_ || expired_) {
        return;
    }
    bool progressed = false;
    write_status const status = stream_.write(progressed);
    wants_writable_ = status == write_status::blocked;
    if (status == write_status::done) {
        written_ = true;
        deadline_ = now + reply_timeout_;
        flush();
        return;
    }
    // A reply may be on its way all the same, and is waited for.
    write_failed_ = status == write_status::failed;
    if (progressed) {
        deadline_ = now + write_stall_;
    }
}

/// Sends TLS's own output.
template <class Stream>
void basic_exchange<Stream>::flush()
{
    if (write_failed_ || expired_ || !stream_.has_output()) {
        return;
    }
    write_status const status = stream_.flush();
    wants_writable_ = status == write_status::blocked;
    write_failed_ = status == write_status::failed;
}

template <class Stream>
void basic_exchange<Stream>::on_writable()
{
    wants_writable_ = false;
    if (active_ && !written_) {
        write_request(clock::now());
    } else {
        flush();
    }
}

template <class Stream>
exchange_outcome basic_exchange<Stream>::on_read(read_status status, boost::system::error_code error)
{
    // TLS may have to answer, a change of keys for instance.
    if (stream_.has_output()) {
        if (written_) {
            flush();
        } else {
            write_request(clock::now());
        }
    }
    std::string_view cause = "the server closed the connection";
    std::string text;
    switch (status) {
    case read_status::incomplete:
    case read_status::would_block:
        return {};
    case read_status::complete:
        return finish();
    case read_status::malformed:
        return fail_with(errc::malformed_reply, "the reply is not HTTP");
    case read_status::too_large:
        return fail_with(errc::reply_too_large, "the reply is larger than the limit");
    case read_status::failed:
        return fail_with(errc::connection_lost, stream_.read_error());
    case read_status::error:
        if (error != boost::asio::error::eof) {
            text = error.message();
            cause = text;
        }
        break;
    case read_status::closed:
        break;
    }
    note_unannounced_end();
    // Without TLS the end of the stream is all that can delimit a reply; with TLS only its own closing alert can be
    // trusted.
    bool const orderly = status == read_status::closed || (error == boost::asio::error::eof && !stream_.is_encrypted());
    if (parser_.finish(orderly) == reply_parser::status::complete) {
        return finish();
    }
    return fail_with(errc::connection_lost,
                     std::string{cause} + (parser_.begun() ? " in the middle of its reply" : " before it replied"));
}

template <class Stream>
void basic_exchange<Stream>::note_unannounced_end() noexcept
{
    if (requests_ > 1 && !parser_.begun()) {
        traits_.note_unannounced_end();
    }
}

template <class Stream>
exchange_outcome basic_exchange<Stream>::finish()
{
    bool const reusable = parser_.keep_alive() && !parser_.has_surplus() && written_ && !write_failed_ && !expired_ &&
                          stream_.skip_tickets();
    active_ = false;
    deadline_ = time_point::max();
    stream_.drop_request();
    return reply{.status = parser_.http_status(),
                 .body = parser_.body(),
                 .retry_after = parser_.retry_after(),
                 .written = written_,
                 .reusable = reusable};
}

template <class Stream>
exchange_outcome basic_exchange<Stream>::read_what_is_there()
{
    for (int reads = 0; reads != max_late_reads; ++reads) {
        boost::system::error_code error;
        read_status const status = stream_.receive(parser_, error);
        exchange_outcome outcome = on_read(status, error);
        if (status == read_status::would_block || outcome.index() != 0) {
            return outcome;
        }
    }
    return {};
}

template <class Stream>
exchange_outcome basic_exchange<Stream>::on_timeout(time_point now)
{
    exchange_outcome outcome = read_what_is_there();
    if (outcome.index() != 0) {
        return outcome;
    }
    if (!written_) {
        // The process may have been stopped, and the socket may have been writable all the time.
        write_request(now);
    }
    if (now < deadline_) {
        return {};
    }
    return written_ ? fail_with(errc::timed_out_in_flight,
                                "no complete reply within " + std::to_string(reply_timeout_.count()) + " ms")
                    : fail_with(errc::write_failed,
                                "no progress in writing for " + std::to_string(write_stall_.count()) + " ms");
}

template <class Stream>
exchange_outcome basic_exchange<Stream>::expire()
{
    expired_ = true;
    exchange_outcome outcome = read_what_is_there();
    return outcome.index() != 0 ? std::move(outcome) : fail_with(errc::timed_out_in_flight, {});
}

/// Only the bytes decide whether a mail may be on its way, not which error came first.
template <class Stream>
failure basic_exchange<Stream>::fail_with(errc error, std::string detail) noexcept
{
    active_ = false;
    deadline_ = time_point::max();
    stream_.drop_request();
    try {
        if (!stream_.write_error().empty()) {
            detail = stream_.write_error();
        }
    } catch (std::bad_alloc const&) {
        // The error is what counts; `detail` stays what it was.
    }
    return {.error = written_ ? error : errc::write_failed, .written = written_, .detail = std::move(detail)};
}

} // namespace postmark::transport

#endif
