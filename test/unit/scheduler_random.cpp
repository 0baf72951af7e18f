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
    std::optional<reply_kind> last_reply{};
    bool maybe_accepted = false;
    bool accepted = false;
    /// An attempt failed in writing, so that only a fresh connection will do.
    bool write_failed = false;
    unsigned stale = 0;
    /// How often a request that it shared was refused as a whole.
    unsigned splits = 0;
    bool judged = false;
};

/// Throws any event that may happen next at a call_scheduler and compares its decisions with the truth.
class random_run {
public:
    explicit random_run(std::uint32_t seed)
        : generator_{seed}
        , h_{[&](call_scheduler::settings& values) {
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
            h_.random = std::uniform_real_distribution<>{0, 1}(generator_);
            any_event();
            judge();
        }
        flush();
        before_some_end_early();
        switch (below(4)) {
        case 0:
            h_.drain();
            must_drain_ = true;
            break;
        case 1:
            h_.shutdown();
            break;
        case 2:
            h_.cancel_all();
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
        for (auto const& conn : h_.all()) {
            for (call* const member : conn->calls()) {
                if (member != nullptr && conn->is_coalesced()) {
                    shared_.push_back(static_cast<fake_call*>(member));
                }
            }
        }
    }
    void note_those_that_ended_early()
    {
        for (fake_call const* const member : shared_) {
            past_[member].maybe_accepted |= is_completed(*member);
        }
    }

    void flush()
    {
        while (h_.flushes != 0) {
            h_.flush();
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
            h_.close_idle();
        }
    }

    void submit()
    {
        fake_call const& added = h_.submit([&](call_policy& policy) {
            policy.bytes = below(1000);
            policy.deadline = h_.now + std::chrono::milliseconds{below(20'000)};
            policy.retry.attempts = 1 + below(4);
            policy.retry.at_least_once = maybe(20);
            policy.repeatable = maybe(20);
            policy.part_of_accepted = maybe(10);
            policy.token_id = below(3);
            if (shares_) {
                policy.coalesce_group = static_cast<std::uint8_t>(below(3));
            }
        });
        past_[&added];
        bool const paused = paused_until_[added.policy.token_id] > h_.now;
        // An idle connection may have taken the call because it has cut the pause.
        bool const cut_the_pause =
            is_in_flight(added) && silent_ && h_.now < not_before_ && !h_.connection_of(added)->is_proven();
        if ((is_queued(added) || cut_the_pause) && !paused && added.policy.deadline <= not_before_ &&
            !last_was_no_reply_) {
            not_before_ = std::min(not_before_, last_failure_ + duration{settings_.retry.first_delay});
        }
        // One that does not wait need not do the work of a tick that is late.
        if (is_queued(added)) {
            nothing_is_idle_in_vain();
            as_much_is_opened_as_allowed();
        }
    }

    void cancel()
    {
        if (h_.calls.empty()) {
            return;
        }
        before_some_end_early();
        h_.cancel(*h_.calls[below(h_.calls.size())], maybe(50));
        note_those_that_ended_early();
    }

    void open()
    {
        if (h_.opening() == 0) {
            return;
        }
        if (maybe(60)) {
            h_.open();
        } else {
            errc const causes[] = {errc::connect_failed, errc::connect_failed, errc::resolve_failed,
                                   errc::handshake_failed, errc::certificate_refused};
            delay_next_attempt(duration::zero());
            last_was_no_reply_ = false;
            h_.fail_open(causes[below(std::size(causes))]);
        }
        as_much_is_opened_as_allowed();
    }

    /// Something becomes of a call that is in flight.
    void report()
    {
        std::vector<fake_call*> carried;
        for (auto const& conn : h_.all()) {
            for (call* const member : conn->calls()) {
                if (member != nullptr) {
                    carried.push_back(static_cast<fake_call*>(member));
                }
            }
        }
        if (carried.empty()) {
            return;
        }
        fake_call& call = *carried[below(carried.size())];
        if (h_.connection_of(call)->is_coalesced() && maybe(50)) {
            reply_coalesced(call);
        } else if (maybe(70)) {
            reply(call);
        } else {
            fail(call);
        }
        nothing_is_idle_in_vain();
        as_much_is_opened_as_allowed();
    }

    void reply(fake_call& call)
    {
        reply_kind const kinds[] = {reply_kind::success, reply_kind::success, reply_kind::refused,
                                    reply_kind::retry_later, reply_kind::unknown};
        reply_status status{.kind = kinds[below(std::size(kinds))]};
        status.unavailable = status.kind == reply_kind::unknown && maybe(50);
        status.of_repeatable_call = maybe(30);
        reply_facts const facts{.written = maybe(85), .reusable = maybe(90)};
        for (fake_call const* const member : calls_with(call)) {
            note(past_[member], status.kind, facts.written);
        }
        if (status.kind == reply_kind::retry_later) {
            status.pauses_token = maybe(50);
            if (maybe(40)) {
                status.retry_after = std::chrono::seconds{below(15)};
            }
            if (status.pauses_token) {
                // One pause serves all calls of the request: that of the first.
                fake_call const& first = *calls_with(call).front();
                duration const delay = std::max(backoff(first.policy.retry, first.attempts(), h_.random),
                                                status.retry_after.value_or(duration::zero()));
                auto& paused_until = paused_until_[call.policy.token_id];
                paused_until = std::max(paused_until, h_.now + delay);
            }
        }
        fake_connection const& conn = *h_.connection_of(call);
        bool const begins_no_outage = status.unavailable && status.of_repeatable_call && (!silent_ || conn.is_proven());
        note_connection(call, is_valid(status.kind, facts.written) && !status.unavailable,
                        !conn.is_aborted() && !begins_no_outage);
        h_.reply(call, status, facts);
    }

    [[nodiscard]] static bool is_valid(reply_kind kind, bool written)
    {
        return written || (kind != reply_kind::success && kind != reply_kind::unknown);
    }

    static void note(history& past, reply_kind kind, bool written)
    {
        if (!is_valid(kind, written)) {
            past.write_failed = true;
            past.last_reply.reset();
            return;
        }
        past.last_reply = kind;
        past.maybe_accepted |= kind == reply_kind::unknown;
        past.accepted |= kind == reply_kind::success;
    }

    /// Keeps the books of the pool: whether the service can be reached, and when the next attempt is due.
    /// \param counts whether the end without a reply says something about the service
    void note_connection(fake_call const& call, bool replied, bool counts)
    {
        fake_connection const& conn = *h_.connection_of(call);
        if (replied) {
            if (!conn.is_proven()) {
                failures_ = 0;
                silent_ = false;
                not_before_ = {};
            }
        } else if (counts) {
            last_was_no_reply_ = silent_ = true;
            if (failures_ == 0 || h_.now >= not_before_) {
                delay_next_attempt(100ms);
            }
        }
    }

    void delay_next_attempt(duration shortest)
    {
        last_failure_ = h_.now;
        not_before_ = h_.now + std::max(shortest, backoff(settings_.retry, ++failures_, h_.random));
    }

    /// The calls of the same request that still wait for its end, this one included.
    [[nodiscard]] std::vector<fake_call*> calls_with(fake_call& call)
    {
        std::vector<fake_call*> members;
        for (auto* const member : h_.connection_of(call)->calls()) {
            if (member != nullptr) {
                members.push_back(static_cast<fake_call*>(member));
            }
        }
        return members;
    }

    /// A reply that only a coalesced request can get.
    void reply_coalesced(fake_call& call)
    {
        if (maybe(30)) {
            for (fake_call* const member : calls_with(call)) {
                past_[member].last_reply.reset();
                ++past_[member].splits;
            }
            note_connection(call, true, true);
            return h_.reply(call, {.kind = reply_kind::split}, {.reusable = maybe(90)});
        }
        reply_facts const facts{.written = maybe(85)};
        bool replied = false;
        std::vector<reply_status> statuses;
        for (auto* const member : h_.connection_of(call)->calls()) {
            reply_kind const kinds[] = {reply_kind::success, reply_kind::refused, reply_kind::unknown};
            statuses.push_back({.kind = kinds[below(std::size(kinds))]});
            replied |= is_valid(statuses.back().kind, facts.written);
            if (member != nullptr) {
                note(past_[member], statuses.back().kind, facts.written);
            }
        }
        note_connection(call, replied, !h_.connection_of(call)->is_aborted());
        h_.reply_each(call, statuses, facts);
    }

    void fail(fake_call& call)
    {
        errc const causes[] = {errc::write_failed, errc::connection_lost, errc::malformed_reply};
        exchange_failure failure{.error = causes[below(std::size(causes))]};
        if (maybe(30)) {
            failure.not_started = true;
        } else {
            failure.written = maybe(50);
            failure.replied = maybe(20);
        }
        for (fake_call const* const member : calls_with(call)) {
            history& past = past_[member];
            past.stale += failure.not_started ? 1U : 0U;
            past.maybe_accepted |= failure.written;
            past.write_failed |= !failure.written;
        }
        fake_connection const& conn = *h_.connection_of(call);
        bool const closed_while_idle = failure.not_started && (conn.exchange() > 1 || conn.after_idling);
        bool const lets_deadlines_pass = failure.written && conn.reason == abort_reason::deadline &&
                                         (silent_ || h_.now - conn.began_at >= probe_patience);
        if (failure.replied && failure.written) {
            note_connection(call, true, true);
        } else if (!conn.is_proven() && !closed_while_idle) {
            note_connection(call, false, !conn.is_aborted() || lets_deadlines_pass);
        }
        h_.fail(call, failure);
    }

    void wait()
    {
        h_.now += std::chrono::milliseconds{below(maybe(5) ? 20'000 : 400)};
        // Timers may be late.
        if (maybe(80)) {
            tick();
        }
    }

    void tick()
    {
        before_some_end_early();
        h_.tick();
        note_those_that_ended_early();
        nothing_is_idle_in_vain();
        as_much_is_opened_as_allowed();
        bool every_deadline_is_kept = true;
        for (auto const& member : h_.calls) {
            if (is_completed(*member) || member->policy.deadline > h_.now) {
                continue;
            }
            fake_connection const* const conn = h_.connection_of(*member);
            every_deadline_is_kept &= conn != nullptr && conn->aborted == conn->exchange();
        }
        BOOST_TEST_REQUIRE(every_deadline_is_kept);
    }

    /// Every call ends, whatever happens, with nothing but the events that were asked for.
    void finish()
    {
        for (unsigned step = 0; h_.scheduler.outstanding() != 0; ++step) {
            BOOST_TEST_REQUIRE(step < 10'000U);
            judge();
            flush();
            h_.random = std::uniform_real_distribution<>{0, 1}(generator_);
            if (h_.count(connection_state::busy) != 0 && maybe(70)) {
                report();
            } else if (h_.opening() != 0 && maybe(70)) {
                open();
            } else if (h_.scheduler.next_tick() != time_point::max()) {
                h_.now = std::max(h_.now, h_.scheduler.next_tick());
                tick();
            } else {
                // Nothing is to be waited for: somebody else must have something to report.
                BOOST_TEST_REQUIRE((h_.count(connection_state::busy) != 0 || h_.opening() != 0));
            }
        }
        judge();
        for (auto const& member : h_.calls) {
            BOOST_TEST_REQUIRE(past_[member.get()].judged);
        }
        BOOST_TEST_REQUIRE(h_.has_no_timer());
        if (must_drain_) {
            BOOST_TEST_REQUIRE(h_.scheduler.drained());
        }
        if (h_.scheduler.closed()) {
            BOOST_TEST_REQUIRE(h_.scheduler.connections().empty());
        }
    }

    // What has to hold.

    [[nodiscard]] std::vector<fake_call const*> startable()
    {
        std::vector<fake_call const*> result;
        for (auto const& member : h_.calls) {
            if (is_queued(*member) && paused_until_[member->policy.token_id] <= h_.now) {
                result.push_back(member.get());
            }
        }
        return result;
    }

    /// How many connections without a reply are busy, with an exchange that began after `since`.
    [[nodiscard]] std::size_t probing_since(time_point since) const
    {
        return static_cast<std::size_t>(std::count_if(h_.all().begin(), h_.all().end(), [&](auto const& conn) {
            return conn->state() == connection_state::busy && !conn->is_proven() && conn->began_at > since;
        }));
    }

    /// Whether a probe may keep others back: for two seconds and a backoff, of which only the bound is known here.
    [[nodiscard]] bool may_be_kept_back() const
    {
        return probing_since(h_.now - probe_patience - settings_.retry.max_delay) != 0;
    }

    [[nodiscard]] bool has_unproven_idle() const
    {
        return std::any_of(h_.all().begin(), h_.all().end(), [](auto const& conn) {
            return conn->state() == connection_state::idle && !conn->is_proven();
        });
    }

    void nothing_is_idle_in_vain()
    {
        // Calls that can be coalesced are given a moment to come together.
        if (h_.flushes != 0) {
            return;
        }
        bool const may_probe = !silent_ || (h_.now >= not_before_ && !may_be_kept_back());
        bool in_vain = false;
        for (fake_call const* const call : startable()) {
            for (auto const& conn : h_.all()) {
                in_vain |= conn->state() == connection_state::idle && (conn->is_proven() || may_probe) &&
                           (conn->exchange() == 0 || !past_[call].write_failed);
            }
        }
        BOOST_TEST_REQUIRE(!in_vain);
    }

    void as_much_is_opened_as_allowed()
    {
        if (h_.flushes != 0 || h_.now < not_before_ ||
            h_.scheduler.connections().size() >= settings_.pool.max_connections) {
            return;
        }
        std::size_t at_once = settings_.pool.max_handshakes;
        if (failures_ != 0) {
            at_once = silent_ && (may_be_kept_back() || has_unproven_idle()) ? 0 : 1;
        }
        BOOST_TEST_REQUIRE(h_.opening() >= std::min(startable().size(), at_once));
    }

    /// While the service does not reply, one connection at a time is opened, and a call probes every two seconds.
    void one_probe_at_a_time()
    {
        std::size_t const probing = probing_since(h_.now - probe_patience);
        std::size_t const opening = h_.opening();
        if (silent_ && was_silent_) {
            BOOST_TEST_REQUIRE(probing <= std::max<std::size_t>(probing_before_, 1));
        }
        if (failures_ != 0 && had_failed_) {
            BOOST_TEST_REQUIRE(opening <= std::max<std::size_t>(opening_before_, 1));
        }
        was_silent_ = silent_;
        had_failed_ = failures_ != 0;
        probing_before_ = probing;
        opening_before_ = opening;
    }

    /// Every call that has ended has ended truthfully.
    void judge()
    {
        one_probe_at_a_time();
        for (auto const& member : h_.calls) {
            history& past = past_[member.get()];
            bool const may_repeat = member->policy.repeatable || member->policy.retry.at_least_once;
            bool truthful = member->starts <= member->policy.retry.attempts + past.stale + past.splits;
            if (!is_completed(*member)) {
                truthful &= !past.accepted && (may_repeat || !past.maybe_accepted);
            } else if (!past.judged) {
                past.judged = true;
                bool const refused_last =
                    past.last_reply == reply_kind::refused || past.last_reply == reply_kind::retry_later;
                if (!member->error) {
                    truthful &= past.last_reply.has_value() &&
                                (!refused_last || !past.maybe_accepted || member->policy.repeatable);
                } else if (outcome_of(*member->error) == outcome::not_sent) {
                    truthful &= !past.accepted &&
                                (member->policy.repeatable || (!past.maybe_accepted && !past.last_reply.has_value()));
                } else {
                    truthful &= !past.accepted && past.maybe_accepted;
                }
            }
            BOOST_TEST_REQUIRE(truthful);
        }
    }

    static constexpr duration probe_patience = 2s;

    std::mt19937 generator_;
    call_scheduler::settings settings_;
    harness h_;
    std::map<call const*, history> past_;
    std::map<std::uint64_t, time_point> paused_until_;
    time_point not_before_{};
    time_point last_failure_{};
    unsigned failures_ = 0;
    bool last_was_no_reply_ = false;
    bool silent_ = false;
    bool was_silent_ = false;
    bool had_failed_ = false;
    std::size_t probing_before_ = 0;
    std::size_t opening_before_ = 0;
    bool must_drain_ = false;
    bool shares_;
    std::vector<fake_call*> shared_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(scheduler_random)

BOOST_AUTO_TEST_CASE(any_sequence_of_events_ends_every_call_once_and_truthfully)
{
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            random_run{seed}.run(300);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
