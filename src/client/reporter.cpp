// SPDX-License-Identifier: BSL-1.0

#include "client/reporter.hpp"

#include "client/operation.hpp"
#include "client/pooled_connection.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

namespace postmark::detail {

namespace {

std::chrono::microseconds in_microseconds(scheduler::duration time)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(time);
}

struct call_observer {
    void operator()(queued_event const& event) const { to.on_queued(event); }
    void operator()(connected_event const& event) const { to.on_connected(event); }
    void operator()(attempt_event const& event) const { to.on_attempt(event); }

    observer& to;
};

} // namespace

void reporter::report(event const& reported) const
{
    std::visit(call_observer{*observer_}, reported);
}

void reporter::report_completed(operation const& op) const
{
    completed_event completed;
    completed.call = op.id();
    completed.error = op.result();
    completed.attempts = op.attempts();
    completed.duration = in_microseconds(scheduler::clock::now() - op.submitted_at);
    observer_->on_completed(completed);
}

void reporter::reserve()
{
    if (!observer_) {
        return;
    }
    std::lock_guard const lock{mutex_};
    if (events_.size() + reserved_ == events_.capacity() && first_ != 0) {
        events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    if (events_.size() + reserved_ == events_.capacity()) {
        constexpr std::size_t min_capacity = 16;
        events_.reserve(std::max(min_capacity, 2 * events_.capacity()));
    }
    ++reserved_;
}

void reporter::release() noexcept
{
    if (observer_) {
        std::lock_guard const lock{mutex_};
        --reserved_;
    }
}

void reporter::defer(event const& deferred) noexcept
{
    std::lock_guard const lock{mutex_};
    --reserved_;
    events_.push_back(deferred);
}

bool reporter::has_deferred() const noexcept
{
    if (!observer_) {
        return false;
    }
    std::lock_guard const lock{mutex_};
    return !events_.empty();
}

void reporter::report_deferred()
{
    if (!observer_) {
        return;
    }
    for (;;) {
        std::optional<event> next;
        {
            std::lock_guard const lock{mutex_};
            if (events_.empty()) {
                return;
            }
            next = events_[first_];
            if (++first_ == events_.size()) {
                events_.clear();
                first_ = 0;
            }
        }
        report(*next);
    }
}

connected_event reporter::describe_connected(pooled_connection const& conn, error_code error, bool resumed,
                                             scheduler::duration duration)
{
    connected_event result;
    result.connection = conn.number();
    result.error = error;
    result.duration = in_microseconds(duration);
    result.resumed = resumed;
    return result;
}

attempt_event reporter::describe_attempt(pooled_connection const& conn, error_code error)
{
    attempt_event result;
    for (scheduler::call const* const call : conn.calls()) {
        if (call != nullptr) {
            result.call = call->id();
            break;
        }
    }
    result.connection = conn.number();
    result.error = error;
    result.request_bytes = conn.request_bytes;
    result.duration = in_microseconds(scheduler::clock::now() - conn.began_at);
    return result;
}

} // namespace postmark::detail
