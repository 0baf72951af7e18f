// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

#include <thread>

BOOST_AUTO_TEST_SUITE(sandbox_servers)

using namespace sandbox_test;

BOOST_FIXTURE_TEST_CASE(a_new_server_has_its_own_token_and_state, fixture)
{
    BOOST_TEST(post("/email", mail()).status == 200);
    auto const made = account("POST", "/servers/", R"({"name":"Shop","Color":"red","deliverytype":"Sandbox"})");
    BOOST_TEST(made.status == 200);
    auto const server = made.value();
    BOOST_TEST(text_of(server, "Name") == "Shop");
    BOOST_TEST(text_of(server, "Color") == "red");
    BOOST_TEST(text_of(server, "DeliveryType") == "Sandbox");
    BOOST_TEST(server.as_object().size() == 22U);
    BOOST_TEST(number_of(server, "ID") > 0);
    BOOST_REQUIRE(server.at("ApiTokens").as_array().size() == 1U);
    auto const token = json::value_to<std::string>(server.at("ApiTokens").at(0));

    BOOST_TEST(as(token, "GET", "/server").value() == server);
    BOOST_TEST(number_of(as(token, "GET", "/messages/outbound?count=1&offset=0").value(), "TotalCount") == 0);
    BOOST_TEST(as(token, "POST", "/email", mail("bob@example.org")).status == 200);
    auto const listed = as(token, "GET", "/messages/outbound?count=9&offset=0").value();
    BOOST_TEST(number_of(listed, "TotalCount") == 1);
    BOOST_TEST(listed.at("Messages").at(0).at("Sandboxed").as_bool());
    BOOST_TEST(number_of(get("/messages/outbound?count=9&offset=0").value(), "TotalCount") == 1);

    // The library's object sees the messages of all servers, in one order.
    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[1].server_id == number_of(server, "ID"));
    BOOST_TEST(kept[0].server_id != kept[1].server_id);
    // A message is found by its own server only.
    auto const details = "/messages/outbound/" + kept[1].message_id + "/details";
    BOOST_TEST(as(token, "GET", details).status == 200);
    check_refused(get(details), 701);
}

BOOST_FIXTURE_TEST_CASE(lists_gets_edits_and_deletes_servers, fixture)
{
    auto const id = number_of(account("POST", "/servers", R"({"Name":"One"})").value(), "ID");
    auto const path = "/servers/" + std::to_string(id);
    account("POST", "/servers", R"({"Name":"Two"})");
    auto const total = [&](std::string const& name) {
        return number_of(account("GET", "/servers?count=10&offset=0&name=" + name).value(), "TotalCount");
    };
    BOOST_TEST(total("") == 3);
    BOOST_TEST(total("on") == 1);
    BOOST_TEST(account("GET", "/servers?count=1&offset=1").value().at("Servers").as_array().size() == 1U);

    auto const edited = account("PUT", path, R"({"Color":"green","TrackOpens":true,"TrackLinks":"htmlonly",
        "InboundSpamThreshold":9,"BounceHookUrl":"https://example.com/hook","Name":null})");
    BOOST_TEST(edited.status == 200);
    BOOST_TEST(account("GET", path).value() == edited.value());
    BOOST_TEST(text_of(edited.value(), "Name") == "One");
    BOOST_TEST(text_of(edited.value(), "Color") == "green");
    BOOST_TEST(text_of(edited.value(), "TrackLinks") == "HtmlOnly");
    BOOST_TEST(number_of(edited.value(), "InboundSpamThreshold") == 9);

    auto const token = json::value_to<std::string>(edited.value().at("ApiTokens").at(0));
    // The settings of the server apply to its mail.
    as(token, "POST", "/email", mail());
    auto const message = as(token, "GET", "/messages/outbound?count=1&offset=0").value().at("Messages").at(0);
    BOOST_TEST(message.at("TrackOpens").as_bool());
    BOOST_TEST(text_of(message, "TrackLinks") == "HtmlOnly");

    auto const removed = account("DELETE", path);
    BOOST_TEST(removed.api_code() == 0);
    BOOST_TEST(!removed.message().empty());
    BOOST_TEST(total("") == 2);
    check_refused(account("GET", path), 601);
    check_refused(account("DELETE", path), 601);
    check_refused(account("PUT", path, R"({"Name":"x"})"), 601);
    check_refused(account("GET", "/servers/x"), 601);
    // Its token opens nothing now, not even the server that takes every other token.
    BOOST_TEST(as(token, "GET", "/server").status == 401);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(edits_the_server_of_the_token, fixture)
{
    auto const before = get("/server").value();
    BOOST_TEST(before.at("ApiTokens").at(0).as_string() == "token");
    auto const renamed = put("/server", R"({"Name":"Other"})");
    BOOST_TEST(text_of(renamed.value(), "Name") == "Other");
    BOOST_TEST(text_of(get("/server").value(), "Name") == "Other");
    put("/server", json::serialize(json::object{{"Name", before.at("Name")}}));
    BOOST_TEST(get("/server").value() == before);
    check_refused(put("/server"), 609);
    check_refused(put("/server", "null"), 609);
    BOOST_TEST(put("/server", "{}").status == 200);
    // Bodies of GET requests are ignored.
    BOOST_TEST(caller.send("GET", "/server", "null").status == 200);
    BOOST_TEST(caller.send("GET", "/server", "{").status == 200);
}

BOOST_FIXTURE_TEST_CASE(refuses_wrong_servers, fixture)
{
    account("POST", "/servers", R"({"Name":"Taken","InboundDomain":"in.example.com"})");
    auto const create = [&](std::string const& more) { return account("POST", "/servers", R"({"Name":"New")" + more); };
    check_refused(account("POST", "/servers"), 609);
    check_refused(account("POST", "/servers", "{}"), 608);
    check_refused(account("POST", "/servers", R"({"Name":" "})"), 608);
    check_refused(account("POST", "/servers", R"({"Name":"taken"})"), 603);
    check_refused(account("POST", "/servers", R"({"Name":5})"), 403, "$.Name");
    check_refused(create(""), 402);
    check_refused(account("POST", "/servers", "[]"), 403, "$");
    check_refused(create(R"(,"InboundDomain":"IN.example.com"})"), 602);
    check_refused(create(R"(,"OpenHookUrl":"ftp://example.com"})"), 606);
    check_refused(create(R"(,"ClickHookUrl":"https:///x"})"), 606);
    check_refused(create(R"(,"Color":"pink"})"), 607);
    check_refused(create(R"(,"InboundSpamThreshold":31})"), 611);
    check_refused(create(R"(,"InboundSpamThreshold":-1})"), 611);
    check_refused(create(R"(,"TrackLinks":"Some"})"), 612);
    check_refused(create(R"(,"DeliveryType":"Odd"})"), 613);
    check_refused(account("GET", "/servers?offset=0"), 600);
    check_refused(account("GET", "/servers?count=-1&offset=0"), 600);
    check_refused(account("GET", "/servers?count=501&offset=0"), 600);
    BOOST_TEST(number_of(account("GET", "/servers?count=500&offset=0").value(), "TotalCount") == 2);
}

BOOST_AUTO_TEST_CASE(servers_come_and_go_while_others_send)
{
    auto options = plain();
    options.threads = 3;
    fixture test{options};
    constexpr int rounds = 100;
    std::thread sender{[&] {
        client own{test.sandbox, false};
        for (int count = 0; count < rounds; ++count) {
            own.send("POST", "/email", mail());
        }
    }};
    std::thread reader{[&] {
        client own{test.sandbox, false};
        for (int count = 0; count < rounds; ++count) {
            own.send("GET", "/messages/outbound?count=10&offset=0");
            own.send("GET", "/servers?count=10&offset=0", {}, {{"X-Postmark-Account-Token", "account"}});
        }
    }};
    int sent = 0;
    for (int count = 0; count < rounds; ++count) {
        auto const made = test.account("POST", "/servers", R"({"Name":"Round"})").value();
        auto const token = json::value_to<std::string>(made.at("ApiTokens").at(0));
        sent += test.as(token, "POST", "/email", mail()).status == 200;
        test.account("DELETE", "/servers/" + std::to_string(number_of(made, "ID")));
        sent += test.as(token, "POST", "/email", mail()).status == 401;
    }
    sender.join();
    reader.join();
    BOOST_TEST(sent == 2 * rounds);
    BOOST_TEST(test.sandbox.message_count() == 2U * rounds);
}

BOOST_AUTO_TEST_CASE(named_tokens_have_a_server_each)
{
    auto options = plain();
    options.tokens = {"one", "two", "ONE"};
    options.account_tokens = {"account"};
    fixture test{options};
    auto const listed = test.account("GET", "/servers?count=10&offset=0").value();
    BOOST_TEST(number_of(listed, "TotalCount") == 2);
    BOOST_TEST(listed.at("Servers").at(0).at("ApiTokens") == json::value({"one"}));
    BOOST_TEST(listed.at("Servers").at(1).at("ApiTokens") == json::value({"two"}));
    BOOST_TEST(test.as("Two", "GET", "/server").value() == listed.at("Servers").at(1));
    BOOST_TEST(test.get("/server").status == 401);
    BOOST_TEST(
        test.caller.send("GET", "/servers?count=1&offset=0", {}, {{"X-Postmark-Account-Token", "test"}}).status == 401);
    // A server token opens no account, and an account token no server.
    BOOST_TEST(test.as("one", "GET", "/servers?count=1&offset=0").status == 401);
    BOOST_TEST(test.account("GET", "/server").status == 401);
}

BOOST_AUTO_TEST_SUITE_END()
