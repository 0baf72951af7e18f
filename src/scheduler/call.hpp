// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CALL_HPP
#define POSTMARK_SCHEDULER_CALL_HPP

#include "scheduler/request_limits.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::scheduler {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

class connection;
class token_queue;

/// How a call is to be treated, fixed before it is registered.
struct call_policy {
    call_policy() = default;

    /// Bytes that the call holds while it waits.
    std::size_t bytes = 0;
    time_point deadline;
    retry_settings retry;
    /// Calls with the same number use the same API token and are paused together. The number is a hash: should two
    /// tokens collide, their calls are paused together, which does no harm.
    std::uint64_t token_id = 0;
    /// A repetition does no harm: the call may be tried again after any failure.
    bool repeatable = false;
    /// Part of a batch that was accepted as a whole and limits itself, with many messages perhaps: neither the limits
    /// of the queue nor a drain that began since then refuse the call.
    bool part_of_accepted = false;
    /// Calls with the same token and the same number, if it is not 0, may be sent in one request.
    std::uint8_t coalesce_group = 0;
};

enum class call_state : std::uint8_t { created, queued, pausing, assigned, completed };

/// Why a call is being ended.
enum class abort_reason : std::uint8_t { none, cancelled, deadline, closed };

/// What the attempts of a call so far came to.
struct call_history {
    unsigned attempts = 0;
    /// The error of the attempt that may have been accepted.
    errc unknown_error = errc::connection_lost;
    /// An attempt failed while it was written: only a connection that was never used takes the next one.
    bool needs_fresh = false;
    /// The service asked for a later attempt. The call keeps that reply: if nothing better comes, it is the result.
    bool refused_for_now = false;
    /// An attempt may have been accepted: from then on only an acceptance ends the call as anything but unknown.
    bool maybe_accepted = false;
};

/// Links a call into the calls that are registered, into those that wait for a connection, or into the completed ones.
using waiting_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct waiting_tag>>;
/// Links a call into those that wait for a point in time.
using pausing_hook =
    boost::intrusive::set_base_hook<boost::intrusive::tag<struct pausing_tag>, boost::intrusive::optimize_size<true>>;
/// Links a call into all submitted calls that are not completed.
using outstanding_hook = boost::intrusive::set_base_hook<boost::intrusive::tag<struct outstanding_tag>,
                                                         boost::intrusive::optimize_size<true>>;

/// The scheduler's part of a call, which is one request and its reply. The client derives the rest from it.
class call : public waiting_hook, public pausing_hook, public outstanding_hook {
public:
    call() = default;
    call(call const&) = delete;
    call& operator=(call const&) = delete;

    call_policy policy;

    /// Unique in a scheduler; 0 before the call is registered.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] call_state state() const noexcept { return state_; }
    [[nodiscard]] unsigned attempts() const noexcept { return history_.attempts; }
    /// Whether an earlier attempt may have been accepted, and the error that says why this is not known.
    [[nodiscard]] bool maybe_accepted() const noexcept { return history_.maybe_accepted; }
    [[nodiscard]] errc unknown_error() const noexcept { return history_.unknown_error; }

    /// How a completed call ended.
    struct end {
        /// Empty: as its last reply says.
        std::optional<errc> error{};

        /// The cause of the error as diagnostic text; empty if the error says it all, or for want of memory.
        [[nodiscard]] std::string_view detail() const noexcept
        {
            return text ? std::string_view{*text} : std::string_view{};
        }

        /// Allocated only for a failure, since many calls may wait.
        std::unique_ptr<std::string> text{};
    };
    [[nodiscard]] end const& ended() const noexcept { return end_; }

    /// Orders calls by deadline. The id makes a key unique, so that a call is found by it.
    struct key_type {
        time_point deadline;
        std::uint64_t id = 0;
        auto operator<=>(key_type const&) const = default;
    };
    /// Valid once the call is registered.
    [[nodiscard]] key_type key() const noexcept { return {policy.deadline, id_}; }

    /// Forgets everything that happened to a completed call, which may then be used for another request.
    void reset() noexcept
    {
        id_ = 0;
        conn_ = nullptr;
        failures_before_ = 0;
        max_coalesced_ = max_messages_per_request;
        state_ = call_state::created;
        aborting_ = abort_reason::none;
        history_ = {};
        end_ = {};
    }

protected:
    ~call() = default;

private:
    friend class call_queue;
    friend class call_scheduler;

    std::uint64_t id_ = 0;
    /// The calls with the same token; null unless the call is registered.
    token_queue* token_queue_ = nullptr;
    connection* conn_ = nullptr;
    time_point ready_at_{};
    call_history history_;
    /// How often connecting had failed when the call began to wait.
    unsigned failures_before_ = 0;
    /// How many calls may be in one request with this one. Halved with every refusal of a whole request, so that the
    /// call which causes the refusal is alone in its request in the end.
    std::uint16_t max_coalesced_ = max_messages_per_request;
    call_state state_ = call_state::created;
    abort_reason aborting_ = abort_reason::none;
    end end_;
};

using call_list = boost::intrusive::list<call, boost::intrusive::base_hook<waiting_hook>,
                                         boost::intrusive::constant_time_size<false>>;

} // namespace postmark::scheduler

#endif
