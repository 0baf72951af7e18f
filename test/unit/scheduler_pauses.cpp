// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// The service says that it may do better later: 429, and 503 with ErrorCode 100.

BOOST_AUTO_TEST_SUITE(dispatch_pauses)

// ---------------------------------------------------------------------------------------------------------------------
// 429

BOOST_AUTO_TEST_CASE(a_429_pauses_the_calls_with_that_token_and_no_others)
{
    rig all;
    fake_call& first = all.submit();
    all.open();
    all.slow_down(first);
    BOOST_TEST(is_pausing(first));
    fake_call& same = all.submit();
    BOOST_TEST(is_queued(same));
    BOOST_TEST(all.idle() == 1U);
    // A paused call needs no connection.
    BOOST_TEST(all.opening() == 0U);
    fake_call& other = all.submit(other_token);
    BOOST_TEST(is_in_flight(other));

    BOOST_TEST((all.wait() == 250ms));
    all.after(249ms);
    BOOST_TEST(is_queued(same));
    // The first to ask is the first to go on.
    all.accept(other);
    all.after(1ms);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(same));
    all.accept(first);
    BOOST_TEST(is_in_flight(same));
}

BOOST_AUTO_TEST_CASE(the_connection_of_a_429_serves_others_at_once)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    fake_connection& where = all.open();
    fake_call& same = all.submit();
    fake_call& other = all.submit(other_token);
    all.slow_down(first);
    BOOST_TEST(all.on(other) == &where);
    BOOST_TEST(is_queued(same));
}

BOOST_AUTO_TEST_CASE(the_delay_doubles_from_one_attempt_to_the_next)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.slow_down(call);
    BOOST_TEST((all.wait() == 250ms));
    all.after(all.wait());
    all.slow_down(call);
    BOOST_TEST((all.wait() == 500ms));
    all.after(all.wait());
    all.slow_down(call);
    BOOST_TEST((all.wait() == 1s));
    all.after(all.wait());
    BOOST_TEST(call.attempts() == 4U);
    // That was the last.
    all.slow_down(call);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(retry_after_is_honoured)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.slow_down(call, 7s);
    BOOST_TEST((all.wait() == 7s));
    all.after(7s);
    // A shorter one than the own delay changes nothing.
    all.slow_down(call, 1ms);
    BOOST_TEST((all.wait() == 500ms));
}

BOOST_AUTO_TEST_CASE(retry_after_is_honoured_up_to_a_minute)
{
    rig all;
    fake_call& call = all.submit(within(all, 10min));
    all.open();
    all.slow_down(call, 24h);
    BOOST_TEST((all.wait() == 60s));
}

BOOST_AUTO_TEST_CASE(a_call_that_cannot_outlast_its_pause_ends_at_once)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.slow_down(call, 60s);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(an_answer_that_was_replaced_by_one_that_says_nothing_does_not_count)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.slow_down(call, 1s);
    all.after(1s);
    all.fail(call, {.error = errc::write_failed, .replaced_answer = true});
    all.cancel(call);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(others_that_cannot_outlast_the_pause_end_at_once)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    all.open();
    fake_call& hasty = all.submit(within(all, 5s));
    fake_call& patient = all.submit();
    all.slow_down(first, 5s);
    BOOST_TEST(ended(hasty, errc::timed_out_before_sent));
    BOOST_TEST(hasty.outlasted);
    BOOST_TEST(is_queued(patient));
    // Likewise one that comes later.
    fake_call& late = all.submit(within(all, 5s));
    BOOST_TEST(ended(late, errc::timed_out_before_sent));
    BOOST_TEST(late.outlasted);
    BOOST_TEST(is_queued(all.submit(within(all, 6s))));
}

BOOST_AUTO_TEST_CASE(one_that_pauses_already_and_cannot_outlast_a_longer_pause_ends_at_once)
{
    rig all;
    fake_call& first = all.submit(within(all, 10s));
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.slow_down(first);
    BOOST_TEST(is_pausing(first));
    all.slow_down(second, 20s);
    BOOST_TEST(ended_as_answered(first));
    BOOST_TEST(is_pausing(second));
}

BOOST_AUTO_TEST_CASE(one_that_fails_during_a_pause_that_it_cannot_outlast_ends_at_once)
{
    struct row {
        bool answered;
        void (*happens)(rig&, fake_call&);
    };
    row const rows[] = {
        {true, [](rig& all, fake_call& call) { all.slow_down(call); }},
        {true, [](rig& all, fake_call& call) { all.maintain(call); }},
        {false, [](rig& all, fake_call& call) { all.fail_write(call); }},
        {false, [](rig& all, fake_call& call) { all.find_stale(call); }},
    };
    for (bool const kept : {false, true}) {
        for (row const& each : rows) {
            rig all;
            fake_call& before = all.submit();
            all.open();
            if (kept) {
                all.accept(before);
            }
            fake_call& hasty = all.submit(within(all, 10s));
            fake_call& other = all.submit();
            while (all.opening() != 0) {
                all.open();
            }
            all.slow_down(other, 20s);
            each.happens(all, hasty);
            BOOST_TEST(is_over(hasty));
            if (each.answered) {
                BOOST_TEST(ended_as_answered(hasty));
            } else {
                BOOST_TEST((hasty.error == errc::write_failed || hasty.error == errc::timed_out_before_sent));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_shorter_pause_does_not_end_a_longer_one)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.slow_down(first, 10s);
    all.slow_down(second, 1s);
    all.after(1s);
    BOOST_TEST(second.starts == 1U);
    all.after(9s);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(refused_for_now_is_worth_more_than_not_sent)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.maintain(call);
    all.after(all.wait());
    // Three more attempts, none of which gets anything written.
    all.fail_write(call);
    while (!is_over(call)) {
        if (all.opening() != 0) {
            all.open();
        }
        if (is_in_flight(call)) {
            all.fail_write(call);
        }
        if (!is_over(call) && all.opening() == 0) {
            all.after(all.wait());
        }
    }
    BOOST_TEST(call.attempts() == 4U);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(a_pause_that_is_over_gives_the_oldest_call_the_first_turn_even_if_the_tick_is_late)
{
    rig all;
    fake_call& first = all.submit(one_attempt);
    all.open();
    fake_call& other = all.submit(other_token);
    all.slow_down(first);
    BOOST_TEST(ended_as_answered(first));
    all.accept(other);
    fake_call& old = all.submit();
    BOOST_TEST(is_queued(old));
    all.now += 1s;
    fake_call& young = all.submit();
    BOOST_TEST(is_in_flight(old));
    BOOST_TEST(is_queued(young));
}

// ---------------------------------------------------------------------------------------------------------------------
// 503 with ErrorCode 100

BOOST_AUTO_TEST_CASE(maintenance_pauses_only_the_call_itself)
{
    rig all;
    fake_call& first = all.submit();
    all.open();
    all.maintain(first);
    BOOST_TEST(is_pausing(first));
    fake_call& second = all.submit();
    BOOST_TEST(is_in_flight(second));
    all.accept(second);
    all.after(all.wait());
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(maintenance_ends_as_answered_with_the_last_attempt)
{
    rig all;
    fake_call& call = all.submit([](auto& terms) { terms.retry.attempts = 2; });
    all.open();
    all.maintain(call);
    all.after(all.wait());
    all.maintain(call);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(refused_for_now_and_then_lost_is_unknown)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.maintain(call);
    all.after(all.wait());
    all.lose_reply(call);
    BOOST_TEST(ended(call, errc::connection_lost));
}

BOOST_AUTO_TEST_SUITE_END()
