// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_TLS_CONTEXT_HPP
#define POSTMARK_TRANSPORT_TLS_CONTEXT_HPP

#include "transport/trust_store.hpp"

#include <postmark/config.hpp>

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

namespace postmark::transport {

struct tls_session_delete {
    void operator()(SSL_SESSION* session) const noexcept;
};
using tls_session_pointer = std::unique_ptr<SSL_SESSION, tls_session_delete>;

/// What all TLS connections of a client share: trust, settings and the sessions that can be resumed. Thread-safe.
class tls_context {
public:
    /// Reads the trust store. Where OpenSSL cannot make a context, or there is nothing to trust, `problem` says so; the
    /// constructor throws only when there is no memory for that text.
    explicit tls_context(tls_settings const& settings);
    ~tls_context() = default;
    tls_context(tls_context const&) = delete;
    tls_context& operator=(tls_context const&) = delete;

    /// Why no connection can be made; nothing if TLS can be used.
    [[nodiscard]] std::optional<tls_problem> const& problem() const noexcept { return problem_; }

    /// Forgets all sessions: the next handshake is a full one.
    void forget_sessions() noexcept;

private:
    friend class tls_session;

    struct context_delete {
        void operator()(SSL_CTX* context) const noexcept;
    };
    struct method_delete {
        void operator()(BIO_METHOD* method) const noexcept;
    };

    /// A TLS 1.3 ticket serves once, and a server sends two of them by default.
    static constexpr std::size_t max_sessions = 16;

    static int on_new_session(SSL* connection, SSL_SESSION* session);
    void keep_session(tls_session_pointer session) noexcept;
    [[nodiscard]] tls_session_pointer take_session() noexcept;

    std::unique_ptr<SSL_CTX, context_delete> context_;
    std::unique_ptr<BIO_METHOD, method_delete> method_;
    std::optional<tls_problem> problem_;
    std::mutex mutex_;
    /// The newest last.
    std::array<tls_session_pointer, max_sessions> sessions_;
    std::size_t session_count_ = 0;
};

} // namespace postmark::transport

#endif
