// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_OBSERVER_HPP
#define POSTMARK_OBSERVER_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <boost/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace postmark {

/// A call was put into the queue, because no connection was free.
struct queued_event {
    queued_event() = default;

    /// Number of the call, unique in its client.
    std::uint64_t call = 0;
    /// Bytes buffered so far: the whole request, only the body if the head is added later, or 0 if the request is
    /// written when a connection is free.
    std::size_t request_bytes = 0;
    /// Calls in the queue, this one included.
    std::size_t waiting = 0;
};

/// An attempt to connect ended.
struct connected_event {
    connected_event() = default;

    /// Number of the connection, unique in its client.
    std::uint64_t connection = 0;
    /// No error: the connection can be used.
    error_code error;
    /// Name resolution, connecting, proxy and TLS handshake together.
    std::chrono::microseconds duration{};
    /// Whether a TLS session was resumed.
    bool resumed = false;
};

/// An exchange of one request and one reply ended.
struct attempt_event {
    attempt_event() = default;

    /// Number of the call; of a shared request, of its first call.
    std::uint64_t call = 0;
    std::uint64_t connection = 0;
    /// No error: a reply arrived, whatever it says.
    error_code error;
    /// Status of the reply; 0 without a reply.
    unsigned http_status = 0;
    /// Size of the request, head and body.
    std::size_t request_bytes = 0;
    /// Size of the body of the reply.
    std::size_t reply_bytes = 0;
    /// From the start of the exchange to its end.
    std::chrono::microseconds duration{};
};

/// A call completed; its handler is about to be called.
struct completed_event {
    completed_event() = default;

    /// Number of the call; 0 if it was refused before it was queued.
    std::uint64_t call = 0;
    error_code error;
    /// Exchanges that were begun; failures to connect do not count.
    unsigned attempts = 0;
    /// From the initiating function to the end, queueing and retries included.
    std::chrono::microseconds duration{};
};

/// Receives events of a client's work: durations, sizes and numbers, never bodies, addresses or secrets.
///
/// Derive from it, override the functions of interest, and put the object into `config::observer`. The client keeps it
/// alive. The functions are called on the client's executor and under no lock; they may call the client. If several
/// threads run the executor, they may be called at the same time. They must not throw.
class BOOST_SYMBOL_VISIBLE observer {
public:
    observer() = default;
    observer(observer const&) = delete;
    observer& operator=(observer const&) = delete;
    virtual ~observer() = default;

    virtual void on_queued(queued_event const&) {}
    virtual void on_connected(connected_event const&) {}
    virtual void on_attempt(attempt_event const&) {}
    virtual void on_completed(completed_event const&) {}
};

} // namespace postmark

#endif
