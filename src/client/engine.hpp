// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_ENGINE_HPP
#define POSTMARK_CLIENT_ENGINE_HPP

#include "client/activity_count.hpp"
#include "client/call_setup.hpp"
#include "client/completion_queue.hpp"
#include "client/deadline_timer.hpp"
#include "client/drains.hpp"
#include "client/operation.hpp"
#include "client/operation_cache.hpp"
#include "client/reporter.hpp"
#include "scheduler/call_scheduler.hpp"
#include "transport/connection.hpp"

#include <postmark/config.hpp>
#include <postmark/detail/engine.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

namespace postmark::detail {

class pooled_connection;

/// Executes what the scheduler decides, and reports to it what happened: events in, actions out.
///
/// One mutex guards the scheduler, the timer and the drains. It is held while a decision is made, and never while a
/// connection works, a handler runs or a request is written.
class engine : public std::enable_shared_from_this<engine> {
public:
    /// Identifies work by the process that began it: how often the engine had restarted after a fork.
    enum class work_id : unsigned {};

    engine(detail::executor client_executor, config settings);
    ~engine();
    engine(engine const&) = delete;
    engine& operator=(engine const&) = delete;

    /// Registers with the execution context. To be called once, when the engine is owned.
    void attach_to_context();

    [[nodiscard]] executor const& get_executor() const noexcept { return executor_; }
    [[nodiscard]] call_setup& setup() noexcept { return setup_; }
    [[nodiscard]] operation_cache& operations() noexcept { return operations_; }
    [[nodiscard]] reporter& event_reporter() noexcept { return reporter_; }

    /// Checks whether a call with these options can work. No call can if the configuration has an error. To be called
    /// before anything else is done for a call: a fork is noticed here, before the message is stamped.
    [[nodiscard]] input_error check(call_options const& options, token_kind kind)
    {
        notice_fork();
        return config_error_ ? config_error_ : setup_.check(options, kind);
    }

    /// Gives an operation whose policy is set its key. \throws std::bad_alloc
    void register_call(operation& op);
    /// For an operation that was registered and will not be submitted.
    void unregister_call(operation& op) noexcept;
    /// Takes an operation over, which is registered now unless it was before.
    /// \param now when the caller asked for it
    /// \throws std::bad_alloc if it was not registered; the operation is destroyed then
    void submit(std::unique_ptr<operation> op, scheduler::time_point now);
    /// Completes, later and on the client's executor, an operation that was not registered.
    /// \throws std::bad_alloc; the operation is destroyed then
    void complete_later(std::unique_ptr<operation> op);

    /// Counts work that submits one operation after the other.
    /// \return what `remove_work` needs; nothing if no new work is taken
    [[nodiscard]] std::optional<work_id> add_work();
    void remove_work(work_id work) noexcept;
    /// How often everything was cancelled so far.
    [[nodiscard]] std::uint64_t cancellations() const noexcept { return cancellations_; }

    /// Runs a function later on the client's executor; never, once the context has ended.
    template <class Function>
    void post(Function&& function)
    {
        if (!context_ended_) {
            boost::asio::post(executor_, std::forward<Function>(function));
        }
    }

    // What a client, a cancellation slot or the context asks for.
    void cancel(scheduler::call::key_type key, boost::asio::cancellation_type type);
    void cancel_all();
    void close_idle();
    void drain(drains::drain_list&& drain);
    void cancel_drain(std::uint64_t id);
    [[nodiscard]] std::uint64_t next_drain_id() noexcept { return ++last_drain_id_; }
    /// The client is destroyed: takes no new calls, and completes all others.
    void shut_down();
    /// The context ends: everything is dropped, and no handler is called.
    void on_context_shutdown() noexcept;
    /// The context was notified of a fork, in the child.
    void on_fork() noexcept { restart_after_fork(true); }

    // Events of connections (engine_connections.cpp).
    void on_opened(pooled_connection& conn, bool resumed);
    void on_open_failed(pooled_connection& conn, transport::failure const& failure);
    void on_replied(pooled_connection& conn, transport::reply const& reply);
    void on_exchange_failed(pooled_connection& conn, transport::failure const& failure);
    void on_due(scheduler::time_point when);

private:
    /// Counts an execution while it lasts.
    class execution_guard {
    public:
        explicit execution_guard(activity_count& executing)
            : ending_{counted(executing)}
        {
        }

    private:
        static activity_count& counted(activity_count& executing) noexcept
        {
            executing.add();
            return executing;
        }

        activity_count::ending ending_;
    };

    template <class Decision>
    bool decide_into(scheduler::actions& out, scheduler::time_point now, Decision decision);
    template <class Event>
    void handle(bool in_place, Event event);
    template <class Decision>
    void decide(scheduler::time_point now, bool in_place, Decision decision);

    // engine_connections.cpp: actions
    void execute(scheduler::actions& out, bool in_place);
    void execute_one(scheduler::action const& action, bool in_place, scheduler::actions& out);
    void start(scheduler::action const& action, bool in_place, scheduler::actions& out);
    void report_failure(pooled_connection& conn, transport::failure const& failure, bool in_place,
                        scheduler::actions& out);
    void report_open_failure(pooled_connection& conn, transport::failure const& failure, bool in_place,
                             scheduler::actions& out);

    // engine_delivery.cpp: completion handlers and events of the observer
    void report(reporter::event const& event);
    void deliver();
    void complete(std::unique_ptr<operation> op);
    void finish_drains() noexcept;
    void post_delivery() noexcept;
    void post_deliver();

    void post_flush(scheduler::actions& out);
    void stop_when_idle();
    void rearm_timer(scheduler::time_point now, scheduler::actions const& out);
    void arm_timer(scheduler::time_point when);
    void on_timer(boost::system::error_code error, std::uint64_t generation);
    void tick_connections(scheduler::time_point now);

    [[nodiscard]] std::shared_ptr<scheduler::connection> make_connection();
    void notice_fork();
    void restart_after_fork(bool context_notified) noexcept;
    [[nodiscard]] boost::asio::execution_context& context() const;

    executor executor_;
    config settings_;
    std::shared_ptr<transport::connection_params const> params_;
    call_setup setup_;
    reporter reporter_;
    input_error config_error_;
    /// No phase of a connection is shorter, so that a timer which is armed for its end is never late.
    std::chrono::milliseconds shortest_phase_{};

    operation_cache operations_;
    completion_queue completions_;
    /// Results of decisions that are being executed.
    activity_count executing_;
    /// `deliver` was posted.
    std::atomic<bool> delivery_posted_{false};
    /// There was no memory to post `deliver`: the timer calls it.
    std::atomic<bool> timer_delivers_{false};

    std::mutex mutex_;
    std::minstd_rand random_;
    scheduler::call_scheduler scheduler_;
    deadline_timer timer_;
    drains drains_;
    std::uint64_t connection_count_ = 0;
    work_id current_work_{};
    std::atomic<std::uint64_t> last_drain_id_{0};
    std::atomic<std::uint64_t> cancellations_{0};
    std::atomic<bool> context_ended_{false};
};

/// Makes a decision: calls `decision(scheduler::actions&)` under the lock. The calls that it ends belong to the queue
/// of completions when the lock is released, so that nothing that fails afterwards loses them.
/// \return false, without a decision, if the context has ended
template <class Decision>
bool engine::decide_into(scheduler::actions& out, scheduler::time_point now, Decision decision)
{
    std::lock_guard const lock{mutex_};
    if (context_ended_) {
        return false;
    }
    decision(out);
    completions_.push(out.ended);
    rearm_timer(now, out);
    return true;
}

/// Handles one event: `event(scheduler::actions&)` makes the decisions that it leads to, which are then executed.
/// \param in_place this is the client's executor and no initiating function: handlers may be called here
template <class Event>
void engine::handle(bool in_place, Event event)
{
    notice_fork();
    try {
        scheduler::actions out;
        // No drain completes between a decision and its execution.
        execution_guard const guard{executing_};
        event(out);
        execute(out, in_place);
    } catch (...) {
        // There was no memory to register a call.
        post_delivery();
        throw;
    }
    if (in_place) {
        deliver();
    } else {
        post_delivery();
    }
    stop_when_idle();
}

template <class Decision>
void engine::decide(scheduler::time_point now, bool in_place, Decision decision)
{
    handle(in_place, [&](scheduler::actions& out) { decide_into(out, now, decision); });
}

/// Cancels a call when its caller asks for it.
struct cancel_call {
    std::weak_ptr<engine> owner;
    scheduler::call::key_type key;

    void operator()(boost::asio::cancellation_type type) const
    {
        if (auto const found = owner.lock()) {
            found->cancel(key, type);
        }
    }
};

/// Submits an operation whose policy is set, and lets its caller cancel it.
template <class Handler>
void submit_cancellable(std::shared_ptr<engine> const& owner, std::unique_ptr<operation> op, Handler& handler,
                        scheduler::time_point now)
{
    if (handler.has_cancellation_slot()) {
        owner->register_call(*op);
        try {
            handler.on_cancel(cancel_call{owner, op->key()});
        } catch (...) {
            owner->unregister_call(*op);
            throw;
        }
    }
    owner->submit(std::move(op), now);
}

} // namespace postmark::detail

#endif
