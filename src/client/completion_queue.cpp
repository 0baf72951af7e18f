// SPDX-License-Identifier: BSL-1.0

#include "client/completion_queue.hpp"

namespace postmark::detail {

void completion_queue::push(scheduler::call_list& completed) noexcept
{
    if (completed.empty()) {
        return;
    }
    std::size_t const count = completed.size();
    std::lock_guard const lock{mutex_};
    calls_.splice(calls_.end(), completed);
    undelivered_.add(count);
    waiting_ += count;
}

std::unique_ptr<operation> completion_queue::pop() noexcept
{
    std::lock_guard const lock{mutex_};
    if (calls_.empty()) {
        return nullptr;
    }
    operation& op = operation::of(calls_.front());
    calls_.pop_front();
    --waiting_;
    return std::unique_ptr<operation>{&op};
}

void completion_queue::restart_after_fork() noexcept
{
    std::lock_guard const lock{mutex_};
    undelivered_.restart(waiting_);
}

void completion_queue::discard() noexcept
{
    scheduler::call_list discarded;
    {
        std::lock_guard const lock{mutex_};
        discarded.swap(calls_);
        undelivered_.remove(waiting_);
        waiting_ = 0;
    }
    // Under no lock: a handler that is destroyed may destroy what uses this queue.
    operation::destroy(discarded);
}

} // namespace postmark::detail
