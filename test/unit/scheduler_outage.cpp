// SPDX-License-Identifier: BSL-1.0

#include "scheduler_outage_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// What counts is whether the service replies, not whether something accepts connections.

BOOST_AUTO_TEST_SUITE(scheduler_outage)

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

BOOST_AUTO_TEST_CASE(the_calls_that_wait_meanwhile_learn_why)
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
    open_probe(h);
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
    lose_a_call(h);
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

BOOST_FIXTURE_TEST_CASE(a_connection_to_a_gateway_does_not_keep_a_call_from_a_fresh_one, two_in_flight)
{
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
    open_probe(h);
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
    fake_connection& conn = open_probe(h);
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
    lose_a_call(h);
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
    lose_a_call(h);
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
    lose_a_call(h);
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

BOOST_AUTO_TEST_SUITE_END()
