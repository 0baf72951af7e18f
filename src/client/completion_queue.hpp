// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_COMPLETION_QUEUE_HPP
#define POSTMARK_CLIENT_COMPLETION_QUEUE_HPP

#include "client/activity_count.hpp"
#include "client/operation.hpp"
#include "scheduler/call.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace postmark::detail {

/// Completed calls whose handlers have not been called yet, in the order in which they completed.
///
/// A call belongs to this queue from the moment its end is decided, so that nothing that fails afterwards loses it. The
/// calls are linked through themselves: no function needs memory. Thread-safe; several threads may deliver at a time.
class completion_queue {
public:
    completion_queue() = default;
    ~completion_queue() { discard(); }
    completion_queue(completion_queue const&) = delete;
    completion_queue& operator=(completion_queue const&) = delete;

    /// Takes over calls that have completed; the list is empty afterwards.
    void push(scheduler::call_list& completed) noexcept;

    /// Takes over one call. `arrange()` sees to it that it will be delivered; what it throws is passed on, and the call
    /// is destroyed. It is called before any thread can deliver the call, and must not use this queue.
    template <class Arrange>
    void push(std::unique_ptr<operation> op, Arrange arrange)
    {
        std::lock_guard const lock{mutex_};
        arrange();
        calls_.push_back(*op.release());
        undelivered_.add();
        ++waiting_;
    }

    /// Whether no call waits for its delivery.
    [[nodiscard]] bool empty() const noexcept { return waiting_ == 0; }
    /// Calls whose handlers have not returned: those that wait, and those that are being delivered.
    [[nodiscard]] std::size_t undelivered() const noexcept { return undelivered_.value(); }

    /// Calls `deliver_one(std::unique_ptr<operation>)` for each call that waits now, under no lock. Calls that are
    /// pushed meanwhile may be left, so that handlers that begin new calls cannot keep the thread for ever. What
    /// `deliver_one` throws is passed on; the call that it was given counts as delivered, the others wait on.
    template <class DeliverOne>
    void deliver(DeliverOne deliver_one)
    {
        for (std::size_t left = waiting_; left != 0; --left) {
            std::unique_ptr<operation> op = pop();
            if (!op) {
                return;
            }
            // The call is delivered when its handler has returned or thrown.
            activity_count::ending const delivered{undelivered_};
            deliver_one(std::move(op));
        }
    }

    /// This process is the child of a fork: the calls that another thread was delivering count as delivered.
    void restart_after_fork() noexcept;

    /// Destroys the calls that wait. Their handlers are not called.
    void discard() noexcept;

private:
    [[nodiscard]] std::unique_ptr<operation> pop() noexcept;

    std::mutex mutex_;
    scheduler::call_list calls_;
    std::atomic<std::size_t> waiting_{0};
    activity_count undelivered_;
};

} // namespace postmark::detail

#endif
