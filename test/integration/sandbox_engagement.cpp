// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_engagement)

using namespace sandbox_test;

namespace {

struct event_fixture : fixture {
    std::string send(std::string_view to = "ann@example.org", std::string_view more = {})
    {
        return text_of(post("/email", mail(to, more)).value(), "MessageID");
    }

    json::value happen(std::string const& id, std::string const& what, std::string body = {})
    {
        auto const made = control("POST", "/__sandbox/messages/" + id + '/' + what, std::move(body));
        BOOST_REQUIRE_MESSAGE(made.status == 200, made.body);
        return made.value();
    }

    json::value details(std::string const& id) { return get("/messages/outbound/" + id + "/details").value(); }

    std::vector<std::string> event_types(std::string const& id)
    {
        std::vector<std::string> result;
        auto const shown = details(id);
        for (auto const& event : shown.at("MessageEvents").as_array()) {
            result.push_back(text_of(event, "Type"));
        }
        return result;
    }

    json::value opens(std::string const& query = {})
    {
        return get("/messages/outbound/opens?count=50&offset=0" + query).value();
    }

    json::value clicks(std::string const& query = {})
    {
        return get("/messages/outbound/clicks?count=50&offset=0" + query).value();
    }
};

using texts = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_CASE(a_mail_is_delivered_at_once, event_fixture)
{
    auto const id = send();
    BOOST_TEST(event_types(id) == texts{"Delivered"});
    happen(id, "delivered", R"({"Details":"smtp;250 mine"})");
    BOOST_TEST(event_types(id) == texts{"Delivered"});
    BOOST_TEST(text_of(details(id).at("MessageEvents").at(0).at("Details"), "DeliveryMessage") == "smtp;250 mine");
}

BOOST_FIXTURE_TEST_CASE(only_the_first_open_is_listed, event_fixture)
{
    auto const id = send("ann@example.org,bob@example.org", R"(,"Tag":"t")");
    happen(id, "opened", R"({"ReadSeconds":4,"UserAgent":"agent","Platform":"webmail",
        "Client":{"Name":"Gmail","Company":"Google","Family":"Gmail"},"OS":{"Name":"unknown"},
        "Geo":{"CountryISOCode":"DE","City":"Berlin"}})");
    happen(id, "opened");
    happen(id, "opened", R"({"Recipient":"BOB@example.org"})");
    auto const page = opens();
    BOOST_TEST(number_of(page, "TotalCount") == 2);
    auto const& last = page.at("Opens").at(1);
    BOOST_TEST(text_of(last, "RecordType") == "Open");
    BOOST_TEST(text_of(last, "MessageID") == id);
    BOOST_TEST(text_of(last, "Recipient") == "ann@example.org");
    BOOST_TEST(text_of(last, "MessageStream") == "outbound");
    BOOST_TEST(text_of(last, "Tag") == "t");
    BOOST_TEST(text_of(last, "UserAgent") == "agent");
    BOOST_TEST(text_of(last, "Platform") == "WebMail");
    BOOST_TEST(text_of(last.at("Client"), "Name") == "Gmail");
    BOOST_TEST(text_of(last.at("OS"), "Name") == "unknown");
    BOOST_TEST(text_of(last.at("Geo"), "City") == "Berlin");
    BOOST_TEST(number_of(last, "ReadSeconds") == 4);
    BOOST_TEST(last.at("FirstOpen").as_bool());
    BOOST_TEST(event_types(id) == (texts{"Delivered", "Delivered", "Opened", "Opened"}));
    BOOST_TEST(details(id).at("TrackOpens").as_bool());

    auto const of_message = get("/messages/outbound/opens/" + id + "?count=1&offset=0").value();
    BOOST_TEST(number_of(of_message, "TotalCount") == 2);
    BOOST_TEST(of_message.at("Opens").as_array().size() == 1U);
    BOOST_TEST(text_of(of_message.at("Opens").at(0), "RecordType") == "Open");
    for (auto const* query :
         {"&recipient=ann@example.org", "&client_name=gmail", "&client_company=Google", "&client_family=Gmail",
          "&os_name=unknown", "&platform=WebMail", "&country=DE", "&city=berlin"}) {
        BOOST_TEST_CONTEXT(query)
        {
            BOOST_TEST(number_of(opens(query), "TotalCount") == 1);
        }
    }
    BOOST_TEST(number_of(opens("&tag=t"), "TotalCount") == 2);
    for (auto const* query :
         {"&tag=x", "&region=x", "&messagestream=broadcast", "&todate=2000-01-01", "&os_family=x"}) {
        BOOST_TEST(number_of(opens(query), "TotalCount") == 0);
    }
}

BOOST_FIXTURE_TEST_CASE(clicks_are_listed_once_for_each_link, event_fixture)
{
    auto const id = send("ann@example.org", R"(,"HtmlBody":"<a href=\"https://example.com/?a=1&amp;b=2\">x</a>")");
    happen(id, "clicked");
    happen(id, "clicked");
    happen(id, "clicked", R"({"Link":"https://example.com/other","ClickLocation":"Text"})");
    auto const page = clicks();
    BOOST_TEST(number_of(page, "TotalCount") == 2);
    auto const& first = page.at("Clicks").at(1);
    BOOST_TEST(text_of(first, "RecordType") == "Click");
    BOOST_TEST(text_of(first, "ClickLocation") == "HTML");
    BOOST_TEST(text_of(first, "OriginalLink") == "https://example.com/?a=1&b=2");
    BOOST_TEST(!first.as_object().contains("FirstOpen"));
    BOOST_TEST(text_of(page.at("Clicks").at(0), "ClickLocation") == "Text");
    BOOST_TEST(event_types(id) == (texts{"Delivered", "LinkClicked", "LinkClicked"}));
    auto const event = details(id).at("MessageEvents").at(1);
    BOOST_TEST(text_of(event.at("Details"), "Link") == "https://example.com/?a=1&b=2");
    BOOST_TEST(number_of(get("/messages/outbound/clicks/" + id + "?count=5&offset=0").value(), "TotalCount") == 2);
    BOOST_TEST(text_of(details(id), "TrackLinks") == "HtmlAndText");
}

BOOST_FIXTURE_TEST_CASE(a_bounce_suppresses_its_address, event_fixture)
{
    auto const id = send("ann@example.org,bob@example.org", R"(,"Tag":"t")");
    auto const made = happen(id, "bounced", R"({"Email":"bob@example.org","Details":"gone","Content":"raw"})");
    BOOST_TEST(event_types(id) == (texts{"Delivered", "Bounced", "SubscriptionChanged"}));
    auto const bounce = get("/bounces/" + std::to_string(number_of(made, "BounceID"))).value();
    BOOST_TEST(text_of(bounce, "Type") == "HardBounce");
    BOOST_TEST(text_of(bounce, "Email") == "bob@example.org");
    BOOST_TEST(text_of(bounce, "From") == "shop@example.com");
    BOOST_TEST(text_of(bounce, "Tag") == "t");
    BOOST_TEST(text_of(bounce, "MessageID") == id);
    BOOST_TEST(text_of(bounce, "Details") == "gone");
    BOOST_TEST(text_of(bounce, "Content") == "raw");
    BOOST_TEST(bounce.at("Inactive").as_bool());
    check_refused(post("/email", mail("bob@example.org")), 406);
    put("/bounces/" + std::to_string(number_of(made, "BounceID")) + "/activate");
    BOOST_TEST(post("/email", mail("bob@example.org")).status == 200);

    auto const soft = send("cy@example.org");
    happen(soft, "bounced", R"({"Type":"soft_bounce"})");
    BOOST_TEST(event_types(soft) == texts{"Bounced"});
    BOOST_TEST(post("/email", mail("cy@example.org")).status == 200);
    auto const delayed = send("cy@example.org");
    happen(delayed, "bounced", R"({"Type":"Transient"})");
    BOOST_TEST(event_types(delayed) == texts{"Transient"});
    happen(delayed, "delivered");
    BOOST_TEST(event_types(delayed) == (texts{"Transient", "Delivered"}));
}

BOOST_FIXTURE_TEST_CASE(a_complaint_cannot_be_taken_back, event_fixture)
{
    auto const id = send();
    auto const made = happen(id, "complained");
    BOOST_TEST(event_types(id) == (texts{"Delivered", "Bounced", "SubscriptionChanged"}));
    auto const path = "/bounces/" + std::to_string(number_of(made, "BounceID"));
    auto const bounce = get(path).value();
    BOOST_TEST(text_of(bounce, "Type") == "SpamComplaint");
    BOOST_TEST(!bounce.at("CanActivate").as_bool());
    check_refused(put(path + "/activate"), 1003);
    check_refused(post("/email", mail()), 406);
}

BOOST_FIXTURE_TEST_CASE(a_recipient_leaves_and_comes_back, event_fixture)
{
    auto const id = send("ann@example.org", R"(,"MessageStream":"broadcast")");
    happen(id, "unsubscribed");
    check_refused(post("/email", mail("ann@example.org", R"(,"MessageStream":"broadcast")")), 406);
    BOOST_TEST(post("/email", mail()).status == 200);
    happen(id, "unsubscribed", R"({"SuppressSending":false})");
    BOOST_TEST(post("/email", mail("ann@example.org", R"(,"MessageStream":"broadcast")")).status == 200);
    BOOST_TEST(event_types(id) == (texts{"Delivered", "SubscriptionChanged", "SubscriptionChanged"}));
    auto const events = details(id).at("MessageEvents");
    BOOST_TEST(text_of(events.at(1).at("Details"), "SuppressSending") == "True");
    BOOST_TEST(text_of(events.at(2).at("Details"), "SuppressSending") == "False");
    BOOST_TEST(text_of(events.at(2).at("Details"), "Origin") == "Recipient");
}

BOOST_FIXTURE_TEST_CASE(a_suppressed_recipient_gets_no_copy, event_fixture)
{
    sandbox.suppress("ann@example.org");
    auto const id = send("Ann@example.org,bob@example.org");
    BOOST_TEST(event_types(id) == texts{"Delivered"});
    happen(id, "opened");
    BOOST_TEST(text_of(opens().at("Opens").at(0), "Recipient") == "bob@example.org");
    BOOST_TEST(control("POST", "/__sandbox/messages/" + id + "/opened", R"({"Recipient":"ann@example.org"})").status ==
               400);
    BOOST_TEST(number_of(get("/stats/outbound/sends").value(), "Sent") == 1);
}

BOOST_FIXTURE_TEST_CASE(nothing_happens_to_mails_that_are_not_there, event_fixture)
{
    auto const id = send();
    for (auto const* what : {"delivered", "bounced", "opened", "clicked", "complained", "unsubscribed"}) {
        BOOST_TEST_CONTEXT(what)
        {
            auto const status = [&](std::string const& of, std::string body) {
                return control("POST", "/__sandbox/messages/" + of + '/' + what, std::move(body)).status;
            };
            BOOST_TEST(status("00000000-0000-0000-0000-000000000000", {}) == 404);
            BOOST_TEST(status(id, R"({"Recipient":"bob@example.org"})") == 400);
            BOOST_TEST(status(id, R"({"Recipient":7})") == 400);
            BOOST_TEST(status(id, "{") == 400);
        }
    }
    BOOST_TEST(control("POST", "/__sandbox/messages/" + id + "/bounced", R"({"Type":"Mystery"})").status == 400);
    BOOST_TEST(control("POST", "/__sandbox/messages/" + id + "/opened", R"({"ReadSeconds":-1})").status == 400);
    auto const test_mail = text_of(as("POSTMARK_API_TEST", "POST", "/email", mail()).value(), "MessageID");
    BOOST_TEST(control("POST", "/__sandbox/messages/" + test_mail + "/opened").status == 404);
    BOOST_TEST(event_types(id) == texts{"Delivered"});
    BOOST_TEST(number_of(opens(), "TotalCount") == 0);

    for (auto const* list : {"opens", "clicks"}) {
        auto const path = std::string{"/messages/outbound/"} + list;
        check_refused(get(path), 700);
        check_refused(get(path + "?count=501&offset=0"), 700);
        check_refused(get(path + "?count=1&offset=0&fromdate=x"), 700);
        check_refused(get(path + '/' + id), 700);
        check_refused(get(path + '/' + test_mail + "?count=1&offset=0"), 701, "This message was not found.");
        BOOST_TEST(number_of(get(path + '/' + id + "?count=1&offset=0").value(), "TotalCount") == 0);
        auto const other = account("POST", "/servers", std::string{R"({"Name":")"} + list + R"("})").value();
        check_refused(
            as(json::value_to<std::string>(other.at("ApiTokens").at(0)), "GET", path + '/' + id + "?count=1&offset=0"),
            701);
    }
}

BOOST_FIXTURE_TEST_CASE(events_are_forgotten_with_their_mails, event_fixture)
{
    auto const id = send();
    happen(id, "opened");
    control("DELETE", "/__sandbox/messages");
    BOOST_TEST(number_of(opens(), "TotalCount") == 0);
    happen(send(), "clicked");
    sandbox.clear();
    BOOST_TEST(number_of(clicks(), "TotalCount") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
