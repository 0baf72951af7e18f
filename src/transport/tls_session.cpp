// SPDX-License-Identifier: BSL-1.0

#include "transport/tls_session.hpp"

#include <boost/asio/ip/address.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace postmark::transport {

namespace {

/// An output buffer that one large request made larger than this is released.
constexpr std::size_t max_kept_output = 128 * 1024;

} // namespace

void clear_tls_errors() noexcept
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

std::string take_tls_errors()
{
    std::string text;
    while (unsigned long const code = ERR_get_error()) {
        char const* const reason = ERR_reason_error_string(code);
        if (!text.empty()) {
            text += "; ";
        }
        text += reason == nullptr ? "TLS error " + std::to_string(code) : std::string{reason};
    }
    return text.empty() ? std::string{"TLS failed"} : text;
}

void tls_session::connection_delete::operator()(SSL* connection) const noexcept
{
    SSL_free(connection);
}

tls_session::tls_session(tls_context& context, std::string const& host)
    : context_{context}
    , connection_{SSL_new(context.context_.get())}
    , offered_{context.take_session()}
    , input_{new char[input_size]}
{
    BIO* const bio = BIO_new(context.method_.get());
    if (connection_ == nullptr || bio == nullptr) {
        BIO_free(bio);
        throw std::bad_alloc{};
    }
    SSL* const connection = connection_.get();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(connection, bio, bio);
    SSL_set_connect_state(connection);

    X509_VERIFY_PARAM* const verify = SSL_get0_param(connection);
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    if (not_an_address) {
        // The common name is not a server's name (RFC 9525).
        X509_VERIFY_PARAM_set_hostflags(verify,
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        // Without a name to check, OpenSSL would accept any certificate.
        if (X509_VERIFY_PARAM_set1_host(verify, host.data(), host.size()) != 1) {
            throw std::bad_alloc{};
        }
        SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    } else {
        if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1) {
            throw std::bad_alloc{};
        }
    }
    if (offered_ != nullptr) {
        SSL_set_session(connection, offered_.get());
    }
    clear_tls_errors();
}

tls_session::~tls_session()
{
    // Otherwise OpenSSL would no longer resume the sessions of a connection that was cut.
    SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

char* tls_session::input_buffer() noexcept
{
    if (input_begin_ == input_end_) {
        input_begin_ = input_end_ = 0;
    } else if (input_begin_ != 0) {
        std::memmove(input_.get(), input_.get() + input_begin_, input_end_ - input_begin_);
        input_end_ -= input_begin_;
        input_begin_ = 0;
    }
    return input_.get() + input_end_;
}

void tls_session::consume(std::size_t size) noexcept
{
    output_begin_ += size;
    if (output_begin_ != output_.size()) {
        return;
    }
    output_begin_ = 0;
    if (output_.capacity() > max_kept_output) {
        output_ = {};
    } else {
        output_.clear();
    }
}

tls_session::result tls_session::handshake()
{
    clear_tls_errors();
    int const returned = SSL_do_handshake(connection_.get());
    if (returned != 1) {
        return classify(returned);
    }
    if (offered_ != nullptr && is_resumed() && SSL_SESSION_get_protocol_version(offered_.get()) < TLS1_3_VERSION) {
        context_.keep_session(std::move(offered_));
    }
    offered_.reset();
    return result::done;
}

void tls_session::abandon_handshake() noexcept
{
    if (offered_ != nullptr) {
        offered_.reset();
        context_.forget_sessions();
    }
}

tls_session::result tls_session::read(char* data, std::size_t& size)
{
    std::size_t const capacity = std::exchange(size, 0);
    int const returned = SSL_read_ex(connection_.get(), data, capacity, &size);
    return returned == 1 ? result::done : confirm_read(classify(returned), data, capacity, size);
}

/// Errors that other code left in the thread's queue look like an error of this connection. Once the queue is empty,
/// asking again tells. To empty the queue before every call would cost each reply more than that. A connection that has
/// failed is not asked again: after a fatal alert of the peer it would say that the peer has closed it.
tls_session::result tls_session::confirm_read(result outcome, char* data, std::size_t capacity, std::size_t& size)
{
    if (outcome != result::failed || SSL_is_init_finished(connection_.get()) == 0) {
        return outcome;
    }
    std::string cause = std::move(cause_);
    int const returned = SSL_read_ex(connection_.get(), data, capacity, &size);
    outcome = returned == 1 ? result::done : classify(returned);
    cause_ = std::move(cause);
    return outcome;
}

tls_session::result tls_session::write(std::string_view data)
{
    // The queue of errors does not matter here: the output takes everything, so that writing succeeds or has failed.
    std::size_t written = 0;
    int const returned = SSL_write_ex(connection_.get(), data.data(), data.size(), &written);
    return returned == 1 ? result::done : classify(returned);
}

void tls_session::close()
{
    SSL_shutdown(connection_.get());
    clear_tls_errors();
}

bool tls_session::has_input() const noexcept
{
    return input_begin_ != input_end_ || SSL_has_pending(connection_.get()) == 1;
}

bool tls_session::is_resumed() const noexcept
{
    return SSL_session_reused(connection_.get()) == 1;
}

tls_session::result tls_session::classify(int returned)
{
    SSL* const connection = connection_.get();
    switch (SSL_get_error(connection, returned)) {
    case SSL_ERROR_WANT_READ:
        return result::want_input;
    case SSL_ERROR_ZERO_RETURN:
        return result::closed;
    default:
        break;
    }
    long const verified = SSL_get_verify_result(connection);
    if (verified != X509_V_OK && SSL_is_init_finished(connection) == 0) {
        certificate_refused_ = true;
        cause_ = X509_verify_cert_error_string(verified);
        ERR_clear_error();
    } else {
        cause_ = take_tls_errors();
    }
    return result::failed;
}

int tls_session::bio_read(BIO* bio, char* data, std::size_t size, std::size_t* read)
{
    auto& self = *static_cast<tls_session*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    std::size_t const take = std::min(size, self.input_end_ - self.input_begin_);
    if (take == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    std::memcpy(data, self.input_.get() + self.input_begin_, take);
    self.input_begin_ += take;
    *read = take;
    return 1;
}

int tls_session::bio_write(BIO* bio, char const* data, std::size_t size, std::size_t* written)
{
    auto& self = *static_cast<tls_session*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    // An exception must not pass through OpenSSL, which is C.
    try {
        self.output_.append(data, size);
    } catch (std::exception const&) {
        return 0;
    }
    *written = size;
    return 1;
}

long tls_session::bio_control(BIO*, int command, long, void*)
{
    // Written bytes are in the output at once, so a flush has nothing to do.
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

} // namespace postmark::transport
