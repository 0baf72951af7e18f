#include "dispatch/dispatcher.hpp"

#include "dispatch/backoff.hpp"
#include "dispatch/outcome.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postmark::dispatch {

namespace {

/// The longest `Retry-After` that is honoured.
constexpr duration longest_pause = std::chrono::seconds{60};

} // namespace

dispatcher::dispatcher(settings values, make_connection factory, random source)
    : settings_{std::move(values)}
    , make_connection_{std::move(factory)}
    , random_{std::move(source)}
{
}

dispatcher::~dispatcher()
{
    // The calls belong to the client; only the hooks must not outlive the lists.
    calls_.clear();
    pausing_.clear();
    for (auto const& each : lanes_)
        each->queue.clear();
}

// ---------------------------------------------------------------------------------------------------------------------
// Events

void dispatcher::submit(call& subject, time_point now, actions& todo)
{
    end_overdue(now, todo);
    subject.id_ = ++last_id_;
    calls_.insert(calls_.end(), subject);
    outstanding_.fetch_add(1, std::memory_order_relaxed);

    if (shut_down_ || (draining_ && !subject.terms.part_of_accepted))
        return complete(subject, errc::client_closed, todo);
    if (subject.terms.deadline <= now)
        return complete(subject, errc::timed_out_before_sent, todo);

    // A pause may be over that no tick has ended yet; older calls come first.
    feed_idle(now, todo);
    time_point const paused_until = pause_of(subject.terms.token);
    if (paused_until > now) {
        if (subject.terms.deadline <= paused_until)
            return complete(subject, errc::timed_out_before_sent, todo);
    } else if (connection* const where = take_idle(now, todo)) {
        // Where something idles, nothing older waits that could use it.
        return start(subject, *where, true, todo);
    }

    if (!has_room(subject))
        return complete(subject, errc::queue_full, todo);
    enqueue(subject, false);
    open_more(now, todo);
}

void dispatcher::cancel(call& subject, bool in_flight, actions& todo)
{
    switch (subject.state_) {
    case call_state::queued:
    case call_state::pausing:
        end_waiting(subject, errc::cancelled_before_sent, todo);
        break;
    case call_state::assigned:
        if (in_flight)
            abort(subject, abort_reason::cancelled, todo);
        break;
    case call_state::created:
    case call_state::completed:
        break;
    }
}

void dispatcher::cancel_all(actions& todo)
{
    for (auto each = calls_.begin(); each != calls_.end();)
        cancel(*each++, true, todo);
}

void dispatcher::opened(connection& where, time_point now, actions& todo)
{
    end_overdue(now, todo);
    // It may have been closed while it was about to report.
    if (where.state_ != connection_state::opening)
        return;
    --opening_;
    open_failures_ = 0;
    open_failures_forgiven_ = open_failures_ever_;
    open_not_before_ = {};
    auto const age = std::chrono::duration<double>(settings_.pool.age_limit) * (0.9 + 0.2 * random_());
    where.replace_at_ = now + std::chrono::duration_cast<duration>(age);
    feed(where, now, todo);
    open_more(now, todo);
}

void dispatcher::open_failed(connection& where, errc error, time_point now, actions& todo)
{
    if (where.state_ != connection_state::opening)
        return;
    forget(where, todo);
    ++open_failures_;
    ++open_failures_ever_;
    open_not_before_ = now + backoff(settings_.retry, open_failures_, random_());

    // While a connection works, the service can be reached and the waiting calls will have their turn.
    bool const reachable = std::any_of(connections_.begin(), connections_.end(), [](auto const& each) {
        return each->state_ == connection_state::busy || each->state_ == connection_state::idle;
    });
    if (reachable)
        open_failures_forgiven_ = open_failures_ever_;
    // One bad address of several must not end what the others can carry.
    bool const hopeless = !is_passing(error) && !reachable;
    for (auto const& each : lanes_) {
        for (auto at = each->queue.begin(); at != each->queue.end();) {
            call& subject = *at++;
            unsigned const seen = open_failures_ever_ - std::max(open_failures_forgiven_, subject.failures_before_);
            if (hopeless || seen >= subject.terms.retry.attempts)
                end_waiting(subject, error, todo);
        }
    }
    open_more(now, todo);
}

void dispatcher::answered(connection& where, verdict const& said, bool reusable, time_point now, actions& todo)
{
    end_overdue(now, todo);
    call& subject = release(where);
    bool const aborting = subject.aborting_ != abort_reason::none;

    // The pause first, so that the connection is not given to a call that has to wait.
    duration delay{};
    if (said.what == verdict::kind::wait) {
        delay = backoff(subject.terms.retry, subject.attempts_, random_());
        if (said.retry_after)
            delay = std::max(delay, std::min(*said.retry_after, longest_pause));
        if (said.pauses_token)
            pause_lane(subject.terms.token, now + delay, todo);
    }

    if (reusable && now < where.replace_at_ && !must_make_room(now))
        feed(where, now, todo);
    else
        forget(where, todo);

    switch (said.what) {
    case verdict::kind::success:
        complete(subject, {}, todo);
        break;
    case verdict::kind::refused:
        end_answered(subject, todo);
        break;
    case verdict::kind::wait:
        subject.refused_for_now_ = true;
        if (aborting || !may_go_on(subject, now + delay))
            end_answered(subject, todo);
        else
            pause(subject, now + delay);
        break;
    case verdict::kind::unknown:
        if (!aborting && may_repeat(subject))
            delay = backoff(subject.terms.retry, subject.attempts_, random_());
        if (aborting || !may_repeat(subject) || !may_go_on(subject, now + delay)) {
            complete(subject, {}, todo);
        } else {
            subject.maybe_accepted_ = true;
            subject.unknown_error_ = said.error;
            pause(subject, now + delay);
        }
        break;
    }
    feed_idle(now, todo);
    open_more(now, todo);
}

void dispatcher::exchange_failed(connection& where, exchange_failure const& failure, time_point now, actions& todo)
{
    end_overdue(now, todo);
    call& subject = release(where);
    bool const kept = where.exchange_ > 1;
    // One that was dead on arrival counts as a failure, else it would be replaced as fast as it dies.
    bool const stale = failure.untouched && (kept || where.idle_since_ != time_point{});
    errc const error = failed_error(failure.error, failure.written);
    forget(where, todo);

    if (subject.aborting_ != abort_reason::none) {
        end_failed(subject, aborted_error(subject.aborting_, failure.written), todo);
    } else if (stale) {
        // Nothing was tried: the call takes its place again.
        --subject.attempts_;
        if (may_go_on(subject, now))
            enqueue(subject, true);
        else
            end_failed(subject, errc::timed_out_before_sent, todo);
    } else if (!failure.written) {
        subject.needs_fresh_ = true;
        if (!is_passing(error) || !may_go_on(subject, now))
            end_failed(subject, error, todo);
        else if (kept)
            enqueue(subject, true);
        else
            repeat_later(subject, error, now, todo);
    } else if (may_repeat(subject)) {
        subject.maybe_accepted_ = true;
        subject.unknown_error_ = error;
        repeat_later(subject, error, now, todo);
    } else {
        end_failed(subject, error, todo);
    }
    feed_idle(now, todo);
    open_more(now, todo);
}

void dispatcher::tick(time_point now, actions& todo)
{
    end_overdue(now, todo);
    for (auto each = calls_.begin(); each != calls_.end() && each->terms.deadline <= now; ++each)
        abort(*each, abort_reason::deadline, todo);
    for (auto each = pausing_.begin(); each != pausing_.end();) {
        call& subject = *each++;
        if (subject.ready_at_ <= now) {
            leave_queue(subject);
            enqueue(subject, true);
        }
    }
    // What is over is forgotten, so that nobody is woken for it again.
    if (open_not_before_ <= now)
        open_not_before_ = {};
    for (auto const& each : lanes_) {
        if (each->paused_until <= now)
            each->paused_until = {};
    }
    std::erase_if(lanes_, [](auto const& each) { return each->queue.empty() && each->paused_until == time_point{}; });
    feed_idle(now, todo);
    open_more(now, todo);
}

void dispatcher::close_idle(actions& todo)
{
    while (!idle_.empty()) {
        connection& where = *idle_.back();
        forget(where, todo);
    }
    rest(todo);
}

void dispatcher::rest(actions& todo)
{
    if (outstanding() != 0 || opening_ == 0)
        return;
    for (auto at = connections_.size(); at != 0; --at) {
        if (connections_[at - 1]->state_ == connection_state::opening)
            forget(*connections_[at - 1], todo);
    }
}

void dispatcher::drain(actions& todo)
{
    draining_ = true;
    drain_announced_ = false;
    announce_drain(todo);
}

bool dispatcher::enter() noexcept
{
    if (!draining_)
        outstanding_.fetch_add(1, std::memory_order_relaxed);
    return !draining_;
}

void dispatcher::leave(actions& todo)
{
    outstanding_.fetch_sub(1, std::memory_order_relaxed);
    announce_drain(todo);
}

void dispatcher::shutdown(actions& todo)
{
    draining_ = shut_down_ = true;
    for (auto each = calls_.begin(); each != calls_.end();) {
        call& subject = *each++;
        if (subject.state_ == call_state::assigned)
            abort(subject, abort_reason::closed, todo);
        else
            end_waiting(subject, errc::client_closed, todo);
    }
    close_idle(todo);
}

// ---------------------------------------------------------------------------------------------------------------------
// Facts

time_point dispatcher::next_tick() const noexcept
{
    time_point next = time_point::max();
    for (call const& each : calls_) {
        // One that is being ended reports by itself.
        if (each.aborting_ == abort_reason::none) {
            next = each.terms.deadline;
            break;
        }
    }
    for (call const& each : pausing_)
        next = std::min(next, each.ready_at_);
    bool waits = false;
    for (auto const& each : lanes_) {
        if (each->queue.empty())
            continue;
        waits = true;
        if (each->paused_until != time_point{})
            next = std::min(next, each->paused_until);
    }
    if (waits && opening_ == 0 && open_not_before_ != time_point{})
        next = std::min(next, open_not_before_);
    return next;
}

call* dispatcher::find(call::key place) noexcept
{
    auto const found = calls_.find(place);
    return found == calls_.end() ? nullptr : &*found;
}

// ---------------------------------------------------------------------------------------------------------------------
// The queue

dispatcher::lane& dispatcher::lane_of(std::uint64_t token)
{
    for (auto const& each : lanes_) {
        if (each->token == token)
            return *each;
    }
    lanes_.push_back(std::make_unique<lane>());
    lanes_.back()->token = token;
    return *lanes_.back();
}

time_point dispatcher::pause_of(std::uint64_t token) const noexcept
{
    for (auto const& each : lanes_) {
        if (each->token == token)
            return each->paused_until;
    }
    return {};
}

void dispatcher::pause_lane(std::uint64_t token, time_point until, actions& todo)
{
    lane& paused = lane_of(token);
    paused.paused_until = std::max(paused.paused_until, until);
    // Whoever cannot outlast the pause need not wait for its end.
    for (call_list* const list : {&paused.queue, &pausing_}) {
        for (auto each = list->begin(); each != list->end();) {
            call& subject = *each++;
            if (subject.terms.token == token && subject.terms.deadline <= paused.paused_until)
                end_waiting(subject, errc::timed_out_before_sent, todo);
        }
    }
}

bool dispatcher::has_room(call const& subject) const noexcept
{
    // Something larger than the limit may still wait alone: a limit must not make it impossible for ever.
    return subject.terms.part_of_accepted || waiting_ == 0 ||
           (waiting_ < settings_.limits.queued_requests &&
            waiting_bytes_ + subject.terms.bytes <= settings_.limits.queued_bytes);
}

/// \param in_front takes the place that its age gives it, which is near the front; else at the end
void dispatcher::enqueue(call& subject, bool in_front)
{
    call_list& queue = lane_of(subject.terms.token).queue;
    auto place = queue.end();
    if (in_front)
        place = std::find_if(queue.begin(), queue.end(), [&](call const& each) { return each.id_ > subject.id_; });
    queue.insert(place, subject);
    subject.state_ = call_state::queued;
    subject.failures_before_ = open_failures_ever_;
    ++waiting_;
    waiting_bytes_ += subject.terms.bytes;
}

void dispatcher::pause(call& subject, time_point until)
{
    subject.ready_at_ = until;
    subject.state_ = call_state::pausing;
    pausing_.push_back(subject);
    ++waiting_;
    waiting_bytes_ += subject.terms.bytes;
}

void dispatcher::leave_queue(call& subject)
{
    call_list& queue = subject.state_ == call_state::pausing ? pausing_ : lane_of(subject.terms.token).queue;
    queue.erase(queue.iterator_to(subject));
    --waiting_;
    waiting_bytes_ -= subject.terms.bytes;
}

/// Ends the calls that have waited for too long. A tick may be late, and they must not be started then: what is sent
/// past its deadline can only become unknown.
void dispatcher::end_overdue(time_point now, actions& todo)
{
    for (auto each = calls_.begin(); each != calls_.end() && each->terms.deadline <= now;) {
        call& subject = *each++;
        if (subject.state_ != call_state::assigned)
            end_waiting(subject, errc::timed_out_before_sent, todo);
    }
}

/// The oldest call that may go on a connection now.
/// \param fresh whether the connection is one that was never used
call* dispatcher::next_for(bool fresh, time_point now) const
{
    call* oldest = nullptr;
    for (auto const& each : lanes_) {
        if (each->paused_until > now)
            continue;
        auto const found = std::find_if(each->queue.begin(), each->queue.end(),
                                        [&](call const& subject) { return fresh || !subject.needs_fresh_; });
        if (found != each->queue.end() && (oldest == nullptr || found->id_ < oldest->id_))
            oldest = &*found;
    }
    return oldest;
}

std::size_t dispatcher::startable(time_point now) const noexcept
{
    std::size_t count = 0;
    for (auto const& each : lanes_) {
        if (each->paused_until <= now)
            count += each->queue.size();
    }
    return count;
}

// ---------------------------------------------------------------------------------------------------------------------
// The pool

bool dispatcher::is_usable(connection const& idle, time_point now) const
{
    return now - idle.idle_since_ <= settings_.pool.idle_limit && now < idle.replace_at_;
}

/// The connection that was used last, of those that may still be used.
connection* dispatcher::take_idle(time_point now, actions& todo)
{
    while (!idle_.empty()) {
        connection& where = *idle_.back();
        if (is_usable(where, now)) {
            idle_.pop_back();
            return &where;
        }
        forget(where, todo);
    }
    return nullptr;
}

void dispatcher::start(call& subject, connection& where, bool after_idling, actions& todo)
{
    subject.state_ = call_state::assigned;
    subject.on_ = &where;
    subject.aborting_ = abort_reason::none;
    ++subject.attempts_;
    where.state_ = connection_state::busy;
    where.current_ = &subject;
    ++where.exchange_;
    todo.push_back({.what = action::kind::start,
                    .subject = &subject,
                    .where = &where,
                    .exchange = where.exchange_,
                    .after_idling = after_idling});
}

/// Gives a free connection its next call, or nothing to do.
void dispatcher::feed(connection& where, time_point now, actions& todo)
{
    if (call* const next = next_for(where.exchange_ == 0, now)) {
        leave_queue(*next);
        return start(*next, where, false, todo);
    }
    where.state_ = connection_state::idle;
    where.idle_since_ = now;
    idle_.push_back(&where);
    // The one that was unused for longest is the first to go; nobody else looks for it.
    connection& oldest = *idle_.front();
    if (!is_usable(oldest, now))
        forget(oldest, todo);
}

void dispatcher::feed_idle(time_point now, actions& todo)
{
    // All of them, the one used last first: some calls can use only one that was never used.
    for (std::size_t left = idle_.size(); left != 0 && waiting_ != 0; --left) {
        connection& where = *idle_[left - 1];
        if (!is_usable(where, now)) {
            forget(where, todo);
        } else if (call* const next = next_for(where.exchange_ == 0, now)) {
            std::erase(idle_, &where);
            leave_queue(*next);
            start(*next, where, true, todo);
        }
    }
}

/// Whether the call whose turn it is needs a fresh connection that there is no room for. It would wait for ever where
/// connections are always busy.
bool dispatcher::must_make_room(time_point now) const
{
    if (opening_ != 0 || now < open_not_before_ || connections_.size() < settings_.pool.max_connections)
        return false;
    call const* const next = next_for(true, now);
    return next != nullptr && next->needs_fresh_;
}

void dispatcher::open_more(time_point now, actions& todo)
{
    if (waiting_ == 0)
        return;
    std::size_t const wanted = startable(now);
    auto const may_open = [&] {
        return opening_ < wanted && opening_ < settings_.pool.max_handshakes && now >= open_not_before_ &&
               (open_failures_ == 0 || opening_ == 0);
    };
    // A call that waits for a fresh connection takes the place of one that idles.
    if (may_open() && opening_ == 0 && connections_.size() >= settings_.pool.max_connections && !idle_.empty())
        forget(*idle_.front(), todo);
    while (may_open() && connections_.size() < settings_.pool.max_connections) {
        connections_.push_back(make_connection_());
        ++opening_;
        todo.push_back({.what = action::kind::open, .keep = connections_.back()});
    }
}

/// The connection is no longer the dispatcher's; the client closes it.
void dispatcher::forget(connection& where, actions& todo)
{
    if (where.state_ == connection_state::opening)
        --opening_;
    else if (where.state_ == connection_state::idle)
        std::erase(idle_, &where);
    where.state_ = connection_state::gone;
    auto const found =
        std::find_if(connections_.begin(), connections_.end(), [&](auto const& each) { return each.get() == &where; });
    todo.push_back({.what = action::kind::close, .keep = std::move(*found)});
    connections_.erase(found);
}

call& dispatcher::release(connection& where)
{
    call& subject = *std::exchange(where.current_, nullptr);
    subject.on_ = nullptr;
    return subject;
}

void dispatcher::abort(call& subject, abort_reason reason, actions& todo)
{
    if (subject.aborting_ != abort_reason::none)
        return;
    subject.aborting_ = reason;
    connection& where = *subject.on_;
    auto const found =
        std::find_if(connections_.begin(), connections_.end(), [&](auto const& each) { return each.get() == &where; });
    todo.push_back({.what = action::kind::abort, .keep = *found, .exchange = where.exchange_});
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a call

/// Whether a call may be repeated although it may have been accepted.
bool dispatcher::may_repeat(call const& subject) const noexcept
{
    return subject.terms.repeatable || subject.terms.retry.at_least_once;
}

/// Whether a call has an attempt left, and time to make it.
/// \param when the earliest time for it
bool dispatcher::may_go_on(call const& subject, time_point when) const noexcept
{
    return subject.attempts_ < subject.terms.retry.attempts &&
           std::max(when, pause_of(subject.terms.token)) < subject.terms.deadline;
}

/// Repeats a call that failed, after a pause, or ends it with the failure if there is no time or attempt left.
void dispatcher::repeat_later(call& subject, errc failure, time_point now, actions& todo)
{
    duration const delay = backoff(subject.terms.retry, subject.attempts_, random_());
    if (may_go_on(subject, now + delay))
        pause(subject, now + delay);
    else
        end_failed(subject, failure, todo);
}

void dispatcher::end_waiting(call& subject, errc error, actions& todo)
{
    leave_queue(subject);
    end_failed(subject, error, todo);
}

/// Ends a call that failed without an answer. What is known from earlier attempts is worth more than "not sent".
void dispatcher::end_failed(call& subject, errc error, actions& todo)
{
    bool const not_sent = outcome_of(error) == outcome::not_sent;
    if (not_sent && subject.maybe_accepted_)
        complete(subject, subject.unknown_error_, todo);
    else if (not_sent && subject.refused_for_now_)
        complete(subject, {}, todo);
    else
        complete(subject, error, todo);
}

/// Ends a call that was refused: final, unless an earlier attempt may have been accepted.
void dispatcher::end_answered(call& subject, actions& todo)
{
    if (subject.maybe_accepted_ && !subject.terms.repeatable)
        complete(subject, subject.unknown_error_, todo);
    else
        complete(subject, {}, todo);
}

void dispatcher::complete(call& subject, std::optional<errc> error, actions& todo)
{
    calls_.erase(calls_.iterator_to(subject));
    subject.state_ = call_state::completed;
    outstanding_.fetch_sub(1, std::memory_order_relaxed);
    todo.push_back({.what = action::kind::complete, .subject = &subject, .error = error});
    announce_drain(todo);
}

/// Where no new calls are taken, nothing is left open when the last is over.
void dispatcher::announce_drain(actions& todo)
{
    if (!draining_ || outstanding() != 0)
        return;
    close_idle(todo);
    if (!std::exchange(drain_announced_, true))
        todo.push_back({.what = action::kind::drained});
}

} // namespace postmark::dispatch
