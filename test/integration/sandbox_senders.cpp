// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_senders)

using namespace sandbox_test;

namespace {

struct sender_fixture : fixture {
    json::value make(std::string const& body = R"({"FromEmail":"Ann@Shop.example","Name":"Ann"})")
    {
        auto const made = account("POST", "/senders", body);
        BOOST_REQUIRE_MESSAGE(made.status == 200, made.body);
        return made.value();
    }

    static std::string path_of(json::value const& sender, std::string_view rest = {})
    {
        return "/senders/" + std::to_string(number_of(sender, "ID")) + std::string{rest};
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_new_signature_is_not_confirmed, sender_fixture)
{
    auto const made = make(R"({"fromEmail":"Ann@Shop.example","name":"Ann","replyToEmail":"replies@shop.example",
        "returnPathDomain":"pm.shop.example","confirmationPersonalNote":"Please"})");
    BOOST_TEST(text_of(made, "EmailAddress") == "Ann@Shop.example");
    BOOST_TEST(text_of(made, "Domain") == "shop.example");
    BOOST_TEST(text_of(made, "Name") == "Ann");
    BOOST_TEST(text_of(made, "ReplyToEmailAddress") == "replies@shop.example");
    BOOST_TEST(text_of(made, "ConfirmationPersonalNote") == "Please");
    BOOST_TEST(text_of(made, "ReturnPathDomain") == "pm.shop.example");
    BOOST_TEST(!made.at("Confirmed").as_bool());
    BOOST_TEST(text_of(made, "DKIMPendingHost").ends_with("pm._domainkey.shop.example"));
    BOOST_TEST(text_of(made, "DKIMUpdateStatus") == "Pending");
    BOOST_TEST(account("GET", path_of(made)).value() == made);
    BOOST_TEST(text_of(make(R"({"FromEmail":"bob@shop.example","Name":"Bob"})"), "ReplyToEmailAddress").empty());
}

BOOST_FIXTURE_TEST_CASE(an_edit_keeps_what_is_not_given, sender_fixture)
{
    auto const made = make(R"({"FromEmail":"ann@shop.example","Name":"Ann","ReplyToEmail":"replies@shop.example"})");
    auto const edited =
        account("PUT", path_of(made), R"({"Name":"Ann of the shop","ReturnPathDomain":"pm.shop.example"})").value();
    BOOST_TEST(text_of(edited, "Name") == "Ann of the shop");
    BOOST_TEST(text_of(edited, "ReplyToEmailAddress") == "replies@shop.example");
    BOOST_TEST(text_of(edited, "ReturnPathDomain") == "pm.shop.example");
    auto const cleared = account("PUT", path_of(made), R"({"Name":"Ann","ReplyToEmail":""})").value();
    BOOST_TEST(text_of(cleared, "ReplyToEmailAddress").empty());
    check_refused(account("PUT", path_of(made), R"({"ReplyToEmail":""})"), 520, "'Name'");
    check_refused(account("PUT", path_of(made), "{}"), 502);
    check_refused(account("PUT", path_of(made), R"({"Name":"Ann","ReplyToEmail":"nobody"})"), 522);
    check_refused(account("PUT", path_of(made), R"({"Name":"Ann","ReturnPathDomain":"shop.example"})"), 522);
    check_refused(account("PUT", path_of(made), R"({"Name":1})"), 403, "$.Name");
}

BOOST_FIXTURE_TEST_CASE(a_confirmation_is_sent_again_until_it_came, sender_fixture)
{
    auto const made = make();
    auto const sent = account("POST", path_of(made, "/resend"));
    BOOST_TEST(sent.api_code() == 0);
    BOOST_TEST(sent.message() == "Confirmation email for Sender Signature Ann@Shop.example was re-sent.");
    BOOST_TEST(control("POST", "/__sandbox" + path_of(made, "/confirmed")).status == 200);
    BOOST_TEST(account("GET", path_of(made)).value().at("Confirmed").as_bool());
    check_refused(account("POST", path_of(made, "/resend")), 506);
    BOOST_TEST(control("POST", "/__sandbox/senders/1/confirmed").status == 404);
}

BOOST_FIXTURE_TEST_CASE(a_signature_has_the_records_of_its_domain, sender_fixture)
{
    auto const made = make();
    check_refused(account("POST", path_of(made, "/requestnewdkim")), 505, "This DKIM is already being renewed.");
    BOOST_TEST(account("POST", path_of(made, "/verifyspf")).value().at("SPFVerified").as_bool());

    auto const domain = account("POST", "/domains", R"({"Name":"shop.example"})").value();
    auto const domain_path = "/domains/" + std::to_string(number_of(domain, "ID"));
    BOOST_TEST(text_of(account("GET", path_of(made)).value(), "DKIMPendingTextValue") ==
               text_of(domain, "DKIMPendingTextValue"));
    control("POST", "/__sandbox" + domain_path + "/verified");
    BOOST_TEST(account("GET", path_of(made)).value().at("DKIMVerified").as_bool());
    BOOST_TEST(account("POST", path_of(made, "/requestNewDKIM")).api_code() == 0);
    check_refused(account("POST", path_of(made, "/requestnewdkim")), 505);
    BOOST_TEST(text_of(account("GET", domain_path).value(), "DKIMUpdateStatus") == "Pending");
}

BOOST_FIXTURE_TEST_CASE(signatures_are_listed_and_removed, sender_fixture)
{
    auto const first = make();
    make(R"({"FromEmail":"bob@shop.example","Name":"Bob"})");
    auto const page = account("GET", "/senders/?count=1&offset=0").value();
    BOOST_TEST(number_of(page, "TotalCount") == 2);
    BOOST_TEST(page.at("SenderSignatures").as_array().size() == 1U);
    BOOST_TEST(page.at("SenderSignatures").at(0).as_object().size() == 6U);
    auto const removed = account("DELETE", path_of(first));
    BOOST_TEST(removed.message() == "Signature Ann@Shop.example removed.");
    check_refused(account("GET", path_of(first)), 501);
    check_refused(account("PUT", path_of(first), R"({"Name":"x"})"), 501);
    check_refused(account("DELETE", path_of(first)), 501);
    make();
}

BOOST_FIXTURE_TEST_CASE(signatures_that_cannot_be_are_refused, sender_fixture)
{
    make();
    auto const refused = [&](std::string const& body, std::int64_t code) {
        check_refused(account("POST", "/senders", body), code);
    };
    refused("", 502);
    refused("{}", 502);
    refused(R"({"Name":"Ann"})", 520);
    refused(R"({"FromEmail":"bob@shop.example"})", 520);
    refused(R"({"FromEmail":"bob@shop.example","Name":"Bob","ConfirmationPersonalNote":")" + std::string(401, 'x') +
                R"("})",
            521);
    refused(R"({"FromEmail":"bob@shop.example","Name":")" + std::string(256, 'x') + R"("})", 521);
    refused(R"({"FromEmail":")" + std::string(250, 'x') + R"(@shop.example","Name":"Bob"})", 521);
    refused(R"({"FromEmail":"nobody","Name":"Bob"})", 522);
    refused(R"({"FromEmail":"bob@shop.example","Name":"Bob","ReplyToEmail":"@"})", 522);
    refused(R"({"FromEmail":"bob@shop.example","Name":"Bob","ReturnPathDomain":"pm.other.example"})", 522);
    refused(R"({"FromEmail":"bob@Gmail.com","Name":"Bob"})", 503);
    refused(R"({"FromEmail":"bob@example.com","Name":"Bob"})", 507);
    refused(R"({"FromEmail":"ann@shop.EXAMPLE","Name":"Ann"})", 504);
    check_refused(account("GET", "/senders?count=0&offset=0"), 500);
    check_refused(account("GET", "/senders"), 500);
}

BOOST_AUTO_TEST_SUITE_END()
