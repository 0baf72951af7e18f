// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// The request left, and nobody knows what became of it.

BOOST_AUTO_TEST_SUITE(scheduler_unknown)

BOOST_AUTO_TEST_CASE(what_is_unknown_is_not_repeated)
{
    harness h;
    fake_call& first = h.submit();
    fake_call& second = h.submit();
    h.open();
    h.reply_unclearly(first);
    BOOST_TEST(ended_as_replied(first));
    h.lose_reply(second);
    BOOST_TEST(ended(second, errc::connection_lost));
    BOOST_TEST(first.starts == 1U);
    BOOST_TEST(second.starts == 1U);
}

BOOST_AUTO_TEST_CASE(the_cause_of_a_lost_reply_is_kept)
{
    harness h;
    fake_call& call = h.submit();
    h.open();
    h.fail(call, {.error = errc::reply_too_large, .written = true});
    BOOST_TEST(ended(call, errc::reply_too_large));
}

BOOST_AUTO_TEST_CASE(bytes_decide_whatever_the_cause_is_called)
{
    harness h;
    fake_call& first = h.submit(one_attempt);
    fake_call& second = h.submit();
    h.open();
    h.open();
    // An early reply that makes no sense: the request did not leave whole, so it was not accepted.
    h.fail(first, {.error = errc::malformed_reply, .written = false});
    BOOST_TEST(ended(first, errc::write_failed));
    h.fail(second, {.error = errc::write_failed, .written = true});
    BOOST_TEST(ended(second, errc::connection_lost));
}

BOOST_AUTO_TEST_CASE(what_may_be_repeated_is_tried_again_on_request)
{
    for (auto const& policy : {at_least_once, repeatable}) {
        harness h;
        fake_call& call = h.submit(policy);
        h.open();
        h.lose_reply(call);
        BOOST_TEST(is_pausing(call));
        BOOST_TEST((h.time_to_tick() == 250ms));
        h.advance(h.time_to_tick());
        h.open();
        h.reply_unclearly(call);
        BOOST_TEST((h.time_to_tick() == 500ms));
        h.advance(h.time_to_tick());
        h.accept(call);
        BOOST_TEST(ended_as_replied(call));
        BOOST_TEST(call.starts == 3U);
    }
}

BOOST_AUTO_TEST_CASE(the_last_unclear_reply_says_how_a_repeated_call_ended)
{
    // It has a status and perhaps a text, which the bare error has not.
    for (auto const& policy : {at_least_once, repeatable}) {
        harness h;
        fake_call& call = h.submit([&](auto& values) {
            policy(values);
            values.retry.attempts = 2;
        });
        h.open();
        h.reply_unclearly(call);
        h.advance(h.time_to_tick());
        h.reply_unclearly(call);
        BOOST_TEST(ended_as_replied(call));
    }
    harness h;
    fake_call& hasty = h.submit([&](auto& policy) {
        at_least_once(policy);
        policy.deadline = h.now + 100ms;
    });
    h.open();
    h.reply_unclearly(hasty);
    BOOST_TEST(ended_as_replied(hasty));
}

BOOST_AUTO_TEST_CASE(once_unknown_only_an_acceptance_changes_that)
{
    void (*const ends[])(harness&, fake_call&) = {
        [](harness& h, fake_call& call) { h.refuse(call); },
        [](harness& h, fake_call& call) { h.reply_429(call, 60s); },
        [](harness& h, fake_call& call) {
            h.reply_maintenance(call);
            h.cancel(call);
        },
        [](harness& h, fake_call& call) { h.fail(call, {.error = errc::certificate_refused}); },
        [](harness& h, fake_call& call) {
            h.fail_write(call);
            h.cancel(call);
        },
        [](harness& h, fake_call& call) {
            h.cancel(call);
            h.fail_write(call);
        },
        [](harness& h, fake_call& call) {
            h.find_stale(call);
            h.cancel(call);
        },
        [](harness& h, fake_call& call) {
            h.fail_write(call);
            h.shutdown();
        },
        [](harness& h, fake_call& call) {
            h.fail_write(call);
            h.advance(60s);
        },
        [](harness& h, fake_call& call) {
            h.fail_write(call);
            h.advance(h.time_to_tick());
            h.fail_open(errc::certificate_refused);
        },
    };
    for (auto const& end : ends) {
        harness h;
        fake_call& call = h.submit(at_least_once);
        h.open();
        h.fail(call, {.error = errc::reply_too_large, .written = true});
        h.advance(h.time_to_tick());
        h.open();
        end(h, call);
        BOOST_TEST(ended(call, errc::reply_too_large));
    }
}

BOOST_AUTO_TEST_CASE(a_repeatable_call_has_no_past)
{
    harness h;
    fake_call& refused = h.submit(repeatable);
    h.open();
    h.lose_reply(refused);
    h.advance(h.time_to_tick());
    h.open();
    h.refuse(refused);
    BOOST_TEST(ended_as_replied(refused));
}

BOOST_AUTO_TEST_CASE(a_repeatable_call_that_may_have_worked_is_never_called_not_sent)
{
    // A PUT or DELETE whose reply was lost may have done its work, whatever keeps it from being repeated.
    void (*const ends[])(harness&, fake_call&) = {
        [](harness& h, fake_call&) {
            h.advance(h.time_to_tick());
            for (unsigned failures = 0; failures != 4; ++failures) {
                h.fail_open();
                if (!h.has_no_timer()) {
                    h.advance(h.time_to_tick());
                }
            }
        },
        [](harness& h, fake_call&) {
            h.advance(h.time_to_tick());
            h.fail_open(errc::certificate_refused);
        },
        [](harness& h, fake_call& call) {
            h.advance(h.time_to_tick());
            h.open();
            h.fail(call, {.error = errc::certificate_refused});
        },
        [](harness& h, fake_call& call) { h.cancel(call); },
        [](harness& h, fake_call&) { h.shutdown(); },
        [](harness& h, fake_call& call) {
            h.now = call.policy.deadline;
            h.tick();
        },
    };
    for (auto const& end : ends) {
        harness h;
        fake_call& call = h.submit(repeatable);
        h.open();
        h.lose_reply(call);
        BOOST_TEST(is_pausing(call));
        end(h, call);
        BOOST_TEST(ended(call, errc::connection_lost));
    }
}

BOOST_AUTO_TEST_CASE(unknown_attempts_are_limited_too)
{
    harness h;
    fake_call& call = h.submit(at_least_once);
    for (int attempt = 0; attempt < 4; ++attempt) {
        BOOST_TEST(!is_completed(call));
        h.open();
        h.lose_reply(call);
        if (!h.has_no_timer()) {
            h.advance(h.time_to_tick());
        }
    }
    BOOST_TEST(ended(call, errc::connection_lost));
    BOOST_TEST(call.starts == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
