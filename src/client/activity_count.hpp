// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_ACTIVITY_COUNT_HPP
#define POSTMARK_CLIENT_ACTIVITY_COUNT_HPP

#include <atomic>
#include <cstddef>

namespace postmark::detail {

/// Counts what threads are in the middle of. Thread-safe.
///
/// The child of a fork has a copy of the count, but not of the threads: what another thread had begun never ends there.
/// So `restart` begins to count anew, and the end of what began before has no effect.
class activity_count {
public:
    /// Ends one activity when it goes out of scope.
    class ending {
    public:
        /// \param count must count this activity already
        explicit ending(activity_count& count) noexcept
            : count_{count}
            , generation_{count.generation_}
        {
        }
        ~ending()
        {
            if (generation_ == count_.generation_) {
                count_.remove();
            }
        }
        ending(ending const&) = delete;
        ending& operator=(ending const&) = delete;

    private:
        activity_count& count_;
        unsigned generation_;
    };

    void add(std::size_t activities = 1) noexcept { value_ += activities; }
    void remove(std::size_t activities = 1) noexcept { value_ -= activities; }
    [[nodiscard]] std::size_t value() const noexcept { return value_; }

    /// To be called in the child of a fork.
    /// \param activities those that will end in the child, and whose end is not under way
    void restart(std::size_t activities = 0) noexcept
    {
        ++generation_;
        value_ = activities;
    }

private:
    std::atomic<std::size_t> value_{0};
    std::atomic<unsigned> generation_{0};
};

} // namespace postmark::detail

#endif
