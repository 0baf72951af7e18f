// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_DEADLINE_TIMER_HPP
#define POSTMARK_CLIENT_DEADLINE_TIMER_HPP

#include "scheduler/call.hpp"

#include <postmark/detail/engine.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace postmark::detail {

/// Memory for the waits of one timer, so that arming it again does not depend on the allocator. Two waits fit: the
/// current one, and one that was cancelled and whose handler has not run yet. Further ones are allocated.
class wait_memory {
public:
    [[nodiscard]] void* allocate(std::size_t size)
    {
        if (size <= slot_size) {
            for (slot& one : slots_) {
                if (!one.used.exchange(true)) {
                    return one.bytes;
                }
            }
        }
        return ::operator new(size);
    }

    void deallocate(void* memory) noexcept
    {
        for (slot& one : slots_) {
            if (memory == one.bytes) {
                one.used = false;
                return;
            }
        }
        ::operator delete(memory);
    }

private:
    static constexpr std::size_t slot_size = 256;
    struct slot {
        alignas(std::max_align_t) unsigned char bytes[slot_size];
        std::atomic<bool> used{false};
    };
    std::array<slot, 2> slots_;
};

/// The allocator by which Asio takes the memory of a wait.
template <class Value>
class wait_allocator {
public:
    using value_type = Value;

    explicit wait_allocator(wait_memory& memory) noexcept
        : memory_{&memory}
    {
    }
    template <class Other>
    wait_allocator(wait_allocator<Other> const& other) noexcept
        : memory_{other.memory_}
    {
    }

    [[nodiscard]] Value* allocate(std::size_t count)
    {
        static_assert(alignof(Value) <= alignof(std::max_align_t));
        return static_cast<Value*>(memory_->allocate(count * sizeof(Value)));
    }
    void deallocate(Value* values, std::size_t) noexcept { memory_->deallocate(values); }

    template <class Other>
    bool operator==(wait_allocator<Other> const& other) const noexcept
    {
        return memory_ == other.memory_;
    }

private:
    template <class>
    friend class wait_allocator;

    wait_memory* memory_;
};

/// The one timer of a client: runs a function at the earliest of the times that it was armed for.
///
/// Guarded by its owner's mutex. The function that it is given has to keep the owner alive, and with it this timer.
class deadline_timer {
public:
    explicit deadline_timer(executor const& client_executor)
        : timer_{std::in_place, client_executor}
    {
    }

    /// Whether `arm` for this time has nothing to do.
    [[nodiscard]] bool runs_by(scheduler::time_point when) const noexcept { return when >= armed_for_ || !timer_; }

    /// Sees to it that `on_timer(error_code, generation)` runs at `when` at the latest. Where there is no memory for
    /// that, nothing is armed and `is_missed` is true.
    template <class OnTimer>
    void arm(scheduler::time_point when, OnTimer on_timer)
    {
        if (runs_by(when)) {
            return;
        }
        armed_for_ = scheduler::time_point::max();
        try {
            timer_->expires_at(when);
            timer_->async_wait(wait<OnTimer>{wait_allocator<void>{memory_}, ++generation_, std::move(on_timer)});
            armed_for_ = when;
            missed_ = false;
        } catch (std::exception const&) {
            // A wait that was cancelled must not be taken for the current one.
            ++generation_;
            missed_ = true;
        }
    }

    /// Whether the last attempt to arm this timer failed. Its owner has to arm it again, for now: a deadline that it
    /// was armed for before may have been among those that were missed.
    [[nodiscard]] bool is_missed() const noexcept { return missed_; }
    /// Whether a wait has not been replaced. May be called without the owner's mutex.
    [[nodiscard]] bool is_current(std::uint64_t generation) const noexcept { return generation == generation_; }

    /// To be called first when the function runs.
    /// \return false if it runs for a wait that was replaced
    [[nodiscard]] bool on_expiry(std::uint64_t generation) noexcept
    {
        if (generation != generation_ || !timer_) {
            return false;
        }
        armed_for_ = scheduler::time_point::max();
        return true;
    }

    [[nodiscard]] bool is_armed() const noexcept { return armed_for_ != scheduler::time_point::max(); }

    /// Makes the current wait end at once with an error; it stays the current one.
    void interrupt()
    {
        if (timer_) {
            timer_->cancel();
        }
    }

    /// Ends the current wait; nothing is pending then.
    void disarm()
    {
        if (is_armed() && timer_) {
            armed_for_ = scheduler::time_point::max();
            ++generation_;
            timer_->cancel();
        }
        missed_ = false;
    }

    /// Lets go of the execution context, which ends. Arming has no effect from then on.
    void shut_down() noexcept { timer_.reset(); }

private:
    template <class OnTimer>
    struct wait {
        using allocator_type = wait_allocator<void>;
        [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator; }
        void operator()(boost::system::error_code error) { on_timer(error, generation); }

        allocator_type allocator;
        std::uint64_t generation;
        OnTimer on_timer;
    };

    wait_memory memory_;
    /// Empty once the context has ended.
    std::optional<boost::asio::steady_timer> timer_;
    scheduler::time_point armed_for_ = scheduler::time_point::max();
    std::atomic<std::uint64_t> generation_{0};
    bool missed_ = false;
};

} // namespace postmark::detail

#endif
