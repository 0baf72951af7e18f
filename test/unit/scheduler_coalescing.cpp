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
struct company {
    explicit company(std::size_t count)
    {
        fake_call& busy = all.submit();
        all.open();
        for (std::size_t each = 0; each != count; ++each) {
            calls.push_back(&all.submit(sharing));
        }
        all.accept(busy);
    }

    [[nodiscard]] bool all_are_in_one_request() const
    {
        return std::all_of(calls.begin(), calls.end(), [&](fake_call const* each) {
            return is_in_flight(*each) && all.on(*each) == all.on(*calls.front());
        });
    }

    rig all{one_connection};
    std::vector<fake_call*> calls;
};

reply_status const accepted{.what = reply_status::kind::success};
reply_status const refused{.what = reply_status::kind::refused};
reply_status const unclear{.what = reply_status::kind::unknown};
reply_status const divided{.what = reply_status::kind::split};

} // namespace

BOOST_AUTO_TEST_SUITE(dispatch_sharing)

BOOST_AUTO_TEST_CASE(calls_that_wait_share_the_next_request)
{
    company some{5};
    BOOST_TEST(some.all_are_in_one_request());
    some.all.accept(*some.calls[2]);
    for (fake_call const* const each : some.calls) {
        BOOST_TEST(ended_as_answered(*each));
    }
}

BOOST_AUTO_TEST_CASE(each_gets_its_own_verdict)
{
    company some{3};
    some.all.answer_each(*some.calls[0], {accepted, refused, unclear});
    for (fake_call const* const each : some.calls) {
        BOOST_TEST(ended_as_answered(*each));
    }
}

BOOST_AUTO_TEST_CASE(only_calls_of_one_kind_and_one_token_share)
{
    rig all{one_connection};
    fake_call& busy = all.submit();
    all.open();
    fake_call& first = all.submit(sharing);
    fake_call& alone = all.submit();
    fake_call& other_kind = all.submit([](auto& terms) { terms.shares = 2; });
    fake_call& other_token = all.submit([](auto& terms) {
        sharing(terms);
        terms.token = 9;
    });
    fake_call& second = all.submit(sharing);
    all.accept(busy);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_in_flight(second));
    BOOST_TEST(is_queued(alone));
    BOOST_TEST(is_queued(other_kind));
    BOOST_TEST(is_queued(other_token));
    all.accept(first);
    BOOST_TEST(is_in_flight(alone));
    all.accept(alone);
    BOOST_TEST(is_in_flight(other_kind));
    all.accept(other_kind);
    BOOST_TEST(is_in_flight(other_token));
}

BOOST_AUTO_TEST_CASE(a_request_holds_no_more_messages_than_the_service_takes)
{
    company some{most_messages_a_request + 1};
    BOOST_TEST(some.all.on(*some.calls.front())->calls().size() == most_messages_a_request);
    BOOST_TEST(is_queued(*some.calls.back()));
}

BOOST_AUTO_TEST_CASE(a_request_holds_no_more_bytes_than_the_service_takes)
{
    rig all{[](auto& values) {
        one_connection(values);
        values.limits.queued_bytes = 4 * most_bytes_a_request;
    }};
    fake_call& busy = all.submit();
    all.open();
    auto const half = [](auto& terms) {
        sharing(terms);
        terms.bytes = most_bytes_a_request / 2;
    };
    fake_call& first = all.submit(half);
    fake_call& second = all.submit(half);
    fake_call& third = all.submit(half);
    fake_call& small = all.submit([](auto& terms) {
        sharing(terms);
        terms.bytes = 0;
    });
    all.accept(busy);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_in_flight(second));
    BOOST_TEST(is_queued(third));
    BOOST_TEST(is_in_flight(small));
}

BOOST_AUTO_TEST_CASE(what_is_submitted_together_goes_together_on_a_connection_that_idles)
{
    rig all;
    all.warm_up();
    fake_call& first = all.submit(sharing);
    fake_call& second = all.submit(sharing);
    BOOST_TEST(all.flushes == 1U);
    BOOST_TEST(all.opening() == 0U);
    all.flush();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(all.on(first) == all.on(second));
}

BOOST_AUTO_TEST_CASE(an_older_call_that_waits_for_company_goes_before_one_that_does_not)
{
    rig all{one_connection};
    all.warm_up();
    fake_call& first = all.submit(sharing);
    fake_call& alone = all.submit();
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(alone));
    all.flush();
    BOOST_TEST(is_queued(alone));
}

BOOST_AUTO_TEST_CASE(cancelling_one_leaves_the_others_alone)
{
    company some{3};
    some.all.cancel(*some.calls[1]);
    BOOST_TEST(ended(*some.calls[1], errc::cancelled_in_flight));
    BOOST_TEST(is_in_flight(*some.calls[0]));
    BOOST_TEST(some.all.on(*some.calls[0])->aborted == 0U);
    // The verdicts still belong to whom they were made for.
    some.all.answer_each(*some.calls[0], {accepted, refused, {.what = reply_status::kind::retry_later}});
    BOOST_TEST(ended_as_answered(*some.calls[0]));
    BOOST_TEST(is_pausing(*some.calls[2]));
}

BOOST_AUTO_TEST_CASE(a_cancellation_that_may_not_end_what_is_in_flight_ends_nothing)
{
    company some{3};
    some.all.cancel(*some.calls[1], false);
    BOOST_TEST(some.all_are_in_one_request());
}

BOOST_AUTO_TEST_CASE(the_last_one_left_ends_the_request)
{
    company some{2};
    some.all.cancel(*some.calls[0]);
    some.all.cancel(*some.calls[1]);
    BOOST_TEST(is_in_flight(*some.calls[1]));
    fake_connection const& where = *some.all.on(*some.calls[1]);
    BOOST_TEST(where.aborted == where.exchange());
    some.all.fail(*some.calls[1], {.error = errc::cancelled_in_flight, .written = false});
    BOOST_TEST(ended(*some.calls[1], errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(deadlines_that_pass_together_end_the_request_as_a_whole)
{
    company some{3};
    some.all.after(61s);
    fake_connection const& where = *some.all.on(*some.calls[1]);
    BOOST_TEST(where.aborted == where.exchange());
    some.all.fail(*some.calls[1], {.error = errc::cancelled_in_flight, .written = false});
    for (fake_call const* const each : some.calls) {
        BOOST_TEST(ended(*each, errc::timed_out_before_sent));
    }
}

BOOST_AUTO_TEST_CASE(a_deadline_of_one_leaves_the_others_alone)
{
    rig all{one_connection};
    fake_call& busy = all.submit();
    all.open();
    fake_call& hasty = all.submit([&](auto& terms) {
        sharing(terms);
        terms.deadline = all.now + 1s;
    });
    fake_call& patient = all.submit(sharing);
    all.accept(busy);
    all.after(1s);
    BOOST_TEST(ended(hasty, errc::timed_out_in_flight));
    BOOST_TEST(is_in_flight(patient));
    all.accept(patient);
    BOOST_TEST(ended_as_answered(patient));
}

BOOST_AUTO_TEST_CASE(cancelling_everything_ends_a_request_by_what_was_written)
{
    company some{3};
    some.all.cancel_all();
    BOOST_TEST(some.all_are_in_one_request());
    some.all.fail(*some.calls[0], {.error = errc::cancelled_in_flight, .written = false});
    for (fake_call const* const each : some.calls) {
        BOOST_TEST(ended(*each, errc::cancelled_before_sent));
    }
}

BOOST_AUTO_TEST_CASE(nobody_leaves_while_the_client_works_on_the_calls)
{
    rig all{one_connection};
    all.holding = true;
    fake_call& busy = all.submit();
    all.open();
    fake_call& first = all.submit(sharing);
    fake_call& second = all.submit(sharing);
    all.accept(busy);
    all.cancel(first);
    BOOST_TEST(is_in_flight(first));
    all.let_go(*all.on(first));
    BOOST_TEST(ended(first, errc::cancelled_in_flight));
    BOOST_TEST(is_in_flight(second));
}

BOOST_AUTO_TEST_CASE(a_request_that_was_refused_as_a_whole_is_divided_down_to_the_one_to_blame)
{
    company some{4};
    std::array<fake_call*, 4> const calls{some.calls[0], some.calls[1], some.calls[2], some.calls[3]};
    some.all.answer(*calls[0], divided);
    BOOST_TEST(some.all.on(*calls[0]) == some.all.on(*calls[1]));
    BOOST_TEST(is_queued(*calls[2]));
    some.all.answer(*calls[0], divided);
    BOOST_TEST(is_in_flight(*calls[0]));
    BOOST_TEST(is_queued(*calls[1]));
    some.all.refuse(*calls[0]);
    BOOST_TEST(is_in_flight(*calls[1]));
    some.all.accept(*calls[1]);
    BOOST_TEST(some.all.on(*calls[2]) == some.all.on(*calls[3]));
    some.all.accept(*calls[2]);
    for (fake_call const* const each : calls) {
        BOOST_TEST(ended_as_answered(*each));
    }
    // No part of it was an attempt that failed.
    BOOST_TEST(calls[1]->attempts() == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_said_of_the_whole_is_not_said_of_one_that_goes_no_more)
{
    company some{4};
    some.all.answer(*some.calls[0], divided);
    some.all.cancel(*some.calls[3]);
    BOOST_TEST(ended(*some.calls[3], errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(a_part_that_cannot_outlast_a_pause_ends_at_once)
{
    rig all{two_connections};
    fake_call& first = all.submit();
    fake_call& second = all.submit();
    all.open();
    all.open();
    auto const hasty = [&](auto& terms) {
        sharing(terms);
        terms.deadline = all.now + 10s;
    };
    fake_call& one = all.submit(hasty);
    fake_call& other = all.submit(hasty);
    all.accept(first);
    BOOST_TEST(all.on(one) == all.on(other));
    all.slow_down(second, 30s);
    all.answer(one, divided);
    BOOST_TEST(ended(one, errc::timed_out_before_sent));
    BOOST_TEST(ended(other, errc::timed_out_before_sent));
}

BOOST_AUTO_TEST_CASE(nothing_stays_open_when_the_last_parts_end_with_the_client)
{
    company some{2};
    fake_connection& where = *some.all.on(*some.calls[0]);
    some.all.subject.hold(where);
    some.all.shutdown();
    some.all.answer(*some.calls[0], divided);
    BOOST_TEST(ended(*some.calls[0], errc::client_closed));
    BOOST_TEST(ended(*some.calls[1], errc::client_closed));
    BOOST_TEST(where.closed);
}

BOOST_AUTO_TEST_CASE(a_full_queue_sends_what_waits_for_company_only)
{
    rig all{[](auto& values) {
        one_connection(values);
        values.limits.queued_requests = 1;
    }};
    all.warm_up();
    fake_call& first = all.submit(sharing);
    fake_call& second = all.submit(sharing);
    BOOST_TEST(is_in_flight(first));
    BOOST_TEST(is_queued(second));
    all.flush();
}

BOOST_AUTO_TEST_CASE(what_was_not_written_goes_again_on_a_fresh_connection)
{
    company some{3};
    some.all.fail_write(*some.calls[1]);
    BOOST_TEST(some.all.opening() == 1U);
    some.all.open();
    BOOST_TEST(some.all_are_in_one_request());
    BOOST_TEST(some.calls[0]->attempts() == 2U);
}

BOOST_AUTO_TEST_CASE(a_lost_reply_leaves_all_of_them_unknown)
{
    company some{3};
    some.all.lose_reply(*some.calls[1]);
    for (fake_call const* const each : some.calls) {
        BOOST_TEST(ended(*each, errc::connection_lost));
    }
}

BOOST_AUTO_TEST_CASE(slow_down_pauses_all_of_them)
{
    company some{3};
    some.all.slow_down(*some.calls[1], 2s);
    for (fake_call const* const each : some.calls) {
        BOOST_TEST(is_pausing(*each));
    }
    some.all.after(2s);
    some.all.flushes = 0;
    BOOST_TEST(some.all_are_in_one_request());
}

BOOST_AUTO_TEST_SUITE_END()
