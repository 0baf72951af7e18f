// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// What counts is whether the service replies, not whether something accepts connections.

BOOST_AUTO_TEST_SUITE(scheduler_outage)

namespace {

std::size_t count_ended(harness const& h, errc error)
{
    return static_cast<std::size_t>(
        std::count_if(h.calls.begin(), h.calls.end(), [&](auto const& call) { return call->error == error; }));
}

/// The call that is in flight; null if none is.
fake_call* in_flight(harness const& h)
{
    auto const found =
        std::find_if(h.calls.begin(), h.calls.end(), [](auto const& call) { return is_in_flight(*call); });
    return found == h.calls.end() ? nullptr : found->get();
}

/// Nine calls wait, and the first connection ended without a reply.
void begin_outage(harness& h)
{
    for (int count = 0; count != 10; ++count) {
        h.submit();
    }
    h.open();
    h.open();
    h.lose_reply(*h.calls[0]);
    h.lose_reply(*h.calls[1]);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_service_that_drops_every_connection_costs_a_call_for_each_probe_and_no_more)
{
    harness h;
    constexpr std::size_t count = 1000;
    for (std::size_t call = 0; call != count; ++call) {
        h.submit();
    }
    std::size_t probes = 0;
    while (h.scheduler.outstanding() != 0) {
        if (h.opening() != 0) {
            h.open();
        }
        while (fake_call* const call = in_flight(h)) {
            ++probes;
            h.lose_reply(*call);
        }
        if (h.opening() == 0 && h.scheduler.outstanding() != 0) {
            h.advance(h.time_to_tick());
        }
    }
    // 60 s with pauses of 0.25 s, 0.5 s, 1 s, 2 s and 4 s each from then on; and three connections that were being
    // opened at the beginning.
    BOOST_TEST(probes <= 24U);
    BOOST_TEST(h.made() == probes);
    BOOST_TEST(count_ended(h, errc::connection_lost) == probes);
    BOOST_TEST(count_ended(h, errc::timed_out_before_sent) == count - probes);
}

BOOST_AUTO_TEST_CASE(the_calls_that_wait_meanwhile_are_told_why)
{
    harness h;
    fake_call& probe = h.submit();
    fake_call& waiting = h.submit(within(h, 200ms));
    h.open();
    h.fail(probe, {.error = errc::connection_lost, .written = true, .detail = "reset by peer"});
    BOOST_TEST(probe.detail == "reset by peer");
    while (h.opening() != 0) {
        h.fail_open(errc::connect_failed, "refused");
    }
    fake_call& late = h.submit(within(h, 100ms));
    h.advance(200ms);
    BOOST_TEST(ended(waiting, errc::timed_out_before_sent));
    BOOST_TEST(waiting.detail == "refused");
    BOOST_TEST(ended(late, errc::timed_out_before_sent));
    BOOST_TEST(late.detail == "not tried: connecting had failed before: refused");
}

BOOST_AUTO_TEST_CASE(a_connection_without_a_first_reply_is_followed_by_a_pause_and_one_probe_at_a_time)
{
    harness h;
    begin_outage(h);
    while (h.opening() != 0) {
        h.fail_open();
    }
    h.advance(h.time_to_tick());
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(h.busy() == 1U);
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_probe_that_gets_a_reply_releases_everything_at_once)
{
    harness h;
    begin_outage(h);
    while (h.opening() != 0) {
        h.fail_open();
    }
    h.advance(h.time_to_tick());
    h.open();
    fake_call& probe = *in_flight(h);
    h.refuse(probe);
    BOOST_TEST(h.busy() == 1U);
    BOOST_TEST(h.opening() == 2U);
    h.open();
    BOOST_TEST(h.busy() == 2U);
    BOOST_TEST(h.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_opens_during_a_probe_waits_for_its_end)
{
    harness h;
    for (int count = 0; count != 4; ++count) {
        h.submit();
    }
    h.open();
    fake_connection& probing = h.open();
    h.lose_reply(*h.calls[0]);
    // It was being opened before the first failure.
    h.open();
    BOOST_TEST(h.busy() == 1U);
    BOOST_TEST(h.idle() == 1U);
    BOOST_TEST((probing.state() == connection_state::busy));
    h.accept(*h.calls[1]);
    BOOST_TEST(h.busy() == 2U);
    BOOST_TEST(h.idle() == 0U);
}

BOOST_AUTO_TEST_CASE(connections_that_worked_before_work_on_during_an_outage)
{
    harness h;
    h.warm_up();
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.lose_reply(second);
    fake_call& third = h.submit();
    h.accept(first);
    BOOST_TEST(is_in_flight(third));
    h.accept(third);
    // Their replies say nothing about new connections.
    BOOST_TEST(is_in_flight(h.submit()));
    h.submit();
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_reused_connection_that_ends_is_no_outage)
{
    harness h;
    h.warm_up();
    fake_call& first = h.submit();
    h.lose_reply(first);
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(an_exchange_that_the_client_ended_is_no_outage)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.cancel(first);
    h.lose_reply(first);
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(replies_of_a_gateway_are_no_replies_of_the_service)
{
    harness h{two_connections};
    h.warm_up();
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    while (h.opening() != 0) {
        h.open();
    }
    h.reply_gateway(first);
    BOOST_TEST(ended_as_replied(first));
    h.reply_gateway(second);
    BOOST_TEST(ended_as_replied(second));
    // Both connections are closed: they need not lead to the service when that is back.
    BOOST_TEST(h.scheduler.connections().empty());
    fake_call& third = h.submit();
    fake_call& fourth = h.submit();
    BOOST_TEST(h.opening() == 0U);
    h.advance(h.time_to_tick());
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(third));
    BOOST_TEST(is_queued(fourth));
    h.accept(third);
    BOOST_TEST(is_in_flight(fourth));
}

BOOST_AUTO_TEST_CASE(a_gateway_without_one_endpoint_begins_no_outage)
{
    harness h;
    fake_call& listing = h.submit(repeatable);
    fake_connection& conn = h.open();
    h.reply_gateway_of_endpoint(listing);
    // The call itself is tried again later, on another connection.
    BOOST_TEST(is_pausing(listing));
    BOOST_TEST(conn.closed);
    h.submit();
    h.submit();
    BOOST_TEST(h.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(a_gateway_without_one_endpoint_does_not_end_an_outage)
{
    harness h{one_connection};
    fake_call& lost = h.submit();
    h.open();
    h.lose_reply(lost);
    fake_call& listing = h.submit(one_attempt);
    fake_call& mail = h.submit();
    h.advance(h.time_to_tick());
    h.open();
    BOOST_TEST(is_in_flight(listing));
    h.reply_gateway_of_endpoint(listing);
    BOOST_TEST(ended_as_replied(listing));
    // The probe has failed, so the next one waits.
    BOOST_TEST(is_queued(mail));
    BOOST_TEST(h.opening() == 0U);
    h.advance(h.time_to_tick());
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(a_connection_to_a_gateway_does_not_keep_a_call_from_a_fresh_one)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.open();
    h.fail_write(first);
    h.reply_gateway(second);
    BOOST_TEST(is_pausing(first));
    for (int step = 0; step != 3 && h.opening() == 0; ++step) {
        h.advance(h.time_to_tick());
    }
    BOOST_TEST(is_queued(first));
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(first));
}

BOOST_AUTO_TEST_CASE(a_reply_that_cannot_be_used_is_a_reply_all_the_same)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.fail(first, {.error = errc::reply_too_large, .written = true, .replied = true});
    BOOST_TEST(ended(first, errc::reply_too_large));
    h.submit();
    h.submit();
    BOOST_TEST(h.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(a_reply_that_cannot_be_used_ends_an_outage)
{
    harness h;
    begin_outage(h);
    while (h.opening() != 0) {
        h.fail_open();
    }
    h.advance(h.time_to_tick());
    h.open();
    h.fail(*in_flight(h), {.error = errc::reply_too_large, .written = true, .replied = true});
    BOOST_TEST(h.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(bytes_that_came_before_the_request_was_sent_are_no_reply)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.fail(first, {.error = errc::malformed_reply, .replied = true});
    h.submit();
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_request_with_nothing_to_send_says_nothing_about_the_service)
{
    harness h;
    begin_outage(h);
    while (h.opening() != 0) {
        h.fail_open();
    }
    h.advance(h.time_to_tick());
    fake_connection& conn = h.open();
    fake_call& empty = *in_flight(h);
    h.find_nothing_to_send(empty);
    BOOST_TEST(ended_as_replied(empty));
    BOOST_TEST(!conn.is_proven());
    // The next call is the probe.
    BOOST_TEST(h.busy() == 1U);
    BOOST_TEST(h.opening() == 0U);
}

// ---------------------------------------------------------------------------------------------------------------------
// A probe is one mail, as far as possible.

BOOST_AUTO_TEST_CASE(a_probe_is_not_coalesced)
{
    harness h;
    fake_call& first = h.submit();
    h.open();
    h.lose_reply(first);
    for (int count = 0; count != 100; ++count) {
        h.submit(coalescing);
    }
    h.advance(h.time_to_tick());
    fake_connection& probing = h.open();
    BOOST_TEST(probing.calls().size() == 1U);
    h.accept(*in_flight(h));
    BOOST_TEST(probing.calls().size() == 99U);
}

BOOST_AUTO_TEST_CASE(a_service_that_drops_every_connection_costs_one_coalescible_call_for_each_probe)
{
    harness h;
    constexpr std::size_t count = 1000;
    fake_call& first = h.submit();
    h.open();
    h.lose_reply(first);
    for (std::size_t call = 0; call != count; ++call) {
        h.submit(coalescing);
    }
    std::size_t probes = 0;
    while (h.scheduler.outstanding() != 0) {
        h.advance(h.time_to_tick());
        if (h.opening() != 0) {
            h.open();
        }
        if (fake_call* const call = in_flight(h)) {
            ++probes;
            h.lose_reply(*call);
        }
    }
    BOOST_TEST(probes <= 24U);
    BOOST_TEST(count_ended(h, errc::connection_lost) == probes + 1);
    BOOST_TEST(count_ended(h, errc::timed_out_before_sent) == count - probes);
}

BOOST_AUTO_TEST_CASE(a_chunk_of_a_batch_is_a_probe_only_if_nothing_else_waits)
{
    auto const chunk = [](auto& policy) { policy.part_of_accepted = true; };
    harness h{one_connection};
    fake_call& first = h.submit();
    h.open();
    h.lose_reply(first);
    fake_call& older = h.submit(chunk);
    fake_call& other = h.submit([&](auto& policy) {
        other_token(policy);
        policy.part_of_accepted = true;
    });
    fake_call& single = h.submit();
    h.advance(h.time_to_tick());
    h.open();
    BOOST_TEST(is_in_flight(single));
    h.lose_reply(single);
    h.advance(h.time_to_tick());
    h.open();
    BOOST_TEST(is_in_flight(older));
    h.accept(older);
    BOOST_TEST(is_in_flight(other));
}

// ---------------------------------------------------------------------------------------------------------------------
// A service that accepts a request and does not reply.

namespace {

/// Two calls were lost, nine wait, and the first probe is in flight.
fake_call& begin_probe(harness& h)
{
    begin_outage(h);
    while (h.opening() != 0) {
        h.fail_open();
    }
    h.advance(h.time_to_tick());
    h.open();
    return *in_flight(h);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_probe_that_gets_no_reply_for_long_is_joined_by_another)
{
    harness h;
    fake_call& slow = begin_probe(h);
    h.advance(1999ms);
    BOOST_TEST(h.opening() == 0U);
    // The pause before the next attempt follows.
    std::size_t ticks = 0;
    while (h.opening() == 0) {
        BOOST_TEST_REQUIRE(!h.has_no_timer());
        BOOST_TEST_REQUIRE(++ticks < 5U);
        BOOST_TEST_REQUIRE((h.time_to_tick() <= 4s));
        h.advance(h.time_to_tick());
    }
    BOOST_TEST(is_in_flight(slow));
    h.open();
    BOOST_TEST(h.busy() == 2U);
    BOOST_TEST(h.opening() == 0U);
    // One reply releases all.
    fake_call& second = *std::find_if(h.calls.begin(), h.calls.end(), [&](auto const& call) {
                             return is_in_flight(*call) && call.get() != &slow;
                         })->get();
    h.accept(second);
    BOOST_TEST(h.busy() == 2U);
    BOOST_TEST(h.opening() == 2U);
}

BOOST_AUTO_TEST_CASE(a_service_that_never_replies_costs_a_call_for_each_interval)
{
    harness h{[](auto& values) { values.pool.max_connections = 50; }};
    constexpr std::size_t count = 500;
    for (std::size_t call = 0; call != count; ++call) {
        h.submit();
    }
    // The first ones are not known to be probes.
    h.open();
    h.lose_reply(*in_flight(h));
    time_point const begin = h.now;
    while (h.now < begin + 59s) {
        if (h.opening() != 0) {
            h.open();
        } else {
            h.advance(h.time_to_tick());
        }
    }
    BOOST_TEST(h.busy() >= 8U);
    BOOST_TEST(h.busy() <= 30U);
}

BOOST_AUTO_TEST_CASE(a_slow_probe_does_not_bind_all_calls_to_one_connection_that_works)
{
    harness h;
    h.warm_up();
    fake_call& working = h.submit();
    fake_call& lost = h.submit();
    h.open();
    h.lose_reply(lost);
    h.submit();
    h.advance(h.time_to_tick());
    h.open();
    h.submit();
    h.submit();
    BOOST_TEST(h.opening() == 0U);
    for (int step = 0; step != 5 && h.opening() == 0; ++step) {
        h.advance(h.time_to_tick());
    }
    BOOST_TEST(h.opening() == 1U);
    BOOST_TEST(is_in_flight(working));
}

BOOST_AUTO_TEST_CASE(a_submission_notices_that_a_probe_takes_long_before_a_late_tick_does)
{
    harness h;
    begin_probe(h);
    h.now += 20s;
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(deadlines_that_come_before_any_reply_are_an_outage)
{
    harness h{one_connection};
    fake_call& first = h.submit(within(h, 2s));
    h.open();
    h.advance(2s);
    h.lose_reply(first);
    BOOST_TEST(ended(first, errc::timed_out_in_flight));
    h.submit();
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_leaves_the_service_no_time_is_no_outage)
{
    harness h;
    fake_call& first = h.submit(within(h, 1s));
    h.open();
    h.advance(1s);
    h.lose_reply(first);
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(a_request_that_was_not_written_by_its_deadline_is_no_outage)
{
    harness h;
    fake_call& first = h.submit(within(h, 5s));
    h.open();
    h.advance(5s);
    h.fail(first, {.error = errc::write_failed});
    h.submit();
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(a_probe_that_ends_at_its_deadline_is_followed_by_a_pause)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    h.open();
    h.lose_reply(first);
    fake_call& hasty = h.submit(within(h, 1s));
    h.submit();
    h.advance(h.time_to_tick());
    h.open();
    BOOST_TEST(is_in_flight(hasty));
    while (!is_completed(hasty)) {
        h.advance(h.time_to_tick());
        if (h.connection_of(hasty)->is_aborted()) {
            h.lose_reply(hasty);
        }
    }
    BOOST_TEST(ended(hasty, errc::timed_out_in_flight));
    BOOST_TEST(h.opening() == 0U);
    h.advance(h.time_to_tick());
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(an_outage_has_pauses_although_retries_have_none)
{
    harness h{[](auto& values) {
        one_connection(values);
        values.retry.first_delay = values.retry.max_delay = 0ms;
    }};
    h.submit();
    h.submit();
    h.open();
    h.lose_reply(*h.calls[0]);
    h.submit();
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST((h.time_to_tick() == 100ms));
    h.advance(100ms);
    BOOST_TEST(h.opening() == 1U);
}

// ---------------------------------------------------------------------------------------------------------------------
// Pauses hold back repetitions, not first attempts.

namespace {

/// Connecting has failed five times in a row, and the next pause lasts 8 s.
void fail_to_connect(harness& h)
{
    h.random = 1.0;
    fake_call& call = h.submit([](auto& policy) { policy.retry.attempts = 100; });
    for (int count = 0; count != 5; ++count) {
        h.fail_open(errc::connect_failed, "refused");
        if (count != 4) {
            h.advance(h.time_to_tick());
        }
    }
    h.cancel(call);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_pause_does_not_hold_back_a_first_attempt_that_would_not_outlive_it)
{
    harness h;
    fail_to_connect(h);
    h.advance(1s);
    fake_call& hasty = h.submit(within(h, 1s));
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(hasty));
}

BOOST_AUTO_TEST_CASE(a_first_attempt_is_not_held_back_because_a_call_can_be_coalesced)
{
    harness h;
    h.warm_up();
    // The connection is used by a call with another token.
    fake_call& probe = h.submit();
    fake_call& patient = h.submit();
    h.random = 1.0;
    for (int count = 0; count != 5; ++count) {
        h.fail_open(errc::connect_failed, "refused");
        if (count != 4) {
            h.advance(h.time_to_tick());
        }
    }
    h.cancel(patient);
    h.accept(probe);
    BOOST_TEST(h.idle() == 1U);
    h.advance(1s);
    fake_call& first = h.submit(coalescing);
    fake_call& hasty = h.submit([&](auto& policy) {
        coalescing(policy);
        other_token(policy);
        policy.deadline = h.now + 1s;
    });
    h.flush();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(hasty));
    BOOST_TEST(h.opening() == 1U);
}

BOOST_AUTO_TEST_CASE(a_call_that_outlives_the_pause_waits_for_its_end)
{
    harness h;
    fail_to_connect(h);
    h.advance(1s);
    h.submit(within(h, 10s));
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST((h.time_to_tick() == 7s));
}

BOOST_AUTO_TEST_CASE(many_calls_at_once_cause_one_attempt)
{
    harness h;
    fail_to_connect(h);
    h.advance(1s);
    std::size_t const made = h.made();
    for (int count = 0; count != 40; ++count) {
        h.submit(within(h, 1s));
    }
    BOOST_TEST(h.opening() == 1U);
    h.fail_open(errc::connect_failed, "refused again");
    // All of them have seen it fail, and wait for the whole pause.
    BOOST_TEST(h.opening() == 0U);
    h.advance(999ms);
    BOOST_TEST(h.made() == made + 1);
    h.advance(1ms);
    BOOST_TEST(h.calls.back()->detail == "refused again");
    BOOST_TEST(h.scheduler.outstanding() == 0U);
}

BOOST_AUTO_TEST_CASE(first_attempts_are_as_far_apart_as_the_first_pause)
{
    harness h;
    fail_to_connect(h);
    fake_call& hasty = h.submit(within(h, 1s));
    BOOST_TEST(h.opening() == 0U);
    BOOST_TEST((h.time_to_tick() == 500ms));
    h.advance(500ms);
    BOOST_TEST(h.opening() == 1U);
    h.open();
    BOOST_TEST(is_in_flight(hasty));
}

BOOST_AUTO_TEST_CASE(a_call_that_is_not_tried_says_so)
{
    harness h;
    fail_to_connect(h);
    fake_call& hasty = h.submit(within(h, 300ms));
    h.advance(300ms);
    BOOST_TEST(ended(hasty, errc::timed_out_before_sent));
    BOOST_TEST(hasty.detail == "not tried: connecting had failed before: refused");
}

BOOST_AUTO_TEST_CASE(a_pause_after_a_connection_without_a_reply_is_not_cut)
{
    // An attempt would cost a call its certainty.
    harness h{one_connection};
    h.random = 1.0;
    h.submit();
    for (int count = 0; count != 5; ++count) {
        h.open();
        h.lose_reply(*h.calls.back());
        h.submit();
        h.advance(h.time_to_tick());
    }
    h.open();
    h.lose_reply(*h.calls.back());
    h.advance(1s);
    h.submit(within(h, 1s));
    BOOST_TEST(h.opening() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
