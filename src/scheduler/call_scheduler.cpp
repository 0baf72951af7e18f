// SPDX-License-Identifier: BSL-1.0

#include "scheduler/call_scheduler.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace postmark::scheduler {

namespace {

constexpr std::string_view not_this_reply = "replied before the request was sent: not this request's reply";
constexpr std::string_view no_service = "a gateway replied that the service cannot be reached";

/// Whether a status says something about a call whose request was not sent whole. Its acceptance would be that of
/// another call.
bool is_valid(reply_status const& status, bool written) noexcept
{
    return written || (status.kind != reply_kind::success && status.kind != reply_kind::unknown);
}

/// Whether one pause serves all calls of a request.
[[maybe_unused]] bool agree_on_pause(std::span<reply_status const> statuses) noexcept
{
    reply_status const& first = statuses.front();
    return std::all_of(statuses.begin(), statuses.end(), [&](reply_status const& status) {
        return status.kind != reply_kind::retry_later ||
               (first.kind == reply_kind::retry_later && first.retry_after == status.retry_after &&
                first.pauses_token == status.pauses_token);
    });
}

} // namespace

call_scheduler::call_scheduler(settings values, make_connection factory, random source)
    : settings_{std::move(values)}
    , random_{std::move(source)}
    , pool_{settings_.pool, settings_.retry, std::move(factory), random_}
{
    released_.reserve(1);
}

call_scheduler::~call_scheduler()
{
    // The calls belong to the client; only the hooks must not outlive the lists.
    calls_.clear();
    registered_.clear();
}

// ---------------------------------------------------------------------------------------------------------------------
// Calls come and go

void call_scheduler::register_call(call& call)
{
    if (call.token_queue_ != nullptr) {
        return;
    }
    queue_.register_call(call);
    call.reset();
    call.id_ = ++last_id_;
    registered_.push_back(call);
}

void call_scheduler::unregister_call(call& call) noexcept
{
    // `abandon` has forgotten it already.
    if (call.token_queue_ != nullptr) {
        registered_.erase(registered_.iterator_to(call));
        queue_.unregister_call(call);
    }
}

void call_scheduler::submit(call& call, time_point now, actions& out) noexcept
{
    bool const woken = expire(now, out) || pool_.pause_has_expired(now);
    // A call that can be coalesced waits in the queue, although a connection is idle, until the flush: the calls that
    // are submitted in the same turn of the event loop go together. Older calls come first.
    bool const coalesces = call.policy.coalesce_group != 0;
    if (flush_asked_ ? !coalesces : woken) {
        assign_idle(now, out);
        open_more(now, out);
    }
    if (call.token_queue_ != nullptr) {
        registered_.erase(registered_.iterator_to(call));
    }
    calls_.insert(calls_.end(), call);
    work_.add();

    if (shut_down_ || (closed() && !call.policy.part_of_accepted)) {
        return complete(call, errc::client_closed, out);
    }
    if (call.aborting_ != abort_reason::none) {
        return complete(call, errc::cancelled_before_sent, out);
    }
    if (call.policy.deadline <= now) {
        return complete(call, errc::timed_out_before_sent, out);
    }

    bool const paused = call_queue::paused_until(call) != time_point{};
    if (call.policy.deadline <= call_queue::paused_until(call)) {
        return apply(call, after_long_pause(facts_of(call)), {}, out);
    }
    if (!paused && !coalesces) {
        // Where a connection is idle, no older call waits that could use it.
        if (connection* const conn = pool_.take_idle(now, out)) {
            conn->calls_.assign(1, &call);
            return start(*conn, true, now, out);
        }
    }

    // The queue is full: start the calls that only wait for the flush.
    if (coalesces && !fits(call)) {
        assign_idle(now, out);
    }
    if (!fits(call)) {
        return complete(call, errc::queue_full, out);
    }
    enqueue(call);
    if (!paused) {
        pool_.hurry(call.policy.deadline);
        if (coalesces && pool_.has_idle()) {
            out.flush = out.flush || !std::exchange(flush_asked_, true);
            return;
        }
        // A connection that idled because of the pause may be the one to try.
        assign_idle(now, out);
    }
    open_more(now, out);
}

void call_scheduler::flush(time_point now, actions& out) noexcept
{
    flush_asked_ = false;
    expire(now, out);
    assign_idle(now, out);
    open_more(now, out);
}

void call_scheduler::cancel(call& call, bool in_flight, actions& out) noexcept
{
    switch (call.state_) {
    case call_state::created:
        call.aborting_ = abort_reason::cancelled;
        break;
    case call_state::queued:
    case call_state::pausing:
        end_waiting(call, errc::cancelled_before_sent, out);
        break;
    case call_state::assigned:
        if (in_flight && call.aborting_ == abort_reason::none) {
            call.aborting_ = abort_reason::cancelled;
            abort(*call.conn_, out);
        }
        break;
    case call_state::completed:
        break;
    }
}

void call_scheduler::cancel_all(actions& out) noexcept
{
    end_all(abort_reason::cancelled, errc::cancelled_before_sent, out);
}

bool call_scheduler::add_work() noexcept
{
    if (closed()) {
        return false;
    }
    work_.add();
    return true;
}

void call_scheduler::remove_work(actions& out) noexcept
{
    work_.remove();
    close_if_drained(out);
}

void call_scheduler::close_idle(actions& out) noexcept
{
    pool_.close_idle(out);
    close_unused_openings(out);
}

void call_scheduler::close_unused_openings(actions& out) noexcept
{
    if (outstanding() == 0) {
        pool_.close_opening(out);
    }
}

void call_scheduler::drain(actions& out) noexcept
{
    work_.drain();
    close_if_drained(out);
}

void call_scheduler::shutdown(actions& out) noexcept
{
    work_.drain();
    shut_down_ = true;
    end_all(abort_reason::closed, errc::client_closed, out);
    close_idle(out);
}

call_list call_scheduler::abandon(std::vector<std::shared_ptr<connection>>& connections) noexcept
{
    work_.drain();
    work_.clear();
    shut_down_ = true;
    connections = pool_.abandon();
    registered_.clear_and_dispose([](call* call) { call->token_queue_ = nullptr; });
    queue_.clear();
    call_list all;
    calls_.clear_and_dispose([&](call* call) {
        call->token_queue_ = nullptr;
        all.push_back(*call);
    });
    return all;
}

void call_scheduler::restart_after_fork(std::vector<std::shared_ptr<connection>>& connections, actions& out) noexcept
{
    for (auto const& conn : pool_.connections()) {
        static_cast<void>(release(*conn));
    }
    connections = pool_.abandon();
    while (!calls_.empty()) {
        call& ending = *calls_.begin();
        if (ending.state_ != call_state::assigned) {
            queue_.remove(ending);
        }
        complete(ending, errc::client_closed, out);
    }
    // What is left is other work, of which the parent takes care.
    work_.clear();
}

// ---------------------------------------------------------------------------------------------------------------------
// What connections report

void call_scheduler::opened(connection& conn, time_point now, actions& out) noexcept
{
    expire(now, out);
    // It may have been closed while it was about to report, or just now, with the completion of the last call.
    if (conn.state_ != connection_state::opening) {
        return;
    }
    pool_.opened(conn, now);
    assign_next(conn, pool_.may_probe(conn, now), now, out);
    open_more(now, out);
}

void call_scheduler::open_failed(connection& conn, open_failure failure, time_point now, actions& out) noexcept
{
    if (conn.state_ != connection_state::opening) {
        return;
    }
    pool_.open_failed(conn, failure.detail, now, out);
    auto const decide = [&](call const& call) {
        return after_open_failure(facts_of(call), failure.error, pool_.is_connected(),
                                  pool_.failures_since(call.failures_before_));
    };
    call_list ended = queue_.remove_queued([&](call const& call) { return decide(call).kind == step_kind::complete; });
    while (!ended.empty()) {
        call& oldest = ended.front();
        ended.pop_front();
        apply(oldest, decide(oldest), failure.detail, out);
    }
    open_more(now, out);
}

void call_scheduler::replied(connection& conn, std::span<reply_status const> statuses, reply_facts facts,
                             time_point now, actions& out) noexcept
{
    assert(agree_on_pause(statuses));
    expire(now, out);
    bool const aborted = conn.is_aborted();
    auto const calls = release(conn);
    reply_status const& leading = statuses.front();

    bool const is_reply = std::any_of(statuses.begin(), statuses.end(), [&](reply_status const& status) {
        return is_valid(status, facts.written) && !status.unavailable;
    });
    bool const begins_no_outage = leading.unavailable && leading.of_repeatable_call && !pool_.is_probe(conn);
    if (is_reply) {
        pool_.replied(conn);
    } else if (!aborted && !begins_no_outage) {
        pool_.no_reply(conn, facts.written ? no_service : not_this_reply, now);
    }

    // A call that has to wait begins to wait first, so that the connection is given to the call whose turn it is then.
    duration delay{};
    auto const first = std::find_if(calls.begin(), calls.end(), [](call const* call) { return call != nullptr; });
    if (first != calls.end() && leading.kind == reply_kind::retry_later) {
        delay = retry_delay((*first)->policy, (*first)->attempts(), leading, random_());
        if (leading.pauses_token) {
            pause_token(**first, now + delay, out);
        }
    }
    bool const is_split = leading.kind == reply_kind::split;
    if (is_split) {
        auto const half = static_cast<std::uint16_t>((calls.size() + 1) / 2);
        // The youngest first, which is how they are best put back.
        for (std::size_t slot = calls.size(); slot != 0; --slot) {
            if (call* const call = calls[slot - 1]) {
                call->max_coalesced_ = half;
                apply(*call, after_split(facts_of(*call)), {}, out);
            }
        }
    }

    // A connection whose exchange was aborted is not used again, because the order to do so may still be under way. One
    // to a gateway without a service need not lead to the service when that is back.
    if (facts.reusable && facts.written && is_reply && !aborted && now < conn.replace_at_ && !must_make_room(now)) {
        assign_next(conn, pool_.may_start(conn, now), now, out);
    } else {
        pool_.forget(conn, out);
    }

    bool const reused = conn.exchange_ > 1;
    for (std::size_t slot = 0; slot != calls.size() && !is_split; ++slot) {
        call* const call = calls[slot];
        if (call == nullptr) {
            continue;
        }
        reply_status const& status = statuses.size() == 1 ? leading : statuses[slot];
        if (!is_valid(status, facts.written)) {
            exchange_failure const unsent{.error = errc::write_failed, .replaced_reply = true};
            apply(*call, after_failure(facts_of(*call), unsent, reused, false, now, random_()), not_this_reply, out);
            continue;
        }
        double const jitter = status.kind == reply_kind::unknown ? random_() : 0.0;
        apply(*call, after_reply(facts_of(*call), status, delay, now, jitter), {}, out);
    }
    assign_idle(now, out);
    open_more(now, out);
    close_if_drained(out);
}

void call_scheduler::nothing_to_send(connection& conn, bool reusable, time_point now, actions& out) noexcept
{
    expire(now, out);
    bool const aborted = conn.is_aborted();
    auto const calls = release(conn);
    if (reusable && !aborted && now < conn.replace_at_ && !must_make_room(now)) {
        assign_next(conn, pool_.may_probe(conn, now), now, out);
    } else {
        pool_.forget(conn, out);
    }
    for (call* const call : calls) {
        if (call != nullptr) {
            complete(*call, {}, out);
        }
    }
    assign_idle(now, out);
    open_more(now, out);
    close_if_drained(out);
}

void call_scheduler::exchange_failed(connection& conn, exchange_failure failure, time_point now, actions& out) noexcept
{
    expire(now, out);
    bool const aborted = conn.is_aborted();
    auto const calls = release(conn);
    bool const reused = conn.exchange_ > 1;
    // A connection that was dead on arrival counts as a failure, else it would be replaced as fast as it dies.
    bool const closed_while_idle = failure.not_started && (reused || conn.idle_since_ != time_point{});
    // What the client ended early says nothing, except that the service let a deadline pass.
    bool const counts = !aborted || (conn.overdue_ && failure.written && pool_.is_silence(conn, now));
    if (failure.replied && failure.written) {
        pool_.replied(conn);
    } else if (!conn.proven_ && !closed_while_idle && counts) {
        pool_.no_reply(conn, failure.detail, now);
    }
    pool_.forget(conn, out);

    // The youngest first, which is how they are best put back.
    for (std::size_t slot = calls.size(); slot != 0; --slot) {
        if (call* const call = calls[slot - 1]) {
            apply(*call, after_failure(facts_of(*call), failure, reused, closed_while_idle, now, random_()),
                  failure.detail, out);
        }
    }
    assign_idle(now, out);
    open_more(now, out);
}

void call_scheduler::tick(time_point now, actions& out) noexcept
{
    expire(now, out);
    // First mark all overdue calls: where no other call waits for a request, it ends as a whole.
    bool any = false;
    for (auto it = calls_.begin(); it != calls_.end() && it->policy.deadline <= now; ++it) {
        if (it->aborting_ == abort_reason::none) {
            it->aborting_ = abort_reason::deadline;
            any = true;
        }
    }
    if (any) {
        for (auto const& conn : pool_.connections()) {
            if (conn->state_ == connection_state::busy) {
                abort(*conn, out);
            }
        }
    }

    pool_.tick(now);
    assign_idle(now, out);
    open_more(now, out);
}

void call_scheduler::unpin(connection& conn, actions& out) noexcept
{
    conn.pinned_ = false;
    abort(conn, out);
}

// ---------------------------------------------------------------------------------------------------------------------
// Facts

time_point call_scheduler::next_tick() const noexcept
{
    time_point next = time_point::max();
    for (call const& call : calls_) {
        // A call that is being ended needs no timer.
        if (call.aborting_ == abort_reason::none) {
            next = call.policy.deadline;
            break;
        }
    }
    next = std::min(next, queue_.next_due());
    if (queue_.has_queued()) {
        next = std::min(next, pool_.next_attempt());
    }
    return next;
}

call* call_scheduler::find(call::key_type key) noexcept
{
    if (auto const found = calls_.find(key); found != calls_.end()) {
        return &*found;
    }
    // There are hardly ever more than a few.
    auto const found =
        std::find_if(registered_.begin(), registered_.end(), [&](call const& call) { return call.key() == key; });
    return found == registered_.end() ? nullptr : &*found;
}

// ---------------------------------------------------------------------------------------------------------------------
// The queue

void call_scheduler::pause_token(call const& call, time_point until, actions& out) noexcept
{
    queue_.pause_token(call, until);
    // A call whose deadline comes before the end of the pause need not wait for it.
    call_list ended = queue_.remove_shorter_lived(call);
    while (!ended.empty()) {
        auto& oldest = ended.front();
        ended.pop_front();
        apply(oldest, after_long_pause(facts_of(oldest)), {}, out);
    }
}

bool call_scheduler::fits(call const& call) const noexcept
{
    // A call larger than the limit may still wait alone: a limit must not make it impossible for ever.
    return call.policy.part_of_accepted || queue_.size() == 0 ||
           (queue_.size() < settings_.limits.queued_requests &&
            queue_.bytes() + call.policy.bytes <= settings_.limits.queued_bytes);
}

void call_scheduler::enqueue(call& call) noexcept
{
    call.failures_before_ = pool_.failures();
    queue_.push(call);
}

void call_scheduler::requeue(call& call) noexcept
{
    call.failures_before_ = pool_.failures();
    queue_.put_back(call);
}

/// Ends the waiting calls whose deadline has passed, and the pauses that have expired.
/// \return whether a call waited for the end of a pause
bool call_scheduler::expire(time_point now, actions& out) noexcept
{
    for (auto it = calls_.begin(); it != calls_.end() && it->policy.deadline <= now;) {
        call& overdue = *it++;
        if (overdue.state_ != call_state::assigned) {
            end_waiting(overdue, errc::timed_out_before_sent, out);
        }
    }
    return queue_.wake(now);
}

} // namespace postmark::scheduler
