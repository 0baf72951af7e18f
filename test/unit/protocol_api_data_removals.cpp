// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/data_removals.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

BOOST_AUTO_TEST_SUITE(protocol_api_data_removals)

BOOST_AUTO_TEST_CASE(requests)
{
    create_data_removal request{"owner@example.com", "ann@example.org"};
    BOOST_TEST(summary(request) == R"(POST /data-removals account once {"RequestedBy":"owner@example.com",)"
                                   R"("RequestedFor":"ann@example.org"})");
    request.notify_when_completed = true;
    BOOST_TEST(summary(request) == R"(POST /data-removals account once {"RequestedBy":"owner@example.com",)"
                                   R"("RequestedFor":"ann@example.org","NotifyWhenCompleted":true})");
    request.requested_for.clear();
    BOOST_TEST(summary(request) == "requested_for: is empty");
    BOOST_TEST(summary(create_data_removal{}) == "requested_by: is empty");
    BOOST_TEST(summary(get_data_removal{42}) == "GET /data-removals/42 account repeatable");
    BOOST_TEST(summary(get_data_removal{}) == "id: must be positive");
}

BOOST_AUTO_TEST_CASE(replies)
{
    auto const reply = read_good<data_removal_reply>(R"({"ID":1234,"Status":"Pending"})");
    BOOST_TEST(reply.id == 1234);
    BOOST_TEST(reply.status == "Pending");
    auto const odd = read_good<data_removal_reply>(R"({"Id":"5","Status":null,"CompletedAt":"now"})");
    BOOST_TEST(odd.id == 5);
    BOOST_TEST(odd.status == "");
    BOOST_TEST(problem_of<data_removal_reply>(R"({"ID":"five"})") == "ID: expected a number");
    check_empty_replies<data_removal_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
