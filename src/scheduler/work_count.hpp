// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_WORK_COUNT_HPP
#define POSTMARK_SCHEDULER_WORK_COUNT_HPP

#include <atomic>
#include <cstddef>

namespace postmark::scheduler {

/// Counts what is outstanding, and knows whether new work is taken. Changed under the lock of the scheduler, read
/// without.
class work_count {
public:
    void add() noexcept { outstanding_.fetch_add(1, std::memory_order_relaxed); }
    void remove() noexcept { outstanding_.fetch_sub(1, std::memory_order_relaxed); }
    /// Forgets all work.
    void clear() noexcept { outstanding_.store(0, std::memory_order_relaxed); }
    /// Takes no new work for good.
    void drain() noexcept { draining_.store(true, std::memory_order_relaxed); }

    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
    /// Whether no new work is taken and nothing is outstanding.
    [[nodiscard]] bool drained() const noexcept { return draining() && outstanding() == 0; }

private:
    std::atomic<std::size_t> outstanding_{0};
    std::atomic<bool> draining_{false};
};

} // namespace postmark::scheduler

#endif
