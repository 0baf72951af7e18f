// SPDX-License-Identifier: BSL-1.0

#include "sandbox/stream.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <poll.h>
#include <sys/socket.h>

namespace postmark::sandbox::detail {
namespace {

int clamp_to_int(std::size_t size)
{
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

stream::stream(socket_type socket, SSL_CTX* context)
    : socket_{std::move(socket)}
{
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    if (!context) {
        return;
    }
    tls_.reset(SSL_new(context));
    if (!tls_ || SSL_set_fd(tls_.get(), socket_.native_handle()) != 1) {
        ERR_clear_error();
        throw std::bad_alloc{};
    }
    SSL_set_accept_state(tls_.get());
}

progress stream::after_tls(int result)
{
    switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_NONE:
        return progress::done;
    case SSL_ERROR_WANT_READ:
        return progress::want_read;
    case SSL_ERROR_WANT_WRITE:
        return progress::want_write;
    default:
        return progress::closed;
    }
}

progress stream::handshake()
{
    ERR_clear_error();
    return after_tls(SSL_do_handshake(tls_.get()));
}

progress stream::handshake_with_greeting(std::string_view greeting, std::size_t& written)
{
    // A resumed handshake of TLS 1.2 ends with the client's last message, so that nothing could be sent before it.
    SSL_set_options(tls_.get(), SSL_OP_NO_TICKET);
    set_cork(true);
    ERR_clear_error();
    char unused = 0;
    std::size_t count = 0;
    // Early data is off, so nothing is read here. With TLS 1.3 this returns after the server's part of the handshake,
    // with TLS 1.2 after the whole handshake.
    auto state = progress::done;
    if (SSL_read_early_data(tls_.get(), &unused, sizeof unused, &count) == SSL_READ_EARLY_DATA_ERROR) {
        state = after_tls(0);
    } else {
        ERR_clear_error();
        bool const sent = SSL_write_early_data(tls_.get(), greeting.data(), greeting.size(), &written) == 1;
        state = sent ? progress::done : progress::closed;
    }
    set_cork(false);
    return state;
}

void stream::set_cork(bool on)
{
    int const value = on ? 1 : 0;
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

bool stream::resumed() const
{
    return SSL_session_reused(tls_.get()) == 1;
}

std::string stream::server_name() const
{
    char const* name = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}

progress stream::read(char* data, std::size_t size, std::size_t& count)
{
    count = 0;
    if (tls_) {
        ERR_clear_error();
        int const result = SSL_read(tls_.get(), data, clamp_to_int(size));
        if (result > 0) {
            count = static_cast<std::size_t>(result);
            return progress::done;
        }
        return after_tls(result);
    }
    auto const result = ::recv(socket_.native_handle(), data, size, 0);
    if (result > 0) {
        count = static_cast<std::size_t>(result);
        return progress::done;
    }
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? progress::want_read
                                                                                     : progress::closed;
}

progress stream::write(char const* data, std::size_t size, std::size_t& count)
{
    count = 0;
    if (tls_) {
        ERR_clear_error();
        int const result = SSL_write(tls_.get(), data, clamp_to_int(size));
        if (result > 0) {
            count = static_cast<std::size_t>(result);
            return progress::done;
        }
        return after_tls(result);
    }
    auto const result = ::send(socket_.native_handle(), data, size, MSG_NOSIGNAL);
    if (result >= 0) {
        count = static_cast<std::size_t>(result);
        return progress::done;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? progress::want_write : progress::closed;
}

bool stream::peer_is_gone()
{
    pollfd state{socket_.native_handle(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) != 0;
}

void stream::send_close_notify()
{
    if (!tls_ || !SSL_is_init_finished(tls_.get())) {
        return;
    }
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
}

void stream::shutdown_send()
{
    boost::system::error_code ignored;
    socket_.shutdown(socket_type::shutdown_send, ignored);
}

void stream::close()
{
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void stream::reset()
{
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
}

} // namespace postmark::sandbox::detail
