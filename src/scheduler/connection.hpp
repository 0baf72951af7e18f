// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CONNECTION_HPP
#define POSTMARK_SCHEDULER_CONNECTION_HPP

#include "scheduler/action.hpp"
#include "scheduler/call.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace postmark::scheduler {

enum class connection_state : std::uint8_t { opening, idle, busy, gone };

/// The scheduler's part of a connection: whether it can take a call. The client derives the rest from it.
class connection {
public:
    connection() { calls_.reserve(1); }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    virtual ~connection() = default;

    [[nodiscard]] connection_state state() const noexcept { return state_; }
    /// The calls of the current exchange, in the order of its request; null for each that was completed before the
    /// exchange ended. Empty unless the connection is busy.
    [[nodiscard]] std::span<call* const> calls() const noexcept { return calls_; }
    /// Whether the current request was made of several calls.
    [[nodiscard]] bool is_coalesced() const noexcept { return calls_.size() > 1; }
    /// Whether the current exchange was aborted.
    [[nodiscard]] bool is_aborted() const noexcept { return aborted_; }
    /// Counts the exchanges, so that the transport can tell an abort that comes late.
    [[nodiscard]] std::uint64_t exchange() const noexcept { return exchange_; }
    /// Whether the last exchange ended with a reply of the service. Until then nobody knows whether the connection
    /// leads to the service, or to something that accepts connections without one.
    [[nodiscard]] bool is_proven() const noexcept { return proven_; }

private:
    friend class connection_pool;
    friend class call_scheduler;

    [[nodiscard]] action_node& node(action_kind kind) noexcept { return nodes_[static_cast<std::size_t>(kind)]; }

    /// Always has capacity for one.
    std::vector<call*> calls_;
    /// How many of `calls_` are not null.
    std::size_t live_calls_ = 0;
    std::uint64_t exchange_ = 0;
    /// When the current exchange began, and until when it keeps others from probing the service; the epoch if it does
    /// not.
    time_point began_at_{};
    time_point probes_until_{};
    time_point idle_since_{};
    time_point replace_at_{};
    connection_state state_ = connection_state::opening;
    bool aborted_ = false;
    /// The exchange was aborted because all its calls were overdue.
    bool overdue_ = false;
    bool proven_ = false;
    /// The client works on the calls of the exchange; none of them may leave it meanwhile.
    bool pinned_ = false;
    std::array<action_node, 4> nodes_;
};

} // namespace postmark::scheduler

#endif
