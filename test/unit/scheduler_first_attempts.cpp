// SPDX-License-Identifier: BSL-1.0

#include "scheduler_outage_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// Pauses hold back repetitions, not first attempts.

BOOST_AUTO_TEST_SUITE(scheduler_first_attempts)

namespace {

/// Connecting has failed five times in a row, and the next pause lasts 8 s.
void fail_to_connect(harness& h)
{
    h.random = 1.0;
    fake_call& call = h.submit([](auto& policy) { policy.retry.attempts = 100; });
    for (int count = 0; count != 5; ++count) {
        h.fail_open(errc::connect_failed, "refused");
        if (count != 4) {
            h.advance(h.time_to_tick());
        }
    }
    h.cancel(call);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_pause_does_not_hold_back_a_first_attempt_that_would_not_outlive_it)
{
    harness h;
    fail_to_connect(h);
    h.advance(1s);
    fake_call& hasty = h.submit(within(h, 1s));
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(hasty));
}

BOOST_AUTO_TEST_CASE(a_first_attempt_is_not_held_back_because_a_call_can_be_coalesced)
{
    harness h;
    h.warm_up();
    // The connection is used by a call with another token.
    fake_call& probe = h.submit();
    fake_call& patient = h.submit();
    h.random = 1.0;
    for (int count = 0; count != 5; ++count) {
        h.fail_open(errc::connect_failed, "refused");
        if (count != 4) {
            h.advance(h.time_to_tick());
        }
    }
    h.cancel(patient);
    h.accept(probe);
    BOOST_TEST(h.idle() == 1U);
    h.advance(1s);
    fake_call& first = h.submit(coalescing);
    fake_call& hasty = h.submit([&](auto& policy) {
        coalescing(policy);
        other_token(policy);
        policy.deadline = h.now + 1s;
    });
    h.flush();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(hasty));
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(a_call_that_outlives_the_pause_waits_for_its_end)
{
    harness h;
    fail_to_connect(h);
    h.advance(1s);
    h.submit(within(h, 10s));
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST((h.time_to_tick() == 7s));
}

BOOST_AUTO_TEST_CASE(many_calls_at_once_cause_one_attempt)
{
    harness h;
    fail_to_connect(h);
    h.advance(1s);
    std::size_t const made = h.made();
    for (int count = 0; count != 40; ++count) {
        h.submit(within(h, 1s));
    }
    BOOST_TEST(h.opening() == 1U);
    h.fail_open(errc::connect_failed, "refused again");
    // All of them have seen it fail, and wait for the whole pause.
    BOOST_TEST(h.opening() == 0U);
    h.advance(999ms);
    BOOST_TEST(h.made() == made + 1);
    h.advance(1ms);
    BOOST_TEST(h.calls.back()->detail == "refused again");
    BOOST_TEST(h.scheduler.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(first_attempts_are_as_far_apart_as_the_first_pause)
{
    harness h;
    fail_to_connect(h);
    fake_call& hasty = h.submit(within(h, 1s));
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST((h.time_to_tick() == 500ms));
    h.advance(500ms);
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(hasty));
}

BOOST_AUTO_TEST_CASE(a_call_that_is_not_tried_says_so)
{
    harness h;
    fail_to_connect(h);
    fake_call& hasty = h.submit(within(h, 300ms));
    h.advance(300ms);
    BOOST_TEST(ended(hasty, errc::timed_out_before_sent));
    BOOST_TEST(hasty.detail == "not tried: connecting had failed before: refused");
}

BOOST_AUTO_TEST_CASE(a_pause_after_a_connection_without_a_reply_is_not_cut)
{
    // An attempt would cost a call its certainty.
    harness h{one_connection};
    h.random = 1.0;
    h.submit();
    for (int count = 0; count != 5; ++count) {
        h.open();
        h.lose_reply(*h.calls.back());
        h.submit();
        h.advance(h.time_to_tick());
    }
    h.open();
    h.lose_reply(*h.calls.back());
    h.advance(1s);
    h.submit(within(h, 1s));
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
