// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_COMPLETION_QUEUE_HPP
#define POSTMARK_CLIENT_COMPLETION_QUEUE_HPP

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
        ++undelivered_;
        ++waiting_;
    }

    /// Whether no call waits for its delivery.
    [[nodiscard]] bool empty() const noexcept { return waiting_ == 0; }
    /// Calls whose handlers have not returned: those that wait, and those that are being delivered.
    [[nodiscard]] std::size_t undelivered() const noexcept { return undelivered_; }

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
            delivered_guard const guard{undelivered_};
            deliver_one(std::move(op));
        }
    }

    /// Destroys the calls that wait. Their handlers are not called.
    void discard() noexcept;

private:
    /// Counts a call as delivered when its handler has returned or thrown.
    class delivered_guard {
    public:
        explicit delivered_guard(std::atomic<std::size_t>& undelivered)
            : undelivered_{undelivered}
        {
        }
        ~delivered_guard() { --undelivered_; }
        delivered_guard(delivered_guard const&) = delete;
        delivered_guard& operator=(delivered_guard const&) = delete;

    private:
        std::atomic<std::size_t>& undelivered_;
    };

    [[nodiscard]] std::unique_ptr<operation> pop() noexcept;

    std::mutex mutex_;
    scheduler::call_list calls_;
    std::atomic<std::size_t> waiting_{0};
    std::atomic<std::size_t> undelivered_{0};
};

} // namespace postmark::detail

#endif
