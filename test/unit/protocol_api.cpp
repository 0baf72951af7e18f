// SPDX-License-Identifier: BSL-1.0

#include <postmark/api/bounces.hpp>
#include <postmark/api/messages.hpp>
#include <postmark/api/request.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;

namespace {

void check_request(api_request const& request, http_method method, std::string_view target)
{
    BOOST_TEST((request.method == method));
    BOOST_TEST(request.target == target);
    BOOST_TEST(request.body.empty());
    BOOST_TEST((request.token == token_kind::server));
    BOOST_TEST(request.repeatable);
}

template <class Reply>
bool reads(std::string_view json)
{
    Reply reply;
    return reply.read(json);
}

} // namespace

BOOST_AUTO_TEST_SUITE(call_api)

BOOST_AUTO_TEST_CASE(percent_encoding)
{
    BOOST_TEST(percent_encode("azAZ09-._~") == "azAZ09-._~");
    BOOST_TEST(percent_encode("a/b?c d+e%\xc3\xa4") == "a%2Fb%3Fc%20d%2Be%25%C3%A4");
    BOOST_TEST(percent_encode({"\r\n\0", 3}) == "%0D%0A%00");
    BOOST_TEST(percent_encode("") == "");
}

BOOST_AUTO_TEST_CASE(requests_know_whether_they_may_be_repeated)
{
    BOOST_TEST((api_request{http_method::get, "/a"}.repeatable));
    BOOST_TEST((api_request{http_method::put, "/a"}.repeatable));
    BOOST_TEST((api_request{http_method::delete_, "/a"}.repeatable));
    api_request const post{http_method::post, "/a", "{}"};
    BOOST_TEST(!post.repeatable);
    BOOST_TEST(post.body == "{}");
}

BOOST_AUTO_TEST_CASE(prepared_requests)
{
    check_request(get_bounces{}.prepare(), http_method::get, "/bounces?count=500&offset=0");
    check_request(get_bounces{5, 10}.prepare(), http_method::get, "/bounces?count=5&offset=10");
    get_bounces filtered{1};
    filtered.type = "HardBounce";
    filtered.inactive = false;
    filtered.email_filter = "a+b@x";
    filtered.tag = "t&u";
    filtered.message_id = "id";
    filtered.from_date = "2026-01-02T03:04:05";
    filtered.to_date = "2026-01-03";
    filtered.message_stream = "outbound";
    check_request(
        filtered.prepare(), http_method::get,
        "/bounces?count=1&offset=0&type=HardBounce&inactive=false&emailFilter=a%2Bb%40x&tag=t%26u&messageID=id"
        "&fromdate=2026-01-02T03%3A04%3A05&todate=2026-01-03&messagestream=outbound");
    check_request(get_bounce{4323372036854775807}.prepare(), http_method::get, "/bounces/4323372036854775807");
    check_request(get_bounce_dump{7}.prepare(), http_method::get, "/bounces/7/dump");
    check_request(get_bounce_tags{}.prepare(), http_method::get, "/bounces/tags");
    check_request(activate_bounce{7}.prepare(), http_method::put, "/bounces/7/activate");
    check_request(get_delivery_stats{}.prepare(), http_method::get, "/deliverystats");
    check_request(get_outbound_message_details{"a/b"}.prepare(), http_method::get, "/messages/outbound/a%2Fb/details");
}

BOOST_AUTO_TEST_CASE(a_page_of_bounces)
{
    bounces_reply reply;
    BOOST_REQUIRE(reply.read(R"({"TotalCount":2,"Bounces":[
        {"RecordType":"Bounce","ID":4323372036854775807,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce",
         "Tag":null,"MessageID":"m","ServerID":23,"MessageStream":"outbound","Description":"d","Details":"a\r\nb",
         "Email":"ann@example.org","From":"shop@example.org","BouncedAt":"2014-01-15T16:09:19Z","DumpAvailable":true,
         "Inactive":true,"CanActivate":true,"Subject":"s","New":{}},
        {"ID":"17","TypeCode":null,"BouncedAt":"?"}]})"));
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.bounces.size() == 2u);
    bounce const& first = reply.bounces[0];
    BOOST_TEST(first.id == 4323372036854775807);
    BOOST_TEST(first.type == "HardBounce");
    BOOST_TEST(first.type_code == 1);
    BOOST_TEST(first.name == "Hard bounce");
    BOOST_TEST(first.tag == "");
    BOOST_TEST(first.message_id == "m");
    BOOST_TEST(first.server_id == 23);
    BOOST_TEST(first.message_stream == "outbound");
    BOOST_TEST(first.description == "d");
    BOOST_TEST(first.details == "a\r\nb");
    BOOST_TEST(first.email == "ann@example.org");
    BOOST_TEST(first.from == "shop@example.org");
    BOOST_TEST(std::chrono::system_clock::to_time_t(first.bounced_at) == 1389802159);
    BOOST_TEST(first.dump_available);
    BOOST_TEST(first.inactive);
    BOOST_TEST(first.can_activate);
    BOOST_TEST(first.subject == "s");
    BOOST_TEST(reply.bounces[1].id == 17);
    BOOST_TEST(!reply.bounces[1].can_activate);
}

BOOST_AUTO_TEST_CASE(single_bounces)
{
    bounce_reply one;
    BOOST_REQUIRE(one.read(R"({"ID":1,"Content":"raw"})"));
    BOOST_TEST(one.bounce.id == 1);
    BOOST_TEST(one.bounce.content == "raw");

    bounce_dump_reply dump;
    BOOST_REQUIRE(dump.read(R"({"Body":"source"})"));
    BOOST_TEST(dump.body == "source");
    BOOST_TEST(reads<bounce_dump_reply>("{}"));
    BOOST_TEST(reads<bounce_dump_reply>(R"({"Body":null})"));

    bounce_tags_reply tags;
    BOOST_REQUIRE(tags.read(R"(["a",null,"b",7])"));
    BOOST_TEST((tags.tags == std::vector<std::string>{"a", "b", "7"}));
    BOOST_TEST(reads<bounce_tags_reply>("[]"));

    activate_bounce_reply activated;
    BOOST_REQUIRE(activated.read(R"({"Message":"OK","Bounce":{"ID":5,"CanActivate":false}})"));
    BOOST_TEST(activated.message == "OK");
    BOOST_TEST(activated.bounce.id == 5);
    BOOST_TEST(reads<activate_bounce_reply>(R"({"Message":"OK"})"));
    BOOST_TEST(reads<activate_bounce_reply>(R"({"Bounce":null})"));

    delivery_stats_reply stats;
    BOOST_REQUIRE(stats.read(R"({"InactiveMails":192,"Bounces":[{"Name":"All","Count":253},)"
                             R"({"Type":"HardBounce","Name":"Hard bounce","Count":195}]})"));
    BOOST_TEST(stats.inactive_mails == 192);
    BOOST_REQUIRE(stats.bounces.size() == 2u);
    BOOST_TEST(stats.bounces[0].type == "");
    BOOST_TEST(stats.bounces[1].count == 195);
}

BOOST_AUTO_TEST_CASE(details_of_a_message)
{
    outbound_message_details_reply reply;
    BOOST_REQUIRE(reply.read(R"({"MessageID":"m","MessageStream":"outbound",
        "To":[{"Email":"ann@example.org","Name":null},{"Email":"bob@example.org","Name":"Bob"},"C <c@example.org>"],
        "Cc":[],"Bcc":null,"Recipients":["ann@example.org"],"ReceivedAt":"2017-02-25T13:59:44.0000000-05:00",
        "From":"\"Test\" <a@b>","Subject":null,"Tag":"t","Attachments":["a.txt",{"Name":"b.txt","ContentLength":7}],
        "Status":"Sent","TrackOpens":true,"TrackLinks":"None","Metadata":{"k":"v","n":7,"z":null},"Sandboxed":"True",
        "TextBody":"t","HtmlBody":null,"Body":"raw","MessageEvents":[
          {"Recipient":"ann@example.org","Type":"Bounced","ReceivedAt":"2017-02-25T13:59:44Z",
           "Details":{"Summary":"s","BounceID":123,"Flag":false,"Deep":{"a":[1]},"Nothing":null}},
          {"Type":"Opened"}]})"));
    BOOST_TEST(reply.message_id == "m");
    BOOST_REQUIRE(reply.to.size() == 3u);
    BOOST_TEST(reply.to[0].address == "ann@example.org");
    BOOST_TEST(reply.to[0].name == "");
    BOOST_TEST(reply.to[1].name == "Bob");
    BOOST_TEST((reply.to[2] == mailbox{"c@example.org", "C"}));
    BOOST_TEST(reply.cc.empty());
    BOOST_TEST((reply.recipients == std::vector<std::string>{"ann@example.org"}));
    BOOST_TEST(std::chrono::system_clock::to_time_t(reply.received_at) == 1488049184);
    BOOST_TEST(reply.from == "\"Test\" <a@b>");
    BOOST_TEST((reply.attachments == std::vector<std::string>{"a.txt", "b.txt"}));
    BOOST_TEST(reply.status == "Sent");
    BOOST_TEST(reply.track_opens);
    BOOST_TEST(reply.sandboxed);
    BOOST_TEST(reply.metadata.size() == 2u);
    BOOST_TEST(reply.metadata.at("n") == "7");
    BOOST_TEST(reply.text_body == "t");
    BOOST_TEST(reply.body == "raw");
    BOOST_REQUIRE(reply.message_events.size() == 2u);
    auto const& details = reply.message_events[0].details;
    BOOST_TEST(details.at("BounceID") == "123");
    BOOST_TEST(details.at("Flag") == "false");
    BOOST_TEST(details.at("Deep") == R"({"a":[1]})");
    BOOST_TEST(details.size() == 4u);
    BOOST_TEST(reply.message_events[1].type == "Opened");
}

BOOST_AUTO_TEST_CASE(a_message_with_another_stamp_is_not_the_one_that_was_looked_for)
{
    auto const look = [](std::string_view json) {
        reconciliation reply;
        find_stamped{"mine"}.expect(reply);
        BOOST_TEST(reply.read(json));
        return reply;
    };
    // A search that ignores its filter finds everything.
    auto const among_others = look(R"({"TotalCount":2,"Messages":[
        {"MessageID":"a","Metadata":{"postmark-stamp":"another"}},
        {"MessageID":"b","Metadata":{"postmark-stamp":"mine"}}]})");
    BOOST_TEST(among_others.found);
    BOOST_TEST(among_others.message_id == "b");
    BOOST_TEST(!look(R"({"Messages":[{"MessageID":"a","Metadata":{"postmark-stamp":"another"}}]})").found);
    BOOST_TEST(!look(R"({"Messages":[]})").found);
    // Nor is one without a stamp.
    BOOST_TEST(!look(R"({"Messages":[{"MessageID":"a","Metadata":{"order":"17"}}]})").found);
    BOOST_TEST(!look(R"({"Messages":[{"MessageID":"a","Metadata":{}}]})").found);
    BOOST_TEST(look(R"({"Messages":[{"MessageID":"a","Metadata":{"Postmark-Stamp":"mine"}}]})").found);
    // One that does not tell its metadata is taken at the service's word.
    BOOST_TEST(look(R"({"Messages":[{"MessageID":"a"}]})").message_id == "a");
    BOOST_TEST(look(R"({"Messages":[{"MessageID":"a","Metadata":null}]})").found);
}

BOOST_AUTO_TEST_CASE(replies_that_cannot_be_read)
{
    for (std::string_view const json : {"", "null", "1", "\"\"", "[]", "{", "{} x", "<html>"}) {
        BOOST_TEST(!reads<bounces_reply>(json), json);
        BOOST_TEST(!reads<bounce_reply>(json), json);
        BOOST_TEST(!reads<bounce_dump_reply>(json), json);
        BOOST_TEST(!reads<activate_bounce_reply>(json), json);
        BOOST_TEST(!reads<delivery_stats_reply>(json), json);
        BOOST_TEST(!reads<outbound_message_details_reply>(json), json);
        BOOST_TEST((json == "[]" || !reads<bounce_tags_reply>(json)), json);
    }
    BOOST_TEST(!reads<bounce_tags_reply>("{}"));
    BOOST_TEST(!reads<bounce_tags_reply>(R"([{}])"));
    BOOST_TEST(!reads<bounces_reply>(R"({"Bounces":{}})"));
    BOOST_TEST(!reads<bounces_reply>(R"({"Bounces":[null]})"));
    BOOST_TEST(!reads<bounces_reply>(R"({"TotalCount":"many"})"));
    BOOST_TEST(!reads<bounces_reply>(R"({"TotalCount":1.5})"));
    BOOST_TEST(!reads<bounces_reply>(R"({"TotalCount":18446744073709551615})"));
    BOOST_TEST(!reads<bounce_reply>(R"({"ID":[]})"));
    BOOST_TEST(!reads<bounce_reply>(R"({"ID":"17x"})"));
    BOOST_TEST(!reads<bounce_reply>(R"({"Email":{}})"));
    BOOST_TEST(!reads<bounce_reply>(R"({"Inactive":1})"));
    BOOST_TEST(!reads<bounce_reply>(R"({"BouncedAt":1})"));
    BOOST_TEST(!reads<activate_bounce_reply>(R"({"Bounce":[]})"));
    BOOST_TEST(!reads<delivery_stats_reply>(R"({"Bounces":[[]]})"));
    BOOST_TEST(!reads<outbound_message_details_reply>(R"({"To":"a@b"})"));
    BOOST_TEST(!reads<outbound_message_details_reply>(R"({"To":[1]})"));
    BOOST_TEST(!reads<outbound_message_details_reply>(R"({"Metadata":[]})"));
    BOOST_TEST(!reads<outbound_message_details_reply>(R"({"MessageEvents":[1]})"));
    BOOST_TEST(!reads<outbound_message_details_reply>(R"({"Attachments":[[]]})"));
}

BOOST_AUTO_TEST_SUITE_END()
