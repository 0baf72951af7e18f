// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_RETRY_POLICY_HPP
#define POSTMARK_SCHEDULER_RETRY_POLICY_HPP

#include "scheduler/call.hpp"
#include "scheduler/reply_status.hpp"

#include <cstdint>
#include <optional>

namespace postmark::scheduler {

/// All that decides what follows an attempt of a call.
struct call_facts {
    call_policy const& policy;
    call_history history{};
    /// Until when the token of the call is paused.
    time_point paused_until{};
    /// Why the call is being ended; a call that is being ended is not tried again.
    abort_reason aborting = abort_reason::none;
};

enum class step_kind : std::uint8_t {
    /// The call ends.
    complete,
    /// The call waits for a connection, at the place that its age gives it.
    requeue,
    /// The call waits until a point in time, then for a connection.
    pause,
};

/// Where the diagnostic text of an error comes from.
enum class error_source : std::uint8_t {
    /// The error says it all.
    none,
    /// The failure that the decision is about.
    failure,
    /// The attempt that may have been accepted.
    earlier_attempt,
    /// The service asked for a pause that ends after the deadline.
    long_pause,
};

/// What follows.
struct next_step {
    step_kind kind = step_kind::complete;
    /// `complete`: the error, or nothing if the last reply says how the call ended.
    std::optional<errc> error{};
    error_source source = error_source::none;
    /// `pause`: its end.
    time_point until{};
    /// The history of the call from now on.
    call_history history{};
};

// The functions below decide what follows an event. They depend on nothing but their arguments. `random` is from [0,
// 1).

/// How long a call is held back to which the service replied "later": the larger of the backoff and `Retry-After`,
/// which is honoured up to one minute.
[[nodiscard]] duration retry_delay(call_policy const& policy, unsigned attempts, reply_status const& status,
                                   double random) noexcept;

/// A reply arrived.
/// \param delay for `retry_later`: the result of `retry_delay`, which is the same for all calls of a request
[[nodiscard]] next_step after_reply(call_facts const& facts, reply_status const& status, duration delay, time_point now,
                                    double random) noexcept;

/// A coalesced request was refused as a whole because of some of its calls: nothing of it was accepted.
[[nodiscard]] next_step after_split(call_facts const& facts) noexcept;

/// An exchange ended without a reply that counts.
/// \param reused            the connection had carried other requests before
/// \param closed_while_idle the connection was found closed before it was used, so that nothing was tried
[[nodiscard]] next_step after_failure(call_facts const& facts, exchange_failure const& failure, bool reused,
                                      bool closed_while_idle, time_point now, double random) noexcept;

/// A connection could not be opened, while the call waited for one.
/// \param connected whether another connection works, so that the service can be reached
/// \param failures  how often connecting has failed in a row while the call waited
[[nodiscard]] next_step after_open_failure(call_facts const& facts, errc error, bool connected,
                                           unsigned failures) noexcept;

/// A call that waits ends for another reason: its deadline, a cancellation, the end of the client.
[[nodiscard]] next_step after_waiting(call_facts const& facts, errc error) noexcept;

/// The token of a call is paused for longer than the call can wait.
[[nodiscard]] next_step after_long_pause(call_facts const& facts) noexcept;

/// A call left a coalesced request that goes on for the others.
[[nodiscard]] next_step after_leaving(call_facts const& facts) noexcept;

} // namespace postmark::scheduler

#endif
