// SPDX-License-Identifier: BSL-1.0

#include "scheduler/backoff.hpp"
#include "scheduler/outcome.hpp"
#include "scheduler_fixture.hpp"

#include <map>
#include <random>

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

namespace {

/// What really happened to a call, as opposed to what the call_scheduler makes of it.
struct history {
    std::optional<reply_status::kind> last_answer{};
    bool maybe_accepted = false;
    bool accepted = false;
    /// An attempt failed in writing, so that only a fresh connection will do.
    bool write_failed = false;
    unsigned stale = 0;
    /// How often a request that it shared was refused as a whole.
    unsigned divided = 0;
    bool judged = false;
};

/// Throws any event that may happen next at a call_scheduler and compares its decisions with the truth.
class world {
public:
    explicit world(std::uint32_t seed)
        : generator_{seed}
        , all_{[&](call_scheduler::settings& values) {
            values.pool.max_connections = 1 + below(4);
            values.pool.max_handshakes = 1 + below(3);
            values.pool.age_limit = 40s;
            values.pool.idle_limit = 5s;
            values.limits.queued_requests = 20;
            values.limits.queued_bytes = 5000;
            settings_ = values;
        }}
        , shares_{seed % 2 != 0}
    {
    }

    void run(unsigned steps)
    {
        for (unsigned step = 0; step < steps; ++step) {
            all_.random = std::uniform_real_distribution<>{0, 1}(generator_);
            any_event();
            judge();
        }
        flush();
        before_some_end_early();
        switch (below(4)) {
        case 0:
            all_.drain();
            must_drain_ = true;
            break;
        case 1:
            all_.shutdown();
            break;
        case 2:
            all_.cancel_all();
            break;
        default:
            break;
        }
        note_those_that_ended_early();
        finish();
    }

private:
    [[nodiscard]] std::size_t below(std::size_t end)
    {
        return std::uniform_int_distribution<std::size_t>{0, end - 1}(generator_);
    }
    [[nodiscard]] bool maybe(unsigned percent) { return below(100) < percent; }

    /// A request goes on for the others when one that shares it does not wait for the end: it may be accepted.
    void before_some_end_early()
    {
        shared_.clear();
        for (auto const& each : all_.all()) {
            for (call* const member : each->calls()) {
                if (member != nullptr && each->is_shared()) {
                    shared_.push_back(static_cast<fake_call*>(member));
                }
            }
        }
    }
    void note_those_that_ended_early()
    {
        for (fake_call const* const each : shared_) {
            past_[each].maybe_accepted |= is_over(*each);
        }
    }

    void flush()
    {
        while (all_.flushes != 0) {
            all_.flush();
        }
    }

    void any_event()
    {
        if (maybe(30)) {
            flush();
        }
        std::size_t const dice = below(100);
        if (dice < 25) {
            submit();
        } else if (dice < 50) {
            report();
        } else if (dice < 65) {
            open();
        } else if (dice < 90) {
            wait();
        } else if (dice < 98) {
            cancel();
        } else {
            all_.close_idle();
        }
    }

    void submit()
    {
        fake_call const& added = all_.submit([&](call_terms& terms) {
            terms.bytes = below(1000);
            terms.deadline = all_.now + std::chrono::milliseconds{below(20'000)};
            terms.retry.attempts = 1 + below(4);
            terms.retry.at_least_once = maybe(20);
            terms.repeatable = maybe(20);
            terms.part_of_accepted = maybe(10);
            terms.token = below(3);
            if (shares_) {
                terms.shares = static_cast<std::uint8_t>(below(3));
            }
        });
        past_[&added];
        // One that does not wait need not do the work of a tick that is late.
        if (is_queued(added)) {
            nothing_is_idle_in_vain();
            as_much_is_opened_as_allowed();
        }
    }

    void cancel()
    {
        if (all_.calls.empty()) {
            return;
        }
        before_some_end_early();
        all_.cancel(*all_.calls[below(all_.calls.size())], maybe(50));
        note_those_that_ended_early();
    }

    void open()
    {
        if (all_.opening() == 0) {
            return;
        }
        if (maybe(60)) {
            all_.open();
            open_failures_ = 0;
            open_not_before_ = {};
        } else {
            errc const causes[] = {errc::connect_failed, errc::connect_failed, errc::resolve_failed,
                                   errc::handshake_failed, errc::certificate_refused};
            open_not_before_ = all_.now + backoff(settings_.retry, ++open_failures_, all_.random);
            all_.fail_open(causes[below(std::size(causes))]);
        }
        as_much_is_opened_as_allowed();
    }

    /// Something becomes of a call that is in flight.
    void report()
    {
        std::vector<fake_call*> carried;
        for (auto const& each : all_.all()) {
            for (call* const member : each->calls()) {
                if (member != nullptr) {
                    carried.push_back(static_cast<fake_call*>(member));
                }
            }
        }
        if (carried.empty()) {
            return;
        }
        fake_call& call = *carried[below(carried.size())];
        if (all_.on(call)->is_shared() && maybe(50)) {
            answer_shared(call);
        } else if (maybe(70)) {
            answer(call);
        } else {
            fail(call);
        }
        nothing_is_idle_in_vain();
        as_much_is_opened_as_allowed();
    }

    void answer(fake_call& call)
    {
        reply_status::kind const kinds[] = {reply_status::kind::success, reply_status::kind::success,
                                            reply_status::kind::refused, reply_status::kind::retry_later,
                                            reply_status::kind::unknown};
        reply_status said{.what = kinds[below(std::size(kinds))]};
        for (fake_call const* const each : company_of(call)) {
            note(past_[each], said.what);
        }
        if (said.what == reply_status::kind::retry_later) {
            said.pauses_token = maybe(50);
            if (maybe(40)) {
                said.retry_after = std::chrono::seconds{below(15)};
            }
            if (said.pauses_token) {
                duration const delay = std::max(backoff(call.terms.retry, call.attempts(), all_.random),
                                                said.retry_after.value_or(duration::zero()));
                auto& paused_until = paused_until_[call.terms.token];
                paused_until = std::max(paused_until, all_.now + delay);
            }
        }
        all_.answer(call, said, maybe(90));
    }

    static void note(history& past, reply_status::kind said)
    {
        past.last_answer = said;
        past.maybe_accepted |= said == reply_status::kind::unknown;
        past.accepted |= said == reply_status::kind::success;
    }

    /// The calls of the same request that still wait for its end.
    [[nodiscard]] std::vector<fake_call*> company_of(fake_call& call)
    {
        std::vector<fake_call*> company;
        for (auto* const each : all_.on(call)->calls()) {
            if (each != nullptr) {
                company.push_back(static_cast<fake_call*>(each));
            }
        }
        return company;
    }

    /// An answer that only a request made of several can get.
    void answer_shared(fake_call& call)
    {
        if (maybe(30)) {
            for (fake_call* const each : company_of(call)) {
                past_[each].last_answer.reset();
                ++past_[each].divided;
            }
            return all_.answer(call, {.what = reply_status::kind::split}, maybe(90));
        }
        std::vector<reply_status> each_said;
        for (auto* const each : all_.on(call)->calls()) {
            reply_status::kind const kinds[] = {reply_status::kind::success, reply_status::kind::refused,
                                                reply_status::kind::unknown};
            each_said.push_back({.what = kinds[below(std::size(kinds))]});
            if (each != nullptr) {
                note(past_[each], each_said.back().what);
            }
        }
        all_.answer_each(call, each_said);
    }

    void fail(fake_call& call)
    {
        errc const causes[] = {errc::write_failed, errc::connection_lost, errc::malformed_reply};
        auto const company = company_of(call);
        exchange_failure failure{.error = causes[below(std::size(causes))]};
        if (maybe(30)) {
            failure.untouched = true;
        } else {
            failure.written = maybe(50);
        }
        for (fake_call const* const each : company) {
            history& past = past_[each];
            past.stale += failure.untouched ? 1U : 0U;
            past.maybe_accepted |= failure.written;
            past.write_failed |= !failure.written;
        }
        all_.fail(call, failure);
    }

    void wait()
    {
        all_.now += std::chrono::milliseconds{below(maybe(5) ? 20'000 : 400)};
        // Timers may be late.
        if (maybe(80)) {
            tick();
        }
    }

    void tick()
    {
        before_some_end_early();
        all_.tick();
        note_those_that_ended_early();
        nothing_is_idle_in_vain();
        as_much_is_opened_as_allowed();
        bool every_deadline_is_kept = true;
        for (auto const& each : all_.calls) {
            if (is_over(*each) || each->terms.deadline > all_.now) {
                continue;
            }
            fake_connection const* const where = all_.on(*each);
            every_deadline_is_kept &= where != nullptr && where->aborted == where->exchange();
        }
        BOOST_TEST_REQUIRE(every_deadline_is_kept);
    }

    /// Every call ends, whatever happens, with nothing but the events that were asked for.
    void finish()
    {
        for (unsigned step = 0; all_.subject.outstanding() != 0; ++step) {
            BOOST_TEST_REQUIRE(step < 10'000U);
            judge();
            flush();
            all_.random = std::uniform_real_distribution<>{0, 1}(generator_);
            if (all_.count(connection_state::busy) != 0 && maybe(70)) {
                report();
            } else if (all_.opening() != 0 && maybe(70)) {
                open();
            } else if (all_.subject.next_tick() != time_point::max()) {
                all_.now = std::max(all_.now, all_.subject.next_tick());
                tick();
            } else {
                // Nothing is to be waited for: somebody else must have something to report.
                BOOST_TEST_REQUIRE((all_.count(connection_state::busy) != 0 || all_.opening() != 0));
            }
        }
        judge();
        for (auto const& each : all_.calls) {
            BOOST_TEST_REQUIRE(past_[each.get()].judged);
        }
        BOOST_TEST_REQUIRE(all_.sleeps());
        BOOST_TEST_REQUIRE(all_.drained == (must_drain_ ? 1U : 0U));
        if (all_.subject.closed()) {
            BOOST_TEST_REQUIRE(all_.subject.connections().empty());
        }
    }

    // What has to hold.

    [[nodiscard]] std::vector<fake_call const*> startable()
    {
        std::vector<fake_call const*> result;
        for (auto const& each : all_.calls) {
            if (is_queued(*each) && paused_until_[each->terms.token] <= all_.now) {
                result.push_back(each.get());
            }
        }
        return result;
    }

    void nothing_is_idle_in_vain()
    {
        // Those that share requests are given a moment to come together.
        if (all_.flushes != 0) {
            return;
        }
        bool in_vain = false;
        for (fake_call const* const call : startable()) {
            for (auto const& each : all_.all()) {
                in_vain |=
                    each->state() == connection_state::idle && (each->exchange() == 0 || !past_[call].write_failed);
            }
        }
        BOOST_TEST_REQUIRE(!in_vain);
    }

    void as_much_is_opened_as_allowed()
    {
        if (all_.flushes != 0 || all_.now < open_not_before_ ||
            all_.subject.connections().size() >= settings_.pool.max_connections) {
            return;
        }
        std::size_t const at_once = open_failures_ == 0 ? settings_.pool.max_handshakes : 1;
        BOOST_TEST_REQUIRE(all_.opening() >= std::min(startable().size(), at_once));
    }

    /// Every call that has ended has ended truthfully.
    void judge()
    {
        for (auto const& each : all_.calls) {
            history& past = past_[each.get()];
            bool const may_repeat = each->terms.repeatable || each->terms.retry.at_least_once;
            bool truthful = each->starts <= each->terms.retry.attempts + past.stale + past.divided;
            if (!is_over(*each)) {
                truthful &= !past.accepted && (may_repeat || !past.maybe_accepted);
            } else if (!past.judged) {
                past.judged = true;
                bool const refused_last = past.last_answer == reply_status::kind::refused ||
                                          past.last_answer == reply_status::kind::retry_later;
                if (!each->error) {
                    truthful &= past.last_answer.has_value() &&
                                (!refused_last || !past.maybe_accepted || each->terms.repeatable);
                } else if (outcome_of(*each->error) == outcome::not_sent) {
                    truthful &= !past.accepted &&
                                (each->terms.repeatable || (!past.maybe_accepted && !past.last_answer.has_value()));
                } else {
                    truthful &= !past.accepted && past.maybe_accepted;
                }
            }
            BOOST_TEST_REQUIRE(truthful);
        }
    }

    std::mt19937 generator_;
    call_scheduler::settings settings_;
    rig all_;
    std::map<call const*, history> past_;
    std::map<std::uint64_t, time_point> paused_until_;
    time_point open_not_before_{};
    unsigned open_failures_ = 0;
    bool must_drain_ = false;
    bool shares_;
    std::vector<fake_call*> shared_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(dispatch_random)

BOOST_AUTO_TEST_CASE(any_sequence_of_events_ends_every_call_once_and_truthfully)
{
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            world{seed}.run(300);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
