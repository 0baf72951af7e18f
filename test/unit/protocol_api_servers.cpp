// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/server.hpp>
#include <postmark/api/servers.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

namespace {

template <class Request>
void set_all(Request& request)
{
    request.name = "Shop";
    request.color = "Red";
    request.smtp_api_activated = true;
    request.raw_email_enabled = false;
    request.inbound_hook_url = "https://example.com/inbound";
    request.bounce_hook_url = "";
    request.open_hook_url = "https://ann:hush@example.com/open";
    request.delivery_hook_url = "https://example.com/delivery";
    request.click_hook_url = "https://example.com/click";
    request.post_first_open_only = true;
    request.inbound_domain = "in.example.com";
    request.inbound_spam_threshold = 9;
    request.track_opens = false;
    request.track_links = "HtmlAndText";
    request.include_bounce_content_in_hook = true;
    request.enable_smtp_api_error_hooks = false;
}

constexpr std::string_view all_settings =
    R"("Name":"Shop","Color":"Red","SmtpApiActivated":true,"RawEmailEnabled":false,)"
    R"("InboundHookUrl":"https://example.com/inbound","BounceHookUrl":"",)"
    R"("OpenHookUrl":"https://ann:hush@example.com/open","DeliveryHookUrl":"https://example.com/delivery",)"
    R"("ClickHookUrl":"https://example.com/click","PostFirstOpenOnly":true,"InboundDomain":"in.example.com",)"
    R"("InboundSpamThreshold":9,"TrackOpens":false,"TrackLinks":"HtmlAndText","IncludeBounceContentInHook":true,)"
    R"("EnableSmtpApiErrorHooks":false)";

constexpr std::string_view server_json =
    R"({"ID":17,"Name":"Shop","ApiTokens":["token-1","token-2"],"ServerLink":"https://example.com/servers/17",
    "Color":"red","DeliveryType":"Live","SmtpApiActivated":true,"RawEmailEnabled":true,
    "InboundAddress":"abc@inbound.example.com","InboundHash":"abc","InboundHookUrl":"https://u:p@example.com/in",
    "BounceHookUrl":"b","OpenHookUrl":"o","DeliveryHookUrl":"d","ClickHookUrl":"c","PostFirstOpenOnly":true,
    "InboundDomain":"in.example.com","InboundSpamThreshold":5,"TrackOpens":true,"TrackLinks":"None",
    "IncludeBounceContentInHook":true,"EnableSmtpApiErrorHooks":true})";

void check_server(server_info const& server)
{
    BOOST_TEST(server.id == 17);
    BOOST_TEST(server.name == "Shop");
    BOOST_REQUIRE(server.api_tokens.size() == 2u);
    BOOST_TEST(server.api_tokens[0].reveal() == "token-1");
    BOOST_TEST(server.api_tokens[1].reveal() == "token-2");
    BOOST_TEST(server.server_link == "https://example.com/servers/17");
    BOOST_TEST(server.color == "red");
    BOOST_TEST(server.delivery_type == "Live");
    BOOST_TEST(server.smtp_api_activated);
    BOOST_TEST(server.raw_email_enabled);
    BOOST_TEST(server.inbound_address == "abc@inbound.example.com");
    BOOST_TEST(server.inbound_hash == "abc");
    BOOST_TEST(server.inbound_hook_url == "https://u:p@example.com/in");
    BOOST_TEST(server.bounce_hook_url == "b");
    BOOST_TEST(server.open_hook_url == "o");
    BOOST_TEST(server.delivery_hook_url == "d");
    BOOST_TEST(server.click_hook_url == "c");
    BOOST_TEST(server.post_first_open_only);
    BOOST_TEST(server.inbound_domain == "in.example.com");
    BOOST_TEST(server.inbound_spam_threshold == 5);
    BOOST_TEST(server.track_opens);
    BOOST_TEST(server.track_links == "None");
    BOOST_TEST(server.include_bounce_content_in_hook);
    BOOST_TEST(server.enable_smtp_api_error_hooks);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api_servers)

BOOST_AUTO_TEST_CASE(the_server_of_the_token)
{
    BOOST_TEST(summary(get_current_server{}) == "GET /server server repeatable");
    BOOST_TEST(summary(edit_current_server{}) == "PUT /server server repeatable {}");
    edit_current_server request;
    set_all(request);
    BOOST_TEST(summary(request) == "PUT /server server repeatable {" + std::string{all_settings} + "}");
    BOOST_TEST((request != edit_current_server{}));
    // An empty URL ends its use; one that is not set is left out.
    edit_current_server cleared;
    cleared.inbound_hook_url = "";
    BOOST_TEST(summary(cleared) == R"(PUT /server server repeatable {"InboundHookUrl":""})");
}

BOOST_AUTO_TEST_CASE(servers_of_an_account)
{
    BOOST_TEST(summary(get_servers{}) == "GET /servers?count=500&offset=0 account repeatable");
    get_servers request{10, 20'000};
    request.name = "a b";
    BOOST_TEST(summary(request) == "GET /servers?count=10&offset=20000&name=a%20b account repeatable");
    BOOST_TEST(summary(get_servers{501}) == "count: expected 1 to 500");
    BOOST_TEST(summary(get_servers{1, -1}) == "offset: is negative");
    BOOST_TEST(summary(get_server{17}) == "GET /servers/17 account repeatable");
    BOOST_TEST(summary(get_server{}) == "id: must be positive");
    BOOST_TEST(summary(delete_server{17}) == "DELETE /servers/17 account repeatable");
    BOOST_TEST(summary(delete_server{}) == "id: must be positive");

    edit_server edited{17};
    BOOST_TEST(summary(edited) == "PUT /servers/17 account repeatable {}");
    set_all(edited);
    BOOST_TEST(summary(edited) == "PUT /servers/17 account repeatable {" + std::string{all_settings} + "}");
    BOOST_TEST(summary(edit_server{}) == "id: must be positive");

    create_server created;
    BOOST_TEST(summary(created) == "name: is empty");
    created.name = "Shop";
    BOOST_TEST(summary(created) == R"(POST /servers account once {"Name":"Shop"})");
    set_all(created);
    created.delivery_type = "Sandbox";
    BOOST_TEST(summary(created) ==
               "POST /servers account once {" + std::string{all_settings} + R"(,"DeliveryType":"Sandbox"})");
}

BOOST_AUTO_TEST_CASE(a_spam_threshold_is_0_to_30)
{
    for (int const threshold : {0, 9, 30}) {
        edit_server request{17};
        request.inbound_spam_threshold = threshold;
        BOOST_TEST(summary(request).starts_with("PUT "));
    }
    for (int const threshold : {-1, 31}) {
        edit_server request{17};
        request.inbound_spam_threshold = threshold;
        BOOST_TEST(summary(request) == "inbound_spam_threshold: expected 0 to 30");
        edit_current_server current;
        current.inbound_spam_threshold = threshold;
        BOOST_TEST(summary(current) == "inbound_spam_threshold: expected 0 to 30");
        create_server created;
        created.name = "Shop";
        created.inbound_spam_threshold = threshold;
        BOOST_TEST(summary(created) == "inbound_spam_threshold: expected 0 to 30");
    }
}

BOOST_AUTO_TEST_CASE(replies_about_one_server)
{
    check_server(read_good<server_reply>(server_json));
    // Settings that are not set are empty, or are left out. The reply to one of the service's own tests had no id.
    auto const odd = read_good<server_reply>(
        R"({"Id":"17","ApiTokens":[null,"t"],"InboundHookUrl":"","BounceHookUrl":null,"TrackOpens":"True"})");
    BOOST_TEST(odd.id == 17);
    BOOST_TEST(odd.api_tokens.size() == 1u);
    BOOST_TEST(odd.inbound_hook_url == "");
    BOOST_TEST(odd.track_opens);
    check_empty_replies<server_reply>();
    BOOST_TEST(problem_of<server_reply>(R"({"ApiTokens":["a",{}]})") == "ApiTokens[1]: expected a string");
    BOOST_TEST(problem_of<server_reply>(R"({"InboundSpamThreshold":true})") ==
               "InboundSpamThreshold: expected a number");
}

BOOST_AUTO_TEST_CASE(a_page_of_servers)
{
    auto const reply =
        read_good<servers_reply>(R"({"TotalCount":12,"Servers":[)" + std::string{server_json} + R"(,{"ID":18}]})");
    BOOST_TEST(reply.total_count == 12);
    BOOST_REQUIRE(reply.servers.size() == 2u);
    check_server(reply.servers[0]);
    BOOST_TEST(reply.servers[1].id == 18);
    check_empty_replies<servers_reply>();
    BOOST_TEST(problem_of<servers_reply>(R"({"Servers":[{},{"Name":[]}]})") == "Servers[1].Name: expected a string");
}

BOOST_AUTO_TEST_CASE(tokens_and_passwords_are_not_printed)
{
    auto const reply = read_good<server_reply>(server_json);
    std::string const text = printed(reply);
    BOOST_TEST(text.starts_with("server_reply{http_status: 0, {ID: 17, Name: \"Shop\", ApiTokens: [***, ***], "));
    BOOST_TEST(text.find("token-1") == std::string::npos);
    BOOST_TEST(text.find("InboundHookUrl: \"https://***@example.com/in\"") != std::string::npos);
    edit_server request{17};
    set_all(request);
    BOOST_TEST(printed(request).find("hush") == std::string::npos);
    BOOST_TEST(printed(request).find("OpenHookUrl: \"https://***@example.com/open\"") != std::string::npos);

    server_reply other = reply;
    BOOST_TEST((other == reply));
    other.api_tokens[1] = "another";
    BOOST_TEST((other != reply));
    other = reply;
    other.http_status = 200;
    BOOST_TEST((other != reply));
}

BOOST_AUTO_TEST_SUITE_END()
