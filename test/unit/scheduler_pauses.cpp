// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// The service says that it may do better later: 429, and 503 with ErrorCode 100.

BOOST_AUTO_TEST_SUITE(scheduler_pauses)

// ---------------------------------------------------------------------------------------------------------------------
// 429

BOOST_AUTO_TEST_CASE(a_429_pauses_the_calls_with_that_token_and_no_others)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.reply_429(first);
    BOOST_TEST(is_pausing(first));
    fake_call& same = h.submit();
    BOOST_TEST(is_queued(same));
    BOOST_TEST(h.idle() == 1U);
    // A paused call needs no connection.
    BOOST_TEST(h.opening() == 0U);
    fake_call& other = h.submit(other_token);
    BOOST_TEST(is_in_flight(other));

    BOOST_TEST((h.time_to_tick() == 250ms));
    h.advance(249ms);
    BOOST_TEST(is_queued(same));
    // The first to ask is the first to go on.
    h.accept(other);
    h.advance(1ms);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(same));
    h.accept(first);
    BOOST_TEST(is_in_flight(same));
}

BOOST_AUTO_TEST_CASE(the_connection_of_a_429_serves_others_at_once)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    fake_connection& conn = h.open();
    fake_call& same = h.submit();
    fake_call& other = h.submit(other_token);
    h.reply_429(first);
    BOOST_TEST(h.connection_of(other) == &conn);
    BOOST_TEST(is_queued(same));
}

BOOST_AUTO_TEST_CASE(the_delay_doubles_from_one_attempt_to_the_next)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_429(call);
    BOOST_TEST((h.time_to_tick() == 250ms));
    h.advance(h.time_to_tick());
    h.reply_429(call);
    BOOST_TEST((h.time_to_tick() == 500ms));
    h.advance(h.time_to_tick());
    h.reply_429(call);
    BOOST_TEST((h.time_to_tick() == 1s));
    h.advance(h.time_to_tick());
    BOOST_TEST(call.attempts() == 4U);
    // That was the last.
    h.reply_429(call);
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(retry_after_is_honoured)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_429(call, 7s);
    BOOST_TEST((h.time_to_tick() == 7s));
    h.advance(7s);
    // A shorter one than the own delay changes nothing.
    h.reply_429(call, 1ms);
    BOOST_TEST((h.time_to_tick() == 500ms));
}

BOOST_AUTO_TEST_CASE(retry_after_is_honoured_up_to_a_minute)
{
    harness h;
    fake_call& call = h.submit(within(h, 10min));
    h.open();
    h.reply_429(call, 24h);
    BOOST_TEST((h.time_to_tick() == 60s));
}

BOOST_AUTO_TEST_CASE(a_call_that_cannot_outlast_its_pause_ends_at_once)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_429(call, 60s);
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(a_reply_that_was_replaced_by_one_that_says_nothing_does_not_count)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_429(call, 1s);
    h.advance(1s);
    h.fail(call, {.error = errc::write_failed, .replaced_reply = true});
    h.cancel(call);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(others_that_cannot_outlast_the_pause_end_at_once)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    h.open();
    fake_call& hasty = h.submit(within(h, 5s));
    fake_call& patient = h.submit();
    h.reply_429(first, 5s);
    BOOST_TEST(ended(hasty, errc::timed_out_before_sent));
    BOOST_TEST(hasty.detail == "the service asked for a longer pause (HTTP 429)");
    BOOST_TEST(is_queued(patient));
    // A call that comes later ends likewise.
    fake_call& late = h.submit(within(h, 5s));
    BOOST_TEST(ended(late, errc::timed_out_before_sent));
    BOOST_TEST(late.detail == hasty.detail);
    BOOST_TEST(is_queued(h.submit(within(h, 6s))));
}

BOOST_AUTO_TEST_CASE(one_that_pauses_already_and_cannot_outlast_a_longer_pause_ends_at_once)
{
    harness h;
    fake_call& first = h.submit(within(h, 10s));
    fake_call& second = h.submit();
    h.open();
    h.open();
    h.reply_429(first);
    BOOST_TEST(is_pausing(first));
    h.reply_429(second, 20s);
    BOOST_TEST(ended_as_replied(first));
    BOOST_TEST(is_pausing(second));
}

BOOST_AUTO_TEST_CASE(one_that_fails_during_a_pause_that_it_cannot_outlast_ends_at_once)
{
    struct row {
        bool replied;
        void (*happens)(harness&, fake_call&);
    };
    row const rows[] = {
        {true, [](harness& h, fake_call& call) { h.reply_429(call); }},
        {true, [](harness& h, fake_call& call) { h.reply_maintenance(call); }},
        {false, [](harness& h, fake_call& call) { h.fail_write(call); }},
        {false, [](harness& h, fake_call& call) { h.find_stale(call); }},
    };
    for (bool const kept : {false, true}) {
        for (row const& entry : rows) {
            harness h;
            fake_call& before = h.submit();
            h.open();
            if (kept) {
                h.accept(before);
            }
            fake_call& hasty = h.submit(within(h, 10s));
            fake_call& other = h.submit();
            while (h.opening() != 0) {
                h.open();
            }
            h.reply_429(other, 20s);
            entry.happens(h, hasty);
            BOOST_TEST(is_completed(hasty));
            if (entry.replied) {
                BOOST_TEST(ended_as_replied(hasty));
            } else {
                BOOST_TEST((hasty.error == errc::write_failed || hasty.error == errc::timed_out_before_sent));
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_shorter_pause_does_not_end_a_longer_one, two_in_flight)
{
    h.reply_429(first, 10s);
    h.reply_429(second, 1s);
    h.advance(1s);
    BOOST_TEST(second.starts == 1U);
    h.advance(9s);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(refused_for_now_is_worth_more_than_not_sent)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_maintenance(call);
    h.advance(h.time_to_tick());
    // Three more attempts, none of which gets anything written.
    h.fail_write(call);
    while (!is_completed(call)) {
        if (h.opening() != 0) {
            h.open();
        }
        if (is_in_flight(call)) {
            h.fail_write(call);
        }
        if (!is_completed(call) && h.opening() == 0) {
            h.advance(h.time_to_tick());
        }
    }
    BOOST_TEST(call.attempts() == 4U);
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(a_pause_that_is_over_gives_the_oldest_call_the_first_turn_even_if_the_tick_is_late)
{
    harness h;
    fake_call& first = h.submit(one_attempt);
    h.open();
    fake_call& other = h.submit(other_token);
    h.reply_429(first);
    BOOST_TEST(ended_as_replied(first));
    h.accept(other);
    fake_call& old = h.submit();
    BOOST_TEST(is_queued(old));
    h.now += 1s;
    fake_call& young = h.submit();
    BOOST_TEST(is_in_flight(old));
    BOOST_TEST(is_queued(young));
}

// ---------------------------------------------------------------------------------------------------------------------
// 503 with ErrorCode 100

BOOST_AUTO_TEST_CASE(maintenance_pauses_only_the_call_itself)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.reply_maintenance(first);
    BOOST_TEST(is_pausing(first));
    fake_call& second = h.submit();
    BOOST_TEST(is_in_flight(second));
    h.accept(second);
    h.advance(h.time_to_tick());
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(maintenance_ends_as_replied_with_the_last_attempt)
{
    harness h;
    fake_call& call = h.submit([](auto& policy) { policy.retry.attempts = 2; });
    h.open();
    h.reply_maintenance(call);
    h.advance(h.time_to_tick());
    h.reply_maintenance(call);
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(refused_for_now_and_then_lost_is_unknown)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_maintenance(call);
    h.advance(h.time_to_tick());
    h.lose_reply(call);
    BOOST_TEST(ended(call, errc::connection_lost));
}

BOOST_AUTO_TEST_SUITE_END()
