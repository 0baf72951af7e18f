// SPDX-License-Identifier: BSL-1.0

#include "scheduler/outcome.hpp"

#include <boost/test/unit_test.hpp>

using postmark::errc;
using postmark::outcome;

namespace scheduler = postmark::scheduler;

BOOST_AUTO_TEST_SUITE(scheduler_outcome)

BOOST_AUTO_TEST_CASE(every_error_has_one_outcome)
{
    for (errc const code : {errc::invalid_message, errc::invalid_configuration, errc::no_trust_anchors,
                            errc::queue_full, errc::resolve_failed, errc::connect_failed, errc::proxy_refused,
                            errc::handshake_failed, errc::certificate_refused, errc::write_failed,
                            errc::timed_out_before_sent, errc::cancelled_before_sent, errc::client_closed}) {
        BOOST_TEST((scheduler::outcome_of(code) == outcome::not_sent), static_cast<int>(code));
    }

    for (errc const code :
         {errc::connection_lost, errc::timed_out_in_flight, errc::cancelled_in_flight, errc::malformed_reply,
          errc::reply_too_large, errc::item_count_mismatch, errc::server_error}) {
        BOOST_TEST((scheduler::outcome_of(code) == outcome::unknown), static_cast<int>(code));
    }

    BOOST_TEST((scheduler::outcome_of(errc::http_refused) == outcome::rejected));
}

BOOST_AUTO_TEST_CASE(only_temporary_failures_are_passing)
{
    for (errc const code : {errc::resolve_failed, errc::connect_failed, errc::handshake_failed, errc::write_failed}) {
        BOOST_TEST(scheduler::is_passing(code), static_cast<int>(code));
    }

    for (errc const code :
         {errc::proxy_refused, errc::certificate_refused, errc::no_trust_anchors, errc::invalid_configuration,
          errc::invalid_message, errc::queue_full, errc::client_closed}) {
        BOOST_TEST(!scheduler::is_passing(code), static_cast<int>(code));
    }
}

BOOST_AUTO_TEST_CASE(bytes_sent_decide_the_outcome_of_a_failed_exchange)
{
    using scheduler::failed_error;
    BOOST_TEST((failed_error(errc::write_failed, false) == errc::write_failed));
    BOOST_TEST((failed_error(errc::malformed_reply, false) == errc::write_failed));
    BOOST_TEST((failed_error(errc::malformed_reply, true) == errc::malformed_reply));
    BOOST_TEST((failed_error(errc::write_failed, true) == errc::connection_lost));
}

BOOST_AUTO_TEST_CASE(bytes_sent_decide_the_outcome_of_an_aborted_call)
{
    using scheduler::abort_reason;
    using scheduler::aborted_error;
    BOOST_TEST((aborted_error(abort_reason::cancelled, false) == errc::cancelled_before_sent));
    BOOST_TEST((aborted_error(abort_reason::cancelled, true) == errc::cancelled_in_flight));
    BOOST_TEST((aborted_error(abort_reason::deadline, false) == errc::timed_out_before_sent));
    BOOST_TEST((aborted_error(abort_reason::deadline, true) == errc::timed_out_in_flight));
    BOOST_TEST((aborted_error(abort_reason::closed, false) == errc::client_closed));
    BOOST_TEST((aborted_error(abort_reason::closed, true) == errc::cancelled_in_flight));
}

BOOST_AUTO_TEST_SUITE_END()
