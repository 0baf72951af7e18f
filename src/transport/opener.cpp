// SPDX-License-Identifier: BSL-1.0

#include "transport/opener.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace postmark::transport {

namespace asio = boost::asio;

namespace {

/// The longest refusal of a proxy that is read.
constexpr std::size_t max_proxy_reply = 64 * 1024;

/// Bytes that a server may send during its handshake; OpenSSL itself accepts no more than 100 KiB of certificates.
constexpr std::size_t max_handshake_bytes = 256 * 1024;

std::string in_milliseconds(std::chrono::milliseconds time)
{
    return std::to_string(time.count()) + " ms";
}

/// A refusal that asking again would not change, unlike a proxy's own trouble (5xx) or a reply that says "later".
bool is_refusal(unsigned status) noexcept
{
    return status >= 400 && status <= 499 && status != 408 && status != 429;
}

std::string describe_end(boost::system::error_code error)
{
    return error == asio::error::eof ? std::string{"the server closed the connection"} : error.message();
}

} // namespace

std::string const& opener::lookup_host() const noexcept
{
    return params_.proxy ? params_.proxy->host : params_.host;
}

std::uint16_t opener::lookup_port() const noexcept
{
    return params_.proxy ? params_.proxy->port : params_.port;
}

opener::time_point opener::deadline() const noexcept
{
    if (phase_ == phase::connecting) {
        return std::min(deadline_, connector_.next_due());
    }
    return has_stream_phase() && connector_.has_more() ? std::min(deadline_, gives_way_at_) : deadline_;
}

// ---------------------------------------------------------------------------------------------------------------------
// Looking up, connecting

void opener::start(time_point now)
{
    boost::system::error_code not_an_address;
    auto const address = asio::ip::make_address(lookup_host(), not_an_address);
    if (!not_an_address) {
        connect({tcp::endpoint{address, lookup_port()}}, now);
        return;
    }
    deadline_ = now + params_.timeouts.resolve;
    needs_lookup_ = true;
}

opener::outcome opener::on_resolved(boost::system::error_code error, std::vector<tcp::endpoint> addresses)
{
    // A look-up cannot be cancelled, so its result may come when nothing waits for it any more.
    if (phase_ != phase::resolving) {
        return {};
    }
    if (!error && addresses.empty()) {
        error = asio::error::host_not_found;
    }
    if (error) {
        return failure{.error = errc::resolve_failed, .detail = lookup_host() + ": " + error.message()};
    }
    connect(std::move(addresses), std::chrono::steady_clock::now());
    return {};
}

void opener::connect(std::vector<tcp::endpoint> addresses, time_point now)
{
    phase_ = phase::connecting;
    deadline_ = now + params_.timeouts.connect;
    connector_.set_addresses(std::move(addresses), params_.traits.failed_address());
    needs_attempt_ = true;
}

opener::outcome opener::on_connected(boost::system::error_code error, std::size_t attempt)
{
    if (connector_.is_cancelled(attempt)) {
        return {};
    }
    if (error) {
        connector_.on_failed(attempt, error);
        return on_attempt_missing();
    }
    address_ = connector_.address(attempt);
    stream_ = std::make_shared<byte_stream>(connector_.take(attempt));
    received_ = 0;
    wants_writable_ = false;
    time_point const now = std::chrono::steady_clock::now();
    if (!handshakes_end_) {
        // The proxy has as long for its part as the service for its own.
        handshakes_end_ = now + params_.timeouts.handshake * (params_.proxy ? 2 : 1);
    }
    if (auto const failed = stream_->configure()) {
        return try_other_address(errc::connect_failed, failed.message());
    }
    return params_.proxy ? start_tunnel(now) : start_handshake(now);
}

opener::outcome opener::on_attempt_missing()
{
    if (connector_.has_more()) {
        needs_attempt_ = true;
        return {};
    }
    if (connector_.is_pending()) {
        return {};
    }
    return give_up(errc::connect_failed, connector_.causes());
}

// ---------------------------------------------------------------------------------------------------------------------
// The proxy

opener::outcome opener::start_tunnel(time_point now)
{
    phase_ = phase::tunnelling;
    deadline_ = std::min(now + params_.timeouts.handshake, *handshakes_end_);
    // A proxy is silent while it connects to the service.
    limit_silence(now, params_.timeouts.handshake / 2);
    std::string const& host = params_.host;
    std::string const target =
        (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(params_.port);
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!params_.proxy->authorization.empty()) {
        head += "Proxy-Authorization: " + params_.proxy->authorization + "\r\n";
    }
    head += "\r\n";

    // A few hundred bytes go into an empty socket buffer at once or not at all.
    bool progressed = false;
    stream_->begin_write(head);
    write_status const status = stream_->write(progressed);
    stream_->drop_request();
    if (status != write_status::done) {
        return try_other_address(errc::connect_failed, status == write_status::failed ? stream_->write_error()
                                                                                      : "the proxy takes no request");
    }
    parser_.reset(max_proxy_reply, true);
    return {};
}

opener::outcome opener::on_tunnel_read(read_status status, boost::system::error_code error)
{
    switch (status) {
    case read_status::incomplete:
    case read_status::would_block:
        return {};
    case read_status::complete:
        return on_tunnel_reply();
    case read_status::error:
    case read_status::closed:
    case read_status::failed:
        return try_other_address(errc::connect_failed, "the proxy ended the connection: " + describe_end(error));
    case read_status::malformed:
    case read_status::too_large:
        break;
    }
    return try_other_address(errc::connect_failed, "the proxy's reply is not HTTP");
}

/// What the proxy says of the service is no fault of the proxy's address, so no other one is tried.
opener::outcome opener::on_tunnel_reply()
{
    unsigned const status = parser_.http_status();
    if (status < 200 || status > 299) {
        std::string detail = "the proxy replied with status " + std::to_string(status);
        if (!parser_.proxy_schemes().empty()) {
            detail += " and asks for authentication: " + parser_.proxy_schemes();
        }
        return failure{.error = is_refusal(status) ? errc::proxy_refused : errc::connect_failed,
                       .detail = std::move(detail)};
    }
    // A server waits for the client's first bytes, with TLS and without.
    if (parser_.has_surplus()) {
        return failure{.error = errc::connect_failed, .detail = "the proxy sent bytes of its own into the tunnel"};
    }
    return start_handshake(std::chrono::steady_clock::now());
}

// ---------------------------------------------------------------------------------------------------------------------
// TLS

opener::outcome opener::start_handshake(time_point now)
{
    if (!params_.tls) {
        return opened{};
    }
    phase_ = phase::handshaking;
    deadline_ = std::min(now + params_.timeouts.handshake, *handshakes_end_);
    note_progress(now);
    stream_->start_tls(*params_.tls, params_.host);
    return step_handshake();
}

/// An address that says nothing for a while gives way to the next one, as one that does not connect. Not when much of
/// the time has gone by: where all addresses are slow, one of them needs the rest of it.
void opener::limit_silence(time_point now, std::chrono::milliseconds limit) noexcept
{
    gives_way_at_ = now + limit;
    if (gives_way_at_ > *handshakes_end_ - params_.timeouts.handshake / 2) {
        gives_way_at_ = time_point::max();
    }
}

void opener::note_progress(time_point now) noexcept
{
    limit_silence(now, std::min(max_silence, params_.timeouts.handshake / 4));
}

opener::outcome opener::step_handshake()
{
    tls_session& tls = *stream_->tls();
    auto const result = tls.handshake();
    // Also after a failure: the alert tells the peer why.
    bool const failed = flush() == write_status::failed;
    switch (result) {
    case tls_session::result::done:
        return opened{.resumed = tls.is_resumed()};
    case tls_session::result::want_input:
        if (failed) {
            return try_other_address(errc::handshake_failed, stream_->write_error());
        }
        if (received_ > max_handshake_bytes) {
            return try_other_address(errc::handshake_failed, "the server's handshake has no end");
        }
        return {};
    case tls_session::result::closed:
        return try_other_address(errc::handshake_failed, "the server closed the connection");
    case tls_session::result::failed:
        break;
    }
    return try_other_address(tls.is_certificate_refused() ? errc::certificate_refused : errc::handshake_failed,
                             tls.cause());
}

write_status opener::flush()
{
    write_status const status = stream_->flush();
    wants_writable_ = status == write_status::blocked;
    return status;
}

// ---------------------------------------------------------------------------------------------------------------------
// Events of the stream

opener::outcome opener::on_received(std::size_t size)
{
    if (phase_ == phase::tunnelling) {
        return on_tunnel_read(stream_->commit(size, parser_), {});
    }
    received_ += size;
    stream_->tls()->commit(size);
    note_progress(std::chrono::steady_clock::now());
    return step_handshake();
}

opener::outcome opener::on_receive_error(boost::system::error_code error)
{
    if (phase_ == phase::tunnelling) {
        return on_tunnel_read(read_status::error, error);
    }
    return try_other_address(errc::handshake_failed, describe_end(error));
}

opener::outcome opener::on_writable()
{
    // What is wrong with the socket, receiving tells.
    if (has_stream_phase()) {
        static_cast<void>(flush());
    }
    return {};
}

opener::outcome opener::on_timeout(time_point now)
{
    timeout_settings const& timeouts = params_.timeouts;
    std::shared_ptr<byte_stream> const present = stream_;
    while (has_stream_phase()) {
        boost::system::error_code error;
        std::size_t const size = present->receive_bytes(parser_, error);
        if (error == asio::error::would_block) {
            break;
        }
        outcome result = error ? on_receive_error(error) : on_received(size);
        if (result.index() != 0 || stream_ != present) {
            return result;
        }
    }
    // What was read, here or just before, may have ended the present address: the next one has its own time.
    if (needs_attempt_ || now < deadline()) {
        return {};
    }
    switch (phase_) {
    case phase::resolving:
        return failure{.error = errc::resolve_failed,
                       .detail = "no result of the look-up within " + in_milliseconds(timeouts.resolve)};
    case phase::connecting: {
        std::string const& causes = connector_.causes();
        return give_up(errc::connect_failed, "not connected within " + in_milliseconds(timeouts.connect) +
                                                 (causes.empty() ? "" : "; " + causes));
    }
    case phase::tunnelling:
        return try_other_address(errc::connect_failed,
                                 "no reply of the proxy within " + in_milliseconds(timeouts.handshake));
    case phase::handshaking:
        break;
    }
    return try_other_address(errc::handshake_failed,
                             now < deadline_ ? std::string{"no handshake while others waited"}
                                             : "no handshake within " + in_milliseconds(timeouts.handshake));
}

// ---------------------------------------------------------------------------------------------------------------------
// Failure

/// The address accepted a connection and is of no use. The next opening begins with its successor; this one goes on
/// with it, if there is one and time is left.
opener::outcome opener::try_other_address(errc error, std::string detail)
{
    bool const by_way_of_proxy = params_.proxy && phase_ == phase::handshaking;
    if (stream_->tls() != nullptr) {
        stream_->tls()->abandon_handshake();
    }
    wants_writable_ = false;
    if (by_way_of_proxy) {
        // The address is the proxy's, and the proxy has done its part.
        return failure{.error = error, .detail = std::move(detail)};
    }
    params_.traits.note_failed_address(address_);
    if (!failed_as_ || error != errc::certificate_refused) {
        failed_as_ = error;
    }
    connector_.note_cause(address_, detail);
    time_point const now = std::chrono::steady_clock::now();
    if (!connector_.has_more() || now >= handshakes_end_.value_or(time_point::max())) {
        return give_up(error, connector_.address_count() == 1 ? std::move(detail) : connector_.causes());
    }
    phase_ = phase::connecting;
    deadline_ = std::min(now + params_.timeouts.connect, *handshakes_end_);
    needs_attempt_ = true;
    return {};
}

/// Says of several addresses how those failed that had accepted a connection. A refused certificate is final, so it is
/// named only if no other one failed in a way that may pass.
failure opener::give_up(errc error, std::string detail) const
{
    return {.error = failed_as_.value_or(error), .detail = std::move(detail)};
}

failure opener::fail_with(std::string detail) const
{
    switch (phase_) {
    case phase::resolving:
        return {.error = errc::resolve_failed, .detail = std::move(detail)};
    case phase::connecting:
    case phase::tunnelling:
        return {.error = errc::connect_failed, .detail = std::move(detail)};
    case phase::handshaking:
        break;
    }
    return {.error = errc::handshake_failed, .detail = std::move(detail)};
}

} // namespace postmark::transport
