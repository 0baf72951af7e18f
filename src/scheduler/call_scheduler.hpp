// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CALL_SCHEDULER_HPP
#define POSTMARK_SCHEDULER_CALL_SCHEDULER_HPP

#include "scheduler/action.hpp"
#include "scheduler/call.hpp"
#include "scheduler/call_queue.hpp"
#include "scheduler/connection.hpp"
#include "scheduler/connection_pool.hpp"
#include "scheduler/reply_status.hpp"
#include "scheduler/retry_policy.hpp"
#include "scheduler/work_count.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace postmark::scheduler {

/// Decides where each call waits, which connection takes it, when a connection is opened or closed, what is tried again
/// and when, and when a call is completed.
///
/// It executes nothing and reads no clock: events come in with the time, decisions go out as actions. Not thread-safe.
///
/// No event throws or needs memory, so that no decision is lost half-way: calls and connections are linked through
/// hooks of their own, and diagnostic texts, which are copied, are left out for want of memory. `register_call` is the
/// only function that fails, before the call is taken.
class call_scheduler {
public:
    struct settings {
        pool_settings pool;
        limit_settings limits;
        retry_settings retry;
    };
    using make_connection = connection_pool::make_connection;
    using random = connection_pool::random;

    /// \param factory makes a connection to be opened; if it throws, the attempt to connect has failed
    call_scheduler(settings values, make_connection factory, random source);
    ~call_scheduler();

    /// Gives a call its id, and all memory that it will need; its policy is fixed from now on. From here on the call is
    /// found by its key. Has no effect on a call that is registered.
    /// \throws std::bad_alloc, without effect
    void register_call(call& call);
    /// Forgets a call that is registered and will not be submitted.
    void unregister_call(call& call) noexcept;

    // Events. Each appends what is to be done.

    /// Takes a registered call.
    void submit(call& call, time_point now, actions& out) noexcept;
    /// Ends a call. One that is registered and not submitted yet ends when it is submitted.
    /// \param in_flight whether the call ends even if it was put on a connection
    void cancel(call& call, bool in_flight, actions& out) noexcept;
    void cancel_all(actions& out) noexcept;
    void opened(connection& conn, time_point now, actions& out) noexcept;
    void open_failed(connection& conn, open_failure failure, time_point now, actions& out) noexcept;
    /// A complete reply arrived. If it arrived before the request was sent whole, it refuses the request, asks for a
    /// later attempt or is not a reply to this request: so only those statuses stand, and each other status becomes
    /// `errc::write_failed`. A reply `unknown` that is `unavailable` is not one of the service.
    /// \param statuses one for each call of the exchange, or one for all of them. If the first is `retry_later`, all
    ///                 that are ask for the same pause; no other is `retry_later` if the first is not.
    void replied(connection& conn, std::span<reply_status const> statuses, reply_facts facts, time_point now,
                 actions& out) noexcept;
    void replied(connection& conn, reply_status const& status, reply_facts facts, time_point now, actions& out) noexcept
    {
        replied(conn, std::span{&status, 1}, facts, now, out);
    }
    /// The calls that were put on a connection have nothing to send, and succeed. It says nothing about the service.
    /// \param reusable whether the connection can take another request
    void nothing_to_send(connection& conn, bool reusable, time_point now, actions& out) noexcept;
    void exchange_failed(connection& conn, exchange_failure failure, time_point now, actions& out) noexcept;
    void tick(time_point now, actions& out) noexcept;
    /// The current turn of the event loop has ended: starts the calls that waited for others to be coalesced with.
    void flush(time_point now, actions& out) noexcept;

    /// The client begins to work on the calls of an exchange: they stay on the connection until `unpin` or the end of
    /// the exchange.
    void pin(connection& conn) noexcept { conn.pinned_ = true; }
    void unpin(connection& conn, actions& out) noexcept;

    /// Something larger begins whose calls will be submitted one after the other; it counts as outstanding until
    /// `remove_work`.
    /// \return false if no new work is taken
    [[nodiscard]] bool add_work() noexcept;
    void remove_work(actions& out) noexcept;

    /// Closes the connections that no call uses; those that are being opened only if nothing is outstanding.
    void close_idle(actions& out) noexcept;
    /// Closes the connections that are being opened, if nothing is outstanding.
    void close_unused_openings(actions& out) noexcept;
    /// Takes no new calls for good; `drained` follows when the last is completed.
    void drain(actions& out) noexcept;
    /// Takes no new calls for good and ends all others.
    void shutdown(actions& out) noexcept;

    /// Forgets every call and every connection, and hands out those that were submitted and those that there are.
    [[nodiscard]] call_list abandon(std::vector<std::shared_ptr<connection>>& connections) noexcept;
    /// This process is the child of a fork: its calls and connections are copies of the parent's. Ends every submitted
    /// call with `errc::client_closed`; forgets all other work, and every connection, without an action, and hands the
    /// connections out. New calls are taken as before.
    void restart_after_fork(std::vector<std::shared_ptr<connection>>& connections, actions& out) noexcept;

    // Facts.

    /// When `tick` is due at the latest; `time_point::max()`: never.
    [[nodiscard]] time_point next_tick() const noexcept;
    /// Submitted calls that are not completed, and other work. May be read without the lock that guards the rest.
    [[nodiscard]] std::size_t outstanding() const noexcept { return work_.outstanding(); }
    /// Whether no new calls are taken. May be read without the lock.
    [[nodiscard]] bool closed() const noexcept { return work_.draining(); }
    /// Whether no new calls are taken and nothing is outstanding: every call was handed out as ended, and every
    /// connection to be closed. May be read without the lock.
    [[nodiscard]] bool drained() const noexcept { return work_.drained(); }
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return queue_.bytes(); }
    /// The call that was registered with this key; null if it is completed.
    [[nodiscard]] call* find(call::key_type key) noexcept;
    [[nodiscard]] std::vector<std::shared_ptr<connection>> const& connections() const noexcept
    {
        return pool_.connections();
    }

private:
    struct key_of_call {
        using type = call::key_type;
        type operator()(call const& value) const noexcept { return value.key(); }
    };
    using call_set =
        boost::intrusive::set<call, boost::intrusive::base_hook<outstanding_hook>,
                              boost::intrusive::key_of_value<key_of_call>, boost::intrusive::constant_time_size<false>>;

    // call_scheduler.cpp: the queue
    [[nodiscard]] bool fits(call const& call) const noexcept;
    void enqueue(call& call) noexcept;
    void requeue(call& call) noexcept;
    bool expire(time_point now, actions& out) noexcept;
    void pause_token(call const& call, time_point until, actions& out) noexcept;

    // exchanges.cpp: which calls a connection carries
    void start(connection& conn, bool after_idling, time_point now, actions& out) noexcept;
    bool start_next(connection& conn, bool after_idling, time_point now, actions& out) noexcept;
    void assign_next(connection& conn, bool may_start, time_point now, actions& out) noexcept;
    void assign_idle(time_point now, actions& out) noexcept;
    void open_more(time_point now, actions& out) noexcept;
    [[nodiscard]] bool must_make_room(time_point now) noexcept;
    [[nodiscard]] std::span<call* const> release(connection& conn) noexcept;
    void abort(connection& conn, actions& out) noexcept;

    // call_completion.cpp: what becomes of a call
    [[nodiscard]] static call_facts facts_of(call const& call) noexcept;
    void end_all(abort_reason reason, errc error, actions& out) noexcept;
    void end_waiting(call& call, errc error, actions& out) noexcept;
    void apply(call& call, next_step const& step, std::string_view detail, actions& out) noexcept;
    void complete(call& call, std::optional<errc> error, actions& out) noexcept;
    void close_if_drained(actions& out) noexcept;

    settings settings_;
    random random_;

    connection_pool pool_;
    call_queue queue_;
    work_count work_;
    /// The submitted calls that are not completed.
    call_set calls_;
    /// The calls that are registered and not submitted.
    call_list registered_;
    /// The calls of the exchange that has just ended. Always has capacity for one, like the list of a connection, which
    /// it is swapped with.
    std::vector<call*> released_;
    std::uint64_t last_id_ = 0;
    bool flush_asked_ = false;
    bool shut_down_ = false;
};

} // namespace postmark::scheduler

#endif
