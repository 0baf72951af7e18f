// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/domains.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

BOOST_AUTO_TEST_SUITE(protocol_api_domains)

BOOST_AUTO_TEST_CASE(requests)
{
    BOOST_TEST(summary(get_domains{}) == "GET /domains?count=500&offset=0 account repeatable");
    BOOST_TEST(summary(get_domains{5, 12'000}) == "GET /domains?count=5&offset=12000 account repeatable");
    BOOST_TEST(summary(get_domains{0}) == "count: expected 1 to 500");
    BOOST_TEST(summary(get_domain{36735}) == "GET /domains/36735 account repeatable");
    BOOST_TEST(summary(delete_domain{36735}) == "DELETE /domains/36735 account repeatable");
    BOOST_TEST(summary(verify_domain_dkim{36735}) == "PUT /domains/36735/verifyDkim account repeatable");
    BOOST_TEST(summary(verify_domain_return_path{36735}) == "PUT /domains/36735/verifyReturnPath account repeatable");
    BOOST_TEST(summary(verify_domain_spf{36735}) == "POST /domains/36735/verifyspf account once");
    // Each time a key may be made.
    BOOST_TEST(summary(rotate_domain_dkim{36735}) == "POST /domains/36735/rotatedkim account once");
}

BOOST_AUTO_TEST_CASE(ids_must_be_set)
{
    constexpr std::string_view unset = "id: must be positive";
    BOOST_TEST(summary(get_domain{}) == unset);
    BOOST_TEST(summary(edit_domain{}) == unset);
    BOOST_TEST(summary(delete_domain{}) == unset);
    BOOST_TEST(summary(verify_domain_dkim{}) == unset);
    BOOST_TEST(summary(verify_domain_return_path{}) == unset);
    BOOST_TEST(summary(verify_domain_spf{}) == unset);
    BOOST_TEST(summary(rotate_domain_dkim{}) == unset);
}

BOOST_AUTO_TEST_CASE(a_new_domain)
{
    create_domain request;
    BOOST_TEST(summary(request) == "name: is empty");
    request.name = "example.com";
    BOOST_TEST(summary(request) == R"(POST /domains account once {"Name":"example.com"})");
    request.return_path_domain = "pm.example.com";
    BOOST_TEST(summary(request) ==
               R"(POST /domains account once {"Name":"example.com","ReturnPathDomain":"pm.example.com"})");
    request.name = std::string(255, 'a');
    BOOST_TEST(summary(request).starts_with("POST "));
    request.name = std::string(256, 'a');
    BOOST_TEST(summary(request) == "name: expected at most 255 characters");
}

BOOST_AUTO_TEST_CASE(an_edited_domain)
{
    edit_domain request{36735};
    BOOST_TEST(summary(request) == "PUT /domains/36735 account repeatable {}");
    request.return_path_domain = "";
    BOOST_TEST(summary(request) == R"(PUT /domains/36735 account repeatable {"ReturnPathDomain":""})");
    request.return_path_domain = "pm.example.com";
    request.custom_tracking_domain = "click.example.com";
    BOOST_TEST(summary(request) ==
               "PUT /domains/36735 account repeatable "
               R"({"ReturnPathDomain":"pm.example.com","CustomTrackingDomain":"click.example.com"})");
    BOOST_TEST(printed(request) == "edit_domain{id: 36735, ReturnPathDomain: \"pm.example.com\", "
                                   "CustomTrackingDomain: \"click.example.com\"}");
    BOOST_TEST((request != edit_domain{36735}));
}

BOOST_AUTO_TEST_CASE(a_page_of_domains)
{
    auto const reply = read_good<domains_reply>(R"({"TotalCount":2,"Domains":[
        {"Name":"example.com","SPFVerified":true,"DKIMVerified":true,"WeakDKIM":true,"ReturnPathDomainVerified":true,
         "ID":36735},{"ID":"81605","Name":"example.org","SPFVerified":null,"New":1}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.domains.size() == 2u);
    domain_info const& first = reply.domains[0];
    BOOST_TEST(first.id == 36735);
    BOOST_TEST(first.name == "example.com");
    BOOST_TEST(first.spf_verified);
    BOOST_TEST(first.dkim_verified);
    BOOST_TEST(first.weak_dkim);
    BOOST_TEST(first.return_path_domain_verified);
    BOOST_TEST(reply.domains[1].id == 81605);
    BOOST_TEST(!reply.domains[1].spf_verified);
    check_empty_replies<domains_reply>();
    BOOST_TEST(problem_of<domains_reply>(R"({"Domains":[{"WeakDKIM":1}]})") ==
               "Domains[0].WeakDKIM: expected true or false");
}

BOOST_AUTO_TEST_CASE(one_domain)
{
    auto const reply = read_good<domain_reply>(R"({"Name":"example.com","SPFVerified":true,"SPFHost":"sh",
        "SPFTextValue":"sv","DKIMVerified":true,"WeakDKIM":true,"DKIMHost":"dh","DKIMTextValue":"dv",
        "DKIMPendingHost":"ph","DKIMPendingTextValue":"pv","DKIMRevokedHost":"rh","DKIMRevokedTextValue":"rv",
        "SafeToRemoveRevokedKeyFromDNS":true,"DKIMUpdateStatus":"Pending","ReturnPathDomain":"pm.example.com",
        "ReturnPathDomainVerified":true,"ReturnPathDomainCNAMEValue":"pm.mtasv.net","CustomTrackingDomain":"cd",
        "CustomTrackingDomainCNAMEValue":"cv","CustomTrackingVerified":true,"ID":36735})");
    BOOST_TEST(reply.id == 36735);
    BOOST_TEST(reply.name == "example.com");
    BOOST_TEST(reply.spf_verified);
    BOOST_TEST(reply.spf_host == "sh");
    BOOST_TEST(reply.spf_text_value == "sv");
    BOOST_TEST(reply.dkim_verified);
    BOOST_TEST(reply.weak_dkim);
    BOOST_TEST(reply.dkim_host == "dh");
    BOOST_TEST(reply.dkim_text_value == "dv");
    BOOST_TEST(reply.dkim_pending_host == "ph");
    BOOST_TEST(reply.dkim_pending_text_value == "pv");
    BOOST_TEST(reply.dkim_revoked_host == "rh");
    BOOST_TEST(reply.dkim_revoked_text_value == "rv");
    BOOST_TEST(reply.safe_to_remove_revoked_key_from_dns);
    BOOST_TEST(reply.dkim_update_status == "Pending");
    BOOST_TEST(reply.return_path_domain == "pm.example.com");
    BOOST_TEST(reply.return_path_domain_verified);
    BOOST_TEST(reply.return_path_domain_cname_value == "pm.mtasv.net");
    BOOST_TEST(reply.custom_tracking_domain == "cd");
    BOOST_TEST(reply.custom_tracking_domain_cname_value == "cv");
    BOOST_TEST(reply.custom_tracking_verified);

    // A verification may have no id; values that are not set are empty, null or missing.
    auto const verified = read_good<domain_reply>(
        R"({"Name":"example.com","DKIMVerified":"True","DKIMPendingHost":"","DKIMRevokedHost":null})");
    BOOST_TEST(verified.id == 0);
    BOOST_TEST(verified.dkim_verified);
    BOOST_TEST(verified.dkim_revoked_host == "");
    check_empty_replies<domain_reply>();
    BOOST_TEST(problem_of<domain_reply>(R"({"DKIMHost":{}})") == "DKIMHost: expected a string");
    BOOST_TEST(printed(verified).starts_with("domain_reply{http_status: 0, ID: 0, Name: \"example.com\", "));
    BOOST_TEST((verified != reply));
}

BOOST_AUTO_TEST_CASE(other_replies)
{
    auto const spf =
        read_good<domain_spf_reply>(R"({"SPFHost":"example.com","SPFVerified":true,"SPFTextValue":"v=spf1 ~all"})");
    BOOST_TEST(spf.spf_host == "example.com");
    BOOST_TEST(spf.spf_verified);
    BOOST_TEST(spf.spf_text_value == "v=spf1 ~all");
    check_empty_replies<domain_spf_reply>();
    BOOST_TEST((read_good<delete_domain::reply_type>(R"({"ErrorCode":0,"Message":"Domain example.com removed."})") ==
                acknowledgement{}));
}

BOOST_AUTO_TEST_SUITE_END()
