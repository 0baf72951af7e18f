// SPDX-License-Identifier: BSL-1.0

#include "client/drains.hpp"

#include <algorithm>

namespace postmark::detail {

scheduler::time_point drains::next_deadline() const noexcept
{
    auto next = scheduler::time_point::max();
    for (drain_operation const& drain : waiting_) {
        next = std::min(next, drain.deadline);
    }
    return next;
}

bool drains::expire(scheduler::time_point now) noexcept
{
    bool expired = false;
    for (drain_operation& drain : waiting_) {
        if (drain.deadline <= now) {
            drain.deadline = scheduler::time_point::max();
            expired = true;
        }
    }
    return expired;
}

void drains::cancel(std::uint64_t id, errc error) noexcept
{
    auto const found = std::ranges::find(waiting_, id, &drain_operation::id);
    if (found != waiting_.end()) {
        found->result = error;
        completed_.splice(completed_.end(), waiting_, found);
        has_completed_ = true;
        is_waiting_ = !waiting_.empty();
    }
}

void drains::complete_all() noexcept
{
    completed_.splice(completed_.end(), waiting_);
    has_completed_ = !completed_.empty();
    is_waiting_ = false;
}

drains::drain_list drains::pop_completed() noexcept
{
    drain_list first;
    if (!completed_.empty()) {
        first.splice(first.end(), completed_, completed_.begin());
    }
    has_completed_ = !completed_.empty();
    return first;
}

drains::drain_list drains::discard() noexcept
{
    complete_all();
    has_completed_ = false;
    return std::move(completed_);
}

} // namespace postmark::detail
