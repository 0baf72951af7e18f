// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_REPLY_PARSER_HPP
#define POSTMARK_TRANSPORT_REPLY_PARSER_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::transport {

/// Reads one HTTP/1.x reply at a time out of bytes that arrive in pieces of any size.
///
/// Owns the bytes; the views into a complete reply hold until `reset`. Interim replies (1xx) are skipped. A chunked
/// body is decoded in place, so that the body is contiguous whatever its framing.
class reply_parser {
public:
    enum class status : std::uint8_t {
        incomplete,
        complete,
        /// The bytes are not a reply that this client can rely on.
        malformed,
        /// The head or the body is longer than allowed.
        too_large,
    };

    /// The longest head of a reply, of all its interim replies together, and of its trailers.
    static constexpr std::size_t head_limit = 16 * 1024;

    /// Begins the next reply; bytes that came after the last one are dropped.
    /// \param tunnel the reply is a proxy's to CONNECT: it is complete when its head is
    void reset(std::size_t body_limit, bool tunnel = false);

    /// Free memory for `size` bytes more, to be filled by the caller.
    [[nodiscard]] char* prepare(std::size_t size);

    /// Takes `size` bytes that were put into the memory that `prepare` gave.
    status commit(std::size_t size);

    /// The stream has ended.
    /// \param orderly the end can be trusted, so that it may delimit a body
    status finish(bool orderly);

    /// Whether any byte of a reply has come.
    [[nodiscard]] bool begun() const noexcept { return end_ != 0 || interim_bytes_ != 0; }

    // Of a complete reply.
    [[nodiscard]] unsigned http_status() const noexcept { return http_status_; }
    [[nodiscard]] std::string_view body() const noexcept
    {
        return {buffer_.data() + body_begin_, body_end_ - body_begin_};
    }
    /// The value of `Retry-After`, or empty.
    [[nodiscard]] std::string_view retry_after() const noexcept;
    /// Whether the connection may be used again, as far as the reply says.
    [[nodiscard]] bool keep_alive() const noexcept
    {
        return keep_alive_ && !close_announced_ && body_framing_ != framing::until_close;
    }
    /// The authentication schemes of `Proxy-Authenticate`, separated by commas; only of a proxy's reply to CONNECT.
    /// Holds nothing but the characters of tokens.
    [[nodiscard]] std::string const& proxy_schemes() const noexcept { return proxy_schemes_; }
    /// Whether bytes came after the reply.
    [[nodiscard]] bool has_surplus() const noexcept { return next_ != end_; }

private:
    enum class stage : std::uint8_t { head, body, chunk_size, chunk_data, chunk_end, trailers, complete, failed };
    enum class framing : std::uint8_t { none, length, chunked, until_close };
    enum class fold : std::uint8_t { none, continued, undecided };

    status fail(status cause) noexcept;
    status advance();
    status parse_head();
    [[nodiscard]] fold look_for_fold(std::size_t line_end) noexcept;
    bool parse_status_line(std::string_view line);
    bool parse_field(std::string_view line);
    bool parse_connection(std::string_view value);
    bool parse_content_length(std::string_view value);
    void parse_proxy_authenticate(std::string_view value);
    status parse_body();
    status parse_chunk_size();
    status parse_chunk_data();
    status parse_trailers();
    void close_gap() noexcept;

    std::vector<char> buffer_;
    std::size_t end_ = 0;
    /// First byte that is not parsed yet.
    std::size_t next_ = 0;
    /// How far the search for the end of a line or head has come.
    std::size_t searched_ = 0;
    std::size_t head_begin_ = 0;
    /// Bytes of the interim replies before this head.
    std::size_t interim_bytes_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::size_t body_begin_ = 0;
    std::size_t body_end_ = 0;
    std::size_t body_limit_ = 0;
    std::uint64_t remaining_ = 0;
    std::uint64_t content_length_ = 0;
    std::size_t retry_after_begin_ = 0;
    std::size_t retry_after_size_ = 0;
    std::string proxy_schemes_;
    unsigned http_status_ = 0;
    bool has_status_line_ = false;
    bool has_content_length_ = false;
    bool has_transfer_encoding_ = false;
    bool keep_alive_ = false;
    bool close_announced_ = false;
    bool tunnel_ = false;
    stage stage_ = stage::head;
    framing body_framing_ = framing::none;
    status failure_ = status::malformed;
};

} // namespace postmark::transport

#endif
