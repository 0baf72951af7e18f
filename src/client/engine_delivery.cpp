// SPDX-License-Identifier: BSL-1.0

#include "client/engine.hpp"
#include "client/failure_text.hpp"

#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace postmark::detail {

// The part of the engine that calls completion handlers and the observer.

/// Calls the observer, which may fork the process. What was decided before and is not executed yet concerns the parent:
/// in the child its connections are let go and its calls end, so that executing it has no effect.
void engine::report(reporter::event const& event)
{
    reporter_.report(event);
    notice_fork();
}

/// Calls the handlers of what has completed. To be called on the client's executor, under no lock.
void engine::deliver()
{
    try {
        reporter_.report_deferred();
        notice_fork();
        completions_.deliver([this](std::unique_ptr<operation> op) { complete(std::move(op)); });
        finish_drains();
        while (drains_.has_completed()) {
            drains::drain_list next;
            {
                std::lock_guard const lock{mutex_};
                next = drains_.pop_completed();
            }
            if (!next.empty()) {
                drain_operation& drain = next.front();
                std::move(drain.handler)(error_code{drain.result});
            }
        }
    } catch (...) {
        // A handler threw, which is for the caller of `run`. The other handlers are called when the context is run
        // again.
        post_delivery();
        stop_when_idle();
        throw;
    }
    post_delivery();
}

void engine::complete(std::unique_ptr<operation> op)
{
    scheduler::call::end const& end = op->ended();
    if (end.error) {
        try {
            op->fail(*end.error, explain(*end.error, end.detail()));
        } catch (std::bad_alloc const&) {
            op->fail(*end.error, {});
        }
    }
    if (reporter_) {
        reporter_.report_completed(*op);
        notice_fork();
    }
    operation& completed = *op;
    completed.complete(std::move(op));
}

/// Completes the drains if nothing is left that they wait for. To be called after a count that they wait for was
/// lowered.
void engine::finish_drains() noexcept
{
    if (drains_.is_waiting()) {
        std::lock_guard const lock{mutex_};
        if (scheduler_.drained() && executing_.value() == 0 && completions_.undelivered() == 0) {
            drains_.complete_all();
        }
    }
}

/// Sees to it that `deliver` is called if there is something to deliver. Depends on no memory.
void engine::post_delivery() noexcept
{
    finish_drains();
    if (context_ended_ || (completions_.empty() && !drains_.has_completed() && !reporter_.has_deferred())) {
        return;
    }
    try {
        post_deliver();
    } catch (...) {
        // The wait of the timer exists already, or has memory of its own. If even that fails, the next event delivers.
        std::lock_guard const lock{mutex_};
        timer_delivers_ = true;
        if (timer_.is_armed()) {
            timer_.interrupt();
        } else {
            arm_timer(scheduler::clock::now());
        }
    }
}

/// Posts a call of `deliver`, unless one is posted already.
void engine::post_deliver()
{
    if (delivery_posted_.exchange(true)) {
        return;
    }
    try {
        post([self = shared_from_this()] {
            self->delivery_posted_ = false;
            self->deliver();
            self->stop_when_idle();
        });
    } catch (...) {
        delivery_posted_ = false;
        throw;
    }
}

} // namespace postmark::detail
