// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_REQUEST_BYTES_HPP
#define POSTMARK_PROTOCOL_REQUEST_BYTES_HPP

#include "protocol/byte_buffer.hpp"

#include <cstddef>
#include <string_view>

namespace postmark::protocol {

/// One HTTP/1.1 request, head and body in one run of bytes.
///
/// The body is written first, behind room for the head, since the head holds the body's length. `finish` then writes
/// the head so that it ends where the body begins, and neither has to be moved.
class request_bytes {
public:
    /// What `finish` needs beside the prefix: `Content-Length: `, 20 digits, two line ends.
    static constexpr std::size_t length_room = 40;

    /// Starts a request, over.
    /// \param head_room     bytes to leave for the head: the size of its prefix and `length_room`
    /// \param expected_body bytes that the body will need; more costs a reallocation
    void begin(std::size_t head_room, std::size_t expected_body);

    /// The buffer to append the body to, after `begin`. It holds the room of the head as well: append only.
    [[nodiscard]] byte_buffer& body() noexcept { return buffer_; }

    /// Writes `head_prefix`, `Content-Length` and the empty line in front of the body.
    ///
    /// May be repeated with another prefix; the body moves only if the room is too small for it.
    void finish(std::string_view head_prefix);

    /// Likewise for a request without a body that has no `Content-Length` either, as a GET.
    void finish_without_length(std::string_view head_prefix);

    /// The bytes to send, after `finish`.
    [[nodiscard]] std::string_view view() const noexcept { return buffer_.view().substr(head_begin_); }

    /// The body alone. Stays where it is until the next `begin`, `body().append` or `release`, or a `finish` that
    /// needs more room.
    [[nodiscard]] std::string_view body_view() const noexcept { return buffer_.view().substr(head_room_); }

    /// Bytes of memory held.
    [[nodiscard]] std::size_t memory() const noexcept { return buffer_.capacity(); }

    /// Gives back all memory.
    void release() noexcept;

private:
    [[nodiscard]] char* room_for_head(std::size_t head_size);

    byte_buffer buffer_;
    std::size_t head_room_ = 0;
    std::size_t head_begin_ = 0;
};

} // namespace postmark::protocol

#endif
