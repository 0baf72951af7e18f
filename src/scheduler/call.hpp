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
#include <optional>

namespace postmark::scheduler {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

class connection;
class lane;

/// What the caller of a call wants, fixed when it is submitted.
struct call_terms {
    call_terms() = default;

    /// Bytes that the call holds while it waits.
    std::size_t bytes = 0;
    time_point deadline;
    retry_settings retry;
    /// Calls with the same number use the same token and are paused together.
    std::uint64_t token = 0;
    /// A repetition does no harm: it may be tried again after anything.
    bool repeatable = false;
    /// Part of something larger that was accepted as a whole and limits itself: neither the queue's limits nor a drain
    /// that began meanwhile refuse it.
    bool part_of_accepted = false;
    /// Calls with the same token and the same number, if it is not 0, may go in one request where they would wait for a
    /// connection.
    std::uint8_t shares = 0;
};

enum class call_state : std::uint8_t { created, queued, pausing, assigned, completed };

/// Why a call that is in flight is being ended.
enum class abort_reason : std::uint8_t { none, cancelled, deadline, closed };

/// Among those that wait for a connection, or those that are over and whose end has to be told.
using waiting_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct waiting_tag>>;
/// Among those that wait for a time to come.
using pausing_hook =
    boost::intrusive::set_base_hook<boost::intrusive::tag<struct pausing_tag>, boost::intrusive::optimize_size<true>>;
/// Among all that are not over.
using outstanding_hook = boost::intrusive::set_base_hook<boost::intrusive::tag<struct outstanding_tag>,
                                                         boost::intrusive::optimize_size<true>>;

/// The dispatcher's part of a call: one request on its way to one answer. The client derives the rest from it.
class call : public waiting_hook, public pausing_hook, public outstanding_hook {
public:
    call() = default;
    call(call const&) = delete;
    call& operator=(call const&) = delete;

    call_terms terms;

    /// Unique in a call_scheduler; 0 before it was submitted.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] call_state state() const noexcept { return state_; }
    [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }
    /// Whether an earlier attempt may have been accepted, and the error that says why this is not known.
    [[nodiscard]] bool maybe_accepted() const noexcept { return maybe_accepted_; }
    [[nodiscard]] errc unknown_error() const noexcept { return unknown_error_; }

    /// How a call ended that is over.
    struct end {
        /// None: as its last answer says.
        std::optional<errc> error{};
        /// Time would have run out during a pause that the service asked for.
        bool outlasted = false;
    };
    [[nodiscard]] end const& ended() const noexcept { return end_; }

    /// Deadlines order calls; the id makes each place unique, so that a call can be found again.
    struct key {
        time_point deadline;
        std::uint64_t id;
        auto operator<=>(key const&) const = default;
    };
    [[nodiscard]] key place() const noexcept { return {terms.deadline, id_}; }

    /// Makes it as if it had never been submitted; only for one that is over.
    void renew() noexcept { begin(0); }

protected:
    ~call() = default;

private:
    friend class call_queue;
    friend class call_scheduler;

    void begin(std::uint64_t id) noexcept
    {
        id_ = id;
        on_ = nullptr;
        attempts_ = failures_before_ = 0;
        share_limit_ = most_messages_a_request;
        state_ = call_state::created;
        aborting_ = abort_reason::none;
        end_ = {};
        needs_fresh_ = refused_for_now_ = maybe_accepted_ = false;
    }

    std::uint64_t id_ = 0;
    /// The calls with its token, while it is not over.
    lane* lane_ = nullptr;
    connection* on_ = nullptr;
    time_point ready_at_{};
    unsigned attempts_ = 0;
    unsigned failures_before_ = 0;
    /// How many may be in one request with it. Halved with every refusal of a whole request, so that the one that is to
    /// blame stands alone in the end.
    std::uint16_t share_limit_ = most_messages_a_request;
    errc unknown_error_ = errc::connection_lost;
    end end_;
    call_state state_ = call_state::created;
    abort_reason aborting_ = abort_reason::none;
    bool needs_fresh_ = false;
    /// The service said "later"; the answer is kept by whoever interprets answers.
    bool refused_for_now_ = false;
    /// An earlier attempt may have been accepted.
    bool maybe_accepted_ = false;
};

using call_list = boost::intrusive::list<call, boost::intrusive::base_hook<waiting_hook>,
                                         boost::intrusive::constant_time_size<false>>;

} // namespace postmark::scheduler

#endif
