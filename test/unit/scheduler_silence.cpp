// SPDX-License-Identifier: BSL-1.0

#include "scheduler_outage_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// A service that accepts a request and does not reply.

BOOST_AUTO_TEST_SUITE(scheduler_silence)

namespace {

/// Two calls were lost, seven wait, and the first probe is in flight.
fake_call& begin_probe(harness& h)
{
    begin_outage(h);
    open_probe(h);
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
    lose_a_call(h);
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
    lose_a_call(h);
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

BOOST_AUTO_TEST_SUITE_END()
