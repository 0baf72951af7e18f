// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

BOOST_AUTO_TEST_SUITE(dispatch_pool)

BOOST_AUTO_TEST_CASE(a_connection_that_there_is_no_memory_for_is_tried_again)
{
    fake_call call;
    call.terms.deadline = time_point{} + 2h;
    unsigned made = 0;
    call_scheduler subject{{},
                           [&]() -> std::shared_ptr<connection> {
                               if (++made == 1) {
                                   throw std::bad_alloc{};
                               }
                               return std::make_shared<fake_connection>();
                           },
                           [] { return 0.5; }};
    actions todo;
    time_point const now = time_point{} + 1h;
    subject.admit(call);
    subject.submit(call, now, todo);
    BOOST_TEST(todo.empty());
    BOOST_TEST(is_queued(call));
    time_point const again = subject.next_tick();
    BOOST_TEST((again > now));
    BOOST_TEST((again < call.terms.deadline));
    subject.tick(again, todo);
    BOOST_TEST_REQUIRE(todo.connections.size() == 1U);
    BOOST_TEST((todo.connections.front().what == action::kind::open));
}

BOOST_AUTO_TEST_CASE(nothing_is_opened_before_there_is_work)
{
    rig all;
    all.tick();
    BOOST_TEST(all.made() == 0U);
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(a_call_opens_a_connection_and_goes_on_it)
{
    rig all;
    fake_call& first = all.submit();
    BOOST_TEST(all.opening() == 1U);
    BOOST_TEST(is_queued(first));
    fake_connection& where = all.open();
    BOOST_TEST(all.on(first) == &where);
    all.accept(first);
    BOOST_TEST(ended_as_answered(first));
    BOOST_TEST(all.idle() == 1U);
    // Nothing is left to wait for, so the program may end.
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(no_more_handshakes_than_allowed_and_than_calls_that_wait)
{
    rig all;
    all.submit();
    BOOST_TEST(all.opening() == 1U);
    all.submit();
    BOOST_TEST(all.opening() == 2U);
    all.submit();
    BOOST_TEST(all.opening() == 2U);
    all.open();
    BOOST_TEST(all.opening() == 2U);
    all.open();
    BOOST_TEST(all.opening() == 1U);
    all.open();
    BOOST_TEST(all.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(grows_to_the_most_connections_and_no_further)
{
    rig all;
    for (int count = 0; count < 20; ++count) {
        all.submit();
    }
    while (all.opening() != 0) {
        all.open();
    }
    BOOST_TEST(all.made() == 8U);
    BOOST_TEST(all.count(connection_state::busy) == 8U);
    BOOST_TEST(all.subject.waiting() == 12U);
}

BOOST_AUTO_TEST_CASE(a_free_connection_serves_the_call_that_another_was_opened_for)
{
    rig all;
    fake_call& first = all.submit();
    fake_connection& old = all.open();
    fake_call& second = all.submit();
    BOOST_TEST(all.opening() == 1U);
    all.accept(first);
    BOOST_TEST(all.on(second) == &old);
    all.open();
    BOOST_TEST(all.idle() == 1U);
}

BOOST_AUTO_TEST_CASE(the_connection_used_last_is_used_first)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_connection& one = all.open();
    fake_connection& two = all.open();
    all.accept(second);
    all.accept(first);
    BOOST_TEST(all.on(all.submit()) == &one);
    BOOST_TEST(all.on(all.submit()) == &two);
    BOOST_TEST(all.made() == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_idled_for_too_long_is_replaced)
{
    rig all;
    all.warm_up();
    all.after(30s);
    fake_call& in_time = all.submit();
    BOOST_TEST(is_in_flight(in_time));
    all.accept(in_time);

    all.now += 30s + 1ms;
    fake_call& late = all.submit();
    BOOST_TEST(is_queued(late));
    BOOST_TEST(all.all().front()->closed);
    BOOST_TEST(all.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(those_that_nobody_needs_any_more_go_while_others_work)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_connection& one = all.open();
    fake_connection& two = all.open();
    all.accept(first);
    all.now += 31s;
    all.accept(second);
    BOOST_TEST(one.closed);
    BOOST_TEST(!two.closed);
}

BOOST_AUTO_TEST_CASE(an_old_connection_is_not_used_again)
{
    rig all{[](auto& values) { values.pool.idle_limit = 1h; }};
    all.warm_up();
    all.now += 5min - 1ms;
    fake_call& in_time = all.submit();
    BOOST_TEST(is_in_flight(in_time));
    all.now += 1ms;
    all.accept(in_time);
    // It was in use when its time came, and goes once it is free.
    BOOST_TEST(ended_as_answered(in_time));
    BOOST_TEST(all.all().front()->closed);
}

BOOST_AUTO_TEST_CASE(an_old_connection_is_not_taken_from_the_idle_ones)
{
    rig all{[](auto& values) { values.pool.idle_limit = 1h; }};
    all.warm_up();
    all.now += 5min;
    BOOST_TEST(is_queued(all.submit()));
    BOOST_TEST(all.all().front()->closed);
}

BOOST_AUTO_TEST_CASE(the_age_limit_varies_by_a_tenth)
{
    for (auto const& [random, limit] : {std::pair{0.0, 270'000ms}, std::pair{1.0, 330'000ms}}) {
        rig all{[](auto& values) { values.pool.idle_limit = 1h; }};
        all.random = random;
        all.warm_up();
        all.now += limit - 1ms;
        fake_call& in_time = all.submit();
        BOOST_TEST(is_in_flight(in_time));
        all.accept(in_time);
        all.now += 2ms;
        BOOST_TEST(is_queued(all.submit()));
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_cannot_be_used_again_is_closed)
{
    rig all;
    fake_call& first = all.submit();
    fake_connection& where = all.open();
    all.accept(first, false);
    BOOST_TEST(ended_as_answered(first));
    BOOST_TEST(where.closed);
    BOOST_TEST(all.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(one_that_goes_is_replaced_when_calls_wait)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.accept(first, false);
    BOOST_TEST(is_queued(second));
    all.open();
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(a_failure_to_open_is_followed_by_a_pause_and_one_attempt_at_a_time)
{
    rig all;
    all.submit();
    all.submit();
    all.submit();
    BOOST_TEST(all.opening() == 2U);
    all.fail_open();
    BOOST_TEST(all.opening() == 1U);
    all.fail_open();
    BOOST_TEST(all.opening() == 0U);
    // The bound of the second delay is 1 s.
    BOOST_TEST((all.wait() == 500ms));
    all.after(499ms);
    BOOST_TEST(all.opening() == 0U);
    all.after(1ms);
    BOOST_TEST(all.opening() == 1U);
    all.submit();
    BOOST_TEST(all.opening() == 1U);
    // The service is there: back to normal.
    all.open();
    BOOST_TEST(all.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(a_call_that_comes_during_the_pause_waits_for_its_end)
{
    rig all;
    fake_call& first = all.submit();
    all.fail_open();
    all.cancel(first);
    BOOST_TEST(all.sleeps());
    all.submit();
    BOOST_TEST(all.opening() == 0U);
    BOOST_TEST((all.wait() == 250ms));
    all.after(250ms);
    BOOST_TEST(all.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(waiting_calls_end_after_as_many_failures_in_a_row_as_they_have_attempts)
{
    rig all;
    fake_call& patient = all.submit();
    fake_call& impatient = all.submit([](auto& terms) { terms.retry.attempts = 2; });
    all.fail_open(errc::resolve_failed);
    BOOST_TEST(!is_over(impatient));
    all.fail_open(errc::handshake_failed);
    BOOST_TEST(ended(impatient, errc::handshake_failed));
    all.after(all.wait());
    fake_call& late = all.submit();
    all.fail_open();
    BOOST_TEST(!is_over(patient));
    all.after(all.wait());
    all.fail_open(errc::connect_failed);
    BOOST_TEST(ended(patient, errc::connect_failed));
    // It has seen two failures only.
    BOOST_TEST(!is_over(late));
    all.after(all.wait());
    all.fail_open();
    all.after(all.wait());
    all.fail_open();
    BOOST_TEST(ended(late, errc::connect_failed));
    BOOST_TEST(all.sleeps());
}

BOOST_AUTO_TEST_CASE(a_connection_that_opens_forgives_earlier_failures)
{
    rig all{one_connection};
    fake_call& first = all.submit();
    for (int failures = 0; failures < 3; ++failures) {
        all.fail_open();
        all.after(all.wait());
    }
    all.open();
    fake_call& second = all.submit();
    all.accept(first, false);
    for (int failures = 0; failures < 3; ++failures) {
        BOOST_TEST(is_queued(second));
        all.fail_open();
        BOOST_TEST((all.wait() == 250ms * (1 << failures)));
        all.after(all.wait());
    }
    BOOST_TEST(is_queued(second));
    all.fail_open();
    BOOST_TEST(ended(second, errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_ends_everything_that_waits_at_once)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit(other_token);
    all.fail_open(errc::certificate_refused);
    BOOST_TEST(ended(first, errc::certificate_refused));
    BOOST_TEST(ended(second, errc::certificate_refused));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_ends_nothing_while_a_connection_works)
{
    rig all;
    fake_call& working = all.submit();
    all.open();
    fake_call& waiting = all.submit();
    all.fail_open(errc::certificate_refused);
    BOOST_TEST(is_queued(waiting));
    all.accept(working);
    BOOST_TEST(is_in_flight(waiting));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_ends_nothing_while_a_connection_idles)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.accept(first);
    all.accept(second);
    // It must not use the one that idles, which nevertheless shows that the service can be reached.
    fake_call& waiting = all.submit();
    all.fail_write(waiting);
    BOOST_TEST(all.idle() == 1U);
    all.fail_open(errc::certificate_refused);
    BOOST_TEST(is_queued(waiting));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_is_hopeless_again_once_no_connection_works)
{
    rig all;
    fake_call& working = all.submit();
    all.open();
    fake_call& waiting = all.submit();
    all.fail_open(errc::certificate_refused);
    BOOST_TEST(is_queued(waiting));
    all.lose_reply(working);
    all.after(all.wait());
    all.fail_open(errc::certificate_refused);
    BOOST_TEST(ended(waiting, errc::certificate_refused));
}

BOOST_AUTO_TEST_CASE(failures_do_not_count_while_a_connection_works)
{
    rig all;
    fake_call& working = all.submit();
    all.open();
    fake_call& waiting = all.submit();
    for (int failures = 0; failures < 6; ++failures) {
        all.fail_open();
        BOOST_TEST(is_queued(waiting));
        all.after(all.wait());
    }
    all.lose_reply(working);
    // Now it does: from one.
    for (int failures = 0; failures < 3; ++failures) {
        all.fail_open();
        BOOST_TEST_REQUIRE(is_queued(waiting));
        all.after(all.wait());
    }
    all.fail_open();
    BOOST_TEST(ended(waiting, errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(a_call_pays_only_for_failures_while_it_waited)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    // The second call gets the working connection, while nothing else can be opened.
    for (int failures = 0; failures < 3; ++failures) {
        all.fail_open();
        all.after(all.wait());
    }
    all.accept(first);
    all.accept(second);
    fake_call& third = all.submit();
    all.find_stale(third);
    // The three failures are none of its business.
    all.fail_open();
    BOOST_TEST(is_queued(third));
}

BOOST_AUTO_TEST_CASE(close_idle_leaves_what_is_used)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    fake_connection& one = all.open();
    fake_connection& two = all.open();
    all.accept(first);
    all.submit(other_token);
    all.accept(second);
    all.close_idle();
    BOOST_TEST(!one.closed);
    BOOST_TEST(two.closed);
    // Another may need the one that is being opened.
    all.submit();
    all.close_idle();
    BOOST_TEST(all.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(close_idle_closes_what_is_being_opened_for_nobody)
{
    rig all;
    fake_call& first = all.submit();
    all.cancel(first);
    BOOST_TEST(all.opening() == 1U);
    all.close_idle();
    BOOST_TEST(all.opening() == 0U);
    BOOST_TEST(all.subject.connections().empty());
    // The next call begins anew.
    all.submit();
    BOOST_TEST(all.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(rest_closes_only_what_is_being_opened_for_nobody)
{
    rig all;
    all.warm_up();
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    BOOST_TEST(all.opening() == 1U);
    all.accept(first);
    all.rest();
    BOOST_TEST(all.opening() == 1U);
    all.accept(second);
    all.rest();
    BOOST_TEST(all.opening() == 0U);
    BOOST_TEST(all.idle() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_forgotten_connection_still_reports_changes_nothing)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.cancel(first);
    all.cancel(second);
    all.close_idle();

    actions todo;
    all.subject.opened(*all.all()[0], all.now, todo);
    all.subject.open_failed(*all.all()[1], errc::connect_failed, all.now, todo);
    BOOST_TEST(todo.empty());
    BOOST_TEST(all.subject.connections().empty());
    all.submit();
    BOOST_TEST(all.opening() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
