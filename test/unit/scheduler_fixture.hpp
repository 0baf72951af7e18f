// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_UNIT_DISPATCH_FIXTURE_HPP
#define POSTMARK_TEST_UNIT_DISPATCH_FIXTURE_HPP

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
#include <utility>
#include <vector>

namespace postmark::scheduler::test {

using namespace std::chrono_literals;

struct fake_call : call {
    unsigned starts = 0;
    unsigned completions = 0;
    std::optional<errc> error{};
    bool outlasted = false;
};

struct fake_connection : connection {
    bool closed = false;
    /// Number of the last exchange that was to be ended.
    std::uint64_t aborted = 0;
};

/// A dispatcher, a clock that is moved by hand, and everything that the call_scheduler decided.
///
/// Whatever holds for every sequence of decisions is checked here, once for all tests.
class rig {
public:
    explicit rig(std::function<void(call_scheduler::settings&)> const& adjust = {})
        : rig{settings_from(adjust)}
    {
    }

    // Events.

    fake_call& submit(std::function<void(call_terms&)> const& adjust = {})
    {
        calls.push_back(std::make_unique<fake_call>());
        fake_call& added = *calls.back();
        added.terms.deadline = now + 60s;
        if (adjust) {
            adjust(added.terms);
        }
        subject.admit(added);
        happen([&](actions& todo) { subject.submit(added, now, todo); });
        return added;
    }

    void cancel(fake_call& which, bool in_flight = true)
    {
        happen([&](actions& todo) { subject.cancel(which, in_flight, todo); });
    }

    void cancel_all()
    {
        happen([&](actions& todo) { subject.cancel_all(todo); });
    }

    /// The connection that has been opening for longest is open.
    fake_connection& open()
    {
        fake_connection& where = take_opening();
        happen([&](actions& todo) { subject.opened(where, now, todo); });
        return where;
    }

    void fail_open(errc error = errc::connect_failed)
    {
        fake_connection& where = take_opening();
        happen([&](actions& todo) { subject.open_failed(where, error, now, todo); });
    }

    void answer(fake_call& which, reply_status const& said, bool reusable = true)
    {
        connection& where = *on(which);
        happen([&](actions& todo) { subject.answered(where, said, reusable, now, todo); });
    }

    /// One verdict for each call of a request that was made of several.
    void answer_each(fake_call& which, std::vector<reply_status> const& said)
    {
        connection& where = *on(which);
        happen([&](actions& todo) { subject.answered(where, said, true, now, todo); });
    }

    void accept(fake_call& which, bool reusable = true)
    {
        answer(which, {.what = reply_status::kind::success}, reusable);
    }
    void refuse(fake_call& which) { answer(which, {.what = reply_status::kind::refused}); }

    /// The service answered 429.
    void slow_down(fake_call& which, std::optional<duration> retry_after = {})
    {
        answer(which, {.what = reply_status::kind::retry_later, .retry_after = retry_after, .pauses_token = true});
    }

    /// The service answered 503 with ErrorCode 100.
    void maintain(fake_call& which) { answer(which, {.what = reply_status::kind::retry_later}); }

    void answer_unclearly(fake_call& which, errc error = errc::server_error)
    {
        answer(which, {.what = reply_status::kind::unknown, .error = error});
    }

    void fail(fake_call& which, exchange_failure const& failure)
    {
        connection& where = *on(which);
        happen([&](actions& todo) { subject.exchange_failed(where, failure, now, todo); });
    }

    void fail_write(fake_call& which) { fail(which, {.error = errc::write_failed}); }
    void lose_reply(fake_call& which) { fail(which, {.error = errc::connection_lost, .written = true}); }
    /// The connection turned out to be closed before anything was written.
    void find_stale(fake_call& which) { fail(which, {.untouched = true}); }

    /// Those that share requests have come together, if that was asked for.
    void flush()
    {
        BOOST_TEST_REQUIRE(flushes != 0U);
        --flushes;
        happen([&](actions& todo) { subject.flush(now, todo); });
    }

    void let_go(connection& where)
    {
        actions todo;
        subject.let_go(where, todo);
        apply(todo);
    }

    void tick()
    {
        happen([&](actions& todo) { subject.tick(now, todo); });
        // Else the timer would fire at once, again and again.
        BOOST_TEST_REQUIRE((subject.next_tick() > now));
    }

    void after(duration time)
    {
        now += time;
        tick();
    }

    bool enter()
    {
        bool const entered = subject.enter();
        entered_ += entered ? 1U : 0U;
        return entered;
    }

    void leave()
    {
        --entered_;
        happen([&](actions& todo) { subject.leave(todo); });
    }

    void close_idle()
    {
        happen([&](actions& todo) { subject.close_idle(todo); });
    }

    void rest()
    {
        happen([&](actions& todo) { subject.rest(todo); });
    }

    void drain()
    {
        happen([&](actions& todo) { subject.drain(todo); });
    }

    void shutdown()
    {
        happen([&](actions& todo) { subject.shutdown(todo); });
    }

    // Facts.

    /// Where the call is; null unless it is on a connection.
    [[nodiscard]] fake_connection* on(call const& which) const
    {
        for (auto const& each : made_) {
            if (std::find(each->calls().begin(), each->calls().end(), &which) != each->calls().end()) {
                return each.get();
            }
        }
        return nullptr;
    }

    [[nodiscard]] std::size_t count(connection_state state) const
    {
        return static_cast<std::size_t>(
            std::count_if(made_.begin(), made_.end(), [&](auto const& each) { return each->state() == state; }));
    }

    [[nodiscard]] std::size_t opening() const { return opening_.size(); }
    [[nodiscard]] std::size_t idle() const { return count(connection_state::idle); }
    [[nodiscard]] std::size_t made() const { return made_.size(); }
    [[nodiscard]] std::vector<std::shared_ptr<fake_connection>> const& all() const { return made_; }
    /// Time from now to the next tick.
    [[nodiscard]] duration wait() const { return subject.next_tick() - now; }
    [[nodiscard]] bool sleeps() const { return subject.next_tick() == time_point::max(); }

    /// A rig with one connection that idles and has served one call.
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
    unsigned drained = 0;
    /// How often a flush was asked for that has not come yet.
    unsigned flushes = 0;
    /// Requests made of several calls stay in the hands of the client until the test lets go of them.
    bool holding = false;

private:
    explicit rig(call_scheduler::settings const& values)
        : limits_{values.pool}
        , subject{values,
                  [this] {
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
        fake_connection& where = *opening_.front();
        opening_.pop_front();
        return where;
    }

    template <typename Event>
    void happen(Event&& event)
    {
        std::vector<connection const*> idle_before;
        for (auto const& each : made_) {
            if (each->state() == connection_state::idle) {
                idle_before.push_back(each.get());
            }
        }
        actions todo;
        event(todo);
        for (action const& each : todo.connections) {
            // Only a connection that has idled is to be looked at before it is used; one that works is not.
            if (each.what == action::kind::start) {
                BOOST_TEST_REQUIRE(each.after_idling ==
                                   (std::count(idle_before.begin(), idle_before.end(), each.where) != 0));
            }
        }
        apply(todo);
        // What was made of several calls is written at once, unless a test wants it otherwise.
        for (connection* const each : std::exchange(released_, {})) {
            let_go(*each);
        }
        check();
    }

    void apply(actions& todo)
    {
        for (action const& each : todo.connections) {
            apply(each);
        }
        while (!todo.ended.empty()) {
            auto& ended = static_cast<fake_call&>(todo.ended.front());
            todo.ended.pop_front();
            BOOST_TEST_REQUIRE(ended.completions == 0U);
            ++ended.completions;
            ended.error = ended.ended().error;
            ended.outlasted = ended.ended().outlasted;
        }
        flushes += todo.flush ? 1U : 0U;
        drained += todo.drained ? 1U : 0U;
    }

    void apply(action const& each)
    {
        switch (each.what) {
        case action::kind::open:
            opening_.push_back(static_cast<fake_connection*>(each.where));
            break;
        case action::kind::start: {
            BOOST_TEST_REQUIRE(each.where->exchange() == each.exchange);
            call const& first = *each.where->calls().front();
            for (call* const member : each.where->calls()) {
                BOOST_TEST_REQUIRE(member != nullptr);
                auto& started = static_cast<fake_call&>(*member);
                ++started.starts;
                // Whatever is begun too late can only end as unknown, where it could have been "not sent".
                BOOST_TEST_REQUIRE((started.terms.deadline > now));
                BOOST_TEST_REQUIRE(started.terms.token == first.terms.token);
                BOOST_TEST_REQUIRE(started.terms.shares == first.terms.shares);
            }
            BOOST_TEST_REQUIRE((!each.where->is_shared() || first.terms.shares != 0));
            if (each.where->is_shared() && !holding) {
                released_.push_back(each.where);
            }
            break;
        }
        case action::kind::abort: {
            auto& where = static_cast<fake_connection&>(*each.where);
            BOOST_TEST_REQUIRE(each.exchange == where.exchange());
            // Once is enough.
            BOOST_TEST_REQUIRE(where.aborted != each.exchange);
            where.aborted = each.exchange;
            break;
        }
        case action::kind::close: {
            auto& where = static_cast<fake_connection&>(*each.where);
            BOOST_TEST_REQUIRE(!where.closed);
            BOOST_TEST_REQUIRE((where.state() == connection_state::gone));
            where.closed = true;
            std::erase(opening_, &where);
            break;
        }
        }
    }

    /// What holds at every moment.
    void check() const
    {
        std::size_t waiting = 0;
        std::size_t bytes = 0;
        std::size_t in_flight = 0;
        bool each_ends_once = true;
        for (auto const& each : calls) {
            bool const waits = each->state() == call_state::queued || each->state() == call_state::pausing;
            waiting += waits ? 1U : 0U;
            bytes += waits ? each->terms.bytes : 0U;
            in_flight += each->state() == call_state::assigned ? 1U : 0U;
            each_ends_once &= (each->completions == 1) == (each->state() == call_state::completed);
        }
        BOOST_TEST_REQUIRE(each_ends_once);
        BOOST_TEST_REQUIRE(subject.waiting() == waiting);
        BOOST_TEST_REQUIRE(subject.waiting_bytes() == bytes);
        BOOST_TEST_REQUIRE(subject.outstanding() == waiting + in_flight + entered_);

        std::vector<call const*> carried;
        bool consistent = true;
        for (auto const& each : made_) {
            consistent &= each->calls().empty() == (each->state() != connection_state::busy);
            consistent &= each->closed == (each->state() == connection_state::gone);
            for (call const* const carrying : each->calls()) {
                if (carrying == nullptr) {
                    continue;
                }
                consistent &= carrying->state() == call_state::assigned;
                carried.push_back(carrying);
            }
        }
        std::sort(carried.begin(), carried.end(), std::less<>{});
        consistent &= std::adjacent_find(carried.begin(), carried.end()) == carried.end();
        BOOST_TEST_REQUIRE(consistent);
        BOOST_TEST_REQUIRE(carried.size() == in_flight);
        BOOST_TEST_REQUIRE(subject.connections().size() == made_.size() - count(connection_state::gone));
        BOOST_TEST_REQUIRE(subject.connections().size() <= limits_.max_connections);
        BOOST_TEST_REQUIRE(count(connection_state::opening) == opening_.size());
        BOOST_TEST_REQUIRE(opening_.size() <= limits_.max_handshakes);
    }

    pool_settings limits_;
    std::size_t entered_ = 0;
    std::vector<std::shared_ptr<fake_connection>> made_;
    std::deque<fake_connection*> opening_;
    std::vector<connection*> released_;

public:
    /// Last, because it must go before the calls that are linked into it.
    call_scheduler subject;
};

// Settings of a rig.

inline void one_connection(call_scheduler::settings& values)
{
    values.pool.max_connections = 1;
}

inline void two_connections(call_scheduler::settings& values)
{
    values.pool.max_connections = 2;
}

// Terms of a call.

inline void one_attempt(call_terms& terms)
{
    terms.retry.attempts = 1;
}

inline void at_least_once(call_terms& terms)
{
    terms.retry.at_least_once = true;
}

inline void repeatable(call_terms& terms)
{
    terms.repeatable = true;
}

inline void other_token(call_terms& terms)
{
    terms.token = 1;
}

inline void sharing(call_terms& terms)
{
    terms.shares = 1;
}

/// Of a call with little time.
[[nodiscard]] inline auto within(rig const& all, duration time)
{
    return [&all, time](call_terms& terms) { terms.deadline = all.now + time; };
}

/// Whether the call is over with this error.
[[nodiscard]] inline boost::test_tools::assertion_result ended(fake_call const& which, errc error)
{
    boost::test_tools::assertion_result result{which.completions == 1 && which.error == error};
    if (which.completions == 0) {
        result.message() << "not over";
    } else if (!which.error) {
        result.message() << "ended as answered";
    } else {
        result.message() << "ended with " << static_cast<int>(*which.error) << ", not " << static_cast<int>(error);
    }
    return result;
}

/// Whether the call is over and its last answer says how.
[[nodiscard]] inline boost::test_tools::assertion_result ended_as_answered(fake_call const& which)
{
    boost::test_tools::assertion_result result{which.completions == 1 && !which.error};
    if (which.completions == 0) {
        result.message() << "not over";
    } else if (which.error) {
        result.message() << "ended with " << static_cast<int>(*which.error);
    }
    return result;
}

[[nodiscard]] inline bool is_queued(fake_call const& which)
{
    return which.state() == call_state::queued;
}
[[nodiscard]] inline bool is_pausing(fake_call const& which)
{
    return which.state() == call_state::pausing;
}
[[nodiscard]] inline bool is_in_flight(fake_call const& which)
{
    return which.state() == call_state::assigned;
}
[[nodiscard]] inline bool is_over(fake_call const& which)
{
    return which.state() == call_state::completed;
}

} // namespace postmark::scheduler::test

#endif
