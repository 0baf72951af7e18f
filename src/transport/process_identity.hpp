// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_PROCESS_IDENTITY_HPP
#define POSTMARK_TRANSPORT_PROCESS_IDENTITY_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace postmark::transport {

/// Notices that the process was forked, without a system call.
///
/// The number lies in a page of memory that the system clears in the child of a fork (`MADV_WIPEONFORK`); where that is
/// unavailable, the process id is the number. All functions are thread-safe.
class process_identity {
public:
    process_identity() noexcept;
    ~process_identity();
    process_identity(process_identity const&) = delete;
    process_identity& operator=(process_identity const&) = delete;

    /// A number that a process shares with none of its ancestors.
    [[nodiscard]] std::uint64_t current() const noexcept
    {
        if (page_ == nullptr) {
            return process_id();
        }
        std::uint64_t const number = page_->load(std::memory_order_relaxed);
        return number != 0 ? number : renumber();
    }

    /// Whether this is a child of the process that made the object, or that last called `acknowledge`.
    [[nodiscard]] bool has_forked() const noexcept { return current() != known_.load(std::memory_order_relaxed); }

    /// Everything inherited was dropped: from here on this process counts as the one that made the object.
    void acknowledge() const noexcept { known_.store(current(), std::memory_order_relaxed); }

private:
    [[nodiscard]] static std::uint64_t process_id() noexcept;
    [[nodiscard]] std::uint64_t renumber() const noexcept;

    std::atomic<std::uint64_t>* page_ = nullptr;
    std::size_t page_size_ = 0;
    /// The largest number of this process and its ancestors.
    mutable std::atomic<std::uint64_t> last_{0};
    mutable std::atomic<std::uint64_t> known_{0};
};

} // namespace postmark::transport

#endif
