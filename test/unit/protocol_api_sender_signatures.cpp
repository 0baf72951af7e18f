// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/sender_signatures.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

BOOST_AUTO_TEST_SUITE(protocol_api_sender_signatures)

BOOST_AUTO_TEST_CASE(requests)
{
    BOOST_TEST(summary(get_sender_signatures{}) == "GET /senders?count=500&offset=0 account repeatable");
    BOOST_TEST(summary(get_sender_signatures{5, 12'000}) == "GET /senders?count=5&offset=12000 account repeatable");
    BOOST_TEST(summary(get_sender_signatures{501}) == "count: expected 1 to 500");
    BOOST_TEST(summary(get_sender_signature{36}) == "GET /senders/36 account repeatable");
    BOOST_TEST(summary(delete_sender_signature{36}) == "DELETE /senders/36 account repeatable");
    // Each time the service sends a mail or may make a key.
    BOOST_TEST(summary(resend_sender_signature_confirmation{36}) == "POST /senders/36/resend account once");
    BOOST_TEST(summary(request_new_sender_signature_dkim{36}) == "POST /senders/36/requestnewdkim account once");
    BOOST_TEST(summary(verify_sender_signature_spf{36}) == "POST /senders/36/verifyspf account once");
}

BOOST_AUTO_TEST_CASE(ids_must_be_set)
{
    constexpr std::string_view unset = "id: must be positive";
    BOOST_TEST(summary(get_sender_signature{}) == unset);
    BOOST_TEST(summary(edit_sender_signature{}) == unset);
    BOOST_TEST(summary(delete_sender_signature{}) == unset);
    BOOST_TEST(summary(resend_sender_signature_confirmation{}) == unset);
    BOOST_TEST(summary(verify_sender_signature_spf{}) == unset);
    BOOST_TEST(summary(request_new_sender_signature_dkim{}) == unset);
}

BOOST_AUTO_TEST_CASE(a_new_sender_signature)
{
    create_sender_signature request;
    BOOST_TEST(summary(request) == "from_email: is empty");
    request.from_email = "shop@example.com";
    BOOST_TEST(summary(request) == "name: is empty");
    request.name = "Shop";
    BOOST_TEST(summary(request) == R"(POST /senders account once {"FromEmail":"shop@example.com","Name":"Shop"})");
    request.reply_to_email = "help@example.com";
    request.return_path_domain = "pm.example.com";
    request.confirmation_personal_note = "Hi";
    BOOST_TEST(summary(request) == "POST /senders account once "
                                   R"({"FromEmail":"shop@example.com","Name":"Shop","ReplyToEmail":"help@example.com",)"
                                   R"("ReturnPathDomain":"pm.example.com","ConfirmationPersonalNote":"Hi"})");
    // The limit counts characters, not bytes.
    request.confirmation_personal_note.clear();
    for (int count = 0; count < 400; ++count) {
        request.confirmation_personal_note += "\xc3\xa4";
    }
    BOOST_TEST(summary(request).starts_with("POST "));
    request.confirmation_personal_note += '.';
    BOOST_TEST(summary(request) == "confirmation_personal_note: expected at most 400 characters");
}

BOOST_AUTO_TEST_CASE(an_edited_sender_signature)
{
    edit_sender_signature request{36};
    BOOST_TEST(summary(request) == "PUT /senders/36 account repeatable {}");
    request.name = "Shop";
    request.reply_to_email = "";
    request.return_path_domain = "pm.example.com";
    request.confirmation_personal_note = "Hi";
    BOOST_TEST(summary(request) == "PUT /senders/36 account repeatable "
                                   R"({"Name":"Shop","ReplyToEmail":"","ReturnPathDomain":"pm.example.com",)"
                                   R"("ConfirmationPersonalNote":"Hi"})");
    BOOST_TEST(printed(request) == "edit_sender_signature{id: 36, Name: \"Shop\", ReplyToEmail: \"\", "
                                   "ReturnPathDomain: \"pm.example.com\", ConfirmationPersonalNote: \"Hi\"}");
    BOOST_TEST((request != edit_sender_signature{36}));
    request.confirmation_personal_note = std::string(401, 'x');
    BOOST_TEST(summary(request) == "confirmation_personal_note: expected at most 400 characters");
}

BOOST_AUTO_TEST_CASE(a_page_of_sender_signatures)
{
    auto const reply = read_good<sender_signatures_reply>(R"({"TotalCount":2,"SenderSignatures":[
        {"Domain":"example.com","EmailAddress":"shop@example.com","ReplyToEmailAddress":"help@example.com",
         "Name":"Shop","Confirmed":true,"ID":36735},{"ID":"81605","ReplyToEmailAddress":"","Confirmed":null}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.sender_signatures.size() == 2u);
    sender_signature_info const& first = reply.sender_signatures[0];
    BOOST_TEST(first.id == 36735);
    BOOST_TEST(first.domain == "example.com");
    BOOST_TEST(first.email_address == "shop@example.com");
    BOOST_TEST(first.reply_to_email_address == "help@example.com");
    BOOST_TEST(first.name == "Shop");
    BOOST_TEST(first.confirmed);
    BOOST_TEST(reply.sender_signatures[1].id == 81605);
    BOOST_TEST(!reply.sender_signatures[1].confirmed);
    check_empty_replies<sender_signatures_reply>();
    BOOST_TEST(problem_of<sender_signatures_reply>(R"({"SenderSignatures":[{},{"Confirmed":"maybe"}]})") ==
               "SenderSignatures[1].Confirmed: expected true or false");
}

BOOST_AUTO_TEST_CASE(one_sender_signature)
{
    auto const reply = read_good<sender_signature_reply>(R"({"Domain":"example.com","EmailAddress":"shop@example.com",
        "ReplyToEmailAddress":"help@example.com","Name":"Shop","Confirmed":true,"SPFVerified":true,"SPFHost":"sh",
        "SPFTextValue":"sv","DKIMVerified":true,"WeakDKIM":true,"DKIMHost":"dh","DKIMTextValue":"dv",
        "DKIMPendingHost":"ph","DKIMPendingTextValue":"pv","DKIMRevokedHost":"rh","DKIMRevokedTextValue":"rv",
        "SafeToRemoveRevokedKeyFromDNS":true,"DKIMUpdateStatus":"Verified","ReturnPathDomain":"pm.example.com",
        "ReturnPathDomainVerified":true,"ReturnPathDomainCNAMEValue":"pm.mtasv.net","ConfirmationPersonalNote":"Hi",
        "ID":1})");
    BOOST_TEST(reply.id == 1);
    BOOST_TEST(reply.domain == "example.com");
    BOOST_TEST(reply.email_address == "shop@example.com");
    BOOST_TEST(reply.reply_to_email_address == "help@example.com");
    BOOST_TEST(reply.name == "Shop");
    BOOST_TEST(reply.confirmed);
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
    BOOST_TEST(reply.dkim_update_status == "Verified");
    BOOST_TEST(reply.return_path_domain == "pm.example.com");
    BOOST_TEST(reply.return_path_domain_verified);
    BOOST_TEST(reply.return_path_domain_cname_value == "pm.mtasv.net");
    BOOST_TEST(reply.confirmation_personal_note == "Hi");

    auto const odd = read_good<sender_signature_reply>(
        R"({"ID":"7","ConfirmationPersonalNote":null,"DKIMHost":"","ReturnPathDomain":false})");
    BOOST_TEST(odd.id == 7);
    BOOST_TEST(odd.confirmation_personal_note == "");
    check_empty_replies<sender_signature_reply>();
    BOOST_TEST(problem_of<sender_signature_reply>(R"({"SPFHost":[]})") == "SPFHost: expected a string");
    BOOST_TEST(printed(odd).starts_with("sender_signature_reply{http_status: 0, ID: 7, Confirmed: false, "));
    BOOST_TEST((odd != reply));
}

BOOST_AUTO_TEST_SUITE_END()
