// SPDX-License-Identifier: BSL-1.0

#include "client/engine.hpp"

#include "client/connection_params.hpp"
#include "client/context_watch.hpp"
#include "client/drain.hpp"
#include "client/pooled_connection.hpp"
#include "scheduler/outcome.hpp"

#include <boost/asio/query.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

namespace postmark::detail {

namespace asio = boost::asio;

namespace {

/// Deadlines are kept to within this, so that many of them cost one wake-up.
constexpr std::chrono::milliseconds timer_grain{5};

constexpr std::string_view outlasted_cause = "the service asked for a longer pause (HTTP 429)";

/// What a receipt says of a failure: the cause where one is known, else what the code means.
std::string explain(errc error, std::string_view cause)
{
    switch (error) {
    case errc::queue_full:
    case errc::cancelled_before_sent:
    case errc::cancelled_in_flight:
    case errc::client_closed:
        return error_code{error}.message();
    case errc::timed_out_before_sent:
    case errc::timed_out_in_flight:
        return error_code{error}.message() + (cause.empty() ? "" : ": " + std::string{cause});
    default:
        return cause.empty() ? error_code{error}.message() : std::string{cause};
    }
}

std::chrono::milliseconds shortest_of(timeout_settings const& timeouts)
{
    return std::min({timeouts.resolve, timeouts.connect, timeouts.handshake, timeouts.write_stall, timeouts.reply,
                     timeouts.batch_reply});
}

} // namespace

std::string describe_current(std::string_view what) noexcept
{
    try {
        try {
            throw;
        } catch (std::exception const& error) {
            return std::string{what} + ": " + error.what();
        } catch (...) {
            return std::string{what};
        }
    } catch (...) {
        return {};
    }
}

engine::engine(executor where, config settings)
    : home_{std::move(where)}
    , settings_{std::move(settings)}
    , setup_{settings_}
    , reporter_{settings_.observer}
    , shortest_phase_{shortest_of(settings_.timeouts)}
    , random_{std::random_device{}()}
    , scheduler_{{settings_.pool, settings_.limits, settings_.retry},
                 [this] { return make_link(); },
                 [this] {
                     return std::uniform_real_distribution<double>{0.0, 1.0}(random_);
                 }}
    , timer_{std::in_place, home_}
{
    if (std::string problem = settings_.problem(); !problem.empty()) {
        problem_ = {errc::invalid_configuration, std::move(problem)};
    }
    connection_params_ = make_connection_params(settings_);
    if (!problem_ && connection_params_->tls && connection_params_->tls->problem()) {
        problem_ = {connection_params_->tls->problem()->error, connection_params_->tls->problem()->detail};
    }
}

engine::~engine()
{
    abandon();
}

void engine::begin()
{
    asio::use_service<context_watch>(asio::query(home_, asio::execution::context)).add(weak_from_this());
}

// ---------------------------------------------------------------------------------------------------------------------
// What the initiating functions use

bool engine::enter()
{
    std::lock_guard const lock{mutex_};
    return scheduler_.enter();
}

void engine::leave()
{
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_) {
            return;
        }
        scheduler_.leave(todo);
    }
    perform(todo, false);
}

void engine::complete_later(std::unique_ptr<operation> subject)
{
    // One that was refused before it was submitted took no time.
    if (subject->submitted_at == scheduler::time_point{}) {
        subject->submitted_at = scheduler::clock::now();
    }
    scheduler::call_list one;
    one.push_back(*subject.release());
    complete_later(one);
}

/// Any number of them costs one turn of the event loop.
void engine::complete_later(scheduler::call_list& ended)
{
    {
        std::lock_guard const lock{mutex_};
        if (!abandoned_) {
            ended_.splice(ended_.end(), ended);
            if (!completing_) {
                post([self = shared_from_this()] { self->complete_ended(); });
            }
            completing_ = true;
        }
    }
    // The context has ended.
    dispose(ended);
}

void engine::complete_ended()
{
    scheduler::call_list ended;
    {
        std::lock_guard const lock{mutex_};
        completing_ = false;
        ended.swap(ended_);
    }
    complete(ended);
}

/// Tells of them, one after the other.
void engine::complete(scheduler::call_list& ended)
{
    while (!ended.empty()) {
        std::unique_ptr<operation> subject{static_cast<operation*>(&ended.front())};
        ended.pop_front();
        try {
            if (reporter_) {
                reporter_.completed(*subject);
            }
            operation& telling = *subject;
            telling.complete(std::move(subject));
        } catch (...) {
            // A handler threw, which is for whoever runs the context. The others are told when it runs again.
            if (!ended.empty()) {
                complete_later(ended);
            }
            throw;
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What is asked for

void engine::cancel(scheduler::call::key place, asio::cancellation_type type)
{
    bool const in_flight = (type & (asio::cancellation_type::partial | asio::cancellation_type::terminal)) !=
                           asio::cancellation_type::none;
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (scheduler::call* const subject = scheduler_.find(place)) {
            scheduler_.cancel(*subject, in_flight, todo);
        }
    }
    perform(todo, false);
}

void engine::cancel_all()
{
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        ++cancellations_;
        scheduler_.cancel_all(todo);
    }
    perform(todo, false);
}

void engine::close_idle()
{
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        scheduler_.close_idle(todo);
    }
    perform(todo, false);
}

void engine::drain(std::unique_ptr<drain_operation> subject)
{
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        scheduler::time_point const deadline = subject->deadline;
        drains_.push_back(std::move(subject));
        scheduler_.drain(todo);
        if (scheduler_.outstanding() != 0) {
            arm(deadline);
        }
    }
    perform(todo, false);
}

void engine::cancel_drain(std::uint64_t id)
{
    std::lock_guard const lock{mutex_};
    auto const found = std::find_if(drains_.begin(), drains_.end(), [id](auto const& each) { return each->id == id; });
    if (found == drains_.end()) {
        return;
    }
    (*found)->result = errc::cancelled_before_sent;
    post([self = shared_from_this(), ended = std::move(*found)] {
        caller<drain_handler>::call(std::move(ended->handler), error_code{ended->result});
    });
    drains_.erase(found);
}

void engine::destroy()
{
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_) {
            return;
        }
        scheduler_.shutdown(todo);
        scheduler_.drain(todo);
    }
    perform(todo, false);
}

void engine::abandon() noexcept
{
    std::vector<std::shared_ptr<scheduler::connection>> connections;
    scheduler::call_list operations;
    std::vector<std::unique_ptr<drain_operation>> drains;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_.exchange(true)) {
            return;
        }
        operations = scheduler_.abandon(connections);
        operations.splice(operations.end(), ended_);
        drains.swap(drains_);
        // Neither a timer nor an executor may outlive its context.
        timer_.reset();
        home_ = {};
    }
    for (auto const& each : connections) {
        static_cast<link&>(*each).wire->close();
    }
    dispose(operations);
}

void engine::dispose(scheduler::call_list& operations) noexcept
{
    operations.clear_and_dispose([](scheduler::call* each) { delete static_cast<operation*>(each); });
}

// ---------------------------------------------------------------------------------------------------------------------
// What connections tell

std::shared_ptr<scheduler::connection> engine::make_link()
{
    auto made = std::make_shared<link>(shared_from_this(), ++links_);
    made->wire = std::make_shared<transport::connection>(home_, connection_params_, made);
    return made;
}

void engine::on_opened(link& where, bool resumed)
{
    auto const now = scheduler::clock::now();
    // From here on the connection may be put to use, elsewhere.
    auto const took = now - where.began_at;
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (where.state() != scheduler::connection_state::opening) {
            return;
        }
        last_open_failure_.clear();
        scheduler_.opened(where, now, todo);
        watch(now, todo);
    }
    if (reporter_) {
        reporter_.connected(reporter::describe_connected(where, {}, resumed, took));
    }
    perform(todo, true);
}

void engine::on_open_failed(link& where, transport::failure const& cause)
{
    scheduler::actions todo;
    tell_open_failure(where, cause, true, todo);
    perform(todo, true, cause.detail);
}

void engine::on_replied(link& where, transport::reply const& said)
{
    // A call that is alone in its request is this connection's until the dispatcher hears of the answer; one that is not has
    // to be held.
    bool const shared = where.is_shared();
    if (shared) {
        std::lock_guard const lock{mutex_};
        if (abandoned_) {
            return;
        }
        scheduler_.hold(where);
    }
    scheduler::reply_status verdict;
    std::span<scheduler::reply_status const> verdicts{&verdict, 1};
    std::string cause;
    bool readable = true;
    try {
        if (shared) {
            verdicts = where.shared.read(said, where.calls());
        } else {
            verdict = static_cast<operation&>(*where.calls().front()).interpret(said);
        }
    } catch (...) {
        // A program's own reply type, or no memory. The call must end all the same.
        readable = false;
        cause = describe_current("the reply could not be read");
    }
    if (reporter_) {
        attempt_event event = reporter::describe_attempt(where, {});
        event.http_status = said.status;
        event.reply_bytes = said.body.size();
        reporter_.attempt(event);
    }
    auto const now = scheduler::clock::now();
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_) {
            return;
        }
        if (!readable) {
            scheduler_.exchange_failed(
                where, {.error = errc::malformed_reply, .written = said.written, .replaced_answer = true}, now, todo);
        }
        // An answer that says nothing about the mail, to a request that had not left whole: then nothing was accepted.
        else if (verdicts.size() == 1 && verdicts.front().what == scheduler::reply_status::kind::unknown &&
                 !said.written) {
            cause =
                "the server answered with status " + std::to_string(said.status) + " before it had the whole request";
            scheduler_.exchange_failed(where, {.error = errc::write_failed, .replaced_answer = true}, now, todo);
        } else {
            scheduler_.answered(where, verdicts, said.reusable, now, todo);
        }
        watch(now, todo);
    }
    perform(todo, true, cause);
}

void engine::on_exchange_failed(link& where, transport::failure const& cause)
{
    scheduler::actions todo;
    tell_failure(where, cause, true, todo);
    perform(todo, true, cause.detail);
}

/// Those that share requests are to be started when the current burst of the event loop is over.
void engine::flush_later(scheduler::actions& todo)
{
    try {
        post([self = shared_from_this()] { self->flush(); });
    } catch (std::bad_alloc const&) {
        auto const now = scheduler::clock::now();
        std::lock_guard const lock{mutex_};
        scheduler_.flush(now, todo);
        watch(now, todo);
    }
}

void engine::flush()
{
    auto const now = scheduler::clock::now();
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_) {
            return;
        }
        scheduler_.flush(now, todo);
        watch(now, todo);
    }
    perform(todo, true);
}

void engine::on_due(scheduler::time_point when)
{
    std::lock_guard const lock{mutex_};
    if (scheduler_.outstanding() != 0) {
        arm(when);
    }
}

void engine::report_queued(operation const& subject)
{
    queued_event event;
    event.call = subject.id();
    event.request_bytes = subject.terms.bytes;
    event.waiting = scheduler_.waiting();
    // An observer hears of everything on the client's executor, and under no lock.
    post([self = shared_from_this(), event] { self->reporter_.queued(event); });
}

// ---------------------------------------------------------------------------------------------------------------------
// What the dispatcher decided

/// Carries out decisions, those included that follow from them.
/// \param in_place handlers may be called here; else they are called later
/// \param cause    what the error of a call that has ended is due to, for people
void engine::perform(scheduler::actions& todo, bool in_place, std::string_view cause)
{
    if (todo.flush) {
        flush_later(todo);
    }
    scheduler::call_list ended;
    settle_ended(todo, cause, ended);
    for (std::size_t index = 0; index != todo.connections.size(); ++index) {
        // By value: carrying it out may add to the list.
        scheduler::action const what = std::move(todo.connections[index]);
        std::string const due_to = carry_out(what, in_place, todo);
        settle_ended(todo, due_to, ended);
    }
    try {
        if (in_place) {
            complete(ended);
        } else if (!ended.empty()) {
            complete_later(ended);
        }
    } catch (...) {
        if (todo.drained) {
            finish_drains();
        }
        rest();
        throw;
    }
    if (todo.drained) {
        finish_drains();
    }
    rest();
}

/// Says in each call that has ended what became of it, and adds it to those that are to be told.
void engine::settle_ended(scheduler::actions& todo, std::string_view cause, scheduler::call_list& into)
{
    for (scheduler::call& each : todo.ended) {
        scheduler::call::end const& how = each.ended();
        if (!how.error) {
            continue;
        }
        auto& failed = static_cast<operation&>(each);
        try {
            failed.fail(*how.error, explain(*how.error, how.outlasted ? outlasted_cause : cause));
        } catch (std::bad_alloc const&) {
            // Without words, then.
            failed.fail(*how.error, {});
        }
    }
    into.splice(into.end(), todo.ended);
}

/// \return why the calls failed that ended with it, for people
std::string engine::carry_out(scheduler::action const& what, bool in_place, scheduler::actions& todo)
{
    auto& where = static_cast<link&>(*what.where);
    switch (what.what) {
    case scheduler::action::kind::open: {
        auto const now = scheduler::clock::now();
        where.began_at = now;
        auto const failed = where.wire->open(now);
        if (!failed) {
            break;
        }
        tell_open_failure(where, *failed, in_place, todo);
        return failed->detail;
    }
    case scheduler::action::kind::start:
        return start(what, in_place, todo);
    case scheduler::action::kind::abort:
        // What else failed is not why this one ends.
        if (auto const failed = where.wire->abort(what.exchange, transport::abort_mode::at_once)) {
            tell_failure(where, *failed, in_place, todo);
        }
        break;
    case scheduler::action::kind::close:
        where.wire->close();
        break;
    }
    return {};
}

std::string engine::start(scheduler::action const& what, bool in_place, scheduler::actions& todo)
{
    auto& where = static_cast<link&>(*what.where);
    transport::exchange_request request;
    request.number = what.exchange;
    request.after_idling = what.after_idling;
    auto const now = scheduler::clock::now();
    where.began_at = now;
    where.request_bytes = 0;
    try {
        if (where.is_shared()) {
            request.bytes = write_shared(where, request, todo);
        } else {
            auto& subject = static_cast<operation&>(*where.calls().front());
            request.bytes = subject.prepare(where.room());
            request.reply_limit = subject.reply_limit;
            request.reply_timeout = subject.reply_timeout;
        }
    } catch (...) {
        // No memory. The calls must end all the same, so nothing here may need any.
        std::string cause = describe_current("the request could not be written");
        tell_failure(where, {.error = errc::write_failed}, in_place, todo);
        return cause;
    }
    if (request.bytes.empty()) {
        std::lock_guard const lock{mutex_};
        // One that has idled was not looked at, so it is not handed on.
        scheduler_.answered(where, {.what = scheduler::reply_status::kind::success}, !what.after_idling, now, todo);
        watch(now, todo);
        return {};
    }
    where.request_bytes = request.bytes.size();
    auto failed = where.wire->exchange(request, now);
    if (!failed) {
        return {};
    }
    tell_failure(where, *failed, in_place, todo);
    return std::move(failed->detail);
}

/// Makes one request of several calls, which are held meanwhile.
std::string_view engine::write_shared(link& where, transport::exchange_request& request, scheduler::actions& todo)
{
    protocol::request_bytes& room = where.room();
    coalesced_request::write(room, setup_, where.calls());
    request.reply_limit = settings_.limits.large_reply_bytes;
    request.reply_timeout = settings_.timeouts.batch_reply;
    bool aborted = false;
    {
        std::lock_guard const lock{mutex_};
        scheduler_.let_go(where, todo);
        aborted = where.is_aborted();
    }
    // All of them were cancelled while it was written: it does not leave.
    if (aborted) {
        static_cast<void>(where.wire->abort(request.number, transport::abort_mode::at_once));
    }
    return room.view();
}

/// How an exchange ended without an answer.
void engine::tell_failure(link& where, transport::failure const& cause, bool in_place, scheduler::actions& todo)
{
    auto const now = scheduler::clock::now();
    attempt_event event;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_) {
            return;
        }
        if (reporter_) {
            event = reporter::describe_attempt(where, cause.error);
        }
        scheduler_.exchange_failed(
            where, {.error = cause.error, .written = cause.written, .untouched = cause.not_started}, now, todo);
        watch(now, todo);
    }
    if (!reporter_) {
        return;
    }
    if (in_place) {
        reporter_.attempt(event);
    } else {
        post([self = shared_from_this(), event] { self->reporter_.attempt(event); });
    }
}

/// A connection could not be made.
void engine::tell_open_failure(link& where, transport::failure const& cause, bool in_place, scheduler::actions& todo)
{
    auto const now = scheduler::clock::now();
    {
        std::lock_guard const lock{mutex_};
        if (where.state() != scheduler::connection_state::opening) {
            return;
        }
        last_open_failure_ = cause.detail;
        scheduler_.open_failed(where, cause.error, now, todo);
        watch(now, todo);
    }
    if (!reporter_) {
        return;
    }
    connected_event const event = reporter::describe_connected(where, cause.error, false, now - where.began_at);
    if (in_place) {
        reporter_.connected(event);
    } else {
        post([self = shared_from_this(), event] { self->reporter_.connected(event); });
    }
}

/// Nobody waits for a drain in vain: all of them end together.
void engine::finish_drains()
{
    std::vector<std::unique_ptr<drain_operation>> ended;
    {
        std::lock_guard const lock{mutex_};
        ended.swap(drains_);
    }
    for (auto& each : ended) {
        post([self = shared_from_this(), each = std::move(each)] {
            caller<drain_handler>::call(std::move(each->handler), error_code{each->result});
        });
    }
}

/// When nothing is outstanding, nothing may be left pending either.
void engine::rest()
{
    if (scheduler_.outstanding() != 0) {
        return;
    }
    scheduler::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (scheduler_.outstanding() != 0 || abandoned_) {
            return;
        }
        scheduler_.rest(todo);
        if (armed_ != scheduler::time_point::max()) {
            armed_ = scheduler::time_point::max();
            ++timer_generation_;
            timer_->cancel();
        }
    }
    for (scheduler::action const& each : todo.connections) {
        static_cast<link&>(*each.where).wire->close();
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

/// Sees to it that the timer is not late for what was decided.
void engine::watch(scheduler::time_point now, scheduler::actions const& todo)
{
    bool const begins = std::ranges::any_of(todo.connections, [](scheduler::action const& each) {
        return each.what == scheduler::action::kind::start || each.what == scheduler::action::kind::open;
    });
    auto next = scheduler_.next_tick();
    if (begins) {
        next = std::min(next, now + shortest_phase_);
    }
    arm(next);
}

void engine::arm(scheduler::time_point when)
{
    if (when >= armed_ || !timer_) {
        return;
    }
    // Where there is no memory for it, the next event tries again.
    armed_ = scheduler::time_point::max();
    try {
        timer_->expires_at(when);
        timer_->async_wait(
            [self = shared_from_this(), generation = ++timer_generation_](boost::system::error_code error) {
                if (!error) {
                    self->on_timer(generation);
                }
            });
        armed_ = when;
    } catch (std::exception const&) {
    }
}

void engine::on_timer(std::uint64_t generation)
{
    auto const now = scheduler::clock::now();
    scheduler::actions todo;
    std::vector<std::shared_ptr<scheduler::connection>> connections;
    std::string cause;
    {
        std::lock_guard const lock{mutex_};
        if (generation != timer_generation_ || abandoned_) {
            return;
        }
        armed_ = scheduler::time_point::max();
        scheduler_.tick(now, todo);
        bool const drain_is_over =
            std::any_of(drains_.begin(), drains_.end(), [now](auto const& each) { return each->deadline <= now; });
        if (drain_is_over) {
            ++cancellations_;
            scheduler_.cancel_all(todo);
        }
        connections = scheduler_.connections();
        if (!todo.empty()) {
            cause = last_open_failure_;
        }
    }
    // Nothing is called in place here: what a handler throws must not keep the timer from being armed again.
    perform(todo, false, cause);

    auto next = scheduler::time_point::max();
    for (auto const& each : connections) {
        auto const& wire = static_cast<link&>(*each).wire;
        auto const due = wire->deadline();
        if (due <= now) {
            post([wire, now] { wire->tick(now); });
        } else {
            next = std::min(next, due);
        }
        // A phase that begins meanwhile may be over sooner than the one that is under way.
        if (due != scheduler::time_point::max()) {
            next = std::min(next, now + shortest_phase_);
        }
    }
    std::lock_guard const lock{mutex_};
    if (scheduler_.outstanding() == 0 || abandoned_) {
        return;
    }
    next = std::min(next, scheduler_.next_tick());
    for (auto const& each : drains_) {
        next = std::min(next, each->deadline > now ? each->deadline : scheduler::time_point::max());
    }
    arm(std::max(next, now + timer_grain));
}

} // namespace postmark::detail
