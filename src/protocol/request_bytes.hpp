// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_REQUEST_BYTES_HPP
#define POSTMARK_PROTOCOL_REQUEST_BYTES_HPP

#include "protocol/byte_buffer.hpp"

#include <cstddef>
#include <string_view>

namespace postmark::protocol {

/// One HTTP/1.1 request, head and body in one run of bytes.
///
/// The head holds the length of the body, so the body is written first, after bytes that are reserved for the head.
/// `finish` then writes the head so that it ends where the body begins, and neither has to be moved.
class request_bytes {
public:
    /// Bytes that `finish` needs beside the prefix: `Content-Length: `, 20 digits, two line ends.
    static constexpr std::size_t length_reserve = 40;

    /// Drops the bytes of the last request and begins another one. The memory stays.
    /// \param reserved_head bytes to reserve for the head: the size of its prefix and `length_reserve`
    /// \param expected_body bytes that the body will need; more costs a reallocation
    void begin(std::size_t reserved_head, std::size_t expected_body);

    /// The buffer to append the body to, after `begin`. It holds the bytes reserved for the head as well: append only.
    [[nodiscard]] byte_buffer& body() noexcept { return buffer_; }

    /// Writes `head_prefix`, `Content-Length` and the empty line in front of the body.
    ///
    /// May be repeated with another prefix; the body moves only if too few bytes are reserved for it.
    void finish(std::string_view head_prefix);

    /// Writes the head of a request without a body that has no `Content-Length` either, such as a GET.
    void finish_without_length(std::string_view head_prefix);

    /// The bytes to send, after `finish`.
    [[nodiscard]] std::string_view view() const noexcept { return buffer_.view().substr(head_begin_); }

    /// The body alone. It stays at its address until the next `begin`, `body().append` or `release`, or a `finish` that
    /// needs more bytes than are reserved.
    [[nodiscard]] std::string_view body_view() const noexcept { return buffer_.view().substr(reserved_head_); }

    /// Bytes of memory held.
    [[nodiscard]] std::size_t memory() const noexcept { return buffer_.capacity(); }

    /// Gives back all memory.
    void release() noexcept;

private:
    [[nodiscard]] char* make_head(std::size_t head_size);

    byte_buffer buffer_;
    std::size_t reserved_head_ = 0;
    std::size_t head_begin_ = 0;
};

} // namespace postmark::protocol

#endif
