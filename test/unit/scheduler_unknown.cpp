// SPDX-License-Identifier: BSL-1.0

#include "scheduler_fixture.hpp"

using namespace postmark;
using namespace postmark::scheduler;
using namespace postmark::scheduler::test;

// The request left, and nobody knows what became of it.

BOOST_AUTO_TEST_SUITE(dispatch_unknown)

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
    fake_call& first = all.submit(one_attempt);
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
                if (!all.sleeps()) {
                    all.after(all.wait());
                }
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
        if (!all.sleeps()) {
            all.after(all.wait());
        }
    }
    BOOST_TEST(ended(call, errc::connection_lost));
    BOOST_TEST(call.starts == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
