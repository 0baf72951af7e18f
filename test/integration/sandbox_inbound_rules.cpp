// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_inbound_rules)

using namespace sandbox_test;

BOOST_FIXTURE_TEST_CASE(rules_are_made_listed_and_removed, fixture)
{
    for (auto const* rule : {"someone@example.com", "spammer.example", "*.spammer.example"}) {
        auto const made = post("/triggers/inboundRules", std::string{R"({"Rule":")"} + rule + R"("})");
        BOOST_TEST(made.status == 200);
        BOOST_TEST(number_of(made.value(), "ID") > 0);
        BOOST_TEST(text_of(made.value(), "Rule") == rule);
    }
    auto const page = get("/triggers/inboundrules?count=2&offset=0").value();
    BOOST_TEST(number_of(page, "TotalCount") == 3);
    BOOST_TEST(page.at("InboundRules").as_array().size() == 2U);
    auto const path = "/triggers/inboundrules/" + std::to_string(number_of(page.at("InboundRules").at(0), "ID"));
    auto const removed = remove(path);
    BOOST_TEST(removed.api_code() == 0);
    BOOST_TEST(removed.message() == "Rule someone@example.com removed.");
    check_refused(remove(path), 812);
    check_refused(remove("/triggers/inboundrules/x"), 812);
    BOOST_TEST(number_of(get("/triggers/inboundrules?count=2&offset=0").value(), "TotalCount") == 2);
}

BOOST_FIXTURE_TEST_CASE(rules_that_cannot_be_are_refused, fixture)
{
    auto const refused = [&](std::string const& body, std::int64_t code) {
        check_refused(post("/triggers/inboundrules", body), code);
    };
    refused("", 809);
    refused(R"({"Rule":null})", 809);
    refused(R"({"Rule":""})", 813);
    refused(R"({"Rule":"nothing"})", 813);
    refused(R"({"Rule":"*.nothing"})", 813);
    refused(R"({"Rule":"a b@example.com"})", 813);
    refused(R"({"Rule":3})", 403);
    post("/triggers/inboundrules", R"({"Rule":"a@example.com"})");
    refused(R"({"Rule":"A@Example.com"})", 810);
    check_refused(get("/triggers/inboundrules?count=501&offset=0"), 800);
    check_refused(get("/triggers/inboundrules?count=1"), 800);
}

BOOST_AUTO_TEST_SUITE_END()
