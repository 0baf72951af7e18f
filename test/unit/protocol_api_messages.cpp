// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/messages.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using namespace api_test;

namespace {

constexpr std::string_view event_json =
    R"("MessageID":"m","Recipient":"ann@example.org","MessageStream":"Outbound",
    "ReceivedAt":"2014-02-01T21:59:33Z","Tag":null,"UserAgent":"Mozilla/5.0",
    "Client":{"Name":"Chrome 34","Company":"Google","Family":"Chrome"},
    "OS":{"Name":"unknown","Company":"unknown","Family":"unknown"},"Platform":"Desktop",
    "Geo":{"CountryISOCode":"RS","Country":"Serbia","RegionISOCode":"VO","Region":"Vojvodina","City":"Novi Sad",
    "Zip":"21000","Coords":"45.2517,19.8369","IP":"8.8.8.8"})";

void check_event(tracking_event const& event)
{
    BOOST_TEST(event.message_id == "m");
    BOOST_TEST(event.recipient == "ann@example.org");
    BOOST_TEST(event.message_stream == "Outbound");
    BOOST_TEST(seconds(event.received_at) == 1391291973);
    BOOST_TEST(event.tag == "");
    BOOST_TEST(event.user_agent == "Mozilla/5.0");
    BOOST_TEST(event.client.name == "Chrome 34");
    BOOST_TEST(event.client.company == "Google");
    BOOST_TEST(event.client.family == "Chrome");
    BOOST_TEST(event.os.name == "unknown");
    BOOST_TEST(event.os.company == "unknown");
    BOOST_TEST(event.os.family == "unknown");
    BOOST_TEST(event.platform == "Desktop");
    BOOST_TEST(event.geo.country_iso_code == "RS");
    BOOST_TEST(event.geo.country == "Serbia");
    BOOST_TEST(event.geo.region_iso_code == "VO");
    BOOST_TEST(event.geo.region == "Vojvodina");
    BOOST_TEST(event.geo.city == "Novi Sad");
    BOOST_TEST(event.geo.zip == "21000");
    BOOST_TEST(event.geo.coords == "45.2517,19.8369");
    BOOST_TEST(event.geo.ip == "8.8.8.8");
}

/// The request with every filter that lists of events have.
template <class Request>
Request filtered()
{
    Request request{5, 10};
    request.recipient = "ann+a@example.org";
    request.tag = "t";
    request.client_name = "cn";
    request.client_company = "cc";
    request.client_family = "cf";
    request.os_name = "on";
    request.os_family = "of";
    request.os_company = "oc";
    request.platform = "Mobile";
    request.country = "co";
    request.region = "re";
    request.city = "Novi Sad";
    request.message_stream = "broadcast";
    request.from_date = "2026-01-02";
    request.to_date = "2026-01-03";
    return request;
}

constexpr std::string_view all_filters =
    "?count=5&offset=10&recipient=ann%2Ba%40example.org&tag=t&client_name=cn&client_company=cc&client_family=cf"
    "&os_name=on&os_family=of&os_company=oc&platform=Mobile&country=co&region=re&city=Novi%20Sad"
    "&messagestream=broadcast&fromdate=2026-01-02&todate=2026-01-03 server repeatable";

constexpr std::string_view inbound_json =
    R"json("From":"ann@example.org","FromName":"Ann",
    "FromFull":{"Email":"ann@example.org","Name":"Ann","MailboxHash":""},
    "To":"Shop <abc+17@inbound.example.com>","ToFull":[{"Email":"abc+17@inbound.example.com","Name":"Shop",
    "MailboxHash":"17"}],"Cc":"bob@example.org","CcFull":[{"Email":"bob@example.org","Name":""}],"Bcc":"b",
    "BccFull":[{"Email":"eve@example.org"}],"ReplyTo":"r","OriginalRecipient":"abc+17@inbound.example.com",
    "Subject":"Hi","Date":"Thu, 5 Nov 2026 16:33:54 -0500 (EST)","MailboxHash":"17","Tag":"t","Status":"Processed",
    "MessageStream":"inbound","MessageID":"m","Attachments":[{"Name":"a.png","ContentType":"image/png",
    "ContentLength":1234,"ContentID":"a@b"},{"Name":"b.txt","ContentLength":"5"}])json";

void check_inbound(inbound_message const& message)
{
    BOOST_TEST(message.from == "ann@example.org");
    BOOST_TEST(message.from_name == "Ann");
    BOOST_TEST((message.from_full == mailbox{"ann@example.org", "Ann"}));
    BOOST_TEST(message.to == "Shop <abc+17@inbound.example.com>");
    BOOST_TEST((message.to_full == std::vector{mailbox{"abc+17@inbound.example.com", "Shop"}}));
    BOOST_TEST(message.cc == "bob@example.org");
    BOOST_TEST((message.cc_full == std::vector{mailbox{"bob@example.org", ""}}));
    BOOST_TEST(message.bcc == "b");
    BOOST_TEST((message.bcc_full == std::vector{mailbox{"eve@example.org", ""}}));
    BOOST_TEST(message.reply_to == "r");
    BOOST_TEST(message.original_recipient == "abc+17@inbound.example.com");
    BOOST_TEST(message.subject == "Hi");
    BOOST_TEST(message.date == "Thu, 5 Nov 2026 16:33:54 -0500 (EST)");
    BOOST_TEST(message.mailbox_hash == "17");
    BOOST_TEST(message.tag == "t");
    BOOST_TEST(message.status == "Processed");
    BOOST_TEST(message.message_stream == "inbound");
    BOOST_TEST(message.message_id == "m");
    BOOST_REQUIRE(message.attachments.size() == 2u);
    BOOST_TEST(message.attachments[0].name == "a.png");
    BOOST_TEST(message.attachments[0].content_type == "image/png");
    BOOST_TEST(message.attachments[0].content_length == 1234);
    BOOST_TEST(message.attachments[0].content_id == "a@b");
    BOOST_TEST(message.attachments[1].content_length == 5);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api_messages)

// Outbound

BOOST_AUTO_TEST_CASE(a_search_for_outbound_messages)
{
    BOOST_TEST(summary(get_outbound_messages{}) == "GET /messages/outbound?count=500&offset=0 server repeatable");
    get_outbound_messages request{50, 9'950};
    request.recipient = "ann@example.org";
    request.from_email = "shop@example.com";
    request.subject = "a b";
    request.tag = "t";
    request.status = "sent";
    request.from_date = "2026-01-02T03:04:05";
    request.to_date = "2026-01-03";
    request.message_stream = "broadcast";
    request.metadata_key = "order";
    request.metadata_value = "17/4";
    BOOST_TEST(summary(request) ==
               "GET /messages/outbound?count=50&offset=9950&recipient=ann%40example.org&fromemail=shop%40example.com"
               "&subject=a%20b&tag=t&status=sent&fromdate=2026-01-02T03%3A04%3A05&todate=2026-01-03"
               "&messagestream=broadcast&metadata_order=17%2F4 server repeatable");
    BOOST_TEST((request != get_outbound_messages{50, 9'950}));
    BOOST_TEST(printed(get_outbound_messages{7}) == "get_outbound_messages{count: 7, offset: 0}");
}

BOOST_AUTO_TEST_CASE(searches_that_the_service_refuses)
{
    BOOST_TEST(summary(get_outbound_messages{0}) == "count: expected 1 to 500");
    BOOST_TEST(summary(get_outbound_messages{500, 9'501}) == "offset: together with count it is more than 10000");
    BOOST_TEST(summary(get_inbound_messages{500, 9'501}) == "offset: together with count it is more than 10000");
    BOOST_TEST(summary(get_message_opens{500, 9'501}) == "offset: together with count it is more than 10000");
    // The service does not state the limit for clicks.
    BOOST_TEST(summary(get_message_clicks{500, 9'501}).starts_with("GET "));
    BOOST_TEST(summary(get_message_clicks{501, 0}) == "count: expected 1 to 500");
    get_outbound_messages request;
    request.from_date = "2026-01-03";
    request.to_date = "2026-01-02";
    BOOST_TEST(summary(request) == "to_date: is before from_date");

    get_outbound_messages without_value;
    without_value.metadata_key = "order";
    BOOST_TEST(summary(without_value) == "metadata_value: is empty");
    get_outbound_messages without_key;
    without_key.metadata_value = "17";
    BOOST_TEST(summary(without_key) == "metadata_key: is empty");
}

BOOST_AUTO_TEST_CASE(a_page_of_outbound_messages)
{
    auto const reply = read_good<outbound_messages_reply>(R"({"TotalCount":"2","Messages":[
        {"Tag":"t","MessageID":"m","MessageStream":"outbound","To":[{"Email":"ann@example.org","Name":null}],
         "Cc":[{"Email":"bob@example.org","Name":"Bob"}],"Bcc":["eve@example.org"],"Recipients":["ann@example.org"],
         "ReceivedAt":"2017-02-25T13:59:44.0000000-05:00","From":"\"Shop\" <shop@example.com>","Subject":"Hi",
         "Attachments":["a.txt",{"Name":"b.txt"}],"Status":"Sent","TrackOpens":true,"TrackLinks":"HtmlOnly",
         "Metadata":{"order":"17"},"Sandboxed":true},
        {"MessageID":"n","Subject":null,"Tag":null,"Metadata":null,"To":null}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.messages.size() == 2u);
    outbound_message const& first = reply.messages[0];
    BOOST_TEST(first.message_id == "m");
    BOOST_TEST(first.message_stream == "outbound");
    BOOST_TEST((first.to == std::vector{mailbox{"ann@example.org", ""}}));
    BOOST_TEST((first.cc == std::vector{mailbox{"bob@example.org", "Bob"}}));
    BOOST_TEST((first.bcc == std::vector{mailbox{"eve@example.org", ""}}));
    BOOST_TEST((first.recipients == std::vector<std::string>{"ann@example.org"}));
    BOOST_TEST(seconds(first.received_at) == 1488049184);
    BOOST_TEST(first.from == "\"Shop\" <shop@example.com>");
    BOOST_TEST(first.subject == "Hi");
    BOOST_TEST(first.tag == "t");
    BOOST_TEST((first.attachments == std::vector<std::string>{"a.txt", "b.txt"}));
    BOOST_TEST(first.status == "Sent");
    BOOST_TEST(first.track_opens);
    BOOST_TEST(first.track_links == "HtmlOnly");
    BOOST_TEST((first.metadata == std::map<std::string, std::string>{{"order", "17"}}));
    BOOST_TEST(first.sandboxed);
    BOOST_TEST(reply.messages[1].message_id == "n");
    BOOST_TEST(reply.messages[1].subject == "");
    check_empty_replies<outbound_messages_reply>();
    BOOST_TEST(problem_of<outbound_messages_reply>(R"({"Messages":[{},{"To":[{"Email":[]}]}]})") ==
               "Messages[1].To[0].Email: expected a string");
    BOOST_TEST((reply != outbound_messages_reply{}));
}

BOOST_AUTO_TEST_CASE(the_source_of_an_outbound_message)
{
    BOOST_TEST(summary(get_outbound_message_dump{"a/b"}) == "GET /messages/outbound/a%2Fb/dump server repeatable");
    BOOST_TEST(summary(get_outbound_message_dump{}) == "message_id: is empty");
    BOOST_TEST(read_good<message_dump_reply>(R"({"Body":"From: a\r\n"})").body == "From: a\r\n");
    BOOST_TEST(read_good<message_dump_reply>(R"({"Body":null})").body == "");
    check_empty_replies<message_dump_reply>();
}

// Inbound

BOOST_AUTO_TEST_CASE(a_search_for_inbound_messages)
{
    BOOST_TEST(summary(get_inbound_messages{}) == "GET /messages/inbound?count=500&offset=0 server repeatable");
    get_inbound_messages request{50, 100};
    request.recipient = "abc@inbound.example.com";
    request.from_email = "ann@example.org";
    request.subject = "s";
    request.tag = "t";
    request.status = "blocked";
    request.from_date = "2026-01-02";
    request.to_date = "2026-01-03";
    request.mailbox_hash = "17";
    BOOST_TEST(summary(request) ==
               "GET /messages/inbound?count=50&offset=100&recipient=abc%40inbound.example.com"
               "&fromemail=ann%40example.org&subject=s&tag=t&status=blocked&fromdate=2026-01-02&todate=2026-01-03"
               "&mailboxhash=17 server repeatable");
    BOOST_TEST(printed(get_inbound_messages{7}) == "get_inbound_messages{count: 7, offset: 0}");
}

BOOST_AUTO_TEST_CASE(requests_about_one_inbound_message)
{
    BOOST_TEST(summary(get_inbound_message_details{"m"}) == "GET /messages/inbound/m/details server repeatable");
    BOOST_TEST(summary(bypass_inbound_message{"m"}) == "PUT /messages/inbound/m/bypass server repeatable");
    // The service may post the message each time.
    BOOST_TEST(summary(retry_inbound_message{"m"}) == "PUT /messages/inbound/m/retry server once");
    BOOST_TEST(summary(get_inbound_message_details{}) == "message_id: is empty");
    BOOST_TEST(summary(bypass_inbound_message{}) == "message_id: is empty");
    BOOST_TEST(summary(retry_inbound_message{}) == "message_id: is empty");
}

BOOST_AUTO_TEST_CASE(a_page_of_inbound_messages)
{
    auto const reply = read_good<inbound_messages_reply>(
        R"({"TotalCount":2,"InboundMessages":[{)" + std::string{inbound_json} +
        R"(},{"MessageID":"n","Cc":null,"CcFull":null,"FromFull":null,"Attachments":null,"ReplyTo":null}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.inbound_messages.size() == 2u);
    check_inbound(reply.inbound_messages[0]);
    BOOST_TEST(reply.inbound_messages[1].message_id == "n");
    check_empty_replies<inbound_messages_reply>();
    BOOST_TEST(problem_of<inbound_messages_reply>(R"({"InboundMessages":[{"Attachments":[{"ContentLength":{}}]}]})") ==
               "InboundMessages[0].Attachments[0].ContentLength: expected a number");
}

BOOST_AUTO_TEST_CASE(the_details_of_an_inbound_message)
{
    auto const reply = read_good<inbound_message_details_reply>(
        "{" + std::string{inbound_json} +
        R"(,"TextBody":"t","HtmlBody":"h","Headers":[{"Name":"X-A","Value":"1"},{"Name":"X-A","Value":null}],
        "BlockedReason":"rule"})");
    check_inbound(reply);
    BOOST_TEST(reply.text == "t");
    BOOST_TEST(reply.html == "h");
    BOOST_TEST((reply.headers == std::vector{mail_header{"X-A", "1"}, mail_header{"X-A", ""}}));
    BOOST_TEST(reply.blocked_reason == "rule");
    auto const odd = read_good<inbound_message_details_reply>(R"({"HtmlBody":null,"BlockedReason":null})");
    BOOST_TEST((odd == inbound_message_details_reply{}));
    check_empty_replies<inbound_message_details_reply>();
    BOOST_TEST(problem_of<inbound_message_details_reply>(R"({"Headers":[{"Value":{}}]})") ==
               "Headers[0].Value: expected a string");
    BOOST_TEST(printed(reply).find("Headers: [{Name: \"X-A\", Value: \"1\"}, {Name: \"X-A\"}]") != std::string::npos);
}

// Opens and clicks

BOOST_AUTO_TEST_CASE(lists_of_opens_and_clicks)
{
    BOOST_TEST(summary(get_message_opens{}) == "GET /messages/outbound/opens?count=500&offset=0 server repeatable");
    BOOST_TEST(summary(filtered<get_message_opens>()) == "GET /messages/outbound/opens" + std::string{all_filters});
    BOOST_TEST(summary(get_message_clicks{}) == "GET /messages/outbound/clicks?count=500&offset=0 server repeatable");
    BOOST_TEST(summary(filtered<get_message_clicks>()) == "GET /messages/outbound/clicks" + std::string{all_filters});
    BOOST_TEST((filtered<get_message_opens>() != get_message_opens{5, 10}));
    BOOST_TEST(printed(get_message_opens{5}) == "get_message_opens{count: 5, offset: 0}");

    BOOST_TEST(summary(get_opens_of_message{"a/b"}) ==
               "GET /messages/outbound/opens/a%2Fb?count=500&offset=0 server repeatable");
    get_clicks_of_message clicks{"m"};
    clicks.count = 5;
    clicks.offset = 10;
    BOOST_TEST(summary(clicks) == "GET /messages/outbound/clicks/m?count=5&offset=10 server repeatable");
    BOOST_TEST(summary(get_opens_of_message{}) == "message_id: is empty");
    BOOST_TEST(summary(get_clicks_of_message{}) == "message_id: is empty");
    clicks.count = 0;
    BOOST_TEST(summary(clicks) == "count: expected 1 to 500");
}

BOOST_AUTO_TEST_CASE(a_page_of_opens)
{
    auto const reply = read_good<message_opens_reply>(
        R"({"TotalCount":2,"Opens":[{"RecordType":"Open","FirstOpen":true,"ReadSeconds":16,)" +
        std::string{event_json} + R"(},{"MessageID":"n","Client":{},"OS":null,"Geo":{},"ReadSeconds":null}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.opens.size() == 2u);
    check_event(reply.opens[0]);
    BOOST_TEST(reply.opens[0].first_open);
    BOOST_TEST(reply.opens[0].read_seconds == 16);
    BOOST_TEST(reply.opens[1].message_id == "n");
    BOOST_TEST((reply.opens[1].geo == geo_info{}));
    BOOST_TEST(!reply.opens[1].first_open);
    check_empty_replies<message_opens_reply>();
    BOOST_TEST(problem_of<message_opens_reply>(R"({"Opens":[{},{"Geo":{"City":[]}}]})") ==
               "Opens[1].Geo.City: expected a string");
}

BOOST_AUTO_TEST_CASE(a_page_of_clicks)
{
    auto const reply = read_good<message_clicks_reply>(
        R"({"TotalCount":1,"Clicks":[{"RecordType":"Click","ClickLocation":"HTML",
        "OriginalLink":"https://example.com",)" +
        std::string{event_json} + "}]}");
    BOOST_TEST(reply.total_count == 1);
    BOOST_REQUIRE(reply.clicks.size() == 1u);
    check_event(reply.clicks[0]);
    BOOST_TEST(reply.clicks[0].click_location == "HTML");
    BOOST_TEST(reply.clicks[0].original_link == "https://example.com");
    check_empty_replies<message_clicks_reply>();
    BOOST_TEST(problem_of<message_clicks_reply>(R"({"Clicks":[{"Client":[]}]})") ==
               "Clicks[0].Client: expected an object");
}

BOOST_AUTO_TEST_SUITE_END()
