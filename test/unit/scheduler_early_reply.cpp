// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// A reply that arrives before the request was sent whole: a request is not accepted before its last byte has left.

BOOST_AUTO_TEST_SUITE(scheduler_early_reply)

namespace {

constexpr reply_facts early{.written = false, .reusable = false};

} // namespace

BOOST_AUTO_TEST_CASE(an_early_acceptance_is_not_believed)
{
    harness h;
    fake_call& call = h.submit(one_attempt);
    h.open();
    h.reply(call, {.kind = reply_kind::success}, early);
    BOOST_TEST(ended(call, errc::write_failed));
    BOOST_TEST(call.detail == "replied before the request was sent: not this request's reply");
}

BOOST_AUTO_TEST_CASE(an_early_reply_that_does_not_tell_is_a_failed_write)
{
    harness h;
    fake_call& call = h.submit(one_attempt);
    h.open();
    h.reply(call, {.kind = reply_kind::unknown, .error = errc::server_error}, early);
    BOOST_TEST(ended(call, errc::write_failed));
}

BOOST_AUTO_TEST_CASE(a_call_is_tried_again_after_an_early_acceptance)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply(call, {.kind = reply_kind::success}, early);
    BOOST_TEST(is_pausing(call));
    h.advance(h.time_to_tick());
    h.open();
    h.accept(call);
    BOOST_TEST(ended_as_replied(call));
    BOOST_TEST(call.starts == 2U);
}

BOOST_AUTO_TEST_CASE(early_refusals_stand)
{
    for (reply_kind const kind : {reply_kind::refused, reply_kind::retry_later}) {
        harness h;
        fake_call& call = h.submit(one_attempt);
        h.open();
        h.reply(call, {.kind = kind}, early);
        BOOST_TEST(ended_as_replied(call));
    }
}

BOOST_AUTO_TEST_CASE(an_early_split_stands)
{
    harness h;
    h.warm_up();
    fake_call& first = h.submit(coalescing);
    fake_call& second = h.submit(coalescing);
    h.flush();
    BOOST_TEST(h.connection_of(first) == h.connection_of(second));
    h.reply(first, {.kind = reply_kind::split}, early);
    h.open();
    h.open();
    BOOST_TEST(h.connection_of(first) != h.connection_of(second));
}

BOOST_AUTO_TEST_CASE(each_item_of_an_early_reply_is_judged_by_itself)
{
    harness h;
    h.warm_up();
    fake_call& accepted = h.submit([](auto& policy) {
        coalescing(policy);
        one_attempt(policy);
    });
    fake_call& refused = h.submit(coalescing);
    h.flush();
    h.reply_each(accepted, {{.kind = reply_kind::success}, {.kind = reply_kind::refused}}, early);
    BOOST_TEST(ended(accepted, errc::write_failed));
    BOOST_TEST(ended_as_replied(refused));
}

BOOST_AUTO_TEST_CASE(an_early_reply_replaces_what_was_known)
{
    // The call held the reply "later", which the early reply has overwritten.
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.reply_maintenance(call);
    h.advance(h.time_to_tick());
    h.reply(call, {.kind = reply_kind::success}, early);
    h.cancel(call);
    BOOST_TEST(ended(call, errc::cancelled_before_sent));
}

BOOST_AUTO_TEST_CASE(a_connection_with_an_early_reply_is_not_used_again)
{
    harness h;
    fake_call& call = h.submit();
    fake_connection& conn = h.open();
    h.reply(call, {.kind = reply_kind::refused}, {.written = false, .reusable = true});
    BOOST_TEST(conn.closed);
}

BOOST_AUTO_TEST_SUITE_END()
