// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_UNIT_SCHEDULER_FIXTURE_HPP
#define POSTMARK_TEST_UNIT_SCHEDULER_FIXTURE_HPP

#include "scheduler/call_scheduler.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postmark::scheduler::test {

using namespace std::chrono_literals;

struct fake_call : call {
    unsigned starts = 0;
    unsigned completions = 0;
    std::optional<errc> error{};
    std::string detail{};
};

struct fake_connection : connection {
    bool closed = false;
    /// Number of the exchange that was aborted, and why.
    std::uint64_t aborted = 0;
    abort_reason reason = abort_reason::none;
    /// The connection was idle before its current exchange.
    bool after_idling = false;
    /// When the current exchange began.
    time_point began_at{};
};

/// A scheduler, a clock that is moved by hand, and everything that the scheduler decided.
///
/// What holds for every sequence of decisions is checked here, once for all tests.
class harness {
public:
    explicit harness(std::function<void(call_scheduler::settings&)> const& adjust = {})
        : harness{settings_from(adjust)}
    {
    }

    // Events.

    /// Registers a call that will be submitted later.
    fake_call& prepare(std::function<void(call_policy&)> const& adjust = {})
    {
        calls.push_back(std::make_unique<fake_call>());
        fake_call& added = *calls.back();
        added.policy.deadline = now + 60s;
        if (adjust) {
            adjust(added.policy);
        }
        scheduler.register_call(added);
        return added;
    }

    void submit(fake_call& call)
    {
        decide([&](actions& out) { scheduler.submit(call, now, out); });
    }

    fake_call& submit(std::function<void(call_policy&)> const& adjust = {})
    {
        fake_call& added = prepare(adjust);
        submit(added);
        return added;
    }

    void cancel(fake_call& call, bool in_flight = true)
    {
        decide([&](actions& out) { scheduler.cancel(call, in_flight, out); });
    }

    void cancel_all()
    {
        decide([&](actions& out) { scheduler.cancel_all(out); });
    }

    /// The connection that has been opening for longest is open.
    fake_connection& open()
    {
        fake_connection& conn = take_opening();
        decide([&](actions& out) { scheduler.opened(conn, now, out); });
        return conn;
    }

    void fail_open(errc error = errc::connect_failed, std::string detail = {})
    {
        fake_connection& conn = take_opening();
        decide([&](actions& out) {
            scheduler.open_failed(conn, {.error = error, .detail = std::move(detail)}, now, out);
        });
    }

    void reply(fake_call& call, reply_status const& status, reply_facts facts = {})
    {
        connection& conn = *connection_of(call);
        decide([&](actions& out) { scheduler.replied(conn, status, facts, now, out); });
    }

    /// One status for each call of a coalesced request.
    void reply_each(fake_call& call, std::vector<reply_status> const& statuses, reply_facts facts = {})
    {
        connection& conn = *connection_of(call);
        decide([&](actions& out) { scheduler.replied(conn, statuses, facts, now, out); });
    }

    void accept(fake_call& call, bool reusable = true)
    {
        reply(call, {.kind = reply_kind::success}, {.reusable = reusable});
    }
    void refuse(fake_call& call) { reply(call, {.kind = reply_kind::refused}); }

    /// The service replied 429.
    void reply_429(fake_call& call, std::optional<duration> retry_after = {})
    {
        reply(call, {.kind = reply_kind::retry_later, .retry_after = retry_after, .pauses_token = true});
    }

    /// The service replied 503 with ErrorCode 100.
    void reply_maintenance(fake_call& call) { reply(call, {.kind = reply_kind::retry_later}); }

    void reply_unclearly(fake_call& call, errc error = errc::server_error)
    {
        reply(call, {.kind = reply_kind::unknown, .error = error});
    }

    /// A gateway replied that it does not reach the service.
    void reply_gateway(fake_call& call)
    {
        reply(call, {.kind = reply_kind::unknown, .error = errc::server_error, .unavailable = true});
    }

    /// A gateway replied to a call that is no mail that it does not reach the service.
    void reply_gateway_of_endpoint(fake_call& call)
    {
        reply(call, {.kind = reply_kind::unknown,
                     .error = errc::server_error,
                     .unavailable = true,
                     .of_repeatable_call = true});
    }

    void find_nothing_to_send(fake_call& call, bool reusable = true)
    {
        connection& conn = *connection_of(call);
        decide([&](actions& out) { scheduler.nothing_to_send(conn, reusable, now, out); });
    }

    void fail(fake_call& call, exchange_failure const& failure)
    {
        connection& conn = *connection_of(call);
        decide([&](actions& out) { scheduler.exchange_failed(conn, failure, now, out); });
    }

    void fail_write(fake_call& call) { fail(call, {.error = errc::write_failed}); }
    void lose_reply(fake_call& call) { fail(call, {.error = errc::connection_lost, .written = true}); }
    /// The connection turned out to be closed before anything was written.
    void find_stale(fake_call& call) { fail(call, {.not_started = true}); }

    /// The turn of the event loop has ended, if a flush was asked for.
    void flush()
    {
        BOOST_TEST_REQUIRE(flushes != 0U);
        --flushes;
        decide([&](actions& out) { scheduler.flush(now, out); });
    }

    void unpin(connection& conn)
    {
        actions out;
        scheduler.unpin(conn, out);
        apply(out);
    }

    void tick()
    {
        decide([&](actions& out) { scheduler.tick(now, out); });
        // Else the timer would expire at once, again and again.
        BOOST_TEST_REQUIRE((scheduler.next_tick() > now));
    }

    void advance(duration time)
    {
        now += time;
        tick();
    }

    bool add_work()
    {
        bool const added = scheduler.add_work();
        work_ += added ? 1U : 0U;
        return added;
    }

    void remove_work()
    {
        --work_;
        decide([&](actions& out) { scheduler.remove_work(out); });
    }

    void close_idle()
    {
        decide([&](actions& out) { scheduler.close_idle(out); });
    }

    void close_unused_openings()
    {
        decide([&](actions& out) { scheduler.close_unused_openings(out); });
    }

    void drain()
    {
        decide([&](actions& out) { scheduler.drain(out); });
    }

    void shutdown()
    {
        decide([&](actions& out) { scheduler.shutdown(out); });
    }

    void restart_after_fork()
    {
        decide([&](actions& out) {
            std::vector<std::shared_ptr<connection>> connections;
            scheduler.restart_after_fork(connections, out);
            for (auto const& conn : connections) {
                static_cast<fake_connection&>(*conn).closed = true;
            }
            opening_.clear();
            work_ = 0;
        });
    }

    // Facts.

    /// The connection that carries a call; null if none does.
    [[nodiscard]] fake_connection* connection_of(call const& call) const
    {
        for (auto const& conn : made_) {
            if (std::find(conn->calls().begin(), conn->calls().end(), &call) != conn->calls().end()) {
                return conn.get();
            }
        }
        return nullptr;
    }

    [[nodiscard]] std::size_t count(connection_state state) const
    {
        return static_cast<std::size_t>(
            std::count_if(made_.begin(), made_.end(), [&](auto const& conn) { return conn->state() == state; }));
    }

    [[nodiscard]] std::size_t opening() const { return opening_.size(); }
    [[nodiscard]] std::size_t idle() const { return count(connection_state::idle); }
    [[nodiscard]] std::size_t busy() const { return count(connection_state::busy); }
    [[nodiscard]] std::size_t made() const { return made_.size(); }
    [[nodiscard]] std::vector<std::shared_ptr<fake_connection>> const& all() const { return made_; }
    /// Time from now to the next tick.
    [[nodiscard]] duration time_to_tick() const { return scheduler.next_tick() - now; }
    [[nodiscard]] bool has_no_timer() const { return scheduler.next_tick() == time_point::max(); }

    /// Leaves one connection idle that has served one call.
    void warm_up()
    {
        fake_call& first = submit();
        open();
        accept(first);
    }

    time_point now = time_point{} + 1h;
    /// What the random source returns.
    double random = 0.5;
    std::deque<std::unique_ptr<fake_call>> calls;
    /// How often a flush was asked for that has not come yet.
    unsigned flushes = 0;
    /// Coalesced requests stay pinned until the test unpins them.
    bool keep_pinned = false;

private:
    explicit harness(call_scheduler::settings const& values)
        : limits_{values.pool}
        , scheduler{values,
                    [this] {
                        // Once a connection is made, nothing fails.
                        BOOST_TEST((scheduler.connections().capacity() > scheduler.connections().size()));
                        made_.push_back(std::make_shared<fake_connection>());
                        return made_.back();
                    },
                    [this] { return random; }}
    {
    }

    static call_scheduler::settings settings_from(std::function<void(call_scheduler::settings&)> const& adjust)
    {
        call_scheduler::settings values;
        if (adjust) {
            adjust(values);
        }
        return values;
    }

    [[nodiscard]] fake_connection& take_opening()
    {
        BOOST_TEST_REQUIRE(!opening_.empty());
        fake_connection& conn = *opening_.front();
        opening_.pop_front();
        return conn;
    }

    template <typename Event>
    void decide(Event&& event)
    {
        idle_before_.clear();
        for (auto const& conn : made_) {
            if (conn->state() == connection_state::idle) {
                idle_before_.push_back(conn.get());
            }
        }
        actions out;
        event(out);
        apply(out);
        // A coalesced request is written at once, unless a test wants it otherwise.
        for (connection* const conn : std::exchange(pinned_, {})) {
            unpin(*conn);
        }
        check();
    }

    void apply(actions& out)
    {
        while (out.has_action()) {
            action const next = out.next_action();
            execute(next);
        }
        while (!out.ended.empty()) {
            auto& ended = static_cast<fake_call&>(out.ended.front());
            out.ended.pop_front();
            BOOST_TEST_REQUIRE(ended.completions == 0U);
            ++ended.completions;
            ended.error = ended.ended().error;
            ended.detail = ended.ended().detail();
        }
        flushes += out.flush ? 1U : 0U;
    }

    void execute(action const& next)
    {
        auto& conn = static_cast<fake_connection&>(*next.conn);
        BOOST_TEST_REQUIRE((next.keep_alive == nullptr) == (next.kind == action_kind::start));
        switch (next.kind) {
        case action_kind::open:
            opening_.push_back(&conn);
            break;
        case action_kind::start: {
            // Only a connection that was idle has to be checked before it is used.
            BOOST_TEST_REQUIRE(next.after_idling == (std::count(idle_before_.begin(), idle_before_.end(), &conn) != 0));
            BOOST_TEST_REQUIRE(conn.exchange() == next.exchange);
            conn.after_idling = next.after_idling;
            conn.began_at = now;
            BOOST_TEST_REQUIRE(!conn.is_aborted());
            call const& first = *conn.calls().front();
            for (call* const member : conn.calls()) {
                BOOST_TEST_REQUIRE(member != nullptr);
                auto& started = static_cast<fake_call&>(*member);
                ++started.starts;
                // A call that is started after its deadline can only end as unknown, where it could have been "not
                // sent".
                BOOST_TEST_REQUIRE((started.policy.deadline > now));
                BOOST_TEST_REQUIRE(started.policy.token_id == first.policy.token_id);
                BOOST_TEST_REQUIRE(started.policy.coalesce_group == first.policy.coalesce_group);
            }
            BOOST_TEST_REQUIRE((!conn.is_coalesced() || first.policy.coalesce_group != 0));
            if (conn.is_coalesced() && !keep_pinned) {
                pinned_.push_back(&conn);
            }
            break;
        }
        case action_kind::abort:
            BOOST_TEST_REQUIRE(next.exchange == conn.exchange());
            // Once in the life of a connection.
            BOOST_TEST_REQUIRE(conn.aborted == 0U);
            BOOST_TEST_REQUIRE((next.reason != abort_reason::none));
            conn.aborted = next.exchange;
            conn.reason = next.reason;
            break;
        case action_kind::close:
            BOOST_TEST_REQUIRE(!conn.closed);
            BOOST_TEST_REQUIRE((conn.state() == connection_state::gone));
            conn.closed = true;
            std::erase(opening_, &conn);
            break;
        }
    }

    /// What holds at every moment.
    void check() const
    {
        std::size_t waiting = 0;
        std::size_t bytes = 0;
        std::size_t in_flight = 0;
        bool each_ends_once = true;
        for (auto const& call : calls) {
            bool const waits = call->state() == call_state::queued || call->state() == call_state::pausing;
            waiting += waits ? 1U : 0U;
            bytes += waits ? call->policy.bytes : 0U;
            in_flight += call->state() == call_state::assigned ? 1U : 0U;
            each_ends_once &= (call->completions == 1) == (call->state() == call_state::completed);
        }
        BOOST_TEST_REQUIRE(each_ends_once);
        BOOST_TEST_REQUIRE(scheduler.waiting() == waiting);
        BOOST_TEST_REQUIRE(scheduler.waiting_bytes() == bytes);
        BOOST_TEST_REQUIRE(scheduler.outstanding() == waiting + in_flight + work_);
        BOOST_TEST_REQUIRE(scheduler.drained() == (scheduler.closed() && scheduler.outstanding() == 0));

        std::vector<call const*> carried;
        bool consistent = true;
        for (auto const& conn : made_) {
            consistent &= conn->calls().empty() == (conn->state() != connection_state::busy);
            consistent &= conn->closed == (conn->state() == connection_state::gone);
            for (call const* const member : conn->calls()) {
                if (member == nullptr) {
                    continue;
                }
                consistent &= member->state() == call_state::assigned;
                carried.push_back(member);
            }
        }
        std::sort(carried.begin(), carried.end(), std::less<>{});
        consistent &= std::adjacent_find(carried.begin(), carried.end()) == carried.end();
        BOOST_TEST_REQUIRE(consistent);
        BOOST_TEST_REQUIRE(carried.size() == in_flight);
        BOOST_TEST_REQUIRE(scheduler.connections().size() == made_.size() - count(connection_state::gone));
        BOOST_TEST_REQUIRE(scheduler.connections().size() <= limits_.max_connections);
        BOOST_TEST_REQUIRE(count(connection_state::opening) == opening_.size());
        BOOST_TEST_REQUIRE(opening_.size() <= limits_.max_handshakes);
    }

    pool_settings limits_;
    std::size_t work_ = 0;
    std::vector<std::shared_ptr<fake_connection>> made_;
    std::deque<fake_connection*> opening_;
    std::vector<connection*> pinned_;
    std::vector<connection const*> idle_before_;

public:
    /// Last, because it must be destroyed before the calls that are linked into it.
    call_scheduler scheduler;
};

/// Two calls are in flight, each on a connection of its own.
struct two_in_flight {
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    fake_connection& one = h.open();
    fake_connection& two = h.open();
};

// Settings of a harness.

inline void one_connection(call_scheduler::settings& values)
{
    values.pool.max_connections = 1;
}

inline void two_connections(call_scheduler::settings& values)
{
    values.pool.max_connections = 2;
}

// Policies of a call.

inline void one_attempt(call_policy& policy)
{
    policy.retry.attempts = 1;
}

inline void at_least_once(call_policy& policy)
{
    policy.retry.at_least_once = true;
}

inline void repeatable(call_policy& policy)
{
    policy.repeatable = true;
}

inline void other_token(call_policy& policy)
{
    policy.token_id = 1;
}

inline void coalescing(call_policy& policy)
{
    policy.coalesce_group = 1;
}

/// Of a call with little time.
[[nodiscard]] inline auto within(harness const& h, duration time)
{
    return [&h, time](call_policy& policy) { policy.deadline = h.now + time; };
}

/// Whether the call is completed with this error.
[[nodiscard]] inline boost::test_tools::assertion_result ended(fake_call const& call, errc error)
{
    boost::test_tools::assertion_result result{call.completions == 1 && call.error == error};
    if (call.completions == 0) {
        result.message() << "not completed";
    } else if (!call.error) {
        result.message() << "ended as replied";
    } else {
        result.message() << "ended with " << static_cast<int>(*call.error) << ", not " << static_cast<int>(error);
    }
    return result;
}

/// Whether the call is completed and its last reply says how.
[[nodiscard]] inline boost::test_tools::assertion_result ended_as_replied(fake_call const& call)
{
    boost::test_tools::assertion_result result{call.completions == 1 && !call.error};
    if (call.completions == 0) {
        result.message() << "not completed";
    } else if (call.error) {
        result.message() << "ended with " << static_cast<int>(*call.error);
    }
    return result;
}

[[nodiscard]] inline bool is_queued(fake_call const& call)
{
    return call.state() == call_state::queued;
}
[[nodiscard]] inline bool is_pausing(fake_call const& call)
{
    return call.state() == call_state::pausing;
}
[[nodiscard]] inline bool is_in_flight(fake_call const& call)
{
    return call.state() == call_state::assigned;
}
[[nodiscard]] inline bool is_completed(fake_call const& call)
{
    return call.state() == call_state::completed;
}

} // namespace postmark::scheduler::test

#endif
