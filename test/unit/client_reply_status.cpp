// SPDX-License-Identifier: BSL-1.0

#include "client/reply_status.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace postmark;
using detail::exchange_failure_of;
using detail::fail_receipt;
using detail::item_class;
using detail::open_failure_of;
using detail::reply_status_of;
using protocol::reply_class;
using scheduler::reply_kind;
using namespace std::chrono_literals;

namespace {

transport::reply reply_with(unsigned status)
{
    transport::reply reply;
    reply.status = status;
    return reply;
}

} // namespace

BOOST_AUTO_TEST_SUITE(client_reply_status)

BOOST_AUTO_TEST_CASE(each_class_of_a_reply_has_its_status)
{
    auto const reply = reply_with(200);
    BOOST_TEST((reply_status_of(reply_class::accepted, {}, 0, reply).kind == reply_kind::success));
    BOOST_TEST((reply_status_of(reply_class::refused, {}, 300, reply).kind == reply_kind::refused));
    BOOST_TEST((reply_status_of(reply_class::split, {}, 300, reply).kind == reply_kind::split));
    auto const unknown = reply_status_of(reply_class::unknown, errc::server_error, 0, reply_with(500));
    BOOST_TEST((unknown.kind == reply_kind::unknown));
    BOOST_TEST((unknown.error == errc::server_error));
}

BOOST_AUTO_TEST_CASE(a_later_attempt_is_asked_for_by_429_and_by_maintenance)
{
    auto limited = reply_with(429);
    limited.retry_after = "7";
    auto const status = reply_status_of(reply_class::retry_later, {}, 429, limited);
    BOOST_TEST((status.kind == reply_kind::retry_later));
    BOOST_TEST((status.retry_after == 7s));
    BOOST_TEST(status.pauses_token);
    auto const maintenance = reply_status_of(reply_class::retry_later, {}, 100, reply_with(503));
    BOOST_TEST(!maintenance.retry_after.has_value());
    BOOST_TEST(!maintenance.pauses_token);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_does_not_reach_the_service_is_known_by_its_status)
{
    auto const is_unavailable = [](unsigned http_status, int api_code) {
        return reply_status_of(reply_class::unknown, errc::server_error, api_code, reply_with(http_status)).unavailable;
    };
    BOOST_TEST(is_unavailable(502, 0));
    BOOST_TEST(is_unavailable(502, 101));
    BOOST_TEST(is_unavailable(503, 0));
    BOOST_TEST(is_unavailable(504, 0));
    BOOST_TEST(!is_unavailable(503, 101));
    BOOST_TEST(!is_unavailable(500, 0));
    BOOST_TEST(!is_unavailable(200, 0));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_http_are_no_reply_of_the_service)
{
    transport::failure failure;
    failure.written = true;
    failure.error = errc::malformed_reply;
    failure.detail = "text";
    auto const malformed = exchange_failure_of(failure);
    BOOST_TEST((malformed.error == errc::malformed_reply));
    BOOST_TEST(malformed.written);
    BOOST_TEST(!malformed.replied);
    BOOST_TEST(malformed.detail == "text");
    failure.error = errc::reply_too_large;
    BOOST_TEST(exchange_failure_of(failure).replied);
    failure.error = errc::connection_lost;
    BOOST_TEST(!exchange_failure_of(failure).replied);
}

BOOST_AUTO_TEST_CASE(a_failure_to_open_keeps_its_error_and_its_text)
{
    transport::failure failure;
    failure.error = errc::connect_failed;
    failure.detail = "refused";
    auto const converted = open_failure_of(failure);
    BOOST_TEST((converted.error == errc::connect_failed));
    BOOST_TEST(converted.detail == "refused");
}

BOOST_AUTO_TEST_CASE(an_item_of_a_batch_has_the_class_of_its_outcome)
{
    receipt item;
    item.outcome = outcome::accepted;
    BOOST_TEST((item_class(item) == reply_class::accepted));
    item.outcome = outcome::rejected;
    BOOST_TEST((item_class(item) == reply_class::refused));
    item.outcome = outcome::unknown;
    BOOST_TEST((item_class(item) == reply_class::unknown));
}

BOOST_AUTO_TEST_CASE(a_failed_receipt_keeps_what_identifies_its_message)
{
    receipt result;
    result.stamp = "stamp";
    result.message_stream = "outbound";
    result.message_id = "of an earlier attempt";
    fail_receipt(result, errc::connect_failed, "refused");
    BOOST_TEST((result.outcome == outcome::not_sent));
    BOOST_TEST((result.error == errc::connect_failed));
    BOOST_TEST(result.stamp == "stamp");
    BOOST_TEST(result.message_stream == "outbound");
    BOOST_TEST(result.message_id == "");
    BOOST_TEST(result.detail == "refused");
}

BOOST_AUTO_TEST_SUITE_END()
