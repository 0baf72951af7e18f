// SPDX-License-Identifier: BSL-1.0

#include "scheduler/call_scheduler.hpp"

#include "scheduler/backoff.hpp"
#include "scheduler/outcome.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postmark::scheduler {

namespace {

/// The longest `Retry-After` that is honoured.
constexpr duration longest_pause = std::chrono::seconds{60};

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
}

// ---------------------------------------------------------------------------------------------------------------------
// Events

void call_scheduler::submit(call& subject, time_point now, actions& todo)
{
    bool const woken = catch_up(now, todo);
    // One that shares its request waits for others that are submitted together with it; until the flush, they stand in the
    // queue although something idles. Older calls come first.
    bool const shares = subject.terms.shares != 0;
    if (flush_asked_ ? !shares : woken) {
        feed_idle(now, todo);
        open_more(now, todo);
    }
    subject.begin(++last_id_);
    calls_.insert(calls_.end(), subject);
    outstanding_.fetch_add(1, std::memory_order_relaxed);

    if (shut_down_ || (draining_ && !subject.terms.part_of_accepted)) {
        return complete(subject, errc::client_closed, todo);
    }
    if (subject.terms.deadline <= now) {
        return complete(subject, errc::timed_out_before_sent, todo);
    }

    bool const paused = call_queue::paused_until(subject) != time_point{};
    if (subject.terms.deadline <= call_queue::paused_until(subject)) {
        return end_outlasted(subject, todo);
    }
    if (!paused && !shares) {
        // Where something idles, nothing older waits that could use it.
        if (connection* const where = pool_.take_idle(now, todo)) {
            where->calls_.assign(1, &subject);
            return start(*where, true, todo);
        }
    }

    // What waits for company only need not wait where there is no room for it.
    if (shares && !has_room(subject)) {
        feed_idle(now, todo);
    }
    if (!has_room(subject)) {
        return complete(subject, errc::queue_full, todo);
    }
    enqueue(subject, false);
    if (shares && !paused && pool_.has_idle()) {
        todo.flush = todo.flush || !std::exchange(flush_asked_, true);
        return;
    }
    open_more(now, todo);
}

void call_scheduler::flush(time_point now, actions& todo)
{
    flush_asked_ = false;
    catch_up(now, todo);
    feed_idle(now, todo);
    open_more(now, todo);
}

void call_scheduler::cancel(call& subject, bool in_flight, actions& todo)
{
    switch (subject.state_) {
    case call_state::queued:
    case call_state::pausing:
        end_waiting(subject, errc::cancelled_before_sent, todo);
        break;
    case call_state::assigned:
        if (in_flight) {
            abort(subject, abort_reason::cancelled, todo);
        }
        break;
    case call_state::created:
    case call_state::completed:
        break;
    }
}

void call_scheduler::cancel_all(actions& todo)
{
    end_all(abort_reason::cancelled, errc::cancelled_before_sent, todo);
}

void call_scheduler::end_all(abort_reason reason, errc error, actions& todo)
{
    for (auto each = calls_.begin(); each != calls_.end();) {
        call& subject = *each++;
        // Nobody is left for whom a request would go on.
        if (subject.state_ == call_state::assigned) {
            abort_all(*subject.on_, reason, todo);
        } else {
            end_waiting(subject, error, todo);
        }
    }
}

void call_scheduler::opened(connection& where, time_point now, actions& todo)
{
    catch_up(now, todo);
    // It may have been closed while it was about to report, or just now, since the last call was overdue.
    if (where.state_ != connection_state::opening) {
        return;
    }
    pool_.opened(where, now);
    feed(where, now, todo);
    open_more(now, todo);
}

void call_scheduler::open_failed(connection& where, errc error, time_point now, actions& todo)
{
    if (where.state_ != connection_state::opening) {
        return;
    }
    pool_.open_failed(where, now, todo);
    // One bad address of several must not end what the others can carry.
    bool const hopeless = !is_passing(error) && !pool_.is_connected();
    call_list ended = queue_.remove_queued([&](call const& each) {
        return hopeless || pool_.failures_since(each.failures_before_) >= each.terms.retry.attempts;
    });
    while (!ended.empty()) {
        call& oldest = ended.front();
        ended.pop_front();
        end_failed(oldest, error, todo);
    }
    open_more(now, todo);
}

void call_scheduler::answered(connection& where, std::span<reply_status const> said, bool reusable, time_point now,
                              actions& todo)
{
    catch_up(now, todo);
    auto const calls = release(where);
    auto const first = std::find_if(calls.begin(), calls.end(), [](call const* each) { return each != nullptr; });

    // Who has to wait waits first, so that the connection is given to whose turn it is then.
    duration delay{};
    if (first != calls.end() && said.front().what == reply_status::kind::retry_later) {
        delay = backoff((*first)->terms.retry, (*first)->attempts_, random_());
        if (said.front().retry_after) {
            delay = std::max(delay, std::min(*said.front().retry_after, longest_pause));
        }
        if (said.front().pauses_token) {
            pause_token(**first, now + delay, todo);
        }
    }
    bool const divided = said.front().what == reply_status::kind::split;
    if (divided) {
        divide(calls, todo);
    }

    if (reusable && now < where.replace_at_ && !must_make_room(now)) {
        feed(where, now, todo);
    } else {
        pool_.forget(where, todo);
    }

    if (!divided) {
        for (std::size_t slot = 0; slot != calls.size(); ++slot) {
            if (calls[slot] != nullptr) {
                end_answered(*calls[slot], said.size() == 1 ? said.front() : said[slot], delay, now, todo);
            }
        }
    }
    feed_idle(now, todo);
    open_more(now, todo);
    // Nothing may be left open, also if the last call was over before the connection was free.
    if (draining_ && outstanding() == 0) {
        close_idle(todo);
    }
}

void call_scheduler::end_answered(call& subject, reply_status const& said, duration delay, time_point now,
                                  actions& todo)
{
    bool const aborting = subject.aborting_ != abort_reason::none;
    switch (said.what) {
    case reply_status::kind::success:
        complete(subject, {}, todo);
        break;
    case reply_status::kind::refused:
    case reply_status::kind::split:
        end_refused(subject, todo);
        break;
    case reply_status::kind::retry_later:
        subject.refused_for_now_ = true;
        if (aborting || !may_go_on(subject, now + delay)) {
            end_refused(subject, todo);
        } else {
            queue_.pause(subject, now + delay);
        }
        break;
    case reply_status::kind::unknown:
        if (!aborting && may_repeat(subject)) {
            delay = backoff(subject.terms.retry, subject.attempts_, random_());
        }
        if (aborting || !may_repeat(subject) || !may_go_on(subject, now + delay)) {
            complete(subject, {}, todo);
        } else {
            subject.maybe_accepted_ = true;
            subject.unknown_error_ = said.error;
            queue_.pause(subject, now + delay);
        }
        break;
    }
}

/// Nothing of the request was accepted: its calls go again, half of them at a time.
void call_scheduler::divide(std::span<call* const> calls, actions& todo)
{
    auto const half = static_cast<std::uint16_t>((calls.size() + 1) / 2);
    for (std::size_t slot = calls.size(); slot != 0; --slot) {
        if (calls[slot - 1] == nullptr) {
            continue;
        }
        call& subject = *calls[slot - 1];
        subject.share_limit_ = half;
        --subject.attempts_;
        // What was said need not be about this one, and replaced what had been said of it before.
        subject.refused_for_now_ = false;
        if (subject.aborting_ != abort_reason::none) {
            end_failed(subject, aborted_error(subject.aborting_, false), todo);
        } else if (subject.terms.deadline <= call_queue::paused_until(subject)) {
            end_outlasted(subject, todo);
        } else {
            enqueue(subject, true);
        }
    }
}

void call_scheduler::exchange_failed(connection& where, exchange_failure const& failure, time_point now, actions& todo)
{
    catch_up(now, todo);
    auto const calls = release(where);
    bool const kept = where.exchange_ > 1;
    // One that was dead on arrival counts as a failure, else it would be replaced as fast as it dies.
    bool const stale = failure.untouched && (kept || where.idle_since_ != time_point{});
    pool_.forget(where, todo);

    // The youngest first, which is how they are best put back.
    for (std::size_t slot = calls.size(); slot != 0; --slot) {
        if (calls[slot - 1] != nullptr) {
            end_exchange(*calls[slot - 1], failure, kept, stale, now, todo);
        }
    }
    feed_idle(now, todo);
    open_more(now, todo);
}

/// \param kept  the connection had carried requests before
/// \param stale it was found closed before it was used
void call_scheduler::end_exchange(call& subject, exchange_failure const& failure, bool kept, bool stale, time_point now,
                                  actions& todo)
{
    errc const error = failed_error(failure.error, failure.written);
    if (failure.replaced_answer) {
        subject.refused_for_now_ = false;
    }
    if (subject.aborting_ != abort_reason::none) {
        end_failed(subject, aborted_error(subject.aborting_, failure.written), todo);
    } else if (stale) {
        // Nothing was tried: the call takes its place again.
        --subject.attempts_;
        if (may_go_on(subject, now)) {
            enqueue(subject, true);
        } else {
            end_failed(subject, errc::timed_out_before_sent, todo);
        }
    } else if (!failure.written) {
        subject.needs_fresh_ = true;
        if (!is_passing(error) || !may_go_on(subject, now)) {
            end_failed(subject, error, todo);
        } else if (kept) {
            enqueue(subject, true);
        } else {
            repeat_later(subject, error, now, todo);
        }
    } else if (may_repeat(subject)) {
        subject.maybe_accepted_ = true;
        subject.unknown_error_ = error;
        repeat_later(subject, error, now, todo);
    } else {
        end_failed(subject, error, todo);
    }
}

void call_scheduler::tick(time_point now, actions& todo)
{
    catch_up(now, todo);
    // All that are over first: where nobody is left who waits, a request ends as a whole.
    std::vector<connection*> affected;
    for (auto each = calls_.begin(); each != calls_.end() && each->terms.deadline <= now; ++each) {
        if (each->aborting_ == abort_reason::none) {
            each->aborting_ = abort_reason::deadline;
            affected.push_back(each->on_);
        }
    }
    std::sort(affected.begin(), affected.end());
    affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
    for (connection* const each : affected) {
        end_aborted(*each, todo);
    }

    pool_.tick(now);
    feed_idle(now, todo);
    open_more(now, todo);
}

void call_scheduler::let_go(connection& where, actions& todo)
{
    where.held_ = false;
    bool const asked = std::any_of(where.calls_.begin(), where.calls_.end(), [](call const* each) {
        return each != nullptr && each->aborting_ != abort_reason::none;
    });
    if (asked) {
        end_aborted(where, todo);
    }
}

void call_scheduler::close_idle(actions& todo)
{
    pool_.close_idle(todo);
    rest(todo);
}

void call_scheduler::rest(actions& todo)
{
    if (outstanding() == 0) {
        pool_.close_opening(todo);
    }
}

void call_scheduler::drain(actions& todo)
{
    draining_ = true;
    drain_announced_ = false;
    announce_drain(todo);
}

bool call_scheduler::enter() noexcept
{
    if (!draining_) {
        outstanding_.fetch_add(1, std::memory_order_relaxed);
    }
    return !draining_;
}

void call_scheduler::leave(actions& todo)
{
    outstanding_.fetch_sub(1, std::memory_order_relaxed);
    announce_drain(todo);
}

void call_scheduler::shutdown(actions& todo)
{
    draining_ = shut_down_ = true;
    end_all(abort_reason::closed, errc::client_closed, todo);
    close_idle(todo);
}

// ---------------------------------------------------------------------------------------------------------------------
// Facts

time_point call_scheduler::next_tick() const noexcept
{
    time_point next = time_point::max();
    for (call const& each : calls_) {
        // One that is being ended reports by itself.
        if (each.aborting_ == abort_reason::none) {
            next = each.terms.deadline;
            break;
        }
    }
    next = std::min(next, queue_.next_due());
    if (queue_.has_queued()) {
        next = std::min(next, pool_.next_attempt());
    }
    return next;
}

call* call_scheduler::find(call::key place) noexcept
{
    auto const found = calls_.find(place);
    return found == calls_.end() ? nullptr : &*found;
}

// ---------------------------------------------------------------------------------------------------------------------
// The queue

void call_scheduler::pause_token(call const& subject, time_point until, actions& todo)
{
    queue_.pause_token(subject, until);
    // Whoever cannot outlast the pause need not wait for its end.
    call_list ended = queue_.remove_shorter_lived(subject);
    while (!ended.empty()) {
        call& oldest = ended.front();
        ended.pop_front();
        end_outlasted(oldest, todo);
    }
}

bool call_scheduler::has_room(call const& subject) const noexcept
{
    // Something larger than the limit may still wait alone: a limit must not make it impossible for ever.
    return subject.terms.part_of_accepted || queue_.size() == 0 ||
           (queue_.size() < settings_.limits.queued_requests &&
            queue_.bytes() + subject.terms.bytes <= settings_.limits.queued_bytes);
}

/// \param again it was on a connection before, and takes the place that its age gives it
void call_scheduler::enqueue(call& subject, bool again)
{
    subject.failures_before_ = pool_.failures();
    if (again) {
        queue_.put_back(subject);
    } else {
        queue_.push(subject);
    }
}

/// Ends the calls that have waited for too long, and the pauses that are over. A tick may be late, and such calls must not
/// be started then: what is sent past its deadline can only become unknown.
/// \return whether a call waits for a connection now that did not before
bool call_scheduler::catch_up(time_point now, actions& todo)
{
    for (auto each = calls_.begin(); each != calls_.end() && each->terms.deadline <= now;) {
        call& subject = *each++;
        if (subject.state_ != call_state::assigned) {
            end_waiting(subject, errc::timed_out_before_sent, todo);
        }
    }
    return queue_.wake(now);
}

// ---------------------------------------------------------------------------------------------------------------------
// The pool

void call_scheduler::start(connection& where, bool after_idling, actions& todo)
{
    for (call* const each : where.calls_) {
        each->state_ = call_state::assigned;
        each->on_ = &where;
        each->aborting_ = abort_reason::none;
        ++each->attempts_;
    }
    where.present_ = where.calls_.size();
    where.held_ = where.is_shared();
    where.state_ = connection_state::busy;
    ++where.exchange_;
    todo.connections.push_back(
        {.what = action::kind::start, .where = &where, .exchange = where.exchange_, .after_idling = after_idling});
}

/// Gives a free connection its next calls, or nothing to do.
void call_scheduler::feed(connection& where, time_point now, actions& todo)
{
    bool const fresh = where.exchange_ == 0;
    if (call* const next = queue_.next(fresh)) {
        queue_.take(*next, fresh, where.calls_);
        return start(where, false, todo);
    }
    pool_.keep_idle(where, now, todo);
}

void call_scheduler::feed_idle(time_point now, actions& todo)
{
    if (queue_.size() == 0) {
        return;
    }
    // All of them: some calls can use only one that was never used.
    pool_.offer_idle(now, todo, [&](connection& where) {
        bool const fresh = where.exchange_ == 0;
        call* const next = queue_.next(fresh);
        if (next != nullptr) {
            queue_.take(*next, fresh, where.calls_);
            start(where, true, todo);
        }
        return next != nullptr;
    });
}

/// Whether the call whose turn it is needs a fresh connection that there is no room for. It would wait for ever where
/// connections are always busy.
bool call_scheduler::must_make_room(time_point now)
{
    call const* const next = pool_.is_short_of_room(now) ? queue_.next(true) : nullptr;
    return next != nullptr && next->needs_fresh_;
}

void call_scheduler::open_more(time_point now, actions& todo)
{
    if (queue_.size() != 0) {
        pool_.grow(queue_.startable(settings_.pool.max_handshakes), now, todo);
    }
}

/// The exchange is over: its calls are nobody's for now.
std::span<call* const> call_scheduler::release(connection& where)
{
    released_.clear();
    released_.swap(where.calls_);
    where.present_ = 0;
    where.held_ = false;
    for (call* const each : released_) {
        if (each != nullptr) {
            each->on_ = nullptr;
        }
    }
    return released_;
}

void call_scheduler::abort(call& subject, abort_reason reason, actions& todo)
{
    if (subject.aborting_ != abort_reason::none) {
        return;
    }
    subject.aborting_ = reason;
    end_aborted(*subject.on_, todo);
}

void call_scheduler::abort_all(connection& where, abort_reason reason, actions& todo)
{
    bool any = false;
    for (call* const each : where.calls_) {
        if (each != nullptr && each->aborting_ == abort_reason::none) {
            each->aborting_ = reason;
            any = true;
        }
    }
    if (any) {
        end_aborted(where, todo);
    }
}

/// Ends what is to be ended of an exchange: all of it if nobody is left who waits, else those calls alone. The request goes on
/// for the others, so that such a call is unknown however much of it was written.
void call_scheduler::end_aborted(connection& where, actions& todo)
{
    if (where.held_ || where.is_aborted()) {
        return;
    }
    auto const goes = [](call const* each) { return each != nullptr && each->aborting_ != abort_reason::none; };
    auto const going = static_cast<std::size_t>(std::count_if(where.calls_.begin(), where.calls_.end(), goes));
    if (going == where.present_) {
        where.aborted_ = where.exchange_;
        todo.connections.push_back(
            {.what = action::kind::abort, .where = &where, .keep = pool_.find(where), .exchange = where.exchange_});
        return;
    }
    for (call*& each : where.calls_) {
        if (goes(each)) {
            call& subject = *std::exchange(each, nullptr);
            --where.present_;
            subject.on_ = nullptr;
            end_failed(subject, aborted_error(subject.aborting_, true), todo);
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a call

/// Whether a call may be repeated although it may have been accepted.
bool call_scheduler::may_repeat(call const& subject) const noexcept
{
    return subject.terms.repeatable || subject.terms.retry.at_least_once;
}

/// Whether a call has an attempt left, and time to make it.
/// \param when the earliest time for it
bool call_scheduler::may_go_on(call const& subject, time_point when) const noexcept
{
    return subject.attempts_ < subject.terms.retry.attempts &&
           std::max(when, call_queue::paused_until(subject)) < subject.terms.deadline;
}

/// Repeats a call that failed, after a pause, or ends it with the failure if there is no time or attempt left.
void call_scheduler::repeat_later(call& subject, errc failure, time_point now, actions& todo)
{
    duration const delay = backoff(subject.terms.retry, subject.attempts_, random_());
    if (may_go_on(subject, now + delay)) {
        queue_.pause(subject, now + delay);
    } else {
        end_failed(subject, failure, todo);
    }
}

void call_scheduler::end_waiting(call& subject, errc error, actions& todo)
{
    queue_.remove(subject);
    end_failed(subject, error, todo);
}

/// Ends a call whose time would run out during a pause that the service asked for.
void call_scheduler::end_outlasted(call& subject, actions& todo)
{
    end_failed(subject, errc::timed_out_before_sent, todo);
    subject.end_.outlasted = subject.end_.error == errc::timed_out_before_sent;
}

/// Ends a call that failed without an answer. What is known from earlier attempts is worth more than "not sent".
void call_scheduler::end_failed(call& subject, errc error, actions& todo)
{
    bool const not_sent = outcome_of(error) == outcome::not_sent;
    if (not_sent && subject.maybe_accepted_) {
        complete(subject, subject.unknown_error_, todo);
    } else if (not_sent && subject.refused_for_now_) {
        complete(subject, {}, todo);
    } else {
        complete(subject, error, todo);
    }
}

/// Ends a call that was refused: final, unless an earlier attempt may have been accepted.
void call_scheduler::end_refused(call& subject, actions& todo)
{
    if (subject.maybe_accepted_ && !subject.terms.repeatable) {
        complete(subject, subject.unknown_error_, todo);
    } else {
        complete(subject, {}, todo);
    }
}

void call_scheduler::complete(call& subject, std::optional<errc> error, actions& todo)
{
    calls_.erase(calls_.iterator_to(subject));
    queue_.dismiss(subject);
    subject.state_ = call_state::completed;
    outstanding_.fetch_sub(1, std::memory_order_relaxed);
    subject.end_.error = error;
    todo.ended.push_back(subject);
    announce_drain(todo);
}

/// Where no new calls are taken, nothing is left open when the last is over.
void call_scheduler::announce_drain(actions& todo)
{
    if (!draining_ || outstanding() != 0) {
        return;
    }
    close_idle(todo);
    if (!std::exchange(drain_announced_, true)) {
        todo.drained = true;
    }
}

} // namespace postmark::scheduler
