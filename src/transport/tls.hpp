// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_TLS_HPP
#define POSTMARK_TRANSPORT_TLS_HPP

#include "transport/trust_store.hpp"

#include <postmark/config.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::transport {

/// What all TLS connections of a client share: trust, settings and the sessions that can be resumed. Thread-safe.
class tls_context {
public:
    /// Reads the trust store. Never throws for what it finds there: `problem` tells.
    explicit tls_context(tls_settings const& settings);
    ~tls_context();
    tls_context(tls_context const&) = delete;
    tls_context& operator=(tls_context const&) = delete;

    /// Why no connection can be made; nothing if all is well.
    [[nodiscard]] std::optional<trust_problem> const& problem() const noexcept { return problem_; }

private:
    friend class tls_session;

    struct context_delete {
        void operator()(SSL_CTX* context) const noexcept;
    };
    struct method_delete {
        void operator()(BIO_METHOD* method) const noexcept;
    };

    static int keep_session(SSL* connection, SSL_SESSION* session);
    void resume(SSL& connection);

    std::unique_ptr<SSL_CTX, context_delete> context_;
    std::unique_ptr<BIO_METHOD, method_delete> method_;
    std::optional<trust_problem> problem_;
    std::mutex mutex_;
    std::vector<SSL_SESSION*> sessions_;
};

/// One TLS connection without a socket: ciphertext comes in and goes out through two buffers that the owner moves.
class tls_session {
public:
    enum class result : std::uint8_t {
        done,
        /// More ciphertext is needed.
        want_input,
        /// The peer said that nothing more follows.
        closed,
        failed,
    };

    /// \param host name or IP address that the certificate must be for; a name is sent as SNI
    tls_session(tls_context& context, std::string const& host);
    ~tls_session();
    tls_session(tls_session const&) = delete;
    tls_session& operator=(tls_session const&) = delete;

    /// Room for ciphertext; `committed` says how much of it was filled.
    [[nodiscard]] char* input_room() noexcept;
    [[nodiscard]] std::size_t input_room_size() const noexcept;
    void committed(std::size_t size) noexcept { input_end_ += size; }

    /// Ciphertext to send; `sent` says how much of it the socket took.
    [[nodiscard]] std::string_view output() const noexcept { return std::string_view{output_}.substr(output_begin_); }
    void sent(std::size_t size) noexcept;

    [[nodiscard]] result handshake();
    /// \param size in: room at `data`; out, if done: bytes that were read
    [[nodiscard]] result read(char* data, std::size_t& size);
    /// Encrypts all of it.
    [[nodiscard]] result write(std::string_view data);
    /// Puts the closing alert into the output.
    void close();

    /// Whether ciphertext has come that was not read.
    [[nodiscard]] bool has_input() const noexcept;
    [[nodiscard]] bool resumed() const noexcept;
    /// After `failed`: whether the certificate was the reason, and the cause for people.
    [[nodiscard]] bool certificate_refused() const noexcept { return certificate_refused_; }
    [[nodiscard]] std::string const& cause() const noexcept { return cause_; }

private:
    friend class tls_context;

    struct connection_delete {
        void operator()(SSL* connection) const noexcept;
    };

    static int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* read);
    static int bio_write(BIO* bio, char const* data, std::size_t size, std::size_t* written);
    static long bio_control(BIO* bio, int command, long number, void* pointer);

    result outcome_of(int returned);

    static constexpr std::size_t input_size = 20 * 1024;

    std::unique_ptr<SSL, connection_delete> connection_;
    std::unique_ptr<char[]> input_;
    std::size_t input_begin_ = 0;
    std::size_t input_end_ = 0;
    std::string output_;
    std::size_t output_begin_ = 0;
    std::string cause_;
    bool certificate_refused_ = false;
};

} // namespace postmark::transport

#endif
