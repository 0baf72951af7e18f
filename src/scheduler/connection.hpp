// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CONNECTION_HPP
#define POSTMARK_SCHEDULER_CONNECTION_HPP

#include "scheduler/call.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace postmark::scheduler {

enum class connection_state : std::uint8_t { opening, idle, busy, gone };

/// The dispatcher's part of a connection: whether it can take a call. The client derives the rest from it.
class connection {
public:
    connection() { calls_.reserve(1); }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    virtual ~connection() = default;

    [[nodiscard]] connection_state state() const noexcept { return state_; }
    /// The calls of the exchange under way, in the order of its request; null for one that did not wait for the end. Empty
    /// unless busy.
    [[nodiscard]] std::span<call* const> calls() const noexcept { return calls_; }
    /// Whether the request was made of several calls.
    [[nodiscard]] bool is_shared() const noexcept { return calls_.size() > 1; }
    /// Whether the exchange under way is to be ended.
    [[nodiscard]] bool is_aborted() const noexcept { return aborted_ == exchange_; }
    /// Counts the exchanges; tells a late abort from a timely one.
    [[nodiscard]] std::uint64_t exchange() const noexcept { return exchange_; }

private:
    friend class connection_pool;
    friend class call_scheduler;

    /// Always with room for one.
    std::vector<call*> calls_;
    /// How many of them still wait for the end.
    std::size_t present_ = 0;
    std::uint64_t exchange_ = 0;
    /// The last exchange that was to be ended.
    std::uint64_t aborted_ = 0;
    time_point idle_since_{};
    time_point replace_at_{};
    connection_state state_ = connection_state::opening;
    /// The client works on the calls of the exchange; none may leave it meanwhile.
    bool held_ = false;
};

} // namespace postmark::scheduler

#endif
