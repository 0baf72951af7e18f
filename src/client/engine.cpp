// SPDX-License-Identifier: BSL-1.0

#include "client/engine.hpp"

#include "client/connection_params.hpp"
#include "client/context_service.hpp"
#include "client/pooled_connection.hpp"

#include <boost/asio/query.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postmark::detail {

namespace asio = boost::asio;

namespace {

/// Deadlines are kept to within this time, so that many of them cost one wake-up.
constexpr std::chrono::milliseconds timer_grain{5};

std::chrono::milliseconds shortest_of(timeout_settings const& timeouts)
{
    return std::min({timeouts.resolve, timeouts.connect, timeouts.handshake, timeouts.write_stall, timeouts.reply,
                     timeouts.batch_reply});
}

} // namespace

engine::engine(detail::executor client_executor, config settings)
    : executor_{std::move(client_executor)}
    , settings_{std::move(settings)}
    , params_{make_connection_params(settings_)}
    , setup_{settings_}
    , reporter_{settings_.observer}
    , shortest_phase_{shortest_of(settings_.timeouts)}
    , random_{std::random_device{}()}
    , scheduler_{{settings_.pool, settings_.limits, settings_.retry},
                 [this] { return make_connection(); },
                 [this] {
                     return std::uniform_real_distribution<double>{0.0, 1.0}(random_);
                 }}
    , timer_{executor_}
{
    if (std::string problem = settings_.problem(); !problem.empty()) {
        config_error_ = {errc::invalid_configuration, std::move(problem)};
    } else if (params_->tls && params_->tls->problem()) {
        config_error_ = {params_->tls->problem()->error, params_->tls->problem()->detail};
    }
}

engine::~engine()
{
    on_context_shutdown();
}

void engine::attach_to_context()
{
    asio::use_service<context_service>(context()).add(weak_from_this());
}

asio::execution_context& engine::context() const
{
    return asio::query(executor_, asio::execution::context);
}

std::shared_ptr<scheduler::connection> engine::make_connection()
{
    auto conn = std::make_shared<pooled_connection>(shared_from_this(), ++connection_count_);
    conn->channel = std::make_shared<transport::connection>(executor_, params_, conn);
    return conn;
}

// ---------------------------------------------------------------------------------------------------------------------
// Requests of a client, of a cancellation slot, of the context

void engine::register_call(operation& op)
{
    notice_fork();
    reporter_.reserve();
    try {
        std::lock_guard const lock{mutex_};
        if (!context_ended_) {
            scheduler_.register_call(op);
        }
    } catch (...) {
        reporter_.release();
        throw;
    }
}

void engine::unregister_call(operation& op) noexcept
{
    reporter_.release();
    std::lock_guard const lock{mutex_};
    scheduler_.unregister_call(op);
}

void engine::submit(std::unique_ptr<operation> op, scheduler::time_point now)
{
    op->submitted_at = now;
    if (op->id() == 0) {
        reporter_.reserve();
    }
    decide(now, false, [&](scheduler::actions& out) {
        try {
            scheduler_.register_call(*op);
        } catch (...) {
            reporter_.release();
            throw;
        }
        operation& submitted = *op.release();
        scheduler_.submit(submitted, now, out);
        if (!reporter_) {
            return;
        }
        if (submitted.state() != scheduler::call_state::queued) {
            return reporter_.release();
        }
        queued_event event;
        event.call = submitted.id();
        event.request_bytes = submitted.policy.bytes;
        event.waiting = scheduler_.waiting();
        reporter_.defer(event);
    });
}

void engine::complete_later(std::unique_ptr<operation> op)
{
    notice_fork();
    // It took no time.
    if (op->submitted_at == scheduler::time_point{}) {
        op->submitted_at = scheduler::clock::now();
    }
    if (!context_ended_) {
        // One post serves all calls that complete before it runs.
        completions_.push(std::move(op), [this] { post_deliver(); });
    }
}

std::optional<engine::work_id> engine::add_work()
{
    notice_fork();
    std::lock_guard const lock{mutex_};
    return scheduler_.add_work() ? std::optional{current_work_} : std::nullopt;
}

void engine::remove_work(work_id work) noexcept
{
    decide(scheduler::clock::now(), false, [&](scheduler::actions& out) {
        // In the child of a fork the work of the parent does not count any more.
        if (work == current_work_) {
            scheduler_.remove_work(out);
        }
    });
}

void engine::cancel(scheduler::call::key_type key, asio::cancellation_type type)
{
    bool const in_flight = (type & (asio::cancellation_type::partial | asio::cancellation_type::terminal)) !=
                           asio::cancellation_type::none;
    decide(scheduler::clock::now(), false, [&](scheduler::actions& out) {
        if (scheduler::call* const call = scheduler_.find(key)) {
            scheduler_.cancel(*call, in_flight, out);
        }
    });
}

void engine::cancel_all()
{
    decide(scheduler::clock::now(), false, [this](scheduler::actions& out) {
        ++cancellations_;
        scheduler_.cancel_all(out);
    });
}

void engine::close_idle()
{
    decide(scheduler::clock::now(), false, [this](scheduler::actions& out) { scheduler_.close_idle(out); });
}

void engine::drain(drains::drain_list&& drain)
{
    decide(scheduler::clock::now(), false, [&](scheduler::actions& out) {
        drains_.add(std::move(drain));
        scheduler_.drain(out);
    });
}

void engine::cancel_drain(std::uint64_t id)
{
    decide(scheduler::clock::now(), false,
           [&](scheduler::actions&) { drains_.cancel(id, errc::cancelled_before_sent); });
}

void engine::shut_down()
{
    decide(scheduler::clock::now(), false, [this](scheduler::actions& out) {
        scheduler_.shutdown(out);
        scheduler_.drain(out);
    });
}

void engine::on_context_shutdown() noexcept
{
    std::vector<std::shared_ptr<scheduler::connection>> connections;
    scheduler::call_list operations;
    drains::drain_list dropped_drains;
    {
        std::lock_guard const lock{mutex_};
        if (context_ended_.exchange(true)) {
            return;
        }
        operations = scheduler_.abandon(connections);
        dropped_drains = drains_.discard();
        // Neither a timer nor an executor may outlive its context.
        timer_.shut_down();
        executor_ = {};
    }
    for (auto const& conn : connections) {
        pooled_connection::of(*conn).channel->close();
    }
    operation::destroy(operations);
    completions_.discard();
}

/// Starts coalescible calls when the current turn of the event loop has ended.
void engine::post_flush(scheduler::actions& out)
{
    auto const flush = [this](scheduler::time_point now) {
        return [this, now](scheduler::actions& decided) { scheduler_.flush(now, decided); };
    };
    try {
        post([self = shared_from_this(), flush] {
            auto const now = scheduler::clock::now();
            self->decide(now, true, flush(now));
        });
    } catch (std::bad_alloc const&) {
        // Now, then, with the calls that there are.
        auto const now = scheduler::clock::now();
        decide_into(out, now, flush(now));
    }
}

/// When nothing is outstanding, nothing may be left pending either.
void engine::stop_when_idle()
{
    if (scheduler_.outstanding() != 0) {
        return;
    }
    scheduler::actions out;
    std::optional<execution_guard> guard;
    {
        std::lock_guard const lock{mutex_};
        if (scheduler_.outstanding() != 0 || context_ended_) {
            return;
        }
        scheduler_.close_unused_openings(out);
        timer_.disarm();
        if (!out.has_action()) {
            return;
        }
        // No drain completes on another thread before the connections are closed.
        guard.emplace(executing_);
    }
    while (out.has_action()) {
        pooled_connection::of(*out.next_action().conn).channel->close();
    }
    guard.reset();
    // The drains that had to wait.
    post_delivery();
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

/// Arms the timer for what was decided. When an exchange or an opening begins, its first deadline is not known here:
/// the shortest phase that there is comes first, and `on_timer` then asks each connection for its deadline.
void engine::rearm_timer(scheduler::time_point now, scheduler::actions const& out)
{
    auto next = std::min(scheduler_.next_tick(), drains_.next_deadline());
    if (timer_.is_missed()) {
        next = now;
    } else if (out.begins_phase()) {
        next = std::min(next, now + shortest_phase_);
    }
    arm_timer(next);
}

void engine::arm_timer(scheduler::time_point when)
{
    if (timer_.runs_by(when)) {
        return;
    }
    timer_.arm(when, [self = shared_from_this()](boost::system::error_code error, std::uint64_t generation) {
        self->on_timer(error, generation);
    });
    if (timer_.is_missed()) {
        try {
            post([self = shared_from_this()] {
                self->decide(scheduler::clock::now(), true, [](scheduler::actions&) {});
            });
        } catch (std::bad_alloc const&) {
            // Not even for that: the next event arms the timer.
        }
    }
}

void engine::on_timer(boost::system::error_code error, std::uint64_t generation)
{
    bool const delivers = timer_delivers_.exchange(false);
    // A wait that was replaced ends with an error, too, and may run first: what decides is whether this wait is the
    // current one.
    if (error && !delivers && !timer_.is_current(generation)) {
        return;
    }
    notice_fork();
    auto const now = scheduler::clock::now();
    bool expired = false;
    {
        scheduler::actions out;
        execution_guard const guard{executing_};
        {
            std::lock_guard const lock{mutex_};
            expired = timer_.on_expiry(generation);
            if (expired) {
                scheduler_.tick(now, out);
                if (drains_.expire(now)) {
                    ++cancellations_;
                    scheduler_.cancel_all(out);
                }
                completions_.push(out.ended);
            }
        }
        // Nothing is delivered before the timer is armed again: a handler may throw.
        execute(out, false);
    }
    try {
        if (expired) {
            tick_connections(now);
        }
    } catch (...) {
        post_delivery();
        stop_when_idle();
        throw;
    }
    deliver();
    stop_when_idle();
}

/// Arms the timer for the next deadline, then ends the phases of connections that took too long.
void engine::tick_connections(scheduler::time_point now)
{
    std::vector<std::shared_ptr<scheduler::connection>> connections;
    auto next = scheduler::time_point::max();
    {
        std::lock_guard const lock{mutex_};
        try {
            connections = scheduler_.connections();
        } catch (std::bad_alloc const&) {
            next = now;
        }
        std::erase_if(connections, [](auto const& conn) { return conn->state() == scheduler::connection_state::idle; });
    }
    std::erase_if(connections, [&](auto const& conn) {
        auto const deadline = pooled_connection::of(*conn).channel->deadline();
        if (deadline <= now) {
            return false;
        }
        // The next phase of the connection may end sooner than the current one. Without a deadline it has not begun:
        // another thread is about to execute what was decided.
        next = std::min({next, deadline, now + shortest_phase_});
        return true;
    });
    {
        std::lock_guard const lock{mutex_};
        if (scheduler_.outstanding() != 0) {
            next = std::min({next, scheduler_.next_tick(), drains_.next_deadline()});
            arm_timer(std::max(next, now + timer_grain));
        }
    }
    // If a handler throws meanwhile, the timer comes back for the others.
    for (auto const& conn : connections) {
        pooled_connection::of(*conn).channel->tick(now);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Fork

/// In the child of a fork of which the context was not notified, does that first: until then the context shares its set
/// of descriptors with the parent, and whatever it registers there would reach the parent.
void engine::notice_fork()
{
    if (!params_->process.has_forked() || context_ended_) {
        return;
    }
    try {
        context().notify_fork(asio::execution_context::fork_child);
    } catch (std::exception const&) {
        // The context cannot be used. Its sockets are let go all the same.
        restart_after_fork(false);
    }
}

/// The child of a fork has copies of the parent's calls and connections. Lets go of the connections without a byte on
/// the wire, ends the calls, and makes the client usable for new ones.
void engine::restart_after_fork(bool context_notified) noexcept
{
    std::vector<std::shared_ptr<scheduler::connection>> connections;
    {
        std::lock_guard const lock{mutex_};
        if (context_ended_ || !params_->process.has_forked()) {
            return;
        }
        try {
            setup_.renew_stamps();
        } catch (std::exception const&) {
            // There is no memory: the next use of the client tries again. Meanwhile the connections refuse to work.
            return;
        }
        scheduler::actions out;
        scheduler_.restart_after_fork(connections, out);
        // Other threads were perhaps in the middle of something. They are not here to end it.
        current_work_ = static_cast<work_id>(static_cast<unsigned>(current_work_) + 1);
        executing_.restart();
        completions_.restart_after_fork();
        completions_.push(out.ended);
        timer_.disarm();
        if (params_->tls) {
            params_->tls->forget_sessions();
        }
        params_->process.acknowledge();
    }
    for (auto const& conn : connections) {
        pooled_connection::of(*conn).channel->detach_after_fork(context_notified);
    }
    post_delivery();
}

} // namespace postmark::detail
