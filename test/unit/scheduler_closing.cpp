// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

BOOST_AUTO_TEST_SUITE(scheduler_closing)

BOOST_AUTO_TEST_CASE(a_drain_without_work_is_over_at_once)
{
    harness h;
    h.warm_up();
    BOOST_TEST(!h.scheduler.closed());
    h.drain();
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(h.scheduler.closed());
    BOOST_TEST(h.scheduler.connections().empty());
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(a_drain_is_over_after_the_last_call)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    fake_call& third = h.submit();
    h.open();
    h.drain();
    BOOST_TEST(!h.scheduler.drained());
    h.accept(first);
    h.accept(second);
    h.reply_maintenance(third);
    BOOST_TEST(!h.scheduler.drained());
    // Work that was accepted is tried again as ever.
    h.advance(h.time_to_tick());
    h.accept(third);
    BOOST_TEST(ended_as_replied(third));
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(h.scheduler.connections().empty());
}

BOOST_AUTO_TEST_CASE(drained_comes_with_the_last_completion_and_the_last_close)
{
    harness h;
    fake_call& call = h.submit();
    fake_connection& conn = h.open();
    h.drain();
    actions out;
    h.scheduler.replied(conn, {.kind = reply_kind::success}, {}, h.now, out);
    BOOST_TEST_REQUIRE(out.has_action());
    action const next = out.next_action();
    BOOST_TEST((next.kind == action_kind::close));
    BOOST_TEST(next.conn == &conn);
    BOOST_TEST(!out.has_action());
    BOOST_TEST((&out.ended.front() == &call));
    out.ended.clear();
    BOOST_TEST(h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(new_calls_are_refused_for_good)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.drain();
    BOOST_TEST(ended(h.submit(), errc::client_closed));
    BOOST_TEST(!h.scheduler.drained());
    h.accept(first);
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(ended(h.submit(), errc::client_closed));
    BOOST_TEST(h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(a_drain_ends_with_a_call_that_is_cancelled)
{
    harness h;
    fake_call& waiting = h.submit();
    h.drain();
    h.cancel(waiting);
    BOOST_TEST(h.scheduler.drained());
    // It was being opened for nobody.
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_drain_that_takes_too_long_is_ended_by_cancelling_the_rest)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.drain();
    h.cancel_all();
    BOOST_TEST(ended(second, errc::cancelled_before_sent));
    BOOST_TEST(!h.scheduler.drained());
    h.lose_reply(first);
    BOOST_TEST(ended(first, errc::cancelled_in_flight));
    BOOST_TEST(h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(a_drain_ends_with_the_failure_of_the_last_connection)
{
    harness h;
    h.submit();
    h.submit();
    h.drain();
    h.fail_open(errc::certificate_refused);
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_second_drain_is_told_too)
{
    harness h;
    h.drain();
    h.drain();
    BOOST_TEST(h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_everything)
{
    harness h{two_connections};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    fake_call& third = h.submit();
    fake_connection& one = h.open();
    h.open();
    h.accept(second, false);
    BOOST_TEST(is_queued(third));
    fake_call& fourth = h.submit();
    h.shutdown();
    BOOST_TEST(h.scheduler.closed());
    BOOST_TEST(one.aborted == 1U);
    BOOST_TEST(ended(third, errc::client_closed));
    BOOST_TEST(ended(fourth, errc::client_closed));
    BOOST_TEST(ended(h.submit(), errc::client_closed));
    h.lose_reply(first);
    BOOST_TEST(ended(first, errc::cancelled_in_flight));
    // Nothing is left that could keep the program alive.
    BOOST_TEST(h.scheduler.connections().empty());
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(a_shutdown_leaves_no_connection_even_if_a_reply_was_faster)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.shutdown();
    h.accept(call);
    BOOST_TEST(ended_as_replied(call));
    BOOST_TEST(h.scheduler.connections().empty());
}

BOOST_AUTO_TEST_CASE(a_shutdown_closes_what_idles)
{
    harness h;
    h.warm_up();
    h.shutdown();
    BOOST_TEST(h.scheduler.connections().empty());
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_a_drain)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.drain();
    h.shutdown();
    BOOST_TEST(!h.scheduler.drained());
    h.fail_write(call);
    BOOST_TEST(ended(call, errc::client_closed));
    BOOST_TEST(h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(calls_may_outlive_the_scheduler_that_they_wait_in)
{
    fake_call queued;
    fake_call pausing;
    queued.policy.deadline = pausing.policy.deadline = time_point{} + 2h;
    {
        auto const conn = std::make_shared<fake_connection>();
        call_scheduler scheduler{{}, [&] { return conn; }, [] { return 0.5; }};
        actions out;
        time_point const now = time_point{} + 1h;
        scheduler.register_call(pausing);
        scheduler.submit(pausing, now, out);
        scheduler.opened(*conn, now, out);
        scheduler.replied(*conn, {.kind = reply_kind::retry_later, .pauses_token = true}, {}, now, out);
        scheduler.register_call(queued);
        scheduler.submit(queued, now, out);
        BOOST_TEST(is_queued(queued));
        BOOST_TEST(is_pausing(pausing));
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_opens_after_all_was_abandoned_concerns_nobody)
{
    harness h;
    h.submit();
    fake_connection& conn = *h.all().front();
    std::vector<std::shared_ptr<connection>> connections;
    h.scheduler.abandon(connections).clear();
    actions out;
    h.scheduler.opened(conn, h.now, out);
    h.scheduler.open_failed(conn, {}, h.now, out);
    BOOST_TEST(out.empty());
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_the_rest_of_something_larger)
{
    harness h;
    auto const part = [](call_policy& policy) { policy.part_of_accepted = true; };
    BOOST_TEST(h.add_work());
    fake_call& first = h.submit(part);
    h.open();
    h.drain();
    BOOST_TEST(!h.add_work());
    h.accept(first);
    BOOST_TEST(!h.scheduler.drained());
    BOOST_TEST(ended(h.submit(), errc::client_closed));
    BOOST_TEST(!h.scheduler.drained());
    fake_call& second = h.submit(part);
    h.accept(second);
    BOOST_TEST(ended_as_replied(second));
    BOOST_TEST(!h.scheduler.drained());
    h.remove_work();
    BOOST_TEST(h.scheduler.drained());
    BOOST_TEST(h.scheduler.connections().empty());
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_something_larger_too)
{
    harness h;
    BOOST_TEST(h.add_work());
    h.shutdown();
    h.drain();
    BOOST_TEST(ended(h.submit([](auto& policy) { policy.part_of_accepted = true; }), errc::client_closed));
    BOOST_TEST(!h.scheduler.drained());
    h.remove_work();
    BOOST_TEST(h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(leaving_is_nothing_special_without_a_drain)
{
    harness h;
    h.warm_up();
    BOOST_TEST(h.add_work());
    h.remove_work();
    BOOST_TEST(h.idle() == 1U);
    BOOST_TEST(!h.scheduler.drained());
}

BOOST_AUTO_TEST_CASE(abandoned_calls_are_handed_out_and_forgotten)
{
    harness h{two_connections};
    fake_call& pausing = h.submit();
    fake_call& in_flight = h.submit();
    h.open();
    h.open();
    h.reply_429(pausing);
    fake_call& queued = h.submit();
    h.submit(other_token);
    fake_call& over = h.submit(within(h, 0s));

    std::vector<std::shared_ptr<connection>> connections;
    call_list abandoned = h.scheduler.abandon(connections);
    BOOST_TEST(connections.size() == 2U);
    std::vector<call*> taken;
    abandoned.clear_and_dispose([&](call* member) { taken.push_back(member); });
    BOOST_TEST(taken.size() == 4U);
    for (call* const member :
         {static_cast<call*>(&pausing), static_cast<call*>(&in_flight), static_cast<call*>(&queued)}) {
        BOOST_TEST(std::count(taken.begin(), taken.end(), member) == 1);
    }
    BOOST_TEST(std::count(taken.begin(), taken.end(), static_cast<call*>(&over)) == 0);
    BOOST_TEST(h.scheduler.outstanding() == 0U);
    BOOST_TEST(h.scheduler.waiting() == 0U);
    BOOST_TEST(h.scheduler.waiting_bytes() == 0U);
    BOOST_TEST(h.scheduler.connections().empty());
    BOOST_TEST(h.has_no_timer());

    // Nothing is taken any more, and nothing is left to do.
    BOOST_TEST((h.all()[0]->state() == connection_state::gone));
    BOOST_TEST(!h.scheduler.add_work());
    fake_call late;
    late.policy.deadline = h.now + 1s;
    actions out;
    h.scheduler.register_call(late);
    h.scheduler.submit(late, h.now, out);
    BOOST_TEST(is_completed(late));
    out.ended.clear();
    h.scheduler.tick(h.now + 1h, out);
    BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(the_child_of_a_fork_has_neither_the_calls_nor_the_work_of_its_parent)
{
    for (bool const draining : {false, true}) {
        harness h;
        h.warm_up();
        BOOST_TEST(h.add_work());
        fake_call& in_flight = h.submit();
        fake_call& waiting = h.submit();
        if (draining) {
            h.drain();
        }
        h.restart_after_fork();
        BOOST_TEST(ended(in_flight, errc::client_closed));
        BOOST_TEST(ended(waiting, errc::client_closed));
        BOOST_TEST(h.scheduler.outstanding() == 0U);
        BOOST_TEST(h.scheduler.connections().empty());
        BOOST_TEST(h.scheduler.drained() == draining);
        if (!draining) {
            fake_call& own = h.submit();
            h.open();
            h.accept(own);
            BOOST_TEST(ended_as_replied(own));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
