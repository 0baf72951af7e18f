#include "dispatch_fixture.hpp"

using namespace postmark;
using namespace postmark::dispatch;
using namespace postmark::dispatch::test;

namespace {

void one_connection(dispatcher::settings& values)
{
    values.pool.max_connections = 1;
}

void at_least_once(call_terms& terms)
{
    terms.retry.at_least_once = true;
}

void repeatable(call_terms& terms)
{
    terms.repeatable = true;
}

/// Terms of a call with little time.
auto within(rig& all, duration time)
{
    return [&all, time](call_terms& terms) { terms.deadline = all.now + time; };
}

} // namespace

BOOST_AUTO_TEST_SUITE(dispatch_retry)

// ---------------------------------------------------------------------------------------------------------------------
// Answers that are final

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
    fake_call& other = all.submit([](auto& terms) { terms.token = 1; });
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
    fake_call& other = all.submit([](auto& terms) { terms.token = 1; });
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
            if (kept)
                all.accept(before);
            fake_call& hasty = all.submit(within(all, 10s));
            fake_call& other = all.submit();
            while (all.opening() != 0)
                all.open();
            all.slow_down(other, 20s);
            each.happens(all, hasty);
            BOOST_TEST(is_over(hasty));
            if (each.answered)
                BOOST_TEST(ended_as_answered(hasty));
            else
                BOOST_TEST((hasty.error == errc::write_failed || hasty.error == errc::timed_out_before_sent));
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
        if (all.opening() != 0)
            all.open();
        if (is_in_flight(call))
            all.fail_write(call);
        if (!is_over(call) && all.opening() == 0)
            all.after(all.wait());
    }
    BOOST_TEST(call.attempts() == 4U);
    BOOST_TEST(ended_as_answered(call));
}

BOOST_AUTO_TEST_CASE(a_pause_that_is_over_gives_the_oldest_call_the_first_turn_even_if_the_tick_is_late)
{
    rig all;
    fake_call& first = all.submit([](auto& terms) { terms.retry.attempts = 1; });
    all.open();
    fake_call& other = all.submit([](auto& terms) { terms.token = 1; });
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

// ---------------------------------------------------------------------------------------------------------------------
// Nobody knows

BOOST_AUTO_TEST_CASE(what_is_unknown_is_not_repeated)
{
    rig all;
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.answer_unclearly(first);
    BOOST_TEST(ended_as_answered(first));
    all.lose_reply(second);
    BOOST_TEST(ended(second, errc::connection_lost));
    BOOST_TEST(first.starts == 1U);
    BOOST_TEST(second.starts == 1U);
}

BOOST_AUTO_TEST_CASE(the_cause_of_a_lost_reply_is_kept)
{
    rig all;
    fake_call& call = all.submit();
    all.open();
    all.fail(call, {.error = errc::reply_too_large, .written = true});
    BOOST_TEST(ended(call, errc::reply_too_large));
}

BOOST_AUTO_TEST_CASE(bytes_decide_whatever_the_cause_is_called)
{
    rig all;
    fake_call& first = all.submit([](auto& terms) { terms.retry.attempts = 1; });
    fake_call& second = all.submit();
    all.open();
    all.open();
    // An early reply that makes no sense: the request did not leave whole, so it was not accepted.
    all.fail(first, {.error = errc::malformed_reply, .written = false});
    BOOST_TEST(ended(first, errc::write_failed));
    all.fail(second, {.error = errc::write_failed, .written = true});
    BOOST_TEST(ended(second, errc::connection_lost));
}

BOOST_AUTO_TEST_CASE(what_may_be_repeated_is_tried_again_on_request)
{
    for (auto const& terms : {at_least_once, repeatable}) {
        rig all;
        fake_call& call = all.submit(terms);
        all.open();
        all.lose_reply(call);
        BOOST_TEST(is_pausing(call));
        BOOST_TEST((all.wait() == 250ms));
        all.after(all.wait());
        all.open();
        all.answer_unclearly(call);
        BOOST_TEST((all.wait() == 500ms));
        all.after(all.wait());
        all.accept(call);
        BOOST_TEST(ended_as_answered(call));
        BOOST_TEST(call.starts == 3U);
    }
}

BOOST_AUTO_TEST_CASE(the_last_unclear_answer_says_how_a_repeated_call_ended)
{
    // It has a status and perhaps a text, which the bare error has not.
    for (auto const& terms : {at_least_once, repeatable}) {
        rig all;
        fake_call& call = all.submit([&](auto& values) {
            terms(values);
            values.retry.attempts = 2;
        });
        all.open();
        all.answer_unclearly(call);
        all.after(all.wait());
        all.answer_unclearly(call);
        BOOST_TEST(ended_as_answered(call));
    }
    rig all;
    fake_call& hasty = all.submit([&](auto& terms) {
        at_least_once(terms);
        terms.deadline = all.now + 100ms;
    });
    all.open();
    all.answer_unclearly(hasty);
    BOOST_TEST(ended_as_answered(hasty));
}

BOOST_AUTO_TEST_CASE(once_unknown_only_an_acceptance_changes_that)
{
    void (*const ends[])(rig&, fake_call&) = {
        [](rig& all, fake_call& call) { all.refuse(call); },
        [](rig& all, fake_call& call) { all.slow_down(call, 60s); },
        [](rig& all, fake_call& call) {
            all.maintain(call);
            all.cancel(call);
        },
        [](rig& all, fake_call& call) { all.fail(call, {.error = errc::certificate_refused}); },
        [](rig& all, fake_call& call) {
            all.fail_write(call);
            all.cancel(call);
        },
        [](rig& all, fake_call& call) {
            all.cancel(call);
            all.fail_write(call);
        },
        [](rig& all, fake_call& call) {
            all.find_stale(call);
            all.cancel(call);
        },
        [](rig& all, fake_call& call) {
            all.fail_write(call);
            all.shutdown();
        },
        [](rig& all, fake_call& call) {
            all.fail_write(call);
            all.after(60s);
        },
        [](rig& all, fake_call& call) {
            all.fail_write(call);
            all.after(all.wait());
            all.fail_open(errc::certificate_refused);
        },
    };
    for (auto const& end : ends) {
        rig all;
        fake_call& call = all.submit(at_least_once);
        all.open();
        all.fail(call, {.error = errc::reply_too_large, .written = true});
        all.after(all.wait());
        all.open();
        end(all, call);
        BOOST_TEST(ended(call, errc::reply_too_large));
    }
}

BOOST_AUTO_TEST_CASE(a_repeatable_call_has_no_past)
{
    rig all;
    fake_call& refused = all.submit(repeatable);
    all.open();
    all.lose_reply(refused);
    all.after(all.wait());
    all.open();
    all.refuse(refused);
    BOOST_TEST(ended_as_answered(refused));
}

BOOST_AUTO_TEST_CASE(a_repeatable_call_that_may_have_worked_is_never_called_not_sent)
{
    // A PUT or DELETE whose answer was lost may have done its work, whatever keeps it from being repeated.
    void (*const ends[])(rig&, fake_call&) = {
        [](rig& all, fake_call&) {
            all.after(all.wait());
            for (unsigned failures = 0; failures != 4; ++failures) {
                all.fail_open();
                if (!all.sleeps())
                    all.after(all.wait());
            }
        },
        [](rig& all, fake_call&) {
            all.after(all.wait());
            all.fail_open(errc::certificate_refused);
        },
        [](rig& all, fake_call& call) {
            all.after(all.wait());
            all.open();
            all.fail(call, {.error = errc::certificate_refused});
        },
        [](rig& all, fake_call& call) { all.cancel(call); },
        [](rig& all, fake_call&) { all.shutdown(); },
        [](rig& all, fake_call& call) {
            all.now = call.terms.deadline;
            all.tick();
        },
    };
    for (auto const& end : ends) {
        rig all;
        fake_call& call = all.submit(repeatable);
        all.open();
        all.lose_reply(call);
        BOOST_TEST(is_pausing(call));
        end(all, call);
        BOOST_TEST(ended(call, errc::connection_lost));
    }
}

BOOST_AUTO_TEST_CASE(unknown_attempts_are_limited_too)
{
    rig all;
    fake_call& call = all.submit(at_least_once);
    for (int attempt = 0; attempt < 4; ++attempt) {
        BOOST_TEST(!is_over(call));
        all.open();
        all.lose_reply(call);
        if (!all.sleeps())
            all.after(all.wait());
    }
    BOOST_TEST(ended(call, errc::connection_lost));
    BOOST_TEST(call.starts == 4U);
}

// ---------------------------------------------------------------------------------------------------------------------
// Nothing was sent

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
    rig all{[](auto& values) { values.pool.max_connections = 2; }};
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
        if (is_in_flight(*busy))
            all.accept(*busy);
        if (all.opening() != 0)
            all.open();
        if (is_in_flight(call))
            all.accept(call);
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
        if (!all.sleeps())
            all.after(all.wait());
    }
    BOOST_TEST(ended(call, errc::write_failed));
    BOOST_TEST(call.starts == 4U);
}

BOOST_AUTO_TEST_CASE(one_attempt_never_repeats)
{
    for (bool const kept : {false, true}) {
        rig all;
        if (kept)
            all.warm_up();
        fake_call& call = all.submit([](auto& terms) { terms.retry.attempts = 1; });
        if (!kept)
            all.open();
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
    fake_call& first = all.submit([](auto& terms) { terms.retry.attempts = 1; });
    fake_call& second = all.submit();
    all.open();
    all.open();
    all.accept(first);
    all.accept(second);
    fake_call& call = all.submit([](auto& terms) { terms.retry.attempts = 1; });
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
    fake_call& call = all.submit([](auto& terms) { terms.retry.attempts = 1; });
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
