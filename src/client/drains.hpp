// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_DRAINS_HPP
#define POSTMARK_CLIENT_DRAINS_HPP

#include "client/bound_handler.hpp"
#include "scheduler/call.hpp"

#include <postmark/detail/engine.hpp>
#include <postmark/error_code.hpp>

#include <atomic>
#include <cstdint>
#include <list>

namespace postmark::detail {

/// One `async_drain` that has not completed.
struct drain_operation {
    drain_operation(std::uint64_t number, scheduler::time_point end, bound_handler<drain_handler>&& waiting)
        : id{number}
        , deadline{end}
        , handler{std::move(waiting)}
    {
    }

    std::uint64_t id;
    /// When the calls that are left are cancelled; `time_point::max()`: never.
    scheduler::time_point deadline;
    bound_handler<drain_handler> handler;
    error_code result{};
};

/// The drains of a client: those that wait, and those that have completed and whose handlers have not been called yet.
///
/// Guarded by the engine's mutex, but for `is_waiting` and `has_completed`. Once a drain exists, no function needs
/// memory.
class drains {
public:
    using drain_list = std::list<drain_operation>;

    /// Adds the drain that the list holds.
    void add(drain_list&& one) noexcept
    {
        waiting_.splice(waiting_.end(), one);
        is_waiting_ = true;
    }

    /// Whether a drain waits. May be asked without the lock: a thread that has lowered the count of what a drain waits
    /// for, and then sees none waiting, leaves the completion to the thread that adds the drain.
    [[nodiscard]] bool is_waiting() const noexcept { return is_waiting_; }

    /// The earliest deadline.
    [[nodiscard]] scheduler::time_point next_deadline() const noexcept;
    /// Whether a deadline has passed. The drain waits on, without a deadline, for the calls that are cancelled.
    [[nodiscard]] bool expire(scheduler::time_point now) noexcept;

    /// Completes one drain with an error: its caller does not want to wait any more. No effect if it has completed.
    void cancel(std::uint64_t id, errc error) noexcept;
    /// Completes all of them.
    void complete_all() noexcept;

    /// Whether the handler of a drain has to be called. May be asked without the lock.
    [[nodiscard]] bool has_completed() const noexcept { return has_completed_; }
    /// Takes out the drain that completed first, or nothing.
    [[nodiscard]] drain_list pop_completed() noexcept;

    /// Takes out all of them; their handlers are not to be called.
    [[nodiscard]] drain_list discard() noexcept;

private:
    drain_list waiting_;
    drain_list completed_;
    std::atomic<bool> is_waiting_{false};
    std::atomic<bool> has_completed_{false};
};

} // namespace postmark::detail

#endif
