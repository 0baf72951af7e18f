// SPDX-License-Identifier: BSL-1.0

#include "scheduler/request_limits.hpp"
#include "scheduler_fixture.hpp"

#include <algorithm>
#include <array>

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

namespace {

/// A busy connection, and calls that share the next request.
struct coalesced_request {
    explicit coalesced_request(std::size_t count)
    {
        fake_call& busy = h.submit();
        h.open();
        for (std::size_t index = 0; index != count; ++index) {
            calls.push_back(&h.submit(coalescing));
        }
        h.accept(busy);
    }

    [[nodiscard]] bool all_are_in_one_request() const
    {
        return std::all_of(calls.begin(), calls.end(), [&](fake_call const* member) {
            return is_in_flight(*member) && h.connection_of(*member) == h.connection_of(*calls.front());
        });
    }

    harness h{one_connection};
    std::vector<fake_call*> calls;
};

reply_status const accepted{.kind = reply_kind::success};
reply_status const refused{.kind = reply_kind::refused};
reply_status const unclear{.kind = reply_kind::unknown};
reply_status const divided{.kind = reply_kind::split};

} // namespace

BOOST_AUTO_TEST_SUITE(scheduler_sharing)

BOOST_AUTO_TEST_CASE(calls_that_wait_share_the_next_request)
{
    coalesced_request request{5};
    BOOST_TEST(request.all_are_in_one_request());
    request.h.accept(*request.calls[2]);
    for (fake_call const* const member : request.calls) {
        BOOST_TEST(ended_as_replied(*member));
    }
}

BOOST_AUTO_TEST_CASE(each_gets_its_own_verdict)
{
    coalesced_request request{3};
    request.h.reply_each(*request.calls[0], {accepted, refused, unclear});
    for (fake_call const* const member : request.calls) {
        BOOST_TEST(ended_as_replied(*member));
    }
}

BOOST_AUTO_TEST_CASE(only_calls_of_one_kind_and_one_token_share)
{
    harness h{one_connection};
    fake_call& busy = h.submit();
    h.open();
    fake_call& first = h.submit(coalescing);
    fake_call& alone = h.submit();
    fake_call& other_kind = h.submit([](auto& policy) { policy.coalesce_group = 2; });
    fake_call& other_token = h.submit([](auto& policy) {
        coalescing(policy);
        policy.token_id = 9;
    });
    fake_call& second = h.submit(coalescing);
    h.accept(busy);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_in_flight(second));
    BOOST_TEST(is_queued(alone));
    BOOST_TEST(is_queued(other_kind));
    BOOST_TEST(is_queued(other_token));
    h.accept(first);
    BOOST_TEST(is_in_flight(alone));
    h.accept(alone);
    BOOST_TEST(is_in_flight(other_kind));
    h.accept(other_kind);
    BOOST_TEST(is_in_flight(other_token));
}

BOOST_AUTO_TEST_CASE(a_request_holds_no_more_messages_than_the_service_takes)
{
    coalesced_request request{max_messages_per_request + 1};
    BOOST_TEST(request.h.connection_of(*request.calls.front())->calls().size() == max_messages_per_request);
    BOOST_TEST(is_queued(*request.calls.back()));
}

BOOST_AUTO_TEST_CASE(a_request_holds_no_more_bytes_than_the_service_takes)
{
    harness h{[](auto& values) {
        one_connection(values);
        values.limits.queued_bytes = 4 * max_bytes_per_request;
    }};
    fake_call& busy = h.submit();
    h.open();
    auto const half = [](auto& policy) {
        coalescing(policy);
        policy.bytes = max_bytes_per_request / 2;
    };
    fake_call& first = h.submit(half);
    fake_call& second = h.submit(half);
    fake_call& third = h.submit(half);
    fake_call& small = h.submit([](auto& policy) {
        coalescing(policy);
        policy.bytes = 0;
    });
    h.accept(busy);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_in_flight(second));
    BOOST_TEST(is_queued(third));
    BOOST_TEST(is_in_flight(small));
}

BOOST_AUTO_TEST_CASE(what_is_submitted_together_goes_together_on_a_connection_that_idles)
{
    harness h;
    h.warm_up();
    fake_call& first = h.submit(coalescing);
    fake_call& second = h.submit(coalescing);
    BOOST_TEST(h.flushes == 1U);
    BOOST_TEST(h.opening() == 0U);
    h.flush();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(h.connection_of(first) == h.connection_of(second));
}

BOOST_AUTO_TEST_CASE(an_older_call_that_waits_for_the_flush_goes_before_one_that_does_not)
{
    harness h{one_connection};
    h.warm_up();
    fake_call& first = h.submit(coalescing);
    fake_call& alone = h.submit();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(alone));
    h.flush();
    BOOST_TEST(is_queued(alone));
}

BOOST_AUTO_TEST_CASE(cancelling_one_leaves_the_others_alone)
{
    coalesced_request request{3};
    request.h.cancel(*request.calls[1]);
    BOOST_TEST(ended(*request.calls[1], errc::cancelled_in_flight));
    BOOST_TEST(is_in_flight(*request.calls[0]));
    BOOST_TEST(request.h.connection_of(*request.calls[0])->aborted == 0U);
    // Each status still belongs to the call that it was made for.
    request.h.reply_each(*request.calls[0], {{.kind = reply_kind::retry_later}, refused, accepted});
    BOOST_TEST(is_pausing(*request.calls[0]));
    BOOST_TEST(ended_as_replied(*request.calls[2]));
}

BOOST_AUTO_TEST_CASE(a_cancellation_that_may_not_end_what_is_in_flight_ends_nothing)
{
    coalesced_request request{3};
    request.h.cancel(*request.calls[1], false);
    BOOST_TEST(request.all_are_in_one_request());
}

BOOST_AUTO_TEST_CASE(the_last_one_left_ends_the_request)
{
    coalesced_request request{2};
    request.h.cancel(*request.calls[0]);
    request.h.cancel(*request.calls[1]);
    BOOST_TEST(is_in_flight(*request.calls[1]));
    fake_connection const& conn = *request.h.connection_of(*request.calls[1]);
    BOOST_TEST(conn.aborted == conn.exchange());
    request.h.fail(*request.calls[1], {.error = errc::cancelled_in_flight, .written = false});
    BOOST_TEST(ended(*request.calls[1], errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(deadlines_that_pass_together_end_the_request_as_a_whole)
{
    coalesced_request request{3};
    request.h.advance(61s);
    fake_connection const& conn = *request.h.connection_of(*request.calls[1]);
    BOOST_TEST(conn.aborted == conn.exchange());
    request.h.fail(*request.calls[1], {.error = errc::cancelled_in_flight, .written = false});
    for (fake_call const* const member : request.calls) {
        BOOST_TEST(ended(*member, errc::timed_out_before_sent));
    }
}

BOOST_AUTO_TEST_CASE(a_deadline_of_one_leaves_the_others_alone)
{
    harness h{one_connection};
    fake_call& busy = h.submit();
    h.open();
    fake_call& hasty = h.submit([&](auto& policy) {
        coalescing(policy);
        policy.deadline = h.now + 1s;
    });
    fake_call& patient = h.submit(coalescing);
    h.accept(busy);
    h.advance(1s);
    BOOST_TEST(ended(hasty, errc::timed_out_in_flight));
    BOOST_TEST(is_in_flight(patient));
    h.accept(patient);
    BOOST_TEST(ended_as_replied(patient));
}

BOOST_AUTO_TEST_CASE(cancelling_everything_ends_a_request_by_what_was_written)
{
    coalesced_request request{3};
    request.h.cancel_all();
    BOOST_TEST(request.all_are_in_one_request());
    request.h.fail(*request.calls[0], {.error = errc::cancelled_in_flight, .written = false});
    for (fake_call const* const member : request.calls) {
        BOOST_TEST(ended(*member, errc::cancelled_before_sent));
    }
}

BOOST_AUTO_TEST_CASE(nobody_leaves_while_the_client_works_on_the_calls)
{
    harness h{one_connection};
    h.keep_pinned = true;
    fake_call& busy = h.submit();
    h.open();
    fake_call& first = h.submit(coalescing);
    fake_call& second = h.submit(coalescing);
    h.accept(busy);
    h.cancel(first);
    BOOST_TEST(is_in_flight(first));
    h.unpin(*h.connection_of(first));
    BOOST_TEST(ended(first, errc::cancelled_in_flight));
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(a_request_that_was_refused_as_a_whole_is_divided_down_to_the_one_to_blame)
{
    coalesced_request request{4};
    std::array<fake_call*, 4> const calls{request.calls[0], request.calls[1], request.calls[2], request.calls[3]};
    request.h.reply(*calls[0], divided);
    BOOST_TEST(request.h.connection_of(*calls[0]) == request.h.connection_of(*calls[1]));
    BOOST_TEST(is_queued(*calls[2]));
    request.h.reply(*calls[0], divided);
    BOOST_TEST(is_in_flight(*calls[0]));
    BOOST_TEST(is_queued(*calls[1]));
    request.h.refuse(*calls[0]);
    BOOST_TEST(is_in_flight(*calls[1]));
    request.h.accept(*calls[1]);
    BOOST_TEST(request.h.connection_of(*calls[2]) == request.h.connection_of(*calls[3]));
    request.h.accept(*calls[2]);
    for (fake_call const* const member : calls) {
        BOOST_TEST(ended_as_replied(*member));
    }
    // No part of it was an attempt that failed.
    BOOST_TEST(calls[1]->attempts() == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_said_of_the_whole_is_not_said_of_one_that_goes_no_more)
{
    coalesced_request request{4};
    request.h.reply(*request.calls[0], divided);
    request.h.cancel(*request.calls[3]);
    BOOST_TEST(ended(*request.calls[3], errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(a_part_that_cannot_outlast_a_pause_ends_at_once)
{
    harness h{two_connections};
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.open();
    auto const hasty = [&](auto& policy) {
        coalescing(policy);
        policy.deadline = h.now + 10s;
    };
    fake_call& one = h.submit(hasty);
    fake_call& other = h.submit(hasty);
    h.accept(first);
    BOOST_TEST(h.connection_of(one) == h.connection_of(other));
    h.reply_429(second, 30s);
    h.reply(one, divided);
    BOOST_TEST(ended(one, errc::timed_out_before_sent));
    BOOST_TEST(ended(other, errc::timed_out_before_sent));
}

BOOST_AUTO_TEST_CASE(nothing_stays_open_when_the_last_parts_end_with_the_client)
{
    coalesced_request request{2};
    fake_connection& conn = *request.h.connection_of(*request.calls[0]);
    request.h.scheduler.pin(conn);
    request.h.shutdown();
    request.h.reply(*request.calls[0], divided);
    BOOST_TEST(ended(*request.calls[0], errc::client_closed));
    BOOST_TEST(ended(*request.calls[1], errc::client_closed));
    BOOST_TEST(conn.closed);
}

BOOST_AUTO_TEST_CASE(a_full_queue_sends_what_waits_only_for_the_flush)
{
    harness h{[](auto& values) {
        one_connection(values);
        values.limits.queued_requests = 1;
    }};
    h.warm_up();
    fake_call& first = h.submit(coalescing);
    fake_call& second = h.submit(coalescing);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(second));
    h.flush();
}

BOOST_AUTO_TEST_CASE(what_was_not_written_goes_again_on_a_fresh_connection)
{
    coalesced_request request{3};
    request.h.fail_write(*request.calls[1]);
    BOOST_TEST(request.h.opening() == 1U);
    request.h.open();
    BOOST_TEST(request.all_are_in_one_request());
    BOOST_TEST(request.calls[0]->attempts() == 2U);
}

BOOST_AUTO_TEST_CASE(a_lost_reply_leaves_all_of_them_unknown)
{
    coalesced_request request{3};
    request.h.lose_reply(*request.calls[1]);
    for (fake_call const* const member : request.calls) {
        BOOST_TEST(ended(*member, errc::connection_lost));
    }
}

BOOST_AUTO_TEST_CASE(slow_down_pauses_all_of_them)
{
    coalesced_request request{3};
    request.h.reply_429(*request.calls[1], 2s);
    for (fake_call const* const member : request.calls) {
        BOOST_TEST(is_pausing(*member));
    }
    request.h.advance(2s);
    request.h.flushes = 0;
    BOOST_TEST(request.all_are_in_one_request());
}

BOOST_AUTO_TEST_SUITE_END()
