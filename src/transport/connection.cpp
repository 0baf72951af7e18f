// SPDX-License-Identifier: BSL-1.0

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

std::optional<failure> connection::open(time_point now)
{
    notice what;
    {
        lock const held{mutex_};
        if (state_ != state::created) {
            return std::nullopt;
        }
        try {
            what = resolve(now);
        } catch (std::exception const& error) {
            what = break_off(error);
        }
    }
    if (what.what == notice::kind::open_failed) {
        return std::move(what.cause);
    }
    tell(what);
    return std::nullopt;
}

connection::notice connection::resolve(time_point now)
{
    state_ = state::resolving;
    set_deadline(now + route_->timeouts.resolve);
    std::string const& host = route_->proxy ? route_->proxy->host : route_->host;
    std::uint16_t const port = route_->proxy ? route_->proxy->port : route_->port;

    boost::system::error_code not_an_address;
    auto const address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) {
        return connect({tcp::endpoint{address, port}}, now);
    }

    resolver_ = std::make_unique<tcp::resolver>(executor_);
    resolver_->async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [self = shared_from_this()](boost::system::error_code error, tcp::resolver::results_type const& results) {
            self->take_step([&] { return self->on_resolved(error, results); });
        });
    return announce_deadline();
}

connection::notice connection::on_resolved(boost::system::error_code error, tcp::resolver::results_type const& results)
{
    // A look-up cannot be cancelled: whoever gave up on it does not wait for its end.
    if (state_ != state::resolving) {
        return {};
    }
    resolver_.reset();
    std::vector<tcp::endpoint> addresses;
    for (auto const& each : results) {
        addresses.push_back(each.endpoint());
    }
    if (!error && addresses.empty()) {
        error = asio::error::host_not_found;
    }
    if (error) {
        std::string const& host = route_->proxy ? route_->proxy->host : route_->host;
        return fail_opening(errc::resolve_failed, host + ": " + error.message());
    }
    return connect(std::move(addresses), clock::now());
}

connection::notice connection::connect(std::vector<tcp::endpoint> addresses, time_point now)
{
    state_ = state::connecting;
    set_deadline(now + route_->timeouts.connect);
    connector_.set_addresses(std::move(addresses));
    try_next_address(now);
    return announce_deadline();
}

void connection::try_next_address(time_point now)
{
    connector_.try_next(executor_, now,
                        [self = shared_from_this()](boost::system::error_code error, std::size_t index) {
                            self->take_step([&] { return self->on_connected(error, index); });
                        });
}

connection::notice connection::on_connected(boost::system::error_code error, std::size_t index)
{
    if (state_ != state::connecting) {
        return {};
    }
    if (error) {
        connector_.failed(index, error);
        if (connector_.has_more()) {
            try_next_address(clock::now());
            return announce_deadline();
        }
        return connector_.is_pending() ? notice{} : fail_opening(errc::connect_failed, connector_.causes());
    }
    socket_ = connector_.take(index);
    boost::system::error_code failed;
    socket_.non_blocking(true, failed);
    // Requests are written whole: waiting to fill a segment only delays their end.
    if (!failed) {
        socket_.set_option(tcp::no_delay{true}, failed);
    }
    if (failed) {
        return fail_opening(errc::connect_failed, failed.message());
    }
    report_progress_early(socket_);

    if (route_->proxy) {
        return begin_tunnel();
    }
    return route_->tls ? begin_handshake() : become_open();
}

connection::notice connection::begin_tunnel()
{
    state_ = state::tunnelling;
    set_deadline(clock::now() + route_->timeouts.handshake);
    std::string const& host = route_->host;
    std::string const target =
        (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(route_->port);
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!route_->proxy->authorization.empty()) {
        head += "Proxy-Authorization: " + route_->proxy->authorization + "\r\n";
    }
    head += "\r\n";

    // A few hundred bytes into an empty socket buffer go at once or not at all.
    std::size_t sent = 0;
    if (!send(head, sent) || sent != head.size()) {
        return fail_opening(errc::proxy_refused, write_cause_.empty() ? "the proxy takes no request" : write_cause_);
    }
    parser_.reset(proxy_reply_limit, true);
    arm_receive();
    return announce_deadline();
}

connection::notice connection::read_tunnel_reply(std::size_t size)
{
    switch (parser_.commit(size)) {
    case reply_parser::status::incomplete:
        arm_receive();
        return {};
    case reply_parser::status::malformed:
    case reply_parser::status::too_large:
        return fail_opening(errc::proxy_refused, "the proxy's answer is not HTTP");
    case reply_parser::status::complete:
        break;
    }
    if (parser_.http_status() < 200 || parser_.http_status() > 299) {
        return fail_opening(errc::proxy_refused,
                            "the proxy answered with status " + std::to_string(parser_.http_status()));
    }
    // A TLS server waits to be spoken to, and so does an HTTP server.
    if (parser_.has_surplus()) {
        return fail_opening(errc::proxy_refused, "the proxy sent bytes of its own into the tunnel");
    }
    return route_->tls ? begin_handshake() : become_open();
}

connection::notice connection::begin_handshake()
{
    state_ = state::handshaking;
    set_deadline(clock::now() + route_->timeouts.handshake);
    tls_ = std::make_unique<tls_session>(*route_->tls, route_->host);
    return step_handshake();
}

connection::notice connection::step_handshake()
{
    auto const result = tls_->handshake();
    // Also after a failure: the peer is told why.
    pump_output();
    switch (result) {
    case tls_session::result::done:
        return become_open();
    case tls_session::result::want_input:
        if (write_failed_) {
            return fail_opening(errc::handshake_failed, write_cause_);
        }
        arm_receive();
        return announce_deadline();
    case tls_session::result::closed:
        return fail_opening(errc::handshake_failed, "the server closed the connection");
    case tls_session::result::failed:
        break;
    }
    return fail_opening(tls_->certificate_refused() ? errc::certificate_refused : errc::handshake_failed,
                        tls_->cause());
}

connection::notice connection::become_open()
{
    state_ = state::idle;
    set_deadline(time_point::max());
    return {.what = notice::kind::opened, .whom = events_, .resumed = tls_ && tls_->resumed()};
}

// ---------------------------------------------------------------------------------------------------------------------
// An exchange

std::optional<failure> connection::exchange(exchange_request const& request, time_point now)
{
    lock const held{mutex_};
    number_ = request.number;
    written_ = write_failed_ = false;
    bool const looked_at = request.after_idling || may_end_unannounced();
    if (state_ != state::idle || abort_pending_ == request.number || (looked_at && is_stale())) {
        if (!request.after_idling && state_ == state::idle) {
            route_->ends_unannounced = true;
        }
        shut();
        return failure{.error = errc::write_failed, .untouched = true, .detail = "the connection was closed meanwhile"};
    }
    state_ = state::exchanging;
    request_ = request.bytes;
    request_taken_ = unsent_ = 0;
    reply_timeout_ = request.reply_timeout;
    write_cause_.clear();
    parser_.reset(request.reply_limit);
    set_deadline(now + route_->timeouts.write_stall);
    try {
        pump_request();
        arm_receive();
    } catch (std::exception const& error) {
        return std::move(break_off(error).cause);
    }
    return std::nullopt;
}

/// Whether the peer may end the connection right behind a reply that does not say so. A connection that has been kept open
/// behind its first reply, by a service that is not known for that, need not be looked at again.
bool connection::may_end_unannounced() const noexcept
{
    return number_ == 2 || (number_ > 2 && route_->ends_unannounced);
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
        if (error == asio::error::would_block) {
            return tls_->has_input();
        }
        if (error || size == 0) {
            return true;
        }
        tls_->committed(size);
        // Session tickets are read and kept here; anything else is the end.
        char byte = 0;
        std::size_t read = 1;
        if (tls_->read(&byte, read) != tls_session::result::want_input) {
            return true;
        }
    }
}

/// Writes as much of the request as the socket takes now.
void connection::pump_request()
{
    bool progress = false;
    while (!write_failed_) {
        if (request_taken_ == request_.size() && unsent_ == 0) {
            written_ = true;
            set_deadline(clock::now() + reply_timeout_);
            if (tls_) {
                pump_output();
            }
            return;
        }
        std::size_t sent = 0;
        if (tls_ && !tls_->output().empty()) {
            bool const all = send(tls_->output(), sent);
            tls_->sent(sent);
            unsent_ -= std::min(unsent_, sent);
            progress = progress || sent != 0;
            if (!all && (unsent_ != 0 || request_taken_ != request_.size())) {
                break;
            }
        } else if (tls_) {
            std::string_view const piece = request_.substr(request_taken_, encrypt_size);
            if (tls_->write(piece) != tls_session::result::done) {
                write_failed_ = true;
                write_cause_ = tls_->cause();
            }
            request_taken_ += piece.size();
            unsent_ = tls_->output().size();
        } else {
            bool const all = send(request_.substr(request_taken_), sent);
            request_taken_ += sent;
            progress = progress || sent != 0;
            if (!all) {
                break;
            }
        }
    }
    if (progress) {
        set_deadline(clock::now() + route_->timeouts.write_stall);
    }
    if (!write_failed_) {
        wait_writable();
    }
}

/// Writes what TLS has to say for itself.
void connection::pump_output()
{
    while (!write_failed_ && !tls_->output().empty()) {
        std::size_t sent = 0;
        bool const all = send(tls_->output(), sent);
        tls_->sent(sent);
        if (!all) {
            break;
        }
    }
    if (!write_failed_ && !tls_->output().empty()) {
        wait_writable();
    }
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
    if (waiting_writable_) {
        return;
    }
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](boost::system::error_code) {
        self->take_step([&] { return self->on_writable(); });
    });
    waiting_writable_ = true;
}

/// What is wrong with the socket, the attempt to write will tell.
connection::notice connection::on_writable()
{
    waiting_writable_ = false;
    if (state_ == state::closed || write_failed_) {
        return {};
    }
    if (state_ == state::exchanging && !written_) {
        pump_request();
    } else if (tls_) {
        pump_output();
    }
    return {};
}

void connection::arm_receive()
{
    if (receiving_) {
        return;
    }
    bool const encrypted = tls_ != nullptr;
    char* const room = encrypted ? tls_->input_room() : parser_.prepare(read_size);
    std::size_t const size = encrypted ? tls_->input_room_size() : read_size;
    socket_.async_receive(asio::buffer(room, size),
                          [self = shared_from_this()](boost::system::error_code error, std::size_t received) {
                              self->take_step([&] { return self->on_received(error, received); });
                          });
    receiving_ = true;
}

connection::notice connection::on_received(boost::system::error_code error, std::size_t size)
{
    receiving_ = false;
    if (state_ == state::closed) {
        return {};
    }
    if (error) {
        return on_end_of_stream(error);
    }
    switch (state_) {
    case state::tunnelling:
        return read_tunnel_reply(size);
    case state::handshaking:
        tls_->committed(size);
        return step_handshake();
    case state::exchanging:
        return read_reply(size);
    default:
        return {};
    }
}

connection::notice connection::on_end_of_stream(boost::system::error_code error)
{
    std::string const cause =
        error == asio::error::eof ? std::string{"the server closed the connection"} : error.message();
    switch (state_) {
    case state::tunnelling:
        return fail_opening(errc::proxy_refused, "the proxy ended the connection: " + cause);
    case state::handshaking:
        return fail_opening(errc::handshake_failed, cause);
    case state::exchanging:
        break;
    default:
        return {};
    }
    note_unannounced_end();
    // Without TLS the end of the stream is all that can delimit a reply; with TLS only its own closing alert can be trusted.
    bool const orderly = error == asio::error::eof && !tls_;
    if (parser_.finish(orderly) == reply_parser::status::complete) {
        return finish_exchange();
    }
    return fail_exchange(errc::connection_lost,
                         cause + (parser_.begun() ? " in the middle of its reply" : " before it replied"));
}

connection::notice connection::read_reply(std::size_t size)
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
            if (result == tls_session::result::want_input) {
                break;
            }
            if (result == tls_session::result::failed) {
                return fail_exchange(errc::connection_lost, tls_->cause());
            }
            if (result == tls_session::result::closed) {
                note_unannounced_end();
                if (parser_.finish(true) == reply_parser::status::complete) {
                    return finish_exchange();
                }
                return fail_exchange(errc::connection_lost,
                                     parser_.begun() ? "the server closed the connection in the middle of its reply"
                                                     : "the server closed the connection before it replied");
            }
            status = parser_.commit(read);
        }
        // A change of keys may have to be answered.
        if (!tls_->output().empty()) {
            if (written_) {
                pump_output();
            } else {
                pump_request();
            }
        }
    }
    switch (status) {
    case reply_parser::status::incomplete:
        arm_receive();
        return {};
    case reply_parser::status::complete:
        return finish_exchange();
    case reply_parser::status::malformed:
        return fail_exchange(errc::malformed_reply, "the reply is not HTTP");
    case reply_parser::status::too_large:
        break;
    }
    return fail_exchange(errc::reply_too_large, "the reply is larger than the limit");
}

/// The stream has ended during an exchange.
void connection::note_unannounced_end() noexcept
{
    if (number_ > 1 && !parser_.begun()) {
        route_->ends_unannounced = true;
    }
}

connection::notice connection::finish_exchange()
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
    notice what{.what = notice::kind::replied, .whom = events_, .said = said};
    if (written_) {
        state_ = state::idle;
        set_deadline(time_point::max());
        request_ = {};
    } else {
        // What had not left before the answer must not leave after it.
        give_up();
    }
    return what;
}

std::optional<failure> connection::abort(std::uint64_t number)
{
    lock const held{mutex_};
    if (number > number_) {
        abort_pending_ = number;
        return std::nullopt;
    }
    if (state_ != state::exchanging || number != number_) {
        return std::nullopt;
    }
    failure cause = describe_failure(errc::cancelled_in_flight, {});
    give_up();
    return cause;
}

void connection::close()
{
    lock const held{mutex_};
    if (state_ == state::closed) {
        return;
    }
    if (state_ == state::idle && tls_ && tls_->output().empty()) {
        // A few bytes, which go at once or not at all.
        tls_->close();
        boost::system::error_code ignored;
        socket_.send(asio::buffer(tls_->output()), 0, ignored);
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
    take_step([&] { return now < deadline_ ? on_stagger(now) : on_timeout(); });
}

connection::notice connection::on_stagger(time_point now)
{
    if (state_ != state::connecting || now < connector_.next_due()) {
        return {};
    }
    try_next_address(now);
    return announce_deadline();
}

connection::notice connection::on_timeout()
{
    timeout_settings const& timeouts = route_->timeouts;
    switch (state_) {
    case state::resolving:
        return fail_opening(errc::resolve_failed,
                            "no answer to the look-up within " + in_milliseconds(timeouts.resolve));
    case state::connecting: {
        std::string const& causes = connector_.causes();
        return fail_opening(errc::connect_failed, "not connected within " + in_milliseconds(timeouts.connect) +
                                                      (causes.empty() ? "" : "; " + causes));
    }
    case state::tunnelling:
        return fail_opening(errc::proxy_refused,
                            "no answer of the proxy within " + in_milliseconds(timeouts.handshake));
    case state::handshaking:
        return fail_opening(errc::handshake_failed, "no handshake within " + in_milliseconds(timeouts.handshake));
    case state::exchanging:
        return written_ ? fail_exchange(errc::timed_out_in_flight,
                                        "no complete reply within " + in_milliseconds(reply_timeout_))
                        : fail_exchange(errc::write_failed,
                                        "no progress in writing for " + in_milliseconds(timeouts.write_stall));
    case state::created:
    case state::idle:
    case state::closed:
        break;
    }
    return {};
}

connection::notice connection::announce_deadline() const
{
    return {.what = notice::kind::due, .whom = events_, .when = next_deadline()};
}

connection::notice connection::fail_opening(errc error, std::string detail)
{
    notice what{
        .what = notice::kind::open_failed, .whom = events_, .cause = {.error = error, .detail = std::move(detail)}};
    shut();
    return what;
}

connection::notice connection::fail_exchange(errc error, std::string detail)
{
    notice what{
        .what = notice::kind::exchange_failed, .whom = events_, .cause = describe_failure(error, std::move(detail))};
    give_up();
    return what;
}

/// Something failed that nobody expects to: memory, or a thread that Asio wants for a look-up.
connection::notice connection::break_off(std::exception const& error)
{
    switch (state_) {
    case state::resolving:
        return fail_opening(errc::resolve_failed, error.what());
    case state::connecting:
        return fail_opening(errc::connect_failed, error.what());
    case state::tunnelling:
        return fail_opening(errc::proxy_refused, error.what());
    case state::handshaking:
        return fail_opening(errc::handshake_failed, error.what());
    case state::exchanging:
        return fail_exchange(errc::connection_lost, error.what());
    case state::created:
    case state::idle:
    case state::closed:
        break;
    }
    return {};
}

/// Takes a step with the lock held, and tells without it what came of that.
template <class Step>
void connection::take_step(Step step)
{
    notice const what = [&] {
        lock const held{mutex_};
        try {
            return step();
        } catch (std::exception const& error) {
            return break_off(error);
        }
    }();
    tell(what);
}

void connection::tell(notice const& what)
{
    switch (what.what) {
    case notice::kind::nothing:
        break;
    case notice::kind::due:
        what.whom->due(what.when);
        break;
    case notice::kind::opened:
        what.whom->opened(what.resumed);
        break;
    case notice::kind::open_failed:
        what.whom->open_failed(what.cause);
        break;
    case notice::kind::replied:
        what.whom->replied(what.said);
        break;
    case notice::kind::exchange_failed:
        what.whom->exchange_failed(what.cause);
        break;
    }
}

/// Only the bytes decide: what went wrong first, and who noticed, does not.
failure connection::describe_failure(errc error, std::string detail) const
{
    if (!write_cause_.empty()) {
        detail = write_cause_;
    }
    return {.error = written_ ? error : errc::write_failed, .written = written_, .detail = std::move(detail)};
}

/// Ends an exchange that is not over. What the system still holds of the request would leave all the same, for minutes where
/// the peer reads slowly.
void connection::give_up()
{
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    shut();
}

void connection::shut()
{
    state_ = state::closed;
    set_deadline(time_point::max());
    request_ = {};
    events_.reset();
    connector_.cancel();
    if (resolver_) {
        resolver_->cancel();
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
}

} // namespace postmark::transport
