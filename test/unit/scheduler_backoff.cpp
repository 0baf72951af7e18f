// SPDX-License-Identifier: BSL-1.0

#include "scheduler/backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace std::chrono_literals;

namespace scheduler = postmark::scheduler;

BOOST_AUTO_TEST_SUITE(scheduler_backoff)

BOOST_AUTO_TEST_CASE(the_bound_doubles_up_to_the_longest_delay)
{
    postmark::retry_settings const defaults;
    BOOST_TEST((scheduler::backoff(defaults, 1, 0.5) == 250ms));
    BOOST_TEST((scheduler::backoff(defaults, 2, 0.5) == 500ms));
    BOOST_TEST((scheduler::backoff(defaults, 3, 0.5) == 1s));
    BOOST_TEST((scheduler::backoff(defaults, 4, 0.5) == 2s));
    BOOST_TEST((scheduler::backoff(defaults, 5, 0.5) == 4s));
    BOOST_TEST((scheduler::backoff(defaults, 6, 0.5) == 4s));
}

BOOST_AUTO_TEST_CASE(jitter_is_full)
{
    postmark::retry_settings const defaults;
    BOOST_TEST((scheduler::backoff(defaults, 3, 0.0) == 0s));
    BOOST_TEST((scheduler::backoff(defaults, 3, 0.999) > 1990ms));
    BOOST_TEST((scheduler::backoff(defaults, 3, 0.999) < 2s));
}

BOOST_AUTO_TEST_CASE(any_number_of_failures_has_a_delay)
{
    postmark::retry_settings const defaults;
    BOOST_TEST((scheduler::backoff(defaults, 4'000'000'000U, 0.5) == 4s));
    BOOST_TEST((scheduler::backoff(defaults, 0, 0.5) == 250ms));
}

BOOST_AUTO_TEST_CASE(the_longest_delay_also_bounds_the_first_one)
{
    postmark::retry_settings settings;
    settings.first_delay = 10s;
    settings.max_delay = 2s;
    BOOST_TEST((scheduler::backoff(settings, 1, 0.5) == 1s));
}

BOOST_AUTO_TEST_CASE(without_a_first_delay_there_is_no_wait)
{
    postmark::retry_settings settings;
    settings.first_delay = 0s;
    // Doubling a delay of 0 does not change it, however often it is repeated.
    BOOST_TEST((scheduler::backoff(settings, 1000, 0.5) == 0s));
}

BOOST_AUTO_TEST_CASE(the_longest_allowed_delays_do_not_overflow)
{
    postmark::retry_settings settings;
    settings.first_delay = settings.max_delay = std::chrono::hours{24 * 365};
    for (unsigned const failures : {1U, 2U, 64U, 4'000'000'000U}) {
        BOOST_TEST((scheduler::backoff(settings, failures, 0.999) > 0s));
        BOOST_TEST((scheduler::backoff(settings, failures, 0.999) <= settings.max_delay));
    }
}

BOOST_AUTO_TEST_SUITE_END()
