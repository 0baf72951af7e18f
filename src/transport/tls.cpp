// SPDX-License-Identifier: BSL-1.0

#include "transport/tls.hpp"

#include <boost/asio/ip/address.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <exception>
#include <new>

namespace postmark::transport {

namespace {

/// Sessions to resume; a TLS 1.3 ticket serves once, and a server sends two of them by default.
constexpr std::size_t kept_sessions = 16;

/// Output buffers that one large request made larger than this do not stay.
constexpr std::size_t kept_output = 128 * 1024;

/// OpenSSL's queue of errors belongs to the thread; what others left there must not be taken for ours.
void forget_errors() noexcept
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

std::time_t began(SSL_SESSION const* session) noexcept
{
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
    return SSL_SESSION_get_time_ex(session);
#else
    return SSL_SESSION_get_time(session);
#endif
}

/// There are about a hundred types in a process, so all clients share one.
int bio_type() noexcept
{
    static int const index = BIO_get_new_index();
    return std::max(index, 0) | BIO_TYPE_SOURCE_SINK;
}

std::string take_errors()
{
    std::string text;
    while (unsigned long const code = ERR_get_error()) {
        char const* const reason = ERR_reason_error_string(code);
        if (!text.empty()) {
            text += "; ";
        }
        text += reason == nullptr ? "TLS error " + std::to_string(code) : std::string{reason};
    }
    return text;
}

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// tls_context

void tls_context::context_delete::operator()(SSL_CTX* context) const noexcept
{
    SSL_CTX_free(context);
}

void tls_context::method_delete::operator()(BIO_METHOD* method) const noexcept
{
    BIO_meth_free(method);
}

tls_context::tls_context(tls_settings const& settings)
    : context_{SSL_CTX_new(TLS_client_method())}
    , method_{BIO_meth_new(bio_type(), "postmark")}
{
    if (context_ == nullptr || method_ == nullptr) {
        throw std::bad_alloc{};
    }
    BIO_meth_set_read_ex(method_.get(), &tls_session::bio_read);
    BIO_meth_set_write_ex(method_.get(), &tls_session::bio_write);
    BIO_meth_set_ctrl(method_.get(), &tls_session::bio_control);

    SSL_CTX* const context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_read_ahead(context, 1);
    // Only HTTP/1.1 is spoken; a server that would rather speak HTTP/2 shall know.
    static constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols);

    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, &tls_context::keep_session);

    sessions_.reserve(kept_sessions);
    problem_ = load_trust(*context, settings.ca_file);
    forget_errors();
}

tls_context::~tls_context()
{
    for (SSL_SESSION* const session : sessions_) {
        SSL_SESSION_free(session);
    }
}

int tls_context::keep_session(SSL* connection, SSL_SESSION* session)
{
    auto& self = *static_cast<tls_context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    std::lock_guard const lock{self.mutex_};
    if (self.sessions_.size() == kept_sessions) {
        SSL_SESSION_free(self.sessions_.front());
        self.sessions_.erase(self.sessions_.begin());
    }
    self.sessions_.push_back(session);
    // The reference is ours now.
    return 1;
}

void tls_context::resume(SSL& connection)
{
    std::lock_guard const lock{mutex_};
    std::time_t const now = std::time(nullptr);
    while (!sessions_.empty()) {
        SSL_SESSION* const session = sessions_.back();
        sessions_.pop_back();
        bool const usable =
            SSL_SESSION_is_resumable(session) == 1 && began(session) + SSL_SESSION_get_timeout(session) > now;
        if (usable) {
            SSL_set_session(&connection, session);
        }
        // A TLS 1.3 ticket that is used twice lets an observer link the two connections; an older session may stay.
        if (usable && SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION) {
            sessions_.insert(sessions_.begin(), session);
        } else {
            SSL_SESSION_free(session);
        }
        if (usable) {
            return;
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// tls_session

void tls_session::connection_delete::operator()(SSL* connection) const noexcept
{
    SSL_free(connection);
}

tls_session::tls_session(tls_context& context, std::string const& host)
    : connection_{SSL_new(context.context_.get())}
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
        // RFC 9525: the common name is no name of a server.
        X509_VERIFY_PARAM_set_hostflags(verify,
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        // Without a name to check, any certificate would do.
        if (X509_VERIFY_PARAM_set1_host(verify, host.data(), host.size()) != 1) {
            throw std::bad_alloc{};
        }
        SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    } else {
        if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1) {
            throw std::bad_alloc{};
        }
    }
    context.resume(*connection);
    forget_errors();
}

tls_session::~tls_session()
{
    // A connection that was cut is no reason to distrust its session tickets, as OpenSSL would.
    SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

char* tls_session::input_room() noexcept
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

std::size_t tls_session::input_room_size() const noexcept
{
    return input_size - input_end_;
}

void tls_session::sent(std::size_t size) noexcept
{
    output_begin_ += size;
    if (output_begin_ != output_.size()) {
        return;
    }
    output_begin_ = 0;
    if (output_.capacity() > kept_output) {
        output_ = {};
    } else {
        output_.clear();
    }
}

tls_session::result tls_session::handshake()
{
    forget_errors();
    int const returned = SSL_do_handshake(connection_.get());
    return returned == 1 ? result::done : outcome_of(returned);
}

tls_session::result tls_session::read(char* data, std::size_t& size)
{
    forget_errors();
    std::size_t taken = 0;
    int const returned = SSL_read_ex(connection_.get(), data, size, &taken);
    size = taken;
    return returned == 1 ? result::done : outcome_of(returned);
}

tls_session::result tls_session::write(std::string_view data)
{
    forget_errors();
    std::size_t written = 0;
    int const returned = SSL_write_ex(connection_.get(), data.data(), data.size(), &written);
    return returned == 1 ? result::done : outcome_of(returned);
}

void tls_session::close()
{
    SSL_shutdown(connection_.get());
    forget_errors();
}

bool tls_session::has_input() const noexcept
{
    return input_begin_ != input_end_ || SSL_has_pending(connection_.get()) == 1;
}

bool tls_session::resumed() const noexcept
{
    return SSL_session_reused(connection_.get()) == 1;
}

tls_session::result tls_session::outcome_of(int returned)
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
        cause_ = take_errors();
        if (cause_.empty()) {
            cause_ = "TLS failed";
        }
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
    // OpenSSL is C: nothing may be thrown through it.
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
    // Everything written is in the output at once, so a flush has nothing to do.
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

} // namespace postmark::transport
