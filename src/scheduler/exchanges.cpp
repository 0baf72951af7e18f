// SPDX-License-Identifier: BSL-1.0

// Which calls a connection carries: the beginning and the end of an exchange.

#include "scheduler/call_scheduler.hpp"

#include <cstddef>
#include <utility>

namespace postmark::scheduler {

/// Starts an exchange with the calls that were given to the connection.
void call_scheduler::start(connection& conn, bool after_idling, time_point now, actions& out) noexcept
{
    for (call* const call : conn.calls_) {
        call->state_ = call_state::assigned;
        call->conn_ = &conn;
        call->aborting_ = abort_reason::none;
        ++call->history_.attempts;
    }
    conn.live_calls_ = conn.calls_.size();
    conn.pinned_ = conn.is_coalesced();
    conn.state_ = connection_state::busy;
    pool_.began(conn, now);
    ++conn.exchange_;
    out.add(conn.node(action_kind::start),
            {.kind = action_kind::start, .conn = &conn, .exchange = conn.exchange_, .after_idling = after_idling});
}

/// Gives a connection its next calls, if there are any that it can take.
bool call_scheduler::start_next(connection& conn, bool after_idling, time_point now, actions& out) noexcept
{
    bool const fresh = conn.exchange_ == 0;
    // A probe may become unknown, so it carries as few mails as possible.
    bool const probe = pool_.is_probe(conn);
    call* const next = probe ? queue_.next_probe(fresh) : queue_.next(fresh);
    if (next != nullptr) {
        if (probe) {
            queue_.remove(*next);
            conn.calls_.assign(1, next);
        } else {
            queue_.take(*next, fresh, conn.calls_);
        }
        start(conn, after_idling, now, out);
    }
    return next != nullptr;
}

/// Gives a free connection its next calls if it may have any, or keeps it idle.
void call_scheduler::assign_next(connection& conn, bool may_start, time_point now, actions& out) noexcept
{
    if (!may_start || !start_next(conn, false, now, out)) {
        pool_.keep_idle(conn, now, out);
    }
}

void call_scheduler::assign_idle(time_point now, actions& out) noexcept
{
    if (queue_.size() == 0) {
        return;
    }
    // All of them: some calls can only use a connection that was never used.
    pool_.offer_idle(now, out, [&](connection& conn) { return start_next(conn, true, now, out); });
}

void call_scheduler::open_more(time_point now, actions& out) noexcept
{
    if (queue_.size() != 0 && pool_.can_grow()) {
        pool_.grow(queue_.startable(settings_.pool.max_handshakes), now, out);
    }
}

/// Whether the next call needs a new connection and the pool is full. Without this the call could starve while all
/// connections are busy.
bool call_scheduler::must_make_room(time_point now) noexcept
{
    call const* const next = pool_.could_open_if_one_closed(now) ? queue_.next(true) : nullptr;
    return next != nullptr && next->history_.needs_fresh;
}

/// The exchange has ended: takes its calls off the connection.
std::span<call* const> call_scheduler::release(connection& conn) noexcept
{
    released_.clear();
    released_.swap(conn.calls_);
    conn.live_calls_ = 0;
    conn.probes_until_ = {};
    conn.pinned_ = false;
    for (call* const call : released_) {
        if (call != nullptr) {
            call->conn_ = nullptr;
        }
    }
    return released_;
}

/// Aborts the exchange if all of its calls are being ended; otherwise completes only those that are, as unknown, since
/// the request goes on for the others.
void call_scheduler::abort(connection& conn, actions& out) noexcept
{
    if (conn.pinned_ || conn.aborted_) {
        return;
    }
    std::size_t ending = 0;
    std::size_t overdue = 0;
    bool closing = false;
    for (call const* const call : conn.calls_) {
        if (call != nullptr && call->aborting_ != abort_reason::none) {
            ++ending;
            overdue += call->aborting_ == abort_reason::deadline ? 1U : 0U;
            closing |= call->aborting_ == abort_reason::closed;
        }
    }
    if (ending == 0) {
        return;
    }
    if (ending == conn.live_calls_) {
        conn.aborted_ = true;
        conn.overdue_ = overdue == ending;
        out.add(conn.node(action_kind::abort), {.kind = action_kind::abort,
                                                .conn = &conn,
                                                .keep_alive = pool_.find(conn),
                                                .exchange = conn.exchange_,
                                                .reason = conn.overdue_ ? abort_reason::deadline
                                                          : closing     ? abort_reason::closed
                                                                        : abort_reason::cancelled});
        return;
    }
    for (call*& slot : conn.calls_) {
        if (slot != nullptr && slot->aborting_ != abort_reason::none) {
            call& leaving = *std::exchange(slot, nullptr);
            --conn.live_calls_;
            leaving.conn_ = nullptr;
            apply(leaving, after_leaving(facts_of(leaving)), {}, out);
        }
    }
}

} // namespace postmark::scheduler
