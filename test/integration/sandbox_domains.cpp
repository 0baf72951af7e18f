// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_domains)

using namespace sandbox_test;

namespace {

struct domain_fixture : fixture {
    using fixture::fixture;

    json::value make(std::string const& body)
    {
        auto const made = account("POST", "/domains", body);
        BOOST_REQUIRE_MESSAGE(made.status == 200, made.body);
        return made.value();
    }

    static std::string path_of(json::value const& domain, std::string_view rest = {})
    {
        return "/domains/" + std::to_string(number_of(domain, "ID")) + std::string{rest};
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_new_domain_waits_for_its_records, domain_fixture)
{
    auto const made = make(R"({"name":"Shop.Example","returnPathDomain":"pm.shop.example"})");
    BOOST_TEST(text_of(made, "Name") == "shop.example");
    BOOST_TEST(number_of(made, "ID") > 0);
    for (auto const* flag : {"SPFVerified", "DKIMVerified", "WeakDKIM", "ReturnPathDomainVerified",
                             "SafeToRemoveRevokedKeyFromDNS", "CustomTrackingVerified"}) {
        BOOST_TEST(made.at(flag).as_bool() == false);
    }
    for (auto const* text : {"DKIMHost", "DKIMTextValue", "DKIMRevokedHost", "DKIMRevokedTextValue",
                             "CustomTrackingDomain", "CustomTrackingDomainCNAMEValue"}) {
        BOOST_TEST(text_of(made, text).empty());
    }
    BOOST_TEST(text_of(made, "SPFHost") == "shop.example");
    BOOST_TEST(text_of(made, "SPFTextValue").starts_with("v=spf1 "));
    BOOST_TEST(text_of(made, "DKIMPendingHost").ends_with("pm._domainkey.shop.example"));
    auto const key = text_of(made, "DKIMPendingTextValue");
    BOOST_TEST(key.starts_with("k=rsa; p=MIG"));
    BOOST_TEST(key.size() == std::string_view{"k=rsa; p="}.size() + 216U);
    BOOST_TEST(text_of(made, "DKIMUpdateStatus") == "Pending");
    BOOST_TEST(text_of(made, "ReturnPathDomain") == "pm.shop.example");
    BOOST_TEST(text_of(made, "ReturnPathDomainCNAMEValue") == "pm.mtasv.net");
    BOOST_TEST(account("GET", path_of(made)).value() == made);
    BOOST_TEST(account("PUT", path_of(made, "/verifyDKIM")).value() == made);
    BOOST_TEST(account("PUT", path_of(made, "/verifyReturnPath"), "{}").value() == made);
    BOOST_TEST(account("PUT", path_of(made, "/verifyCustomTracking"), "null").value() == made);
}

BOOST_FIXTURE_TEST_CASE(records_are_verified_when_a_control_request_shows_them, domain_fixture)
{
    auto const made = make(R"({"Name":"shop.example","ReturnPathDomain":"pm.shop.example"})");
    BOOST_TEST(control("POST", "/__sandbox" + path_of(made, "/verified")).status == 200);
    auto const verified = account("PUT", path_of(made, "/verifyDkim")).value();
    BOOST_TEST(verified.at("DKIMVerified").as_bool());
    BOOST_TEST(verified.at("ReturnPathDomainVerified").as_bool());
    BOOST_TEST(text_of(verified, "DKIMHost") == text_of(made, "DKIMPendingHost"));
    BOOST_TEST(text_of(verified, "DKIMPendingHost").empty());
    BOOST_TEST(text_of(verified, "DKIMUpdateStatus") == "Verified");

    // A new key does not replace the old one before it is seen.
    auto const renewed = account("POST", path_of(made, "/rotatedkim")).value();
    BOOST_TEST(renewed.at("DKIMVerified").as_bool());
    BOOST_TEST(text_of(renewed, "DKIMHost") == text_of(made, "DKIMPendingHost"));
    BOOST_TEST(!text_of(renewed, "DKIMPendingHost").empty());
    BOOST_TEST(text_of(renewed, "DKIMPendingHost") != text_of(renewed, "DKIMHost"));
    BOOST_TEST(text_of(renewed, "DKIMUpdateStatus") == "Pending");
    check_refused(account("POST", path_of(made, "/rotateDKIM")), 505, "This DKIM is already being renewed.");
    control("POST", "/__sandbox" + path_of(made, "/verified"));
    auto const replaced = account("GET", path_of(made)).value();
    BOOST_TEST(text_of(replaced, "DKIMHost") == text_of(renewed, "DKIMPendingHost"));
    BOOST_TEST(text_of(replaced, "DKIMRevokedHost") == text_of(renewed, "DKIMHost"));
    BOOST_TEST(replaced.at("SafeToRemoveRevokedKeyFromDNS").as_bool());

    BOOST_TEST(control("POST", "/__sandbox/domains/1/verified").status == 404);
}

BOOST_FIXTURE_TEST_CASE(an_edit_replaces_both_hosts, domain_fixture)
{
    auto const made = make(R"({"Name":"shop.example"})");
    BOOST_TEST(text_of(made, "ReturnPathDomain").empty());
    auto const edited =
        account("PUT", path_of(made),
                R"({"ReturnPathDomain":"bounces.shop.example","CustomTrackingDomain":"click.shop.example"})")
            .value();
    BOOST_TEST(text_of(edited, "ReturnPathDomain") == "bounces.shop.example");
    BOOST_TEST(text_of(edited, "CustomTrackingDomain") == "click.shop.example");
    BOOST_TEST(!text_of(edited, "CustomTrackingDomainCNAMEValue").empty());
    control("POST", "/__sandbox" + path_of(made, "/verified"));
    auto const verified = account("GET", path_of(made)).value();
    BOOST_TEST(verified.at("ReturnPathDomainVerified").as_bool());
    BOOST_TEST(verified.at("CustomTrackingVerified").as_bool());
    auto const cleared = account("PUT", path_of(made), "{}").value();
    BOOST_TEST(text_of(cleared, "ReturnPathDomain").empty());
    BOOST_TEST(!cleared.at("ReturnPathDomainVerified").as_bool());
    BOOST_TEST(!cleared.at("CustomTrackingVerified").as_bool());
    BOOST_TEST(cleared.at("DKIMVerified").as_bool());
    check_refused(account("PUT", path_of(made), R"({"ReturnPathDomain":"pm.other.example"})"), 511);
    check_refused(account("PUT", path_of(made), R"({"CustomTrackingDomain":"shop.example"})"), 511);
    check_refused(account("PUT", path_of(made), R"({"ReturnPathDomain":7})"), 403, "$.ReturnPathDomain");
    check_refused(account("PUT", path_of(made), "{"), 402);
}

BOOST_FIXTURE_TEST_CASE(spf_is_verified_without_dns, domain_fixture)
{
    auto const made = make(R"({"Name":"shop.example"})");
    auto const spf = account("POST", path_of(made, "/verifyspf")).value();
    BOOST_TEST(spf.as_object().size() == 3U);
    BOOST_TEST(spf.at("SPFVerified").as_bool());
    BOOST_TEST(text_of(spf, "SPFHost") == "shop.example");
    BOOST_TEST(account("GET", path_of(made)).value().at("SPFVerified").as_bool());
}

BOOST_FIXTURE_TEST_CASE(domains_are_listed_and_removed, domain_fixture)
{
    auto const first = make(R"({"Name":"one.example"})");
    make(R"({"Name":"two.example"})");
    auto const page = account("GET", "/domains/?count=1&offset=1").value();
    BOOST_TEST(number_of(page, "TotalCount") == 2);
    BOOST_TEST(page.at("Domains").as_array().size() == 1U);
    BOOST_TEST(page.at("Domains").at(0).as_object().size() == 6U);
    BOOST_TEST(text_of(page.at("Domains").at(0), "Name") == "two.example");
    auto const removed = account("DELETE", path_of(first));
    BOOST_TEST(removed.api_code() == 0);
    BOOST_TEST(removed.message() == "Domain one.example removed.");
    check_refused(account("GET", path_of(first)), 510);
    check_refused(account("DELETE", path_of(first)), 510);
    check_refused(account("PUT", path_of(first, "/verifyDkim")), 510);
    check_refused(account("GET", "/domains/x"), 510);
    // The name is free again.
    BOOST_TEST(number_of(make(R"({"Name":"one.example"})"), "ID") != number_of(first, "ID"));
}

BOOST_FIXTURE_TEST_CASE(domains_that_cannot_be_are_refused, domain_fixture)
{
    make(R"({"Name":"shop.example"})");
    auto const refused = [&](std::string const& body, std::int64_t code) {
        check_refused(account("POST", "/domains", body), code);
    };
    refused("", 514);
    refused(R"({"Name":null})", 514);
    refused(R"({"Name":")" + std::string(256, 'a') + R"("})", 515);
    refused(R"({"Name":"thisisntadomain"})", 516);
    refused(R"({"Name":"no domain.example"})", 516);
    refused(R"({"Name":"gmail.com"})", 503);
    refused(R"({"Name":"SHOP.example"})", 512);
    refused(R"({"Name":"other.example","ReturnPathDomain":"pm.shop.example"})", 511);
    refused(R"({"Name":7})", 403);
    refused("[1]", 403);
    for (auto const* query :
         {"", "?count=0&offset=0", "?count=501&offset=0", "?count=-1&offset=0", "?count=1", "?count=x&offset=0"}) {
        check_refused(account("GET", std::string{"/domains"} + query), 500);
    }
    // Only searches end at 10,000 elements.
    BOOST_TEST(account("GET", "/domains?count=500&offset=9501").status == 200);
    BOOST_TEST(get("/domains?count=1&offset=0").status == 401);
}

BOOST_AUTO_TEST_CASE(the_seeds_have_a_verified_domain)
{
    auto options = plain();
    options.seeds = true;
    domain_fixture seeded{options};
    auto const page = seeded.account("GET", "/domains?count=10&offset=0").value();
    BOOST_REQUIRE(number_of(page, "TotalCount") == 1);
    auto const& seed = page.at("Domains").at(0);
    BOOST_TEST(seed.at("DKIMVerified").as_bool());
    BOOST_TEST(seeded.account("POST", domain_fixture::path_of(seed, "/rotatedkim")).status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
