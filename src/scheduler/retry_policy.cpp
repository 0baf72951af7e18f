// SPDX-License-Identifier: BSL-1.0

#include "scheduler/retry_policy.hpp"

#include "scheduler/backoff.hpp"
#include "scheduler/outcome.hpp"

#include <algorithm>
#include <chrono>

namespace postmark::scheduler {

namespace {

/// The longest `Retry-After` that is honoured.
constexpr duration max_retry_after = std::chrono::seconds{60};

/// Whether a call may be repeated although it may have been accepted.
bool may_repeat(call_policy const& policy) noexcept
{
    return policy.repeatable || policy.retry.at_least_once;
}

/// Whether a call has an attempt left, and time to make it.
/// \param when the earliest time for it
bool has_another_attempt(call_facts const& facts, time_point when) noexcept
{
    return facts.history.attempts < facts.policy.retry.attempts &&
           std::max(when, facts.paused_until) < facts.policy.deadline;
}

next_step complete(call_facts const& facts, std::optional<errc> error,
                   error_source source = error_source::none) noexcept
{
    return {.kind = step_kind::complete, .error = error, .source = source, .history = facts.history};
}

next_step requeue(call_facts const& facts) noexcept
{
    return {.kind = step_kind::requeue, .history = facts.history};
}

next_step pause(call_facts const& facts, time_point until) noexcept
{
    return {.kind = step_kind::pause, .until = until, .history = facts.history};
}

/// Ends a call that failed without a reply. What earlier attempts taught is worth more than "not sent".
next_step fail(call_facts const& facts, errc error, error_source source) noexcept
{
    bool const not_sent = outcome_of(error) == outcome::not_sent;
    if (not_sent && facts.history.maybe_accepted) {
        return complete(facts, facts.history.unknown_error, error_source::earlier_attempt);
    }
    if (not_sent && facts.history.refused_for_now) {
        return complete(facts, {});
    }
    return complete(facts, error, source);
}

/// Ends a call that was refused: for good, unless an earlier attempt may have been accepted.
next_step refuse(call_facts const& facts) noexcept
{
    if (facts.history.maybe_accepted && !facts.policy.repeatable) {
        return complete(facts, facts.history.unknown_error, error_source::earlier_attempt);
    }
    return complete(facts, {});
}

/// Tries a call again after a backoff, or ends it with the failure if no time or attempt is left.
next_step pause_or_fail(call_facts const& facts, errc error, time_point now, double random) noexcept
{
    time_point const until = now + backoff(facts.policy.retry, facts.history.attempts, random);
    return has_another_attempt(facts, until) ? pause(facts, until) : fail(facts, error, error_source::failure);
}

} // namespace

duration retry_delay(call_policy const& policy, unsigned attempts, reply_status const& status, double random) noexcept
{
    duration const delay = backoff(policy.retry, attempts, random);
    return status.retry_after ? std::max(delay, std::min(*status.retry_after, max_retry_after)) : delay;
}

next_step after_reply(call_facts const& facts, reply_status const& status, duration delay, time_point now,
                      double random) noexcept
{
    bool const aborting = facts.aborting != abort_reason::none;
    call_facts later = facts;
    switch (status.kind) {
    case reply_kind::success:
        break;
    case reply_kind::refused:
    case reply_kind::split:
        return refuse(facts);
    case reply_kind::retry_later:
        later.history.refused_for_now = true;
        if (aborting || !has_another_attempt(facts, now + delay)) {
            return refuse(later);
        }
        return pause(later, now + delay);
    case reply_kind::unknown: {
        time_point const until = now + backoff(facts.policy.retry, facts.history.attempts, random);
        if (aborting || !may_repeat(facts.policy) || !has_another_attempt(facts, until)) {
            // The reply has a status and perhaps a text, which the bare error has not.
            break;
        }
        later.history.maybe_accepted = true;
        later.history.unknown_error = status.error;
        return pause(later, until);
    }
    }
    return complete(facts, {});
}

next_step after_split(call_facts const& facts) noexcept
{
    call_facts later = facts;
    --later.history.attempts;
    // The refusal need not be about this call, and has overwritten the reply of an earlier attempt.
    later.history.refused_for_now = false;
    if (facts.aborting != abort_reason::none) {
        return fail(later, aborted_error(facts.aborting, false), error_source::none);
    }
    if (facts.policy.deadline <= facts.paused_until) {
        return after_long_pause(later);
    }
    return requeue(later);
}

next_step after_failure(call_facts const& facts, exchange_failure const& failure, bool reused, bool closed_while_idle,
                        time_point now, double random) noexcept
{
    errc const error = failed_error(failure.error, failure.written);
    call_facts later = facts;
    if (failure.replaced_reply) {
        later.history.refused_for_now = false;
    }
    if (facts.aborting != abort_reason::none) {
        return fail(later, aborted_error(facts.aborting, failure.written), error_source::none);
    }
    if (closed_while_idle) {
        // The call takes its place again, as if it had not left it.
        --later.history.attempts;
        if (has_another_attempt(later, now)) {
            return requeue(later);
        }
        return facts.policy.deadline <= facts.paused_until
                   ? after_long_pause(later)
                   : fail(later, errc::timed_out_before_sent, error_source::none);
    }
    if (!failure.written) {
        later.history.needs_fresh = true;
        if (!is_passing(error)) {
            return fail(later, error, error_source::failure);
        }
        if (!reused) {
            return pause_or_fail(later, error, now, random);
        }
        return has_another_attempt(later, now) ? requeue(later) : fail(later, error, error_source::failure);
    }
    if (may_repeat(facts.policy)) {
        later.history.maybe_accepted = true;
        later.history.unknown_error = error;
        return pause_or_fail(later, error, now, random);
    }
    return fail(later, error, error_source::failure);
}

next_step after_open_failure(call_facts const& facts, errc error, bool connected, unsigned failures) noexcept
{
    // One bad address of several must not end what the other connections can carry.
    bool const hopeless = !is_passing(error) && !connected;
    if (hopeless || failures >= facts.policy.retry.attempts) {
        return fail(facts, error, error_source::failure);
    }
    return requeue(facts);
}

next_step after_waiting(call_facts const& facts, errc error) noexcept
{
    return fail(facts, error, error_source::failure);
}

next_step after_long_pause(call_facts const& facts) noexcept
{
    return fail(facts, errc::timed_out_before_sent, error_source::long_pause);
}

next_step after_leaving(call_facts const& facts) noexcept
{
    // However much of the request was written, the rest follows.
    return fail(facts, aborted_error(facts.aborting, true), error_source::none);
}

} // namespace postmark::scheduler
