#include "transport/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#if __has_include(<netinet/tcp.h>)
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

#include <algorithm>
#include <utility>

namespace postmark::transport {

namespace asio = boost::asio;

namespace {

/// Room for one read of plain bytes: a TLS record at most.
constexpr std::size_t read_size = 16 * 1024;

/// How much of a large request is encrypted before it is sent: four records.
constexpr std::size_t encrypt_size = 64 * 1024;

/// The longest refusal of a proxy that is read.
constexpr std::size_t proxy_reply_limit = 64 * 1024;

/// Lets a socket be writable as soon as little of what it took is unsent. Else it says nothing before a third of a buffer of
/// megabytes is free, and a peer that reads slowly but steadily looks like one that has stopped.
void report_progress_early([[maybe_unused]] asio::ip::tcp::socket& socket)
{
#ifdef TCP_NOTSENT_LOWAT
    int const bytes = 128 * 1024;
    // Where it is refused, writing works all the same.
    static_cast<void>(::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes));
#endif
}

std::string in_milliseconds(std::chrono::milliseconds time)
{
    return std::to_string(time.count()) + " ms";
}

} // namespace

connection::connection(asio::any_io_executor executor, std::shared_ptr<route const> where,
                       std::shared_ptr<connection_events> events)
    : executor_{std::move(executor)}
    , route_{std::move(where)}
    , events_{std::move(events)}
    , socket_{executor_}
{
}

// ---------------------------------------------------------------------------------------------------------------------
// Opening

void connection::open(time_point now)
{
    lock held{mutex_};
    if (state_ != state::created)
        return;
    std::string const& host = route_->proxy ? route_->proxy->host : route_->host;
    std::uint16_t const port = route_->proxy ? route_->proxy->port : route_->port;

    boost::system::error_code not_an_address;
    auto const address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address)
        return connect(std::move(held), {tcp::endpoint{address, port}}, now);

    state_ = state::resolving;
    set_deadline(now + route_->timeouts.resolve);
    resolver_ = std::make_unique<tcp::resolver>(executor_);
    resolver_->async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [self = shared_from_this()](boost::system::error_code error, tcp::resolver::results_type const& results) {
            self->on_resolved(error, results);
        });
    announce_deadline(std::move(held));
}

void connection::on_resolved(boost::system::error_code error, tcp::resolver::results_type const& results)
{
    lock held{mutex_};
    // A look-up cannot be cancelled: whoever gave up on it does not wait for its end.
    if (state_ != state::resolving)
        return;
    resolver_.reset();
    std::vector<tcp::endpoint> addresses;
    for (auto const& each : results)
        addresses.push_back(each.endpoint());
    if (!error && addresses.empty())
        error = asio::error::host_not_found;
    if (error) {
        std::string const& host = route_->proxy ? route_->proxy->host : route_->host;
        return fail_opening(std::move(held), errc::resolve_failed, host + ": " + error.message());
    }
    connect(std::move(held), std::move(addresses), clock::now());
}

void connection::connect(lock held, std::vector<tcp::endpoint> addresses, time_point now)
{
    state_ = state::connecting;
    set_deadline(now + route_->timeouts.connect);
    connector_.set_addresses(std::move(addresses));
    try_next_address(now);
    announce_deadline(std::move(held));
}

void connection::try_next_address(time_point now)
{
    connector_.try_next(executor_, now,
                        [self = shared_from_this()](boost::system::error_code error, std::size_t index) {
                            self->on_connected(error, index);
                        });
}

void connection::on_connected(boost::system::error_code error, std::size_t index)
{
    lock held{mutex_};
    if (state_ != state::connecting)
        return;
    if (error) {
        connector_.failed(index, error);
        if (connector_.has_more()) {
            try_next_address(clock::now());
            return announce_deadline(std::move(held));
        }
        if (!connector_.is_pending())
            fail_opening(std::move(held), errc::connect_failed, connector_.causes());
        return;
    }
    socket_ = connector_.take(index);
    boost::system::error_code failed;
    socket_.non_blocking(true, failed);
    // Requests are written whole: waiting to fill a segment only delays their end.
    if (!failed)
        socket_.set_option(tcp::no_delay{true}, failed);
    if (failed)
        return fail_opening(std::move(held), errc::connect_failed, failed.message());
    report_progress_early(socket_);

    if (route_->proxy)
        begin_tunnel(std::move(held));
    else if (route_->tls)
        begin_handshake(std::move(held));
    else
        become_open(std::move(held));
}

void connection::begin_tunnel(lock held)
{
    state_ = state::tunnelling;
    set_deadline(clock::now() + route_->timeouts.handshake);
    std::string const& host = route_->host;
    std::string const target =
        (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(route_->port);
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!route_->proxy->authorization.empty())
        head += "Proxy-Authorization: " + route_->proxy->authorization + "\r\n";
    head += "\r\n";

    // A few hundred bytes into an empty socket buffer go at once or not at all.
    std::size_t sent = 0;
    if (!send(head, sent) || sent != head.size())
        return fail_opening(std::move(held), errc::proxy_refused,
                            write_cause_.empty() ? "the proxy takes no request" : write_cause_);
    parser_.reset(proxy_reply_limit, true);
    arm_receive();
    announce_deadline(std::move(held));
}

void connection::read_tunnel_reply(lock held, std::size_t size)
{
    switch (parser_.commit(size)) {
    case reply_parser::status::incomplete:
        return arm_receive();
    case reply_parser::status::malformed:
    case reply_parser::status::too_large:
        return fail_opening(std::move(held), errc::proxy_refused, "the proxy's answer is not HTTP");
    case reply_parser::status::complete:
        break;
    }
    if (parser_.http_status() < 200 || parser_.http_status() > 299)
        return fail_opening(std::move(held), errc::proxy_refused,
                            "the proxy answered with status " + std::to_string(parser_.http_status()));
    // A TLS server waits to be spoken to, and so does an HTTP server.
    if (parser_.has_surplus())
        return fail_opening(std::move(held), errc::proxy_refused, "the proxy sent bytes of its own into the tunnel");
    if (route_->tls)
        begin_handshake(std::move(held));
    else
        become_open(std::move(held));
}

void connection::begin_handshake(lock held)
{
    state_ = state::handshaking;
    set_deadline(clock::now() + route_->timeouts.handshake);
    tls_ = std::make_unique<tls_session>(*route_->tls, route_->host);
    step_handshake(std::move(held));
}

void connection::step_handshake(lock held)
{
    auto const result = tls_->handshake();
    // Also after a failure: the peer is told why.
    pump_output();
    switch (result) {
    case tls_session::result::done:
        return become_open(std::move(held));
    case tls_session::result::want_input:
        if (write_failed_)
            return fail_opening(std::move(held), errc::handshake_failed, write_cause_);
        arm_receive();
        return announce_deadline(std::move(held));
    case tls_session::result::closed:
        return fail_opening(std::move(held), errc::handshake_failed, "the server closed the connection");
    case tls_session::result::failed:
        break;
    }
    fail_opening(std::move(held), tls_->certificate_refused() ? errc::certificate_refused : errc::handshake_failed,
                 tls_->cause());
}

void connection::become_open(lock held)
{
    state_ = state::idle;
    set_deadline(time_point::max());
    auto const events = events_;
    bool const resumed = tls_ && tls_->resumed();
    held.unlock();
    events->opened(resumed);
}

// ---------------------------------------------------------------------------------------------------------------------
// An exchange

std::optional<failure> connection::exchange(exchange_request const& request, time_point now)
{
    lock const held{mutex_};
    number_ = request.number;
    written_ = write_failed_ = false;
    // One that has just carried a reply may have ended behind it, which is there to be seen in time.
    bool const used = request.after_idling || request.number > 1;
    if (state_ != state::idle || abort_pending_ == request.number || (used && is_stale())) {
        shut();
        return failure{.error = errc::write_failed, .untouched = true, .detail = "the connection was closed meanwhile"};
    }
    state_ = state::exchanging;
    request_ = request.bytes;
    request_taken_ = 0;
    reply_timeout_ = request.reply_timeout;
    write_cause_.clear();
    parser_.reset(request.reply_limit);
    set_deadline(now + route_->timeouts.write_stall);
    pump_request();
    arm_receive();
    return std::nullopt;
}

/// Whether the peer has ended the connection, or has said something that nobody asked for, since the last reply.
bool connection::is_stale()
{
    boost::system::error_code error;
    if (!tls_) {
        char byte = 0;
        socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
        return error != asio::error::would_block;
    }
    for (;;) {
        char* const room = tls_->input_room();
        std::size_t const size = socket_.receive(asio::buffer(room, tls_->input_room_size()), 0, error);
        if (error == asio::error::would_block)
            return tls_->has_input();
        if (error || size == 0)
            return true;
        tls_->committed(size);
        // Session tickets are read and kept here; anything else is the end.
        char byte = 0;
        std::size_t read = 1;
        if (tls_->read(&byte, read) != tls_session::result::want_input)
            return true;
    }
}

/// Writes as much of the request as the socket takes now.
void connection::pump_request()
{
    bool progress = false;
    while (!write_failed_) {
        if (tls_ && !tls_->output().empty()) {
            std::size_t sent = 0;
            bool const all = send(tls_->output(), sent);
            progress = progress || sent != 0;
            tls_->sent(sent);
            if (!all)
                break;
            continue;
        }
        if (request_taken_ == request_.size()) {
            written_ = true;
            set_deadline(clock::now() + reply_timeout_);
            return;
        }
        if (tls_) {
            std::string_view const piece = request_.substr(request_taken_, encrypt_size);
            if (tls_->write(piece) != tls_session::result::done) {
                write_failed_ = true;
                write_cause_ = tls_->cause();
            }
            request_taken_ += piece.size();
        } else {
            std::size_t sent = 0;
            bool const all = send(request_.substr(request_taken_), sent);
            request_taken_ += sent;
            progress = progress || sent != 0;
            if (!all)
                break;
        }
    }
    if (progress)
        set_deadline(clock::now() + route_->timeouts.write_stall);
    if (!write_failed_)
        wait_writable();
}

/// Writes what TLS has to say for itself.
void connection::pump_output()
{
    while (!write_failed_ && !tls_->output().empty()) {
        std::size_t sent = 0;
        bool const all = send(tls_->output(), sent);
        tls_->sent(sent);
        if (!all)
            break;
    }
    if (!write_failed_ && !tls_->output().empty())
        wait_writable();
}

/// \return whether all was taken; if not, either the socket is full or `write_failed_` is set
bool connection::send(std::string_view bytes, std::size_t& sent)
{
    boost::system::error_code error;
    sent = socket_.send(asio::buffer(bytes.data(), bytes.size()), 0, error);
    if (error && error != asio::error::would_block) {
        write_failed_ = true;
        write_cause_ = error.message();
    }
    return !error && sent == bytes.size();
}

void connection::wait_writable()
{
    if (std::exchange(waiting_writable_, true))
        return;
    socket_.async_wait(tcp::socket::wait_write,
                       [self = shared_from_this()](boost::system::error_code error) { self->on_writable(error); });
}

void connection::on_writable(boost::system::error_code error)
{
    lock const held{mutex_};
    waiting_writable_ = false;
    if (state_ == state::closed || write_failed_)
        return;
    // What is wrong with the socket, the next attempt to write will tell.
    static_cast<void>(error);
    if (state_ == state::exchanging && !written_)
        pump_request();
    else if (tls_)
        pump_output();
}

void connection::arm_receive()
{
    if (std::exchange(receiving_, true))
        return;
    bool const encrypted = tls_ != nullptr;
    char* const room = encrypted ? tls_->input_room() : parser_.prepare(read_size);
    std::size_t const size = encrypted ? tls_->input_room_size() : read_size;
    socket_.async_receive(asio::buffer(room, size),
                          [self = shared_from_this()](boost::system::error_code error, std::size_t received) {
                              self->on_received(error, received);
                          });
}

void connection::on_received(boost::system::error_code error, std::size_t size)
{
    lock held{mutex_};
    receiving_ = false;
    if (state_ == state::closed)
        return;
    if (error)
        return on_end_of_stream(std::move(held), error);
    switch (state_) {
    case state::tunnelling:
        return read_tunnel_reply(std::move(held), size);
    case state::handshaking:
        tls_->committed(size);
        return step_handshake(std::move(held));
    case state::exchanging:
        return read_reply(std::move(held), size);
    default:
        return;
    }
}

void connection::on_end_of_stream(lock held, boost::system::error_code error)
{
    std::string const cause =
        error == asio::error::eof ? std::string{"the server closed the connection"} : error.message();
    switch (state_) {
    case state::tunnelling:
        return fail_opening(std::move(held), errc::proxy_refused, "the proxy ended the connection: " + cause);
    case state::handshaking:
        return fail_opening(std::move(held), errc::handshake_failed, cause);
    case state::exchanging:
        break;
    default:
        return;
    }
    // Without TLS the end of the stream is all that can delimit a reply; with TLS only its own closing alert can be trusted.
    bool const orderly = error == asio::error::eof && !tls_;
    if (parser_.finish(orderly) == reply_parser::status::complete)
        return finish_exchange(std::move(held));
    fail_exchange(std::move(held), errc::connection_lost,
                  cause + (parser_.begun() ? " in the middle of its reply" : " before it replied"));
}

void connection::read_reply(lock held, std::size_t size)
{
    auto status = reply_parser::status::incomplete;
    if (!tls_) {
        status = parser_.commit(size);
    } else {
        tls_->committed(size);
        while (status == reply_parser::status::incomplete) {
            std::size_t read = read_size;
            char* const room = parser_.prepare(read_size);
            auto const result = tls_->read(room, read);
            if (result == tls_session::result::want_input)
                break;
            if (result == tls_session::result::failed)
                return fail_exchange(std::move(held), errc::connection_lost, tls_->cause());
            if (result == tls_session::result::closed) {
                if (parser_.finish(true) == reply_parser::status::complete)
                    return finish_exchange(std::move(held));
                return fail_exchange(std::move(held), errc::connection_lost,
                                     parser_.begun() ? "the server closed the connection in the middle of its reply"
                                                     : "the server closed the connection before it replied");
            }
            status = parser_.commit(read);
        }
        // A change of keys may have to be answered.
        if (!tls_->output().empty()) {
            if (written_)
                pump_output();
            else
                pump_request();
        }
    }
    switch (status) {
    case reply_parser::status::incomplete:
        return arm_receive();
    case reply_parser::status::complete:
        return finish_exchange(std::move(held));
    case reply_parser::status::malformed:
        return fail_exchange(std::move(held), errc::malformed_reply, "the reply is not HTTP");
    case reply_parser::status::too_large:
        return fail_exchange(std::move(held), errc::reply_too_large, "the reply is larger than the limit");
    }
}

void connection::finish_exchange(lock held)
{
    bool reusable = parser_.keep_alive() && !parser_.has_surplus() && written_ && !write_failed_ && !receiving_;
    if (reusable && tls_ && tls_->has_input()) {
        char byte = 0;
        std::size_t read = 1;
        reusable = tls_->read(&byte, read) == tls_session::result::want_input;
    }
    reply const said{.status = parser_.http_status(),
                     .body = parser_.body(),
                     .retry_after = parser_.retry_after(),
                     .written = written_,
                     .reusable = reusable};
    auto const events = events_;
    if (written_) {
        state_ = state::idle;
        set_deadline(time_point::max());
        request_ = {};
    } else {
        // What had not left before the answer must not leave after it.
        shut();
    }
    held.unlock();
    events->replied(said);
}

std::optional<failure> connection::abort(std::uint64_t number)
{
    lock const held{mutex_};
    if (number > number_) {
        abort_pending_ = number;
        return std::nullopt;
    }
    if (state_ != state::exchanging || number != number_)
        return std::nullopt;
    failure const cause = describe_failure(errc::cancelled_in_flight, {});
    shut();
    return cause;
}

void connection::close()
{
    lock const held{mutex_};
    if (state_ == state::closed)
        return;
    if (state_ == state::idle && tls_ && tls_->output().empty()) {
        tls_->close();
        pump_output();
    }
    shut();
}

// ---------------------------------------------------------------------------------------------------------------------
// Time and failure

time_point connection::next_deadline() const noexcept
{
    return state_ == state::connecting ? std::min(deadline_, connector_.next_due()) : deadline_;
}

time_point connection::deadline()
{
    lock const held{mutex_};
    return next_deadline();
}

void connection::tick(time_point now)
{
    lock held{mutex_};
    if (now < deadline_) {
        if (state_ != state::connecting || now < connector_.next_due())
            return;
        try_next_address(now);
        return announce_deadline(std::move(held));
    }

    timeout_settings const& timeouts = route_->timeouts;
    switch (state_) {
    case state::resolving:
        fail_opening(std::move(held), errc::resolve_failed,
                     "no answer to the look-up within " + in_milliseconds(timeouts.resolve));
        break;
    case state::connecting: {
        std::string const& causes = connector_.causes();
        fail_opening(std::move(held), errc::connect_failed,
                     "not connected within " + in_milliseconds(timeouts.connect) +
                         (causes.empty() ? "" : "; " + causes));
        break;
    }
    case state::tunnelling:
        fail_opening(std::move(held), errc::proxy_refused,
                     "no answer of the proxy within " + in_milliseconds(timeouts.handshake));
        break;
    case state::handshaking:
        fail_opening(std::move(held), errc::handshake_failed,
                     "no handshake within " + in_milliseconds(timeouts.handshake));
        break;
    case state::exchanging:
        if (written_)
            fail_exchange(std::move(held), errc::timed_out_in_flight,
                          "no complete reply within " + in_milliseconds(reply_timeout_));
        else
            fail_exchange(std::move(held), errc::write_failed,
                          "no progress in writing for " + in_milliseconds(timeouts.write_stall));
        break;
    case state::created:
    case state::idle:
    case state::closed:
        break;
    }
}

void connection::announce_deadline(lock held)
{
    time_point const when = next_deadline();
    auto const events = events_;
    held.unlock();
    events->due(when);
}

void connection::fail_opening(lock held, errc error, std::string detail)
{
    failure const cause{.error = error, .detail = std::move(detail)};
    auto const events = events_;
    shut();
    held.unlock();
    events->open_failed(cause);
}

void connection::fail_exchange(lock held, errc error, std::string detail)
{
    failure const cause = describe_failure(error, std::move(detail));
    auto const events = events_;
    shut();
    held.unlock();
    events->exchange_failed(cause);
}

/// Only the bytes decide: what went wrong first, and who noticed, does not.
failure connection::describe_failure(errc error, std::string detail) const
{
    if (!write_cause_.empty())
        detail = write_cause_;
    return {.error = written_ ? error : errc::write_failed, .written = written_, .detail = std::move(detail)};
}

void connection::shut()
{
    state_ = state::closed;
    set_deadline(time_point::max());
    request_ = {};
    events_.reset();
    connector_.cancel();
    if (resolver_)
        resolver_->cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

} // namespace postmark::transport
