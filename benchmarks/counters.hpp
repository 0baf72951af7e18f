// SPDX-License-Identifier: BSL-1.0

// What a program asks of the allocator and of the kernel, counted inside the program.
#ifndef POSTMARK_BENCHMARKS_COUNTERS_HPP
#define POSTMARK_BENCHMARKS_COUNTERS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

/// System calls that are counted. Those that the C library makes for itself, such as futex, are not seen.
enum class system_call : std::size_t {
    send,
    sendmsg,
    recv,
    recvmsg,
    read,
    write,
    epoll_ctl,
    epoll_wait,
    poll,
    timerfd_settime,
    socket,
    connect,
    close,
    other,
    count
};

inline constexpr std::size_t system_call_count = static_cast<std::size_t>(system_call::count);

[[nodiscard]] std::string_view name_of(system_call call) noexcept;

struct counts {
    counts() = default;

    /// Calls of malloc and its kin by everybody, OpenSSL included.
    std::uint64_t allocations{};
    std::uint64_t allocated_bytes{};
    /// Given to the kernel and taken from it, through sockets.
    std::uint64_t sent_bytes{};
    std::uint64_t received_bytes{};
    std::array<std::uint64_t, system_call_count> calls{};

    counts& operator+=(counts const& other) noexcept;
    counts& operator-=(counts const& other) noexcept;
};

/// Of all threads since the start of the program. Exact while the other threads count nothing.
[[nodiscard]] counts count_all() noexcept;

/// Allocations of the calling thread.
[[nodiscard]] std::uint64_t own_allocations() noexcept;

} // namespace bench

#endif
