// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// A call is known by its key before it is submitted; how its end is explained.

BOOST_AUTO_TEST_SUITE(scheduler_registration)

BOOST_AUTO_TEST_CASE(a_registered_call_is_found_by_its_key)
{
    harness h;
    fake_call& call = h.prepare();
    auto const key = call.key();
    BOOST_TEST(call.id() != 0U);
    BOOST_TEST(h.scheduler.find(key) == &call);
    BOOST_TEST(h.scheduler.outstanding() == 0U);
    h.scheduler.register_call(call);
    BOOST_TEST((call.key() == key));
    h.submit(call);
    BOOST_TEST((call.key() == key));
    BOOST_TEST(h.scheduler.find(key) == &call);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_before_it_is_submitted_ends_when_it_is)
{
    harness h;
    fake_call& call = h.prepare();
    h.cancel(call);
    h.submit(call);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
    BOOST_TEST(h.made() == 0U);
}

BOOST_AUTO_TEST_CASE(a_registered_call_that_is_not_submitted_leaves_nothing)
{
    harness h;
    fake_call& call = h.prepare(other_token);
    auto const key = call.key();
    h.scheduler.unregister_call(call);
    BOOST_TEST(h.scheduler.find(key) == nullptr);
    h.calls.clear();
    h.submit();
    h.open();
}

BOOST_AUTO_TEST_CASE(calls_wait_in_the_order_of_their_registration)
{
    harness h{one_connection};
    fake_call& first = h.submit();
    h.open();
    fake_call& second = h.prepare();
    fake_call& third = h.submit();
    h.submit(second);
    h.accept(first);
    BOOST_TEST(is_in_flight(second));
    h.accept(second);
    BOOST_TEST(is_in_flight(third));
}

BOOST_AUTO_TEST_CASE(a_call_that_is_submitted_after_all_was_abandoned_ends)
{
    harness h;
    fake_call& call = h.prepare();
    std::vector<std::shared_ptr<connection>> connections;
    BOOST_TEST(h.scheduler.abandon(connections).empty());
    actions out;
    h.scheduler.submit(call, h.now, out);
    BOOST_TEST(is_completed(call));
    BOOST_TEST((call.ended().error == errc::client_closed));
    out.ended.clear();
}

BOOST_AUTO_TEST_CASE(the_cause_of_a_failure_is_kept_with_the_call)
{
    harness h;
    fake_call& call = h.submit(one_attempt);
    fake_call& waiting = h.submit();
    h.open();
    h.fail(call, {.error = errc::write_failed, .detail = "broken pipe"});
    BOOST_TEST(ended(call, errc::write_failed));
    BOOST_TEST(call.detail == "broken pipe");
    h.fail_open(errc::certificate_refused, "not trusted");
    BOOST_TEST(ended(waiting, errc::certificate_refused));
    BOOST_TEST(waiting.detail == "not trusted");
}

BOOST_AUTO_TEST_CASE(the_cause_of_an_earlier_attempt_explains_its_error)
{
    harness h;
    fake_call& call = h.submit(at_least_once);
    h.open();
    h.fail(call, {.error = errc::reply_too_large, .written = true, .detail = "2 MiB"});
    h.cancel(call);
    BOOST_TEST(ended(call, errc::reply_too_large));
    BOOST_TEST(call.detail == "2 MiB");
}

BOOST_AUTO_TEST_CASE(what_else_failed_does_not_explain_why_a_call_was_cancelled)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.cancel(call);
    h.fail(call, {.error = errc::write_failed, .detail = "broken pipe"});
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
    BOOST_TEST(call.detail.empty());
}

BOOST_AUTO_TEST_CASE(an_abort_says_why)
{
    for (int which = 0; which != 3; ++which) {
        harness h;
        fake_call& call = h.submit();
        fake_connection& conn = h.open();
        abort_reason expected = abort_reason::cancelled;
        if (which == 0) {
            h.cancel(call);
        } else if (which == 1) {
            h.shutdown();
            expected = abort_reason::closed;
        } else {
            h.advance(60s);
            expected = abort_reason::deadline;
        }
        BOOST_TEST((conn.reason == expected));
    }
}

BOOST_AUTO_TEST_SUITE_END()
