// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// Replies that are final, and requests that did not leave.

BOOST_AUTO_TEST_SUITE(scheduler_retry)

BOOST_AUTO_TEST_CASE(an_acceptance_and_a_refusal_are_final)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit(at_least_once);
    h.open();
    h.accept(first);
    h.refuse(second);
    BOOST_TEST(ended_as_replied(first));
    BOOST_TEST(ended_as_replied(second));
    BOOST_TEST(second.starts == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_kept_connection_that_fails_is_replaced_by_a_fresh_one_at_once, two_in_flight)
{
    h.accept(first);
    h.accept(second);
    fake_call& call = h.submit();
    h.fail_write(call);
    // Not on the other one that was kept: it is likely to be as dead.
    BOOST_TEST(is_queued(call));
    BOOST_TEST(h.idle() == 1U);
    BOOST_TEST(h.opening() == 1U);
    fake_connection& fresh = h.open();
    BOOST_TEST(h.connection_of(call) == &fresh);
    BOOST_TEST(call.attempts() == 2U);
}

BOOST_AUTO_TEST_CASE(it_keeps_its_place_in_the_queue)
{
    harness h{one_connection};
    fake_call& before = h.submit();
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.accept(before);
    BOOST_TEST(is_in_flight(first));
    h.fail_write(first);
    h.open();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(second));
}

BOOST_AUTO_TEST_CASE(a_fresh_connection_takes_the_place_of_an_idle_one)
{
    harness h{two_connections};
    fake_call& first = h.submit();
    fake_call& call = h.submit();
    h.open();
    fake_connection& fresh = h.open();
    // The first attempt fails on a new connection; while the call pauses, others fill the pool, and one connection is
    // idle again.
    h.fail_write(call);
    BOOST_TEST(fresh.closed);
    fake_call& second = h.submit();
    h.accept(first);
    BOOST_TEST(is_in_flight(second));
    fake_call& third = h.submit();
    h.open();
    h.accept(second);
    fake_connection& idle = *h.all().front();
    h.advance(h.time_to_tick());
    BOOST_TEST(is_queued(call));
    BOOST_TEST(idle.closed);
    BOOST_TEST(is_in_flight(third));
    h.open();
    BOOST_TEST(is_in_flight(call));
}

BOOST_AUTO_TEST_CASE(an_unused_connection_is_fresh_even_if_it_is_not_the_one_used_last)
{
    harness h{[](auto& values) { values.pool.max_connections = 3; }};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    fake_call& third = h.submit();
    h.open();
    fake_connection& kept = h.open();
    h.accept(first);
    BOOST_TEST(is_in_flight(third));
    // Opened for the third, which has found another.
    fake_connection& unused = h.open();
    BOOST_TEST(h.idle() == 1U);
    h.accept(second);
    BOOST_TEST(h.connection_of(third) == h.all()[0].get());
    h.fail_write(third);
    BOOST_TEST(h.connection_of(third) == &unused);
    BOOST_TEST((kept.state() == connection_state::idle));
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_call_that_needs_a_fresh_connection_gets_one_while_all_are_busy)
{
    harness h{[](auto& values) {
        values.pool.max_connections = 1;
        values.limits.queued_requests = 1000;
    }};
    fake_call& call = h.submit([](auto& policy) { policy.retry.first_delay = 2s; });
    fake_call* busy = &h.submit();
    h.open();
    // On a new connection: the call pauses, and the next one gets the place in the pool.
    h.fail_write(call);
    BOOST_TEST(is_pausing(call));
    h.advance(h.time_to_tick());
    h.open();
    BOOST_TEST(is_in_flight(*busy));
    fake_call* next = &h.submit();
    h.advance(h.time_to_tick());
    BOOST_TEST(is_queued(call));
    // There is always another call waiting, so that the connection never idles.
    for (int count = 0; count < 5 && !is_completed(call); ++count) {
        fake_call* const after_next = &h.submit();
        if (is_in_flight(*busy)) {
            h.accept(*busy);
        }
        if (h.opening() != 0) {
            h.open();
        }
        if (is_in_flight(call)) {
            h.accept(call);
        }
        busy = next;
        next = after_next;
    }
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(a_new_connection_that_fails_is_followed_by_a_pause)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.fail_write(call);
    BOOST_TEST(is_pausing(call));
    BOOST_TEST((h.time_to_tick() == 250ms));
    BOOST_TEST(h.opening() == 0U);
    h.advance(250ms);
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(call));
}

BOOST_AUTO_TEST_CASE(failed_writes_are_limited)
{
    harness h;
    fake_call& call = h.submit();
    for (int attempt = 0; attempt < 4; ++attempt) {
        BOOST_TEST(!is_completed(call));
        h.open();
        h.fail_write(call);
        if (!h.has_no_timer()) {
            h.advance(h.time_to_tick());
        }
    }
    BOOST_TEST(ended(call, errc::write_failed));
    BOOST_TEST(call.starts == 4U);
}

BOOST_AUTO_TEST_CASE(one_attempt_never_repeats)
{
    for (bool const kept : {false, true}) {
        harness h;
        if (kept) {
            h.warm_up();
        }
        fake_call& call = h.submit(one_attempt);
        if (!kept) {
            h.open();
        }
        h.fail_write(call);
        BOOST_TEST(ended(call, errc::write_failed));
    }
}

BOOST_AUTO_TEST_CASE(a_failed_write_without_time_for_another_ends)
{
    harness h;
    fake_call& call = h.submit(within(h, 250ms));
    h.open();
    h.fail_write(call);
    BOOST_TEST(ended(call, errc::write_failed));
}

BOOST_AUTO_TEST_CASE(a_cause_that_will_not_pass_is_not_tried_again)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.fail(call, {.error = errc::invalid_message});
    BOOST_TEST(ended(call, errc::invalid_message));
}

BOOST_AUTO_TEST_CASE(a_stale_connection_costs_no_attempt)
{
    harness h;
    fake_call& first = h.submit(one_attempt);
    fake_call& second = h.submit();
    h.open();
    h.open();
    h.accept(first);
    h.accept(second);
    fake_call& call = h.submit(one_attempt);
    h.find_stale(call);
    // On to the next that was kept; it is looked at before it is used, too.
    BOOST_TEST(is_in_flight(call));
    BOOST_TEST(call.attempts() == 1U);
    h.find_stale(call);
    BOOST_TEST(call.attempts() == 0U);
    BOOST_TEST(h.opening() == 1U);
    h.open();
    h.accept(call);
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(an_unused_connection_may_have_gone_stale_too)
{
    harness h;
    fake_call& first = h.submit();
    h.cancel(first);
    h.open();
    BOOST_TEST(h.idle() == 1U);
    fake_call& call = h.submit(one_attempt);
    h.find_stale(call);
    BOOST_TEST(is_queued(call));
    BOOST_TEST(call.attempts() == 0U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_dead_on_arrival_costs_an_attempt)
{
    // Else a server that accepts connections only to close them would be connected to as fast as possible.
    harness h;
    fake_call& call = h.submit();
    for (int attempt = 0; attempt < 4; ++attempt) {
        h.open();
        h.find_stale(call);
        if (attempt < 3) {
            BOOST_TEST_REQUIRE(is_pausing(call));
            BOOST_TEST(h.opening() == 0U);
            h.advance(h.time_to_tick());
        }
    }
    BOOST_TEST(ended(call, errc::write_failed));
}

BOOST_AUTO_TEST_SUITE_END()
