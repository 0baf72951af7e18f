// SPDX-License-Identifier: BSL-1.0

// Counts allocations and system calls from within the program that makes them.
#ifndef POSTMARK_BENCHMARKS_COUNTERS_HPP
#define POSTMARK_BENCHMARKS_COUNTERS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

/// System calls that are counted. Those that the C library makes by itself, such as futex, are not.
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

    /// Calls of malloc and related functions by the whole process, OpenSSL included.
    std::uint64_t allocations{};
    std::uint64_t allocated_bytes{};
    /// Bytes written to and read from sockets.
    std::uint64_t sent_bytes{};
    std::uint64_t received_bytes{};
    std::array<std::uint64_t, system_call_count> calls{};

    counts& operator+=(counts const& other) noexcept;
    counts& operator-=(counts const& other) noexcept;
};

/// Sums over all threads since the program started. Exact only while no other thread counts.
[[nodiscard]] counts count_all() noexcept;

/// Allocations of the calling thread.
[[nodiscard]] std::uint64_t own_allocations() noexcept;

} // namespace bench

#endif
