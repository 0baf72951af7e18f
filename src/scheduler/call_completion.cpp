// SPDX-License-Identifier: BSL-1.0

#include "scheduler/call_scheduler.hpp"

#include <new>
#include <string>

namespace postmark::scheduler {

namespace {

constexpr std::string_view long_pause_text = "the service asked for a longer pause (HTTP 429)";

} // namespace

/// What the retry policy has to know of a call.
call_facts call_scheduler::facts_of(call const& call) noexcept
{
    return {.policy = call.policy,
            .history = call.history_,
            .paused_until = call_queue::paused_until(call),
            .aborting = call.aborting_};
}

/// Ends all calls, coalesced ones too: no call is left for which a request would go on.
void call_scheduler::end_all(abort_reason reason, errc error, actions& out) noexcept
{
    for (call& registered : registered_) {
        if (registered.aborting_ == abort_reason::none) {
            registered.aborting_ = reason;
        }
    }
    for (auto it = calls_.begin(); it != calls_.end();) {
        call& ending = *it++;
        if (ending.state_ != call_state::assigned) {
            end_waiting(ending, error, out);
        } else if (ending.aborting_ == abort_reason::none) {
            ending.aborting_ = reason;
        }
    }
    for (auto const& conn : pool_.connections()) {
        if (conn->state_ == connection_state::busy) {
            abort(*conn, out);
        }
    }
}

/// Ends a call that waits.
void call_scheduler::end_waiting(call& call, errc error, actions& out) noexcept
{
    queue_.remove(call);
    bool const tells_why = error == errc::timed_out_before_sent;
    apply(call, after_waiting(facts_of(call), error),
          tells_why ? pool_.waiting_text(call.failures_before_) : std::string{}, out);
}

/// Carries a decision of the retry policy out.
/// \param detail the text of the failure that the decision is about
void call_scheduler::apply(call& call, next_step const& step, std::string_view detail, actions& out) noexcept
{
    auto const keep_text = [&call](std::string_view text) {
        call.end_.text.reset();
        try {
            if (!text.empty()) {
                call.end_.text = std::make_unique<std::string>(text);
            }
        } catch (std::bad_alloc const&) {
            // Out of memory: leave the text empty.
        }
    };
    bool const became_unknown = step.history.maybe_accepted && !call.history_.maybe_accepted;
    call.history_ = step.history;
    switch (step.kind) {
    case step_kind::complete:
        if (step.source != error_source::earlier_attempt) {
            keep_text(step.source == error_source::long_pause ? long_pause_text
                      : step.source == error_source::failure  ? detail
                                                              : std::string_view{});
        }
        return complete(call, step.error, out);
    case step_kind::requeue:
        requeue(call);
        break;
    case step_kind::pause:
        queue_.pause(call, step.until);
        break;
    }
    // The text of the failure that may have been an acceptance is kept: the call may end with its error.
    if (became_unknown) {
        keep_text(detail);
    }
}

void call_scheduler::complete(call& call, std::optional<errc> error, actions& out) noexcept
{
    calls_.erase(calls_.iterator_to(call));
    // Null if the call was registered before `abandon` and submitted after it.
    if (call.token_queue_ != nullptr) {
        queue_.unregister_call(call);
    }
    call.state_ = call_state::completed;
    call.end_.error = error;
    work_.remove();
    out.ended.push_back(call);
    close_if_drained(out);
}

/// Where no new calls are taken, no connection stays open once the last call is completed.
void call_scheduler::close_if_drained(actions& out) noexcept
{
    if (drained()) {
        close_idle(out);
    }
}

} // namespace postmark::scheduler
