// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// Answers that are final, and requests that did not leave.

BOOST_AUTO_TEST_SUITE(dispatch_retry)

BOOST_AUTO_TEST_CASE(an_acceptance_and_a_refusal_are_final)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit(at_least_once);
    all.open();
    all.accept(first);
    all.refuse(second);
    BOOST_TEST(ended_as_answered(first));
    BOOST_TEST(ended_as_answered(second));
    BOOST_TEST(second.starts == 1U);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_fails_is_replaced_by_a_fresh_one_at_once)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.accept(first);
    all.accept(second);
    fake_call& call = all.submit();
    all.fail_write(call);
    // Not on the other one that was kept: it is likely to be as dead.
    BOOST_TEST(is_queued(call));
    BOOST_TEST(all.idle() == 1U);
    BOOST_TEST(all.opening() == 1U);
    fake_connection& fresh = all.open();
    BOOST_TEST(all.on(call) == &fresh);
    BOOST_TEST(call.attempts() == 2U);
}

BOOST_AUTO_TEST_CASE(it_keeps_its_place_in_the_queue)
{
    rig all{one_connection};
    fake_call& before = all.submit();
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.accept(before);
    BOOST_TEST(is_in_flight(first));
    all.fail_write(first);
    all.open();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(second));
}

BOOST_AUTO_TEST_CASE(a_fresh_connection_takes_the_place_of_an_idle_one)
{
    rig all{two_connections};
    fake_call& first = all.submit();
    fake_call& call = all.submit();
    all.open();
    fake_connection& fresh = all.open();
    // The first try fails on a new connection; while the call pauses, others fill the pool, and one of them idles
    // again.
    all.fail_write(call);
    BOOST_TEST(fresh.closed);
    fake_call& second = all.submit();
    all.open();
    all.accept(first);
    fake_connection& idle = *all.all().front();
    all.after(all.wait());
    BOOST_TEST(is_queued(call));
    BOOST_TEST(idle.closed);
    BOOST_TEST(is_in_flight(second));
    all.open();
    BOOST_TEST(is_in_flight(call));
}

BOOST_AUTO_TEST_CASE(an_unused_connection_is_fresh_even_if_it_is_not_the_one_used_last)
{
    rig all{[](auto& values) { values.pool.max_connections = 3; }};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_call& third = all.submit();
    all.open();
    fake_connection& kept = all.open();
    all.accept(first);
    BOOST_TEST(is_in_flight(third));
    // Opened for the third, which has found another.
    fake_connection& unused = all.open();
    BOOST_TEST(all.idle() == 1U);
    all.accept(second);
    BOOST_TEST(all.on(third) == all.all()[0].get());
    all.fail_write(third);
    BOOST_TEST(all.on(third) == &unused);
    BOOST_TEST((kept.state() == connection_state::idle));
    BOOST_TEST(all.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_call_that_needs_a_fresh_connection_gets_one_while_all_are_busy)
{
    rig all{[](auto& values) {
        values.pool.max_connections = 1;
        values.limits.queued_requests = 1000;
    }};
    fake_call& call = all.submit();
    fake_call* busy = &all.submit();
    all.open();
    // On a new connection: the call pauses, and the next one gets the place in the pool.
    all.fail_write(call);
    BOOST_TEST(is_pausing(call));
    all.open();
    BOOST_TEST(is_in_flight(*busy));
    fake_call* next = &all.submit();
    all.after(all.wait());
    BOOST_TEST(is_queued(call));
    // There is always another call waiting, so that the connection never idles.
    for (int count = 0; count < 5 && !is_over(call); ++count) {
        fake_call* const after_next = &all.submit();
        if (is_in_flight(*busy)) {
            all.accept(*busy);
        }
        if (all.opening() != 0) {
            all.open();
        }
        if (is_in_flight(call)) {
            all.accept(call);
        }
        busy = next;
        next = after_next;
    }
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(a_new_connection_that_fails_is_followed_by_a_pause)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.fail_write(call);
    BOOST_TEST(is_pausing(call));
    BOOST_TEST((all.wait() == 250ms));
    BOOST_TEST(all.opening() == 0U);
    all.after(250ms);
    BOOST_TEST(all.opening() == 1U);
    all.open();
    BOOST_TEST(is_in_flight(call));
}

BOOST_AUTO_TEST_CASE(failed_writes_are_limited)
{
    rig all;
    fake_call& call = all.submit();
    for (int attempt = 0; attempt < 4; ++attempt) {
        BOOST_TEST(!is_over(call));
        all.open();
        all.fail_write(call);
        if (!all.sleeps()) {
            all.after(all.wait());
        }
    }
    BOOST_TEST(ended(call, errc::write_failed));
    BOOST_TEST(call.starts == 4U);
}

BOOST_AUTO_TEST_CASE(one_attempt_never_repeats)
{
    for (bool const kept : {false, true}) {
        rig all;
        if (kept) {
            all.warm_up();
        }
        fake_call& call = all.submit(one_attempt);
        if (!kept) {
            all.open();
        }
        all.fail_write(call);
        BOOST_TEST(ended(call, errc::write_failed));
    }
}

BOOST_AUTO_TEST_CASE(a_failed_write_without_time_for_another_ends)
{
    rig all;
    fake_call& call = all.submit(within(all, 250ms));
    all.open();
    all.fail_write(call);
    BOOST_TEST(ended(call, errc::write_failed));
}

BOOST_AUTO_TEST_CASE(a_cause_that_will_not_pass_is_not_tried_again)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.fail(call, {.error = errc::invalid_message});
    BOOST_TEST(ended(call, errc::invalid_message));
}

BOOST_AUTO_TEST_CASE(a_stale_connection_costs_no_attempt)
{
    rig all;
    fake_call& first = all.submit(one_attempt);
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.accept(first);
    all.accept(second);
    fake_call& call = all.submit(one_attempt);
    all.find_stale(call);
    // On to the next that was kept; it is looked at before it is used, too.
    BOOST_TEST(is_in_flight(call));
    BOOST_TEST(call.attempts() == 1U);
    all.find_stale(call);
    BOOST_TEST(call.attempts() == 0U);
    BOOST_TEST(all.opening() == 1U);
    all.open();
    all.accept(call);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(an_unused_connection_may_have_gone_stale_too)
{
    rig all;
    fake_call& first = all.submit();
    all.cancel(first);
    all.open();
    BOOST_TEST(all.idle() == 1U);
    fake_call& call = all.submit(one_attempt);
    all.find_stale(call);
    BOOST_TEST(is_queued(call));
    BOOST_TEST(call.attempts() == 0U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_dead_on_arrival_costs_an_attempt)
{
    // Else a server that accepts connections only to close them would be connected to as fast as possible.
    rig all;
    fake_call& call = all.submit();
    for (int attempt = 0; attempt < 4; ++attempt) {
        all.open();
        all.find_stale(call);
        if (attempt < 3) {
            BOOST_TEST_REQUIRE(is_pausing(call));
            BOOST_TEST(all.opening() == 0U);
            all.after(all.wait());
        }
    }
    BOOST_TEST(ended(call, errc::write_failed));
}

BOOST_AUTO_TEST_SUITE_END()
