// SPDX-License-Identifier: BSL-1.0

#include "transport/tls_context.hpp"

#include "transport/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

namespace postmark::transport {

namespace {

std::time_t creation_time(SSL_SESSION const* session) noexcept
{
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
    return SSL_SESSION_get_time_ex(session);
#else
    return SSL_SESSION_get_time(session);
#endif
}

bool is_usable(SSL_SESSION const* session) noexcept
{
    return SSL_SESSION_is_resumable(session) == 1 &&
           creation_time(session) + SSL_SESSION_get_timeout(session) > std::time(nullptr);
}

/// There are about a hundred BIO types in a process, so all clients share one.
int bio_type() noexcept
{
    static int const index = BIO_get_new_index();
    return std::max(index, 0) | BIO_TYPE_SOURCE_SINK;
}

} // namespace

void tls_session_delete::operator()(SSL_SESSION* session) const noexcept
{
    SSL_SESSION_free(session);
}

void tls_context::context_delete::operator()(SSL_CTX* context) const noexcept
{
    SSL_CTX_free(context);
}

void tls_context::method_delete::operator()(BIO_METHOD* method) const noexcept
{
    BIO_meth_free(method);
}

tls_context::tls_context(tls_settings const& settings)
{
    clear_tls_errors();
    context_.reset(SSL_CTX_new(TLS_client_method()));
    method_.reset(BIO_meth_new(bio_type(), "postmark"));
    if (context_ == nullptr || method_ == nullptr) {
        // The machine's configuration of OpenSSL asks for what it does not have, a FIPS module for instance.
        std::string const cause = take_tls_errors();
        problem_ = {errc::invalid_configuration, "OpenSSL cannot make a TLS context: " + cause};
        return;
    }
    BIO_meth_set_read_ex(method_.get(), &tls_session::bio_read);
    BIO_meth_set_write_ex(method_.get(), &tls_session::bio_write);
    BIO_meth_set_ctrl(method_.get(), &tls_session::bio_control);

    SSL_CTX* const context = context_.get();
    // The machine's configuration (MinProtocol) may be stricter, and is not loosened; 0 stands for no lower bound.
    if (SSL_CTX_get_min_proto_version(context) < TLS1_2_VERSION) {
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    }
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_read_ahead(context, 1);
    // Only HTTP/1.1 is spoken, and a server that prefers HTTP/2 has to know.
    static constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols);

    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, &tls_context::on_new_session);

    problem_ = load_trust(*context, settings.ca_file);
    clear_tls_errors();
}

int tls_context::on_new_session(SSL* connection, SSL_SESSION* session)
{
    auto& self = *static_cast<tls_context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    self.keep_session(tls_session_pointer{session});
    // 1 says that the reference was taken over.
    return 1;
}

void tls_context::keep_session(tls_session_pointer session) noexcept
{
    std::lock_guard const lock{mutex_};
    if (session_count_ == max_sessions) {
        std::move(sessions_.begin() + 1, sessions_.end(), sessions_.begin());
        --session_count_;
    }
    sessions_[session_count_++] = std::move(session);
}

/// Hands a session out for good. Whether it works is known only after its handshake: a session of TLS 1.2 that worked
/// comes back then (`tls_session::handshake`). In TLS 1.3 the handshake brings new tickets instead; to use one twice
/// would let an observer link the two connections (RFC 8446, C.4).
tls_session_pointer tls_context::take_session() noexcept
{
    std::lock_guard const lock{mutex_};
    while (session_count_ != 0) {
        tls_session_pointer session = std::move(sessions_[--session_count_]);
        if (is_usable(session.get())) {
            return session;
        }
    }
    return nullptr;
}

void tls_context::forget_sessions() noexcept
{
    std::lock_guard const lock{mutex_};
    while (session_count_ != 0) {
        sessions_[--session_count_].reset();
    }
}

} // namespace postmark::transport
