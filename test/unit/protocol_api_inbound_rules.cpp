// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/inbound_rules.hpp>

using namespace postmark;
using namespace api_test;

BOOST_AUTO_TEST_SUITE(protocol_api_inbound_rules)

BOOST_AUTO_TEST_CASE(requests)
{
    BOOST_TEST(summary(get_inbound_rules{}) == "GET /triggers/inboundrules?count=500&offset=0 server repeatable");
    BOOST_TEST(summary(get_inbound_rules{5, 12'000}) ==
               "GET /triggers/inboundrules?count=5&offset=12000 server repeatable");
    BOOST_TEST(summary(get_inbound_rules{501}) == "count: expected 1 to 500");
    BOOST_TEST(summary(delete_inbound_rule{7}) == "DELETE /triggers/inboundrules/7 server repeatable");
    BOOST_TEST(summary(delete_inbound_rule{}) == "id: must be positive");
    create_inbound_rule request;
    BOOST_TEST(summary(request) == "rule: is empty");
    request.rule = "spam@example.org";
    BOOST_TEST(summary(request) == R"(POST /triggers/inboundrules server once {"Rule":"spam@example.org"})");
    BOOST_TEST(printed(request) == R"(create_inbound_rule{Rule: "spam@example.org"})");
    BOOST_TEST((request != create_inbound_rule{}));
}

BOOST_AUTO_TEST_CASE(replies)
{
    auto const page = read_good<inbound_rules_reply>(
        R"({"TotalCount":2,"InboundRules":[{"ID":3,"Rule":"spam@example.org"},{"Id":"4","Rule":null}]})");
    BOOST_TEST(page.total_count == 2);
    BOOST_REQUIRE(page.inbound_rules.size() == 2u);
    BOOST_TEST(page.inbound_rules[0].id == 3);
    BOOST_TEST(page.inbound_rules[0].rule == "spam@example.org");
    BOOST_TEST(page.inbound_rules[1].id == 4);
    check_empty_replies<inbound_rules_reply>();
    BOOST_TEST(problem_of<inbound_rules_reply>(R"({"InboundRules":[{"ID":[]}]})") ==
               "InboundRules[0].ID: expected a number");

    auto const created = read_good<inbound_rule_reply>(R"({"ID":15,"Rule":"example.org"})");
    BOOST_TEST(created.id == 15);
    BOOST_TEST(created.rule == "example.org");
    BOOST_TEST(printed(created) == R"(inbound_rule_reply{http_status: 0, {ID: 15, Rule: "example.org"}})");
    check_empty_replies<inbound_rule_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
