// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_data_removals)

using namespace sandbox_test;

BOOST_FIXTURE_TEST_CASE(a_removal_stays_pending, fixture)
{
    auto const made =
        account("POST", "/data-removals",
                R"({"RequestedBy":"owner@example.com","RequestedFor":"ann@example.org","NotifyWhenCompleted":true})")
            .value();
    BOOST_TEST(number_of(made, "ID") > 0);
    BOOST_TEST(text_of(made, "Status") == "Pending");
    BOOST_TEST(account("GET", "/data-removals/" + std::to_string(number_of(made, "ID"))).value() == made);
}

BOOST_FIXTURE_TEST_CASE(a_removal_of_other_names_gets_an_id, fixture)
{
    BOOST_TEST(account("POST", "/data-removals", R"({"Recipient":"ann@example.org"})").status == 200);
}

BOOST_FIXTURE_TEST_CASE(removals_that_cannot_be_are_refused, fixture)
{
    for (auto const* body :
         {"", "{}", "null", R"({"RequestedBy":"owner@example.com"})", R"({"RequestedFor":"ann@example.org"})",
          R"({"RequestedBy":"owner@example.com","RequestedFor":"nobody"})"}) {
        check_refused(account("POST", "/data-removals", body), 1300);
    }
    check_refused(account("POST", "/data-removals", R"({"RequestedBy":1,"RequestedFor":"a@example.org"})"), 403);
    check_refused(account("GET", "/data-removals/1"), 1301);
    BOOST_TEST(control("PUT", "/__sandbox/account", R"({"DataRemovals":false})").status == 200);
    check_refused(account("GET", "/data-removals/1"), 1302);
    check_refused(account("POST", "/data-removals", "{}"), 1302);
    BOOST_TEST(control("PUT", "/__sandbox/account", R"({"DataRemovals":"yes"})").status == 400);
    control("PUT", "/__sandbox/account", R"({"DataRemovals":true})");
    check_refused(account("GET", "/data-removals/x"), 1301);
}

BOOST_AUTO_TEST_SUITE_END()
