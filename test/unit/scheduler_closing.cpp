// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

BOOST_AUTO_TEST_SUITE(dispatch_closing)

BOOST_AUTO_TEST_CASE(a_drain_without_work_is_over_at_once)
{
    rig all;
    all.warm_up();
    BOOST_TEST(!all.subject.closed());
    all.drain();
    BOOST_TEST(all.drained == 1U);
    BOOST_TEST(all.subject.closed());
    BOOST_TEST(all.subject.connections().empty());
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(a_drain_is_over_after_the_last_call)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_call& third = all.submit();
    all.open();
    all.drain();
    BOOST_TEST(all.drained == 0U);
    all.accept(first);
    all.accept(second);
    all.maintain(third);
    BOOST_TEST(all.drained == 0U);
    // Work that was accepted is tried again as ever.
    all.after(all.wait());
    all.accept(third);
    BOOST_TEST(ended_as_answered(third));
    BOOST_TEST(all.drained == 1U);
    BOOST_TEST(all.subject.connections().empty());
}

BOOST_AUTO_TEST_CASE(drained_comes_with_the_last_completion_and_the_last_close)
{
    rig all;
    fake_call& call = all.submit();
    fake_connection& where = all.open();
    all.drain();
    actions todo;
    all.subject.answered(where, {.what = reply_status::kind::success}, true, all.now, todo);
    BOOST_TEST_REQUIRE(todo.connections.size() == 1U);
    BOOST_TEST((todo.connections.front().what == action::kind::close));
    BOOST_TEST(todo.connections.front().where == &where);
    BOOST_TEST((&todo.ended.front() == &call));
    BOOST_TEST(todo.drained);
}

BOOST_AUTO_TEST_CASE(new_calls_are_refused_for_good)
{
    rig all;
    fake_call& first = all.submit();
    all.open();
    all.drain();
    BOOST_TEST(ended(all.submit(), errc::client_closed));
    BOOST_TEST(all.drained == 0U);
    all.accept(first);
    BOOST_TEST(all.drained == 1U);
    BOOST_TEST(ended(all.submit(), errc::client_closed));
    BOOST_TEST(all.drained == 1U);
}

BOOST_AUTO_TEST_CASE(a_drain_ends_with_a_call_that_is_cancelled)
{
    rig all;
    fake_call& waiting = all.submit();
    all.drain();
    all.cancel(waiting);
    BOOST_TEST(all.drained == 1U);
    // It was being opened for nobody.
    BOOST_TEST(all.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_drain_that_takes_too_long_is_ended_by_cancelling_the_rest)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.drain();
    all.cancel_all();
    BOOST_TEST(ended(second, errc::cancelled_before_sent));
    BOOST_TEST(all.drained == 0U);
    all.lose_reply(first);
    BOOST_TEST(ended(first, errc::cancelled_in_flight));
    BOOST_TEST(all.drained == 1U);
}

BOOST_AUTO_TEST_CASE(a_drain_ends_with_the_failure_of_the_last_connection)
{
    rig all;
    all.submit();
    all.submit();
    all.drain();
    all.fail_open(errc::certificate_refused);
    BOOST_TEST(all.drained == 1U);
    BOOST_TEST(all.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_second_drain_is_told_too)
{
    rig all;
    all.drain();
    all.drain();
    BOOST_TEST(all.drained == 2U);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_everything)
{
    rig all{two_connections};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_call& third = all.submit();
    fake_connection& one = all.open();
    all.open();
    all.accept(second, false);
    BOOST_TEST(is_queued(third));
    fake_call& fourth = all.submit();
    all.shutdown();
    BOOST_TEST(all.subject.closed());
    BOOST_TEST(one.aborted == 1U);
    BOOST_TEST(ended(third, errc::client_closed));
    BOOST_TEST(ended(fourth, errc::client_closed));
    BOOST_TEST(ended(all.submit(), errc::client_closed));
    all.lose_reply(first);
    BOOST_TEST(ended(first, errc::cancelled_in_flight));
    // Nothing is left that could keep the program alive.
    BOOST_TEST(all.subject.connections().empty());
    BOOST_TEST(all.drained == 0U);
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(a_shutdown_leaves_no_connection_even_if_an_answer_was_faster)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.shutdown();
    all.accept(call);
    BOOST_TEST(ended_as_answered(call));
    BOOST_TEST(all.subject.connections().empty());
}

BOOST_AUTO_TEST_CASE(a_shutdown_closes_what_idles)
{
    rig all;
    all.warm_up();
    all.shutdown();
    BOOST_TEST(all.subject.connections().empty());
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_a_drain)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.drain();
    all.shutdown();
    BOOST_TEST(all.drained == 0U);
    all.fail_write(call);
    BOOST_TEST(ended(call, errc::client_closed));
    BOOST_TEST(all.drained == 1U);
}

BOOST_AUTO_TEST_CASE(calls_may_outlive_the_dispatcher_that_they_wait_in)
{
    fake_call queued;
    fake_call pausing;
    queued.terms.deadline = pausing.terms.deadline = time_point{} + 2h;
    {
        auto const where = std::make_shared<fake_connection>();
        call_scheduler subject{{}, [&] { return where; }, [] { return 0.5; }};
        actions todo;
        time_point const now = time_point{} + 1h;
        subject.admit(pausing);
        subject.submit(pausing, now, todo);
        subject.opened(*where, now, todo);
        subject.answered(*where, {.what = reply_status::kind::retry_later, .pauses_token = true}, true, now, todo);
        subject.admit(queued);
        subject.submit(queued, now, todo);
        BOOST_TEST(is_queued(queued));
        BOOST_TEST(is_pausing(pausing));
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_opens_after_all_was_abandoned_concerns_nobody)
{
    rig all;
    all.submit();
    fake_connection& where = *all.all().front();
    std::vector<std::shared_ptr<connection>> connections;
    all.subject.abandon(connections).clear();
    actions todo;
    all.subject.opened(where, all.now, todo);
    all.subject.open_failed(where, errc::connect_failed, all.now, todo);
    BOOST_TEST(todo.empty());
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_the_rest_of_something_larger)
{
    rig all;
    auto const part = [](call_terms& terms) { terms.part_of_accepted = true; };
    BOOST_TEST(all.enter());
    fake_call& first = all.submit(part);
    all.open();
    all.drain();
    BOOST_TEST(!all.enter());
    all.accept(first);
    BOOST_TEST(all.drained == 0U);
    BOOST_TEST(ended(all.submit(), errc::client_closed));
    BOOST_TEST(all.drained == 0U);
    fake_call& second = all.submit(part);
    all.accept(second);
    BOOST_TEST(ended_as_answered(second));
    BOOST_TEST(all.drained == 0U);
    all.leave();
    BOOST_TEST(all.drained == 1U);
    BOOST_TEST(all.subject.connections().empty());
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_something_larger_too)
{
    rig all;
    BOOST_TEST(all.enter());
    all.shutdown();
    all.drain();
    BOOST_TEST(ended(all.submit([](auto& terms) { terms.part_of_accepted = true; }), errc::client_closed));
    BOOST_TEST(all.drained == 0U);
    all.leave();
    BOOST_TEST(all.drained == 1U);
}

BOOST_AUTO_TEST_CASE(leaving_is_nothing_special_without_a_drain)
{
    rig all;
    all.warm_up();
    BOOST_TEST(all.enter());
    all.leave();
    BOOST_TEST(all.idle() == 1U);
    BOOST_TEST(all.drained == 0U);
}

BOOST_AUTO_TEST_CASE(abandoned_calls_are_handed_out_and_forgotten)
{
    rig all{two_connections};
    fake_call& pausing = all.submit();
    fake_call& in_flight = all.submit();
    all.open();
    all.open();
    all.slow_down(pausing);
    fake_call& queued = all.submit();
    all.submit(other_token);
    fake_call& over = all.submit(within(all, 0s));

    std::vector<std::shared_ptr<connection>> connections;
    call_list abandoned = all.subject.abandon(connections);
    BOOST_TEST(connections.size() == 2U);
    std::vector<call*> taken;
    abandoned.clear_and_dispose([&](call* each) { taken.push_back(each); });
    BOOST_TEST(taken.size() == 4U);
    for (call* const each :
         {static_cast<call*>(&pausing), static_cast<call*>(&in_flight), static_cast<call*>(&queued)}) {
        BOOST_TEST(std::count(taken.begin(), taken.end(), each) == 1);
    }
    BOOST_TEST(std::count(taken.begin(), taken.end(), static_cast<call*>(&over)) == 0);
    BOOST_TEST(all.subject.outstanding() == 0U);
    BOOST_TEST(all.subject.waiting() == 0U);
    BOOST_TEST(all.subject.waiting_bytes() == 0U);
    BOOST_TEST(all.subject.connections().empty());
    BOOST_TEST(all.sleeps());

    // Nothing is taken any more, and nothing is left to do.
    BOOST_TEST((all.all()[0]->state() == connection_state::gone));
    BOOST_TEST(!all.subject.enter());
    fake_call late;
    late.terms.deadline = all.now + 1s;
    actions todo;
    all.subject.admit(late);
    all.subject.submit(late, all.now, todo);
    BOOST_TEST(is_over(late));
    todo = {};
    all.subject.tick(all.now + 1h, todo);
    BOOST_TEST(todo.empty());
}

BOOST_AUTO_TEST_SUITE_END()
