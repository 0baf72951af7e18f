// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

BOOST_AUTO_TEST_SUITE(scheduler_pool)

BOOST_AUTO_TEST_CASE(a_connection_that_there_is_no_memory_for_is_tried_again)
{
    fake_call call;
    call.policy.deadline = time_point{} + 2h;
    unsigned made = 0;
    call_scheduler scheduler{{},
                             [&]() -> std::shared_ptr<connection> {
                                 if (++made == 1) {
                                     throw std::bad_alloc{};
                                 }
                                 return std::make_shared<fake_connection>();
                             },
                             [] { return 0.5; }};
    actions out;
    time_point const now = time_point{} + 1h;
    scheduler.register_call(call);
    scheduler.submit(call, now, out);
    BOOST_TEST(out.empty());
    BOOST_TEST(is_queued(call));
    time_point const again = scheduler.next_tick();
    BOOST_TEST((again > now));
    BOOST_TEST((again < call.policy.deadline));
    scheduler.tick(again, out);
    BOOST_TEST_REQUIRE(out.has_action());
    BOOST_TEST((out.next_action().kind == action_kind::open));
}

BOOST_AUTO_TEST_CASE(nothing_is_opened_before_there_is_work)
{
    harness h;
    h.tick();
    BOOST_TEST(h.made() == 0U);
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(a_call_opens_a_connection_and_goes_on_it)
{
    harness h;
    fake_call& first = h.submit();
    BOOST_TEST(h.opening() == 1U);
    BOOST_TEST(is_queued(first));
    fake_connection& conn = h.open();
    BOOST_TEST(h.connection_of(first) == &conn);
    h.accept(first);
    BOOST_TEST(ended_as_replied(first));
    BOOST_TEST(h.idle() == 1U);
    // Nothing is left to wait for, so the program may end.
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(no_more_handshakes_than_allowed_and_than_calls_that_wait)
{
    harness h;
    h.submit();
    BOOST_TEST(h.opening() == 1U);
    h.submit();
    BOOST_TEST(h.opening() == 2U);
    h.submit();
    BOOST_TEST(h.opening() == 2U);
    h.open();
    BOOST_TEST(h.opening() == 2U);
    h.open();
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(grows_to_the_most_connections_and_no_further)
{
    harness h;
    for (int count = 0; count < 20; ++count) {
        h.submit();
    }
    while (h.opening() != 0) {
        h.open();
    }
    BOOST_TEST(h.made() == 8U);
    BOOST_TEST(h.count(connection_state::busy) == 8U);
    BOOST_TEST(h.scheduler.waiting() == 12U);
}

BOOST_AUTO_TEST_CASE(a_free_connection_serves_the_call_that_another_was_opened_for)
{
    harness h;
    fake_call& first = h.submit();
    fake_connection& old = h.open();
    fake_call& second = h.submit();
    BOOST_TEST(h.opening() == 1U);
    h.accept(first);
    BOOST_TEST(h.connection_of(second) == &old);
    h.open();
    BOOST_TEST(h.idle() == 1U);
}

BOOST_FIXTURE_TEST_CASE(the_connection_used_last_is_used_first, two_in_flight)
{
    h.accept(second);
    h.accept(first);
    BOOST_TEST(h.connection_of(h.submit()) == &one);
    BOOST_TEST(h.connection_of(h.submit()) == &two);
    BOOST_TEST(h.made() == 2U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_idled_for_too_long_is_replaced)
{
    harness h;
    h.warm_up();
    h.advance(30s);
    fake_call& in_time = h.submit();
    BOOST_TEST(is_in_flight(in_time));
    h.accept(in_time);

    h.now += 30s + 1ms;
    fake_call& late = h.submit();
    BOOST_TEST(is_queued(late));
    BOOST_TEST(h.all().front()->closed);
    BOOST_TEST(h.opening() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_connection_that_idles_for_too_long_is_closed_while_others_work, two_in_flight)
{
    h.accept(first);
    h.now += 31s;
    h.accept(second);
    BOOST_TEST(one.closed);
    BOOST_TEST(!two.closed);
}

BOOST_AUTO_TEST_CASE(an_old_connection_is_not_used_again)
{
    harness h{[](auto& values) { values.pool.idle_limit = 1h; }};
    h.warm_up();
    h.now += 5min - 1ms;
    fake_call& in_time = h.submit();
    BOOST_TEST(is_in_flight(in_time));
    h.now += 1ms;
    h.accept(in_time);
    // It was in use when its time came, and goes once it is free.
    BOOST_TEST(ended_as_replied(in_time));
    BOOST_TEST(h.all().front()->closed);
}

BOOST_AUTO_TEST_CASE(an_old_connection_is_not_taken_from_the_idle_ones)
{
    harness h{[](auto& values) { values.pool.idle_limit = 1h; }};
    h.warm_up();
    h.now += 5min;
    BOOST_TEST(is_queued(h.submit()));
    BOOST_TEST(h.all().front()->closed);
}

BOOST_AUTO_TEST_CASE(the_age_limit_varies_by_a_tenth)
{
    for (auto const& [random, limit] : {std::pair{0.0, 270'000ms}, std::pair{1.0, 330'000ms}}) {
        harness h{[](auto& values) { values.pool.idle_limit = 1h; }};
        h.random = random;
        h.warm_up();
        h.now += limit - 1ms;
        fake_call& in_time = h.submit();
        BOOST_TEST(is_in_flight(in_time));
        h.accept(in_time);
        h.now += 2ms;
        BOOST_TEST(is_queued(h.submit()));
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_cannot_be_used_again_is_closed)
{
    harness h;
    fake_call& first = h.submit();
    fake_connection& conn = h.open();
    h.accept(first, false);
    BOOST_TEST(ended_as_replied(first));
    BOOST_TEST(conn.closed);
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_closed_connection_is_replaced_when_calls_wait)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.accept(first, false);
    BOOST_TEST(is_queued(second));
    h.open();
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(a_failure_to_open_is_followed_by_a_pause_and_one_attempt_at_a_time)
{
    harness h;
    fake_call& first = h.submit();
    for (int count = 0; count != 4; ++count) {
        h.submit();
    }
    BOOST_TEST(h.opening() == 2U);
    h.fail_open();
    BOOST_TEST(h.opening() == 1U);
    h.fail_open();
    BOOST_TEST(h.opening() == 0U);
    // The bound of the second delay is 1 s.
    BOOST_TEST((h.time_to_tick() == 500ms));
    h.advance(499ms);
    BOOST_TEST(h.opening() == 0U);
    h.advance(1ms);
    BOOST_TEST(h.opening() == 1U);
    h.submit();
    BOOST_TEST(h.opening() == 1U);
    // Back to normal once the service has replied.
    h.open();
    BOOST_TEST(h.opening() == 1U);
    h.accept(first);
    BOOST_TEST(h.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(a_call_that_comes_during_the_pause_waits_for_its_end)
{
    harness h;
    fake_call& first = h.submit();
    h.fail_open();
    h.cancel(first);
    BOOST_TEST(h.has_no_timer());
    h.submit();
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST((h.time_to_tick() == 250ms));
    h.advance(250ms);
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(waiting_calls_end_after_as_many_failures_in_a_row_as_they_have_attempts)
{
    harness h;
    fake_call& patient = h.submit();
    fake_call& impatient = h.submit([](auto& policy) { policy.retry.attempts = 2; });
    h.fail_open(errc::resolve_failed);
    BOOST_TEST(!is_completed(impatient));
    h.fail_open(errc::handshake_failed);
    BOOST_TEST(ended(impatient, errc::handshake_failed));
    h.advance(h.time_to_tick());
    fake_call& late = h.submit();
    h.fail_open();
    BOOST_TEST(!is_completed(patient));
    h.advance(h.time_to_tick());
    h.fail_open(errc::connect_failed);
    BOOST_TEST(ended(patient, errc::connect_failed));
    // It has seen two failures only.
    BOOST_TEST(!is_completed(late));
    h.advance(h.time_to_tick());
    h.fail_open();
    h.advance(h.time_to_tick());
    h.fail_open();
    BOOST_TEST(ended(late, errc::connect_failed));
    BOOST_TEST(h.has_no_timer());
}

BOOST_AUTO_TEST_CASE(a_connection_that_opens_forgives_earlier_failures)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    for (int failures = 0; failures < 3; ++failures) {
        h.fail_open();
        h.advance(h.time_to_tick());
    }
    h.open();
    fake_call& second = h.submit();
    h.accept(first, false);
    for (int failures = 0; failures < 3; ++failures) {
        BOOST_TEST(is_queued(second));
        h.fail_open();
        BOOST_TEST((h.time_to_tick() == 250ms * (1 << failures)));
        h.advance(h.time_to_tick());
    }
    BOOST_TEST(is_queued(second));
    h.fail_open();
    BOOST_TEST(ended(second, errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_ends_everything_that_waits_at_once)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit(other_token);
    h.fail_open(errc::certificate_refused);
    BOOST_TEST(ended(first, errc::certificate_refused));
    BOOST_TEST(ended(second, errc::certificate_refused));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_ends_nothing_while_a_connection_works)
{
    harness h;
    fake_call& working = h.submit();
    h.open();
    fake_call& waiting = h.submit();
    h.fail_open(errc::certificate_refused);
    BOOST_TEST(is_queued(waiting));
    h.accept(working);
    BOOST_TEST(is_in_flight(waiting));
}

BOOST_FIXTURE_TEST_CASE(a_hopeless_cause_ends_nothing_while_a_connection_idles, two_in_flight)
{
    h.accept(first);
    h.accept(second);
    // It must not use the one that idles, which nevertheless shows that the service can be reached.
    fake_call& waiting = h.submit();
    h.fail_write(waiting);
    BOOST_TEST(h.idle() == 1U);
    h.fail_open(errc::certificate_refused);
    BOOST_TEST(is_queued(waiting));
}

BOOST_AUTO_TEST_CASE(a_hopeless_cause_is_hopeless_again_once_no_connection_works)
{
    harness h;
    fake_call& working = h.submit();
    h.open();
    fake_call& waiting = h.submit();
    h.fail_open(errc::certificate_refused);
    BOOST_TEST(is_queued(waiting));
    h.lose_reply(working);
    h.advance(h.time_to_tick());
    h.fail_open(errc::certificate_refused);
    BOOST_TEST(ended(waiting, errc::certificate_refused));
}

BOOST_AUTO_TEST_CASE(failures_do_not_count_while_a_connection_works)
{
    harness h;
    fake_call& working = h.submit();
    h.open();
    fake_call& waiting = h.submit();
    for (int failures = 0; failures < 6; ++failures) {
        h.fail_open();
        BOOST_TEST(is_queued(waiting));
        h.advance(h.time_to_tick());
    }
    h.lose_reply(working);
    // Now it does: from one.
    for (int failures = 0; failures < 3; ++failures) {
        h.fail_open();
        BOOST_TEST_REQUIRE(is_queued(waiting));
        h.advance(h.time_to_tick());
    }
    h.fail_open();
    BOOST_TEST(ended(waiting, errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(a_call_pays_only_for_failures_while_it_waited)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    // The second call gets the working connection, while nothing else can be opened.
    for (int failures = 0; failures < 3; ++failures) {
        h.fail_open();
        h.advance(h.time_to_tick());
    }
    h.accept(first);
    h.accept(second);
    fake_call& third = h.submit();
    h.find_stale(third);
    // The three failures are none of its business.
    h.fail_open();
    BOOST_TEST(is_queued(third));
}

BOOST_FIXTURE_TEST_CASE(close_idle_leaves_what_is_used, two_in_flight)
{
    h.accept(first);
    h.submit(other_token);
    h.accept(second);
    h.close_idle();
    BOOST_TEST(!one.closed);
    BOOST_TEST(two.closed);
    // Another may need the one that is being opened.
    h.submit();
    h.close_idle();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(close_idle_closes_what_is_being_opened_for_no_call)
{
    harness h;
    fake_call& first = h.submit();
    h.cancel(first);
    BOOST_TEST(h.opening() == 1U);
    h.close_idle();
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST(h.scheduler.connections().empty());
    // The next call begins anew.
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(close_unused_openings_closes_only_what_is_being_opened_for_no_call)
{
    harness h;
    h.warm_up();
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    BOOST_TEST(h.opening() == 1U);
    h.accept(first);
    h.close_unused_openings();
    BOOST_TEST(h.opening() == 1U);
    h.accept(second);
    h.close_unused_openings();
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST(h.idle() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_forgotten_connection_still_reports_changes_nothing)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.cancel(first);
    h.cancel(second);
    h.close_idle();

    actions out;
    h.scheduler.opened(*h.all()[0], h.now, out);
    h.scheduler.open_failed(*h.all()[1], {}, h.now, out);
    BOOST_TEST(out.empty());
    BOOST_TEST(h.scheduler.connections().empty());
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
