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

    std::uint64_t call = 0;
    /// Bytes that it holds of its request: all, or the body alone where the head is written later; 0 where it is not
    /// serialised yet.
    std::size_t request_bytes = 0;
    /// Calls that wait, this one included.
    std::size_t waiting = 0;
};

/// An attempt to connect ended.
struct connected_event {
    connected_event() = default;

    std::uint64_t connection = 0;
    /// No error: the connection can be used.
    error_code error;
    /// Name resolution, connecting, proxy and handshake together.
    std::chrono::microseconds duration{};
    /// Whether the TLS session was resumed.
    bool resumed = false;
};

/// An exchange of one request and one reply ended.
struct attempt_event {
    attempt_event() = default;

    /// The call; of a shared request the first.
    std::uint64_t call = 0;
    std::uint64_t connection = 0;
    /// No error: a reply came, whatever it says.
    error_code error;
    unsigned http_status = 0;
    std::size_t request_bytes = 0;
    std::size_t reply_bytes = 0;
    std::chrono::microseconds duration{};
};

/// A call ended; its handler is about to be called.
struct completed_event {
    completed_event() = default;

    /// 0 for a call that was refused before it was queued.
    std::uint64_t call = 0;
    error_code error;
    /// Exchanges that were begun; failures to connect do not count.
    unsigned attempts = 0;
    /// Queueing and retries included.
    std::chrono::microseconds duration{};
};

/// What a client tells of its work: durations, sizes and ids, never bodies, addresses or secrets.
///
/// Derive, override what is of interest, and put it into `config::observer`. The functions are called on the client's
/// executor and under no lock; with several threads running the executor, they may be called at the same time. They must
/// not throw.
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
