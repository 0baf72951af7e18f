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
    // Both connections are open, and wait for the end of the pause.
    fake_call& third = h.submit();
    fake_call& fourth = h.submit();
    BOOST_TEST(is_queued(third));
    BOOST_TEST(h.idle() == 2U);
    h.advance(h.time_to_tick());
    BOOST_TEST(is_in_flight(third));
    BOOST_TEST(is_queued(fourth));
    h.accept(third);
    BOOST_TEST(is_in_flight(fourth));
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
