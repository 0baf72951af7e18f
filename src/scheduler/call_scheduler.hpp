// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CALL_SCHEDULER_HPP
#define POSTMARK_SCHEDULER_CALL_SCHEDULER_HPP

#include "scheduler/action.hpp"
#include "scheduler/call.hpp"
#include "scheduler/call_queue.hpp"
#include "scheduler/connection.hpp"
#include "scheduler/connection_pool.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <boost/intrusive/set.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace postmark::scheduler {

/// What an answer says about going on.
struct reply_status {
    enum class kind : std::uint8_t {
        /// Accepted, or whatever the caller wanted to know.
        success,
        /// Refused for good.
        refused,
        /// Several calls that shared a request are refused because of some of them; the others would pass without those.
        split,
        /// Refused for now: certainly not accepted, may be tried again.
        retry_later,
        /// It cannot be known from this answer.
        unknown,
    };

    kind what = kind::unknown;
    /// `retry_later`: how long the service wants to be left alone.
    std::optional<duration> retry_after{};
    /// `retry_later`: every call with the same token has to wait, too.
    bool pauses_token = false;
    /// `unknown`: the error that says why.
    errc error = errc::malformed_reply;
};

/// How an exchange ended without an answer. The connection is gone.
struct exchange_failure {
    errc error = errc::connection_lost;
    /// The transport took the last byte of the request.
    bool written = false;
    /// The connection was found unusable before the first byte: no attempt at all.
    bool untouched = false;
    /// There was an answer, which says nothing, and it stands where an earlier one stood.
    bool replaced_answer = false;
};

/// Decides: which call goes on which connection, when one is opened or closed, what is tried again and when, and when a
/// call is over.
///
/// Does nothing itself and asks no clock: events come in with the time, decisions go out as actions. Not thread-safe.
class call_scheduler {
public:
    struct settings {
        pool_settings pool;
        limit_settings limits;
        retry_settings retry;
    };
    using make_connection = connection_pool::make_connection;
    using random = connection_pool::random;

    call_scheduler(settings values, make_connection factory, random source);
    ~call_scheduler();

    /// Makes a call known, before it is submitted; all that can throw of what happens to it. Once is enough.
    void admit(call& subject)
    {
        if (subject.lane_ == nullptr) {
            queue_.admit(subject);
        }
    }

    // Events. Each appends what is to be done.
    void submit(call& subject, time_point now, actions& todo);
    /// \param in_flight whether the request may be ended after it was put on a connection
    void cancel(call& subject, bool in_flight, actions& todo);
    void cancel_all(actions& todo);
    void opened(connection& where, time_point now, actions& todo);
    void open_failed(connection& where, errc error, time_point now, actions& todo);
    /// \param said     one verdict for each call of the exchange, or one for all of them
    /// \param reusable whether the connection can take another request
    void answered(connection& where, std::span<reply_status const> said, bool reusable, time_point now, actions& todo);
    void answered(connection& where, reply_status const& said, bool reusable, time_point now, actions& todo)
    {
        answered(where, std::span{&said, 1}, reusable, now, todo);
    }
    void exchange_failed(connection& where, exchange_failure const& failure, time_point now, actions& todo);
    void tick(time_point now, actions& todo);
    /// Those that share requests have come together.
    void flush(time_point now, actions& todo);

    /// The client begins to work on the calls of an exchange: they stay until it lets go, or tells how the exchange ended.
    void hold(connection& where) noexcept { where.held_ = true; }
    void let_go(connection& where, actions& todo);

    /// Something larger begins whose calls will be submitted one after the other; it counts as outstanding until
    /// `leave`.
    /// \return false if no new work is taken
    [[nodiscard]] bool enter() noexcept;
    void leave(actions& todo);

    /// Closes the connections that no call uses, those still being opened for nobody included.
    void close_idle(actions& todo);
    /// Closes the connections that are still being opened, if no call is outstanding.
    void rest(actions& todo);
    /// Takes no new calls for good; `drained` follows when the last is over.
    void drain(actions& todo);
    /// Takes no new calls for good and ends all others.
    void shutdown(actions& todo);

    /// Forgets every call and every connection, and hands them out.
    [[nodiscard]] call_list abandon(std::vector<std::shared_ptr<connection>>& connections) noexcept
    {
        draining_ = shut_down_ = true;
        connections = pool_.abandon();
        queue_.clear();
        outstanding_.store(0, std::memory_order_relaxed);
        call_list all;
        calls_.clear_and_dispose([&](call* each) { all.push_back(*each); });
        return all;
    }

    // Facts.
    /// When `tick` is due at the latest; `time_point::max()`: never.
    [[nodiscard]] time_point next_tick() const noexcept;
    /// Calls that are not over. May be read without the lock that guards the rest.
    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return queue_.bytes(); }
    [[nodiscard]] bool closed() const noexcept { return draining_; }
    /// The call that was submitted with this place, if it is not over.
    [[nodiscard]] call* find(call::key place) noexcept;
    [[nodiscard]] std::vector<std::shared_ptr<connection>> const& connections() const noexcept
    {
        return pool_.connections();
    }

private:
    struct key_of_call {
        using type = call::key;
        type operator()(call const& value) const noexcept { return value.place(); }
    };
    using call_set =
        boost::intrusive::set<call, boost::intrusive::base_hook<outstanding_hook>,
                              boost::intrusive::key_of_value<key_of_call>, boost::intrusive::constant_time_size<false>>;

    [[nodiscard]] bool has_room(call const& subject) const noexcept;
    void enqueue(call& subject, bool again);
    bool catch_up(time_point now, actions& todo);
    void start(connection& where, bool after_idling, actions& todo);
    void feed(connection& where, time_point now, actions& todo);
    void feed_idle(time_point now, actions& todo);
    [[nodiscard]] bool must_make_room(time_point now);
    void open_more(time_point now, actions& todo);
    [[nodiscard]] std::span<call* const> release(connection& where);
    void abort(call& subject, abort_reason reason, actions& todo);
    void abort_all(connection& where, abort_reason reason, actions& todo);
    void end_aborted(connection& where, actions& todo);
    void pause_token(call const& subject, time_point until, actions& todo);
    void divide(std::span<call* const> calls, actions& todo);
    void end_answered(call& subject, reply_status const& said, duration delay, time_point now, actions& todo);
    void end_exchange(call& subject, exchange_failure const& failure, bool kept, bool stale, time_point now,
                      actions& todo);
    void end_all(abort_reason reason, errc error, actions& todo);
    [[nodiscard]] bool may_repeat(call const& subject) const noexcept;
    [[nodiscard]] bool may_go_on(call const& subject, time_point when) const noexcept;
    void repeat_later(call& subject, errc failure, time_point now, actions& todo);
    void end_waiting(call& subject, errc error, actions& todo);
    void end_outlasted(call& subject, actions& todo);
    void end_failed(call& subject, errc error, actions& todo);
    void end_refused(call& subject, actions& todo);
    void complete(call& subject, std::optional<errc> error, actions& todo);
    void announce_drain(actions& todo);

    settings settings_;
    random random_;

    connection_pool pool_;
    call_queue queue_;
    call_set calls_;
    /// The calls of the exchange whose end is being looked at. Always with room for one, like those of a connection, whose
    /// place they take.
    std::vector<call*> released_;
    bool flush_asked_ = false;
    std::atomic<std::size_t> outstanding_{0};
    std::uint64_t last_id_ = 0;
    bool draining_ = false;
    bool shut_down_ = false;
    bool drain_announced_ = true;
};

} // namespace postmark::scheduler

#endif
