// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_STREAM_STATUS_HPP
#define POSTMARK_TRANSPORT_STREAM_STATUS_HPP

#include <cstdint>

namespace postmark::transport {

/// What became of an attempt to write.
enum class write_status : std::uint8_t {
    /// The socket took everything.
    done,
    /// The socket takes no more now.
    blocked,
    failed,
};

/// What became of bytes that were received.
enum class read_status : std::uint8_t {
    /// The reply goes on.
    incomplete,
    /// The reply is complete.
    complete,
    /// The reply is not HTTP.
    malformed,
    /// The reply is larger than allowed.
    too_large,
    /// The peer has announced, by TLS, that nothing more follows.
    closed,
    /// TLS has failed.
    failed,
    /// Nothing is there to be received now.
    would_block,
    /// The socket reports an error, or its end.
    error,
};

/// What a look at a connection that should be silent has found.
enum class peer_state : std::uint8_t {
    silent,
    /// The peer has ended the connection.
    ended,
    /// The peer has sent something that is no reply to any request.
    talking,
};

} // namespace postmark::transport

#endif
