// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

BOOST_AUTO_TEST_SUITE(scheduler_queue)

BOOST_AUTO_TEST_CASE(first_in_first_out)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    fake_call& second = h.submit([](auto& policy) { policy.token_id = 7; });
    fake_call& third = h.submit();
    h.open();
    BOOST_TEST(is_in_flight(first));
    h.accept(first);
    BOOST_TEST(is_in_flight(second));
    h.accept(second);
    BOOST_TEST(is_in_flight(third));
}

BOOST_AUTO_TEST_CASE(first_in_first_out_whatever_the_token)
{
    harness h{one_connection};
    std::vector<fake_call*> submitted;
    for (std::uint64_t token : {5U, 3U, 9U, 3U, 5U, 7U, 9U}) {
        submitted.push_back(&h.submit([&](auto& policy) { policy.token_id = token; }));
    }
    h.open();
    for (fake_call* const member : submitted) {
        BOOST_TEST(is_in_flight(*member));
        h.accept(*member);
    }
}

BOOST_AUTO_TEST_CASE(calls_that_fail_together_keep_their_order)
{
    harness h{[](auto& values) { values.pool.max_connections = values.pool.max_handshakes = 2; }};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.open();
    h.reply_maintenance(second);
    h.reply_maintenance(first);
    fake_call& third = h.submit();
    fake_call& fourth = h.submit();
    h.advance(h.time_to_tick());
    BOOST_TEST(is_queued(first));
    BOOST_TEST(is_queued(second));
    h.accept(third);
    BOOST_TEST(is_in_flight(first));
    h.accept(fourth);
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(a_submission_wakes_what_a_late_tick_did_not)
{
    harness h{two_connections};
    h.warm_up();
    fake_call& second = h.submit();
    fake_call& first = h.submit();
    fake_connection& lost = h.open();
    h.fail_write(first);
    BOOST_TEST(lost.closed);
    BOOST_TEST(is_pausing(first));
    h.accept(second);
    // The first call needs a connection that was never used, the third one does not.
    h.now += h.time_to_tick();
    fake_call& third = h.submit();
    BOOST_TEST(is_in_flight(third));
    BOOST_TEST(is_queued(first));
    h.open();
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(ids_are_unique_and_calls_can_be_found_until_they_are_over)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    BOOST_TEST(first.id() != second.id());
    auto const key = first.key();
    BOOST_TEST(h.scheduler.find(key) == &first);
    h.cancel(first);
    BOOST_TEST(h.scheduler.find(key) == nullptr);
    BOOST_TEST(h.scheduler.find(second.key()) == &second);
}

BOOST_AUTO_TEST_CASE(the_number_of_calls_that_wait_is_limited)
{
    harness h{[](auto& values) {
        one_connection(values);
        values.limits.queued_requests = 2;
    }};
    fake_call& first = h.submit();
    h.open();
    h.submit();
    fake_call& cancelled = h.submit();
    BOOST_TEST(ended(h.submit(), errc::queue_full));
    BOOST_TEST(h.scheduler.waiting() == 2U);
    // Those in flight do not count, and a place that was left is free again.
    h.cancel(cancelled);
    BOOST_TEST(is_queued(h.submit()));
    h.accept(first);
    BOOST_TEST(is_queued(h.submit()));
    BOOST_TEST(ended(h.submit(), errc::queue_full));
}

BOOST_AUTO_TEST_CASE(their_bytes_are_limited)
{
    harness h{[](auto& values) {
        one_connection(values);
        values.limits.queued_bytes = 1000;
    }};
    auto const bytes = [](std::size_t count) { return [count](call_policy& policy) { policy.bytes = count; }; };
    h.submit();
    h.open();
    h.submit(bytes(600));
    BOOST_TEST(ended(h.submit(bytes(401)), errc::queue_full));
    BOOST_TEST(is_queued(h.submit(bytes(400))));
    BOOST_TEST(ended(h.submit(bytes(1)), errc::queue_full));
    BOOST_TEST(h.scheduler.waiting_bytes() == 1000U);
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_the_limit_may_wait_alone)
{
    harness h{[](auto& values) { values.limits.queued_bytes = 1000; }};
    auto const huge = [](call_policy& policy) { policy.bytes = 5000; };
    fake_call& first = h.submit(huge);
    BOOST_TEST(is_queued(first));
    BOOST_TEST(ended(h.submit(huge), errc::queue_full));
    h.open();
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(a_full_queue_does_not_refuse_what_need_not_wait)
{
    harness h{[](auto& values) { values.limits.queued_requests = 1; }};
    h.warm_up();
    fake_call& first = h.submit();
    h.reply_429(first);
    BOOST_TEST(h.scheduler.waiting() == 1U);
    BOOST_TEST(is_in_flight(h.submit(other_token)));
}

BOOST_AUTO_TEST_CASE(calls_that_limit_themselves_are_never_refused_but_counted)
{
    harness h{[](auto& values) { values.limits.queued_requests = 1; }};
    auto const chunk = [](call_policy& policy) {
        policy.part_of_accepted = true;
        policy.bytes = 10;
    };
    h.submit(chunk);
    BOOST_TEST(is_queued(h.submit(chunk)));
    BOOST_TEST(h.scheduler.waiting() == 2U);
    BOOST_TEST(h.scheduler.waiting_bytes() == 20U);
    BOOST_TEST(ended(h.submit(), errc::queue_full));
}

BOOST_AUTO_TEST_CASE(what_is_tried_again_is_never_refused)
{
    harness h{[](auto& values) {
        one_connection(values);
        values.limits.queued_requests = 1;
    }};
    fake_call& first = h.submit();
    h.open();
    fake_call& second = h.submit();
    h.reply_maintenance(first);
    BOOST_TEST(is_pausing(first));
    fake_call& third = h.submit();
    BOOST_TEST(ended(third, errc::queue_full));
    h.accept(second);
    h.advance(h.time_to_tick());
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_call_that_waits)
{
    harness h;
    fake_call& call = h.submit();
    BOOST_TEST((h.time_to_tick() == 60s));
    h.advance(60s - 1ms);
    BOOST_TEST(is_queued(call));
    h.advance(1ms);
    BOOST_TEST(ended(call, errc::timed_out_before_sent));
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(the_earliest_deadline_is_the_next_tick)
{
    harness h;
    h.submit();
    fake_call& second = h.submit(within(h, 3s));
    BOOST_TEST((h.time_to_tick() == 3s));
    h.advance(3s);
    BOOST_TEST(ended(second, errc::timed_out_before_sent));
    BOOST_TEST((h.time_to_tick() == 57s));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_over_already_ends_the_call_at_once)
{
    harness h;
    h.warm_up();
    BOOST_TEST(ended(h.submit(within(h, 0s)), errc::timed_out_before_sent));
}

BOOST_AUTO_TEST_CASE(a_deadline_aborts_a_call_in_flight_once)
{
    harness h;
    fake_call& call = h.submit();
    fake_connection& conn = h.open();
    h.advance(60s);
    BOOST_TEST(is_in_flight(call));
    BOOST_TEST(conn.aborted == 1U);
    // It reports by itself, nobody need be woken for it.
    BOOST_TEST(h.has_no_timer());
    h.advance(10s);
    h.lose_reply(call);
    BOOST_TEST(ended(call, errc::timed_out_in_flight));
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_call_that_pauses)
{
    harness h;
    fake_call& call = h.submit(within(h, 300ms));
    h.open();
    h.fail_write(call);
    BOOST_TEST(is_pausing(call));
    // The tick for the end of the pause comes late.
    h.advance(300ms);
    BOOST_TEST(ended(call, errc::timed_out_before_sent));
}

BOOST_AUTO_TEST_CASE(a_call_whose_deadline_is_over_is_not_begun)
{
    // Ticks may be late, for example because the program was busy; then nothing is known to be sent, and it stays so.
    {
        harness h;
        fake_call& call = h.submit(within(h, 1s));
        h.now += 2s;
        h.open();
        BOOST_TEST(ended(call, errc::timed_out_before_sent));
        BOOST_TEST(h.idle() == 1U);
    }
    {
        harness h{one_connection};
        fake_call& first = h.submit();
        h.open();
        fake_call& second = h.submit(within(h, 1s));
        fake_call& third = h.submit();
        h.now += 2s;
        h.accept(first);
        BOOST_TEST(ended(second, errc::timed_out_before_sent));
        BOOST_TEST(is_in_flight(third));
    }
    {
        harness h;
        h.warm_up();
        fake_call& call = h.submit(within(h, 1s));
        fake_call& other = h.submit();
        h.open();
        h.accept(other);
        h.now += 2s;
        h.find_stale(call);
        BOOST_TEST(ended(call, errc::timed_out_before_sent));
    }
}

BOOST_AUTO_TEST_CASE(the_last_call_of_a_drain_may_be_over_before_its_connection_is_open)
{
    harness h;
    h.submit(within(h, 1s));
    h.drain();
    h.now += 2s;
    h.open();
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(h.scheduler.connections().empty());
}

BOOST_AUTO_TEST_CASE(cancelling_a_call_that_waits_ends_it)
{
    harness h;
    fake_call& call = h.submit();
    h.cancel(call, false);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
    h.cancel(call);
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(cancelling_in_flight_needs_to_be_allowed)
{
    harness h;
    fake_call& call = h.submit();
    fake_connection& conn = h.open();
    h.cancel(call, false);
    BOOST_TEST(conn.aborted == 0U);
    h.cancel(call, true);
    BOOST_TEST(conn.aborted == 1U);
    h.cancel(call, true);
    BOOST_TEST(is_in_flight(call));
    h.lose_reply(call);
    BOOST_TEST(ended(call, errc::cancelled_in_flight));
    BOOST_TEST(conn.closed);
}

BOOST_AUTO_TEST_CASE(cancelling_between_attempts_ends_a_call_that_sent_nothing_as_not_sent)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.fail_write(call);
    BOOST_TEST(is_pausing(call));
    h.cancel(call, false);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(cancelling_between_attempts_ends_a_call_that_was_refused_for_now_as_refused)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_maintenance(call);
    BOOST_TEST(is_pausing(call));
    h.cancel(call);
    BOOST_TEST(ended_as_replied(call));
}

BOOST_AUTO_TEST_CASE(cancel_all_ends_everything)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    fake_connection& conn = h.open();
    h.cancel_all();
    BOOST_TEST(ended(second, errc::cancelled_before_sent));
    BOOST_TEST(conn.aborted == 1U);
    h.fail_write(first);
    BOOST_TEST(ended(first, errc::cancelled_before_sent));
    // Later ones are welcome.
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(bytes_decide_how_an_aborted_call_ended)
{
    struct row {
        errc before;
        errc after;
        void (*end)(harness&, fake_call&);
    };
    row const rows[] = {
        {errc::cancelled_before_sent, errc::cancelled_in_flight, [](harness& h, fake_call& call) { h.cancel(call); }},
        {errc::timed_out_before_sent, errc::timed_out_in_flight, [](harness& h, fake_call&) { h.advance(60s); }},
        {errc::client_closed, errc::cancelled_in_flight, [](harness& h, fake_call&) { h.shutdown(); }},
    };
    for (row const& entry : rows) {
        for (bool const written : {false, true}) {
            harness h;
            // Even if it might be repeated: the caller has had enough.
            fake_call& call = h.submit([](auto& policy) { policy.retry.at_least_once = true; });
            h.open();
            entry.end(h, call);
            h.fail(call, {.error = errc::connection_lost, .written = written});
            BOOST_TEST(ended(call, written ? entry.after : entry.before));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_first_reason_to_abort_counts)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.cancel(call);
    h.advance(60s);
    h.shutdown();
    h.lose_reply(call);
    BOOST_TEST(ended(call, errc::cancelled_in_flight));
}

BOOST_AUTO_TEST_CASE(an_aborted_call_that_was_never_begun_is_not_tried_again)
{
    harness h;
    h.warm_up();
    fake_call& call = h.submit();
    h.cancel(call);
    h.find_stale(call);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(a_complete_reply_wins_over_an_abort)
{
    for (auto const kind : {reply_kind::success, reply_kind::refused, reply_kind::retry_later, reply_kind::unknown}) {
        harness h;
        fake_call& call = h.submit([](auto& policy) { policy.retry.at_least_once = true; });
        h.open();
        h.cancel(call);
        h.reply(call, {.kind = kind});
        // As the reply says, and nothing is tried again.
        BOOST_TEST(ended_as_replied(call));
    }
}

BOOST_AUTO_TEST_CASE(an_aborted_connection_is_not_used_again_even_if_the_reply_was_faster)
{
    // The abort may not be executed yet: it must not meet the next exchange.
    harness h;
    fake_call& first = h.submit();
    fake_connection& conn = h.open();
    h.cancel(first);
    BOOST_TEST(conn.aborted == 1U);
    fake_call& second = h.submit();
    h.accept(first);
    BOOST_TEST(ended_as_replied(first));
    BOOST_TEST(conn.closed);
    BOOST_TEST(is_queued(second));
    h.open();
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_SUITE_END()
