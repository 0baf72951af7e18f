// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_TLS_SESSION_HPP
#define POSTMARK_TRANSPORT_TLS_SESSION_HPP

#include "transport/tls_context.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postmark::transport {

/// Empties OpenSSL's queue of errors. It belongs to the thread, and errors of other code must not be taken for ours.
void clear_tls_errors() noexcept;

/// Empties OpenSSL's queue of errors. \return their texts
[[nodiscard]] std::string take_tls_errors();

/// One TLS connection without a socket: the owner moves ciphertext in and out through two buffers.
class tls_session {
public:
    enum class result : std::uint8_t {
        done,
        /// More ciphertext is needed.
        want_input,
        /// The peer announced that nothing more follows.
        closed,
        failed,
    };

    /// \param context must outlive the session
    /// \param host    name or IP address that the certificate must be for; a name is sent as SNI
    tls_session(tls_context& context, std::string const& host);
    ~tls_session();
    tls_session(tls_session const&) = delete;
    tls_session& operator=(tls_session const&) = delete;

    /// Free memory for ciphertext; `commit` says how much of it was filled.
    [[nodiscard]] char* input_buffer() noexcept;
    [[nodiscard]] std::size_t input_buffer_size() const noexcept { return input_size - input_end_; }
    void commit(std::size_t size) noexcept { input_end_ += size; }

    /// Ciphertext to send; `consume` says how much of it the socket took.
    [[nodiscard]] std::string_view output() const noexcept { return std::string_view{output_}.substr(output_begin_); }
    void consume(std::size_t size) noexcept;

    [[nodiscard]] result handshake();
    /// Ends a handshake that did not work. Where it had offered a session, the next handshakes offer none: whatever
    /// made the server turn this one away may hold for the others, too.
    void abandon_handshake() noexcept;
    /// \param size in: bytes free at `data`; out, if done: bytes that were read
    [[nodiscard]] result read(char* data, std::size_t& size);
    /// Encrypts all of `data`.
    [[nodiscard]] result write(std::string_view data);
    /// Puts the closing alert into the output.
    void close();

    /// Whether ciphertext has come that was not read.
    [[nodiscard]] bool has_input() const noexcept;
    [[nodiscard]] bool is_resumed() const noexcept;
    /// After `failed`: whether the certificate was the reason.
    [[nodiscard]] bool is_certificate_refused() const noexcept { return certificate_refused_; }
    /// After `failed`: the cause as diagnostic text of OpenSSL's, not of the peer's.
    [[nodiscard]] std::string const& cause() const noexcept { return cause_; }

private:
    friend class tls_context;

    struct connection_delete {
        void operator()(SSL* connection) const noexcept;
    };

    static int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* read);
    static int bio_write(BIO* bio, char const* data, std::size_t size, std::size_t* written);
    static long bio_control(BIO* bio, int command, long number, void* pointer);

    result confirm_read(result outcome, char* data, std::size_t capacity, std::size_t& size);
    result classify(int returned);

    static constexpr std::size_t input_size = 20 * 1024;

    tls_context& context_;
    std::unique_ptr<SSL, connection_delete> connection_;
    /// Until the handshake has ended.
    tls_session_pointer offered_;
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
