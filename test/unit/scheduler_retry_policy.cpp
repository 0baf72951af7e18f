// SPDX-License-Identifier: BSL-1.0

#include "scheduler/retry_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string_view>

using namespace postmark;
using namespace postmark::scheduler;
using namespace std::chrono_literals;

// What follows an attempt, as a table: the past of a call, what happens, and the decision.

BOOST_AUTO_TEST_SUITE(scheduler_retry_policy)

namespace {

constexpr time_point now = time_point{} + 1h;
constexpr auto replied = errc{};

enum class policy_kind : std::uint8_t { plain, at_least_once, repeatable };

struct past {
    unsigned attempts = 1;
    bool refused_for_now = false;
    bool maybe_accepted = false;
    abort_reason aborting = abort_reason::none;
    policy_kind kind = policy_kind::plain;
    duration time_left = 60s;
    duration token_pause = 0s;
};

struct expected {
    step_kind kind;
    /// `complete`: `replied` if the last reply says how the call ended.
    errc error = replied;
    /// `pause`: how long.
    duration delay{};
    error_source source = error_source::none;
};

/// The policy and the past of a call; the policy has to live as long as the facts.
struct sample_call {
    explicit sample_call(past const& before)
        : facts{.policy = policy}
    {
        policy.deadline = now + before.time_left;
        policy.repeatable = before.kind == policy_kind::repeatable;
        policy.retry.at_least_once = before.kind == policy_kind::at_least_once;
        facts.history.attempts = before.attempts;
        facts.history.refused_for_now = before.refused_for_now;
        facts.history.maybe_accepted = before.maybe_accepted;
        facts.history.unknown_error = errc::reply_too_large;
        facts.aborting = before.aborting;
        facts.paused_until = before.token_pause == 0s ? time_point{} : now + before.token_pause;
    }

    call_policy policy;
    call_facts facts;
};

void check(next_step const& step, expected const& wanted)
{
    BOOST_TEST((step.kind == wanted.kind));
    if (step.kind == step_kind::complete) {
        BOOST_TEST((step.error.value_or(replied) == wanted.error));
        BOOST_TEST((step.source == wanted.source));
    }
    if (step.kind == step_kind::pause) {
        BOOST_TEST((step.until - now == wanted.delay));
    }
}

constexpr auto complete = step_kind::complete;
constexpr auto requeue = step_kind::requeue;
constexpr auto pause = step_kind::pause;
constexpr auto failure = error_source::failure;
constexpr auto earlier = error_source::earlier_attempt;

} // namespace

BOOST_AUTO_TEST_CASE(after_a_reply)
{
    struct row {
        std::string_view name;
        past before;
        reply_kind reply;
        expected wanted;
    };
    row const rows[] = {
        {"accepted", {}, reply_kind::success, {complete}},
        {"accepted after all", {.maybe_accepted = true}, reply_kind::success, {complete}},
        {"refused", {}, reply_kind::refused, {complete}},
        {"refused after it may have been accepted",
         {.maybe_accepted = true},
         reply_kind::refused,
         {complete, errc::reply_too_large, {}, earlier}},
        {"refused, and has no past",
         {.maybe_accepted = true, .kind = policy_kind::repeatable},
         reply_kind::refused,
         {complete}},
        {"later", {}, reply_kind::retry_later, {pause, replied, 3s}},
        {"later, for the last time", {.attempts = 4}, reply_kind::retry_later, {complete}},
        {"later than it can wait", {.time_left = 3s}, reply_kind::retry_later, {complete}},
        {"later, and its token is paused for longer",
         {.time_left = 10s, .token_pause = 10s},
         reply_kind::retry_later,
         {complete}},
        {"later, while it is cancelled", {.aborting = abort_reason::cancelled}, reply_kind::retry_later, {complete}},
        {"unclear", {}, reply_kind::unknown, {complete}},
        {"unclear, may be repeated",
         {.kind = policy_kind::at_least_once},
         reply_kind::unknown,
         {pause, replied, 250ms}},
        {"unclear, repeatable, third attempt",
         {.attempts = 3, .kind = policy_kind::repeatable},
         reply_kind::unknown,
         {pause, replied, 1s}},
        {"unclear for the last time",
         {.attempts = 4, .kind = policy_kind::at_least_once},
         reply_kind::unknown,
         {complete}},
        {"unclear, while it is cancelled",
         {.aborting = abort_reason::cancelled, .kind = policy_kind::at_least_once},
         reply_kind::unknown,
         {complete}},
    };
    for (row const& entry : rows) {
        BOOST_TEST_CONTEXT(entry.name)
        {
            sample_call const call{entry.before};
            reply_status const status{.kind = entry.reply, .error = errc::server_error};
            next_step const step = after_reply(call.facts, status, 3s, now, 0.5);
            check(step, entry.wanted);
            if (entry.reply == reply_kind::unknown && step.kind == pause) {
                BOOST_TEST(step.history.maybe_accepted);
                BOOST_TEST((step.history.unknown_error == errc::server_error));
            }
            if (entry.reply == reply_kind::retry_later) {
                BOOST_TEST(step.history.refused_for_now);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(after_a_failure)
{
    struct row {
        std::string_view name;
        past before;
        exchange_failure what;
        bool reused;
        bool closed_while_idle;
        expected wanted;
    };
    exchange_failure const unwritten{.error = errc::write_failed};
    exchange_failure const lost{.error = errc::connection_lost, .written = true};
    exchange_failure const stale{.not_started = true};
    exchange_failure const untrusted{.error = errc::certificate_refused};
    exchange_failure const overwritten{.error = errc::write_failed, .replaced_reply = true};
    row const rows[] = {
        {"not written, new connection", {}, unwritten, false, false, {pause, replied, 250ms}},
        {"not written, reused connection", {}, unwritten, true, false, {requeue}},
        {"not written for the last time",
         {.attempts = 4},
         unwritten,
         true,
         false,
         {complete, errc::write_failed, {}, failure}},
        {"not written, no time",
         {.time_left = 250ms},
         unwritten,
         false,
         false,
         {complete, errc::write_failed, {}, failure}},
        {"not written, and had been refused for now",
         {.attempts = 4, .refused_for_now = true},
         unwritten,
         true,
         false,
         {complete}},
        {"a reply that overwrote it",
         {.attempts = 4, .refused_for_now = true},
         overwritten,
         true,
         false,
         {complete, errc::write_failed, {}, failure}},
        {"not written, and may have been accepted",
         {.attempts = 4, .maybe_accepted = true},
         unwritten,
         true,
         false,
         {complete, errc::reply_too_large, {}, earlier}},
        {"a cause that does not pass", {}, untrusted, true, false, {complete, errc::certificate_refused, {}, failure}},
        {"closed while idle", {.attempts = 4}, stale, true, true, {requeue}},
        {"closed while idle, no time", {.time_left = 0s}, stale, true, true, {complete, errc::timed_out_before_sent}},
        {"closed while idle, its token is paused for longer",
         {.time_left = 5s, .token_pause = 5s},
         stale,
         true,
         true,
         {complete, errc::timed_out_before_sent, {}, error_source::long_pause}},
        {"lost", {}, lost, false, false, {complete, errc::connection_lost, {}, failure}},
        {"lost, had been refused for now",
         {.refused_for_now = true},
         lost,
         false,
         false,
         {complete, errc::connection_lost, {}, failure}},
        {"lost, may be repeated", {.kind = policy_kind::at_least_once}, lost, false, false, {pause, replied, 250ms}},
        {"lost for the last time",
         {.attempts = 4, .kind = policy_kind::at_least_once},
         lost,
         false,
         false,
         {complete, errc::connection_lost, {}, failure}},
        {"cancelled, not written",
         {.aborting = abort_reason::cancelled},
         unwritten,
         true,
         false,
         {complete, errc::cancelled_before_sent}},
        {"cancelled, written",
         {.aborting = abort_reason::cancelled, .kind = policy_kind::repeatable},
         lost,
         true,
         false,
         {complete, errc::cancelled_in_flight}},
        {"overdue, written",
         {.aborting = abort_reason::deadline},
         lost,
         true,
         false,
         {complete, errc::timed_out_in_flight}},
        {"client closed, not written",
         {.aborting = abort_reason::closed},
         unwritten,
         true,
         false,
         {complete, errc::client_closed}},
    };
    for (row const& entry : rows) {
        BOOST_TEST_CONTEXT(entry.name)
        {
            sample_call const call{entry.before};
            check(after_failure(call.facts, entry.what, entry.reused, entry.closed_while_idle, now, 0.5), entry.wanted);
        }
    }
}

BOOST_AUTO_TEST_CASE(after_an_attempt_to_connect_that_failed)
{
    sample_call const call{{.attempts = 0}};
    check(after_open_failure(call.facts, errc::connect_failed, false, 3), {requeue});
    check(after_open_failure(call.facts, errc::connect_failed, false, 4),
          {complete, errc::connect_failed, {}, failure});
    check(after_open_failure(call.facts, errc::certificate_refused, false, 1),
          {complete, errc::certificate_refused, {}, failure});
    check(after_open_failure(call.facts, errc::certificate_refused, true, 0), {requeue});
}

BOOST_AUTO_TEST_CASE(after_a_split)
{
    sample_call const call{{.attempts = 2, .refused_for_now = true}};
    next_step const step = after_split(call.facts);
    check(step, {requeue});
    BOOST_TEST(step.history.attempts == 1U);
    BOOST_TEST(!step.history.refused_for_now);
    sample_call const cancelled{{.aborting = abort_reason::cancelled}};
    check(after_split(cancelled.facts), {complete, errc::cancelled_before_sent});
    sample_call const paused{{.time_left = 5s, .token_pause = 5s}};
    check(after_split(paused.facts), {complete, errc::timed_out_before_sent, {}, error_source::long_pause});
}

BOOST_AUTO_TEST_CASE(the_delay_of_a_reply_that_asks_for_one)
{
    call_policy const policy;
    reply_status status{.kind = reply_kind::retry_later};
    BOOST_TEST((retry_delay(policy, 1, status, 0.5) == 250ms));
    status.retry_after = 7s;
    BOOST_TEST((retry_delay(policy, 1, status, 0.5) == 7s));
    status.retry_after = 1ms;
    BOOST_TEST((retry_delay(policy, 2, status, 0.5) == 500ms));
    status.retry_after = 24h;
    BOOST_TEST((retry_delay(policy, 1, status, 0.5) == 60s));
}

BOOST_AUTO_TEST_SUITE_END()
