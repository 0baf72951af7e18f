// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

BOOST_AUTO_TEST_SUITE(dispatch_queue)

BOOST_AUTO_TEST_CASE(first_in_first_out)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    fake_call& second = all.submit([](auto& terms) { terms.token = 7; });
    fake_call& third = all.submit();
    all.open();
    BOOST_TEST(is_in_flight(first));
    all.accept(first);
    BOOST_TEST(is_in_flight(second));
    all.accept(second);
    BOOST_TEST(is_in_flight(third));
}

BOOST_AUTO_TEST_CASE(first_in_first_out_whatever_the_token)
{
    rig all{one_connection};
    std::vector<fake_call*> submitted;
    for (std::uint64_t token : {5U, 3U, 9U, 3U, 5U, 7U, 9U}) {
        submitted.push_back(&all.submit([&](auto& terms) { terms.token = token; }));
    }
    all.open();
    for (fake_call* const each : submitted) {
        BOOST_TEST(is_in_flight(*each));
        all.accept(*each);
    }
}

BOOST_AUTO_TEST_CASE(calls_that_fail_together_keep_their_order)
{
    rig all{[](auto& values) { values.pool.max_connections = values.pool.max_handshakes = 2; }};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.maintain(second);
    all.maintain(first);
    fake_call& third = all.submit();
    fake_call& fourth = all.submit();
    all.after(all.wait());
    BOOST_TEST(is_queued(first));
    BOOST_TEST(is_queued(second));
    all.accept(third);
    BOOST_TEST(is_in_flight(first));
    all.accept(fourth);
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(a_submission_wakes_what_a_late_tick_did_not)
{
    rig all{two_connections};
    fake_call& first = all.submit();
    fake_connection& lost = all.open();
    all.fail_write(first);
    BOOST_TEST(lost.closed);
    BOOST_TEST(is_pausing(first));
    fake_call& second = all.submit();
    all.open();
    all.accept(second);
    // The first one needs a connection that was never used, the third one does not.
    all.now += all.wait();
    fake_call& third = all.submit();
    BOOST_TEST(is_in_flight(third));
    BOOST_TEST(is_queued(first));
    all.open();
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(ids_are_unique_and_calls_can_be_found_until_they_are_over)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    BOOST_TEST(first.id() != second.id());
    auto const place = first.place();
    BOOST_TEST(all.subject.find(place) == &first);
    all.cancel(first);
    BOOST_TEST(all.subject.find(place) == nullptr);
    BOOST_TEST(all.subject.find(second.place()) == &second);
}

BOOST_AUTO_TEST_CASE(the_number_of_calls_that_wait_is_limited)
{
    rig all{[](auto& values) {
        one_connection(values);
        values.limits.queued_requests = 2;
    }};
    fake_call& first = all.submit();
    all.open();
    all.submit();
    fake_call& cancelled = all.submit();
    BOOST_TEST(ended(all.submit(), errc::queue_full));
    BOOST_TEST(all.subject.waiting() == 2U);
    // Those in flight do not count, and a place that was left is free again.
    all.cancel(cancelled);
    BOOST_TEST(is_queued(all.submit()));
    all.accept(first);
    BOOST_TEST(is_queued(all.submit()));
    BOOST_TEST(ended(all.submit(), errc::queue_full));
}

BOOST_AUTO_TEST_CASE(their_bytes_are_limited)
{
    rig all{[](auto& values) {
        one_connection(values);
        values.limits.queued_bytes = 1000;
    }};
    auto const bytes = [](std::size_t count) { return [count](call_terms& terms) { terms.bytes = count; }; };
    all.submit();
    all.open();
    all.submit(bytes(600));
    BOOST_TEST(ended(all.submit(bytes(401)), errc::queue_full));
    BOOST_TEST(is_queued(all.submit(bytes(400))));
    BOOST_TEST(ended(all.submit(bytes(1)), errc::queue_full));
    BOOST_TEST(all.subject.waiting_bytes() == 1000U);
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_the_limit_may_wait_alone)
{
    rig all{[](auto& values) { values.limits.queued_bytes = 1000; }};
    auto const huge = [](call_terms& terms) { terms.bytes = 5000; };
    fake_call& first = all.submit(huge);
    BOOST_TEST(is_queued(first));
    BOOST_TEST(ended(all.submit(huge), errc::queue_full));
    all.open();
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(a_full_queue_does_not_refuse_what_need_not_wait)
{
    rig all{[](auto& values) { values.limits.queued_requests = 1; }};
    all.warm_up();
    fake_call& first = all.submit();
    all.slow_down(first);
    BOOST_TEST(all.subject.waiting() == 1U);
    BOOST_TEST(is_in_flight(all.submit(other_token)));
}

BOOST_AUTO_TEST_CASE(calls_that_limit_themselves_are_never_refused_but_counted)
{
    rig all{[](auto& values) { values.limits.queued_requests = 1; }};
    auto const chunk = [](call_terms& terms) {
        terms.part_of_accepted = true;
        terms.bytes = 10;
    };
    all.submit(chunk);
    BOOST_TEST(is_queued(all.submit(chunk)));
    BOOST_TEST(all.subject.waiting() == 2U);
    BOOST_TEST(all.subject.waiting_bytes() == 20U);
    BOOST_TEST(ended(all.submit(), errc::queue_full));
}

BOOST_AUTO_TEST_CASE(what_is_tried_again_is_never_refused)
{
    rig all{[](auto& values) {
        one_connection(values);
        values.limits.queued_requests = 1;
    }};
    fake_call& first = all.submit();
    all.open();
    fake_call& second = all.submit();
    all.maintain(first);
    BOOST_TEST(is_pausing(first));
    fake_call& third = all.submit();
    BOOST_TEST(ended(third, errc::queue_full));
    all.accept(second);
    all.after(all.wait());
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_call_that_waits)
{
    rig all;
    fake_call& call = all.submit();
    BOOST_TEST((all.wait() == 60s));
    all.after(60s - 1ms);
    BOOST_TEST(is_queued(call));
    all.after(1ms);
    BOOST_TEST(ended(call, errc::timed_out_before_sent));
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(the_earliest_deadline_is_the_next_tick)
{
    rig all;
    all.submit();
    fake_call& second = all.submit(within(all, 3s));
    BOOST_TEST((all.wait() == 3s));
    all.after(3s);
    BOOST_TEST(ended(second, errc::timed_out_before_sent));
    BOOST_TEST((all.wait() == 57s));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_over_already_ends_the_call_at_once)
{
    rig all;
    all.warm_up();
    BOOST_TEST(ended(all.submit(within(all, 0s)), errc::timed_out_before_sent));
}

BOOST_AUTO_TEST_CASE(a_deadline_aborts_a_call_in_flight_once)
{
    rig all;
    fake_call& call = all.submit();
    fake_connection& where = all.open();
    all.after(60s);
    BOOST_TEST(is_in_flight(call));
    BOOST_TEST(where.aborted == 1U);
    // It reports by itself, nobody need be woken for it.
    BOOST_TEST(all.sleeps());
    all.after(10s);
    all.lose_reply(call);
    BOOST_TEST(ended(call, errc::timed_out_in_flight));
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_call_that_pauses)
{
    rig all;
    fake_call& call = all.submit(within(all, 300ms));
    all.open();
    all.fail_write(call);
    BOOST_TEST(is_pausing(call));
    // The tick for the end of the pause comes late.
    all.after(300ms);
    BOOST_TEST(ended(call, errc::timed_out_before_sent));
}

BOOST_AUTO_TEST_CASE(a_call_whose_deadline_is_over_is_not_begun)
{
    // Ticks may be late, for example because the program was busy; then nothing is known to be sent, and it stays so.
    {
        rig all;
        fake_call& call = all.submit(within(all, 1s));
        all.now += 2s;
        all.open();
        BOOST_TEST(ended(call, errc::timed_out_before_sent));
        BOOST_TEST(all.idle() == 1U);
    }
    {
        rig all{one_connection};
        fake_call& first = all.submit();
        all.open();
        fake_call& second = all.submit(within(all, 1s));
        fake_call& third = all.submit();
        all.now += 2s;
        all.accept(first);
        BOOST_TEST(ended(second, errc::timed_out_before_sent));
        BOOST_TEST(is_in_flight(third));
    }
    {
        rig all;
        all.warm_up();
        fake_call& call = all.submit(within(all, 1s));
        fake_call& other = all.submit();
        all.open();
        all.accept(other);
        all.now += 2s;
        all.find_stale(call);
        BOOST_TEST(ended(call, errc::timed_out_before_sent));
    }
}

BOOST_AUTO_TEST_CASE(the_last_call_of_a_drain_may_be_over_before_its_connection_is_open)
{
    rig all;
    all.submit(within(all, 1s));
    all.drain();
    all.now += 2s;
    all.open();
    BOOST_TEST(all.drained == 1U);
    BOOST_TEST(all.subject.connections().empty());
}

BOOST_AUTO_TEST_CASE(cancelling_a_call_that_waits_ends_it)
{
    rig all;
    fake_call& call = all.submit();
    all.cancel(call, false);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
    all.cancel(call);
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(cancelling_in_flight_needs_to_be_allowed)
{
    rig all;
    fake_call& call = all.submit();
    fake_connection& where = all.open();
    all.cancel(call, false);
    BOOST_TEST(where.aborted == 0U);
    all.cancel(call, true);
    BOOST_TEST(where.aborted == 1U);
    all.cancel(call, true);
    BOOST_TEST(is_in_flight(call));
    all.lose_reply(call);
    BOOST_TEST(ended(call, errc::cancelled_in_flight));
    BOOST_TEST(where.closed);
}

BOOST_AUTO_TEST_CASE(cancelling_between_attempts_ends_a_call_that_sent_nothing_as_not_sent)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.fail_write(call);
    BOOST_TEST(is_pausing(call));
    all.cancel(call, false);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(cancelling_between_attempts_ends_a_call_that_was_refused_for_now_as_refused)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.maintain(call);
    BOOST_TEST(is_pausing(call));
    all.cancel(call);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(cancel_all_ends_everything)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_connection& where = all.open();
    all.cancel_all();
    BOOST_TEST(ended(second, errc::cancelled_before_sent));
    BOOST_TEST(where.aborted == 1U);
    all.fail_write(first);
    BOOST_TEST(ended(first, errc::cancelled_before_sent));
    // Later ones are welcome.
    all.submit();
    BOOST_TEST(all.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(bytes_decide_how_an_aborted_call_ended)
{
    struct row {
        errc before;
        errc after;
        void (*end)(rig&, fake_call&);
    };
    row const rows[] = {
        {errc::cancelled_before_sent, errc::cancelled_in_flight, [](rig& all, fake_call& call) { all.cancel(call); }},
        {errc::timed_out_before_sent, errc::timed_out_in_flight, [](rig& all, fake_call&) { all.after(60s); }},
        {errc::client_closed, errc::cancelled_in_flight, [](rig& all, fake_call&) { all.shutdown(); }},
    };
    for (row const& each : rows) {
        for (bool const written : {false, true}) {
            rig all;
            // Even if it might be repeated: the caller has had enough.
            fake_call& call = all.submit([](auto& terms) { terms.retry.at_least_once = true; });
            all.open();
            each.end(all, call);
            all.fail(call, {.error = errc::connection_lost, .written = written});
            BOOST_TEST(ended(call, written ? each.after : each.before));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_first_reason_to_abort_counts)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.cancel(call);
    all.after(60s);
    all.shutdown();
    all.lose_reply(call);
    BOOST_TEST(ended(call, errc::cancelled_in_flight));
}

BOOST_AUTO_TEST_CASE(an_aborted_call_that_was_never_begun_is_not_tried_again)
{
    rig all;
    all.warm_up();
    fake_call& call = all.submit();
    all.cancel(call);
    all.find_stale(call);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(a_complete_answer_wins_over_an_abort)
{
    for (auto const kind : {reply_status::kind::success, reply_status::kind::refused, reply_status::kind::retry_later,
                            reply_status::kind::unknown}) {
        rig all;
        fake_call& call = all.submit([](auto& terms) { terms.retry.at_least_once = true; });
        all.open();
        all.cancel(call);
        all.answer(call, {.what = kind});
        // As answered, and nothing is tried again.
        BOOST_TEST(ended_as_answered(call));
    }
}

BOOST_AUTO_TEST_CASE(a_late_abort_can_be_told_from_a_timely_one)
{
    rig all;
    fake_call& first = all.submit();
    fake_connection& where = all.open();
    all.cancel(first);
    BOOST_TEST(where.aborted == 1U);
    fake_call& second = all.submit();
    // The answer is there before the abort has reached the connection, which goes on with another call.
    all.accept(first);
    BOOST_TEST(all.on(second) == &where);
    BOOST_TEST(where.exchange() == 2U);
    BOOST_TEST(where.aborted != where.exchange());
    // Which has a clean start.
    all.lose_reply(second);
    BOOST_TEST(ended(second, errc::connection_lost));
}

BOOST_AUTO_TEST_SUITE_END()
