// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/message_streams.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

BOOST_AUTO_TEST_SUITE(protocol_api_message_streams)

BOOST_AUTO_TEST_CASE(reading_requests)
{
    get_message_streams all;
    BOOST_TEST(summary(all) == "GET /message-streams server repeatable");
    all.message_stream_type = "Broadcasts";
    all.include_archived_streams = true;
    BOOST_TEST(summary(all) ==
               "GET /message-streams?MessageStreamType=Broadcasts&IncludeArchivedStreams=true server repeatable");
    BOOST_TEST(summary(get_message_stream{"news"}) == "GET /message-streams/news server repeatable");
    BOOST_TEST(summary(get_message_stream{"a/b"}) == "GET /message-streams/a%2Fb server repeatable");
    BOOST_TEST(summary(get_message_stream{}) == "id: is empty");
}

BOOST_AUTO_TEST_CASE(changing_requests)
{
    create_message_stream created;
    BOOST_TEST(summary(created) == "id: is empty");
    created.id = "news";
    BOOST_TEST(summary(created) == "name: is empty");
    created.name = "News";
    BOOST_TEST(summary(created) == "message_stream_type: is empty");
    created.message_stream_type = "Broadcasts";
    BOOST_TEST(summary(created) ==
               R"(POST /message-streams server once {"ID":"news","Name":"News","MessageStreamType":"Broadcasts"})");
    created.description = "d";
    created.subscription_management_configuration = subscription_management_configuration{"Custom"};
    BOOST_TEST(summary(created) ==
               R"(POST /message-streams server once {"ID":"news","Name":"News","MessageStreamType":"Broadcasts",)"
               R"("Description":"d","SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":"Custom"}})");

    edit_message_stream edited{"news"};
    BOOST_TEST(summary(edited) == "PATCH /message-streams/news server repeatable {}");
    edited.name = "N";
    edited.description = "";
    edited.subscription_management_configuration = subscription_management_configuration{"None"};
    BOOST_TEST(summary(edited) == R"(PATCH /message-streams/news server repeatable {"Name":"N","Description":"",)"
                                  R"("SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":"None"}})");
    BOOST_TEST(summary(edit_message_stream{}) == "id: is empty");

    BOOST_TEST(summary(archive_message_stream{"news"}) == "POST /message-streams/news/archive server once");
    BOOST_TEST(summary(archive_message_stream{}) == "id: is empty");
    BOOST_TEST(summary(unarchive_message_stream{"news"}) == "POST /message-streams/news/unarchive server once");
    BOOST_TEST(summary(unarchive_message_stream{}) == "id: is empty");
}

BOOST_AUTO_TEST_CASE(a_stream)
{
    auto const reply = read_good<message_stream_reply>(R"({"ID":"news","ServerID":23,"Name":"News","Description":"d",
        "MessageStreamType":"Broadcasts","CreatedAt":"2020-07-01T00:00:00-04:00","UpdatedAt":"2020-07-02T00:00:00Z",
        "ArchivedAt":"2020-08-30T12:30:00.00-04:00","ExpectedPurgeDate":"2020-10-14T12:30:00.00-04:00",
        "SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":"none"}})");
    BOOST_TEST(reply.id == "news");
    BOOST_TEST(reply.server_id == 23);
    BOOST_TEST(reply.name == "News");
    BOOST_TEST(reply.description == "d");
    BOOST_TEST(reply.message_stream_type == "Broadcasts");
    BOOST_TEST(seconds(reply.created_at) == 1593576000);
    BOOST_TEST(seconds(reply.updated_at) == 1593648000);
    BOOST_TEST(seconds(reply.archived_at) == 1598805000);
    BOOST_TEST(seconds(reply.expected_purge_date) == 1602693000);
    BOOST_TEST(reply.subscription_management_configuration.unsubscribe_handling_type == "none");

    auto const open = read_good<message_stream_reply>(R"({"Id":"outbound","ServerId":"23","Description":null,
        "UpdatedAt":null,"ArchivedAt":null,"ExpectedPurgeDate":null,"SubscriptionManagementConfiguration":null})");
    BOOST_TEST(open.id == "outbound");
    BOOST_TEST(open.server_id == 23);
    BOOST_TEST(seconds(open.archived_at) == 0);
    BOOST_TEST(printed(open) == R"(message_stream_reply{http_status: 0, {ID: "outbound", ServerID: 23}})");
    BOOST_TEST(
        problem_of<message_stream_reply>(R"({"SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":[]}})") ==
        "SubscriptionManagementConfiguration.UnsubscribeHandlingType: expected a string");
    check_empty_replies<message_stream_reply>();
}

BOOST_AUTO_TEST_CASE(all_streams)
{
    auto const reply = read_good<message_streams_reply>(
        R"({"TotalCount":2,"MessageStreams":[{"ID":"outbound"},{"ID":"inbound","MessageStreamType":"Inbound"}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.message_streams.size() == 2u);
    BOOST_TEST(reply.message_streams[0].id == "outbound");
    BOOST_TEST(reply.message_streams[1].message_stream_type == "Inbound");
    BOOST_TEST(problem_of<message_streams_reply>(R"({"MessageStreams":[{},{"CreatedAt":7}]})") ==
               "MessageStreams[1].CreatedAt: expected a time");
    check_empty_replies<message_streams_reply>();
}

BOOST_AUTO_TEST_CASE(an_archived_stream)
{
    auto const reply = read_good<archived_message_stream_reply>(
        R"({"ID":"news","ServerID":23,"ExpectedPurgeDate":"2020-10-14T12:30:00.00-04:00"})");
    BOOST_TEST(reply.id == "news");
    BOOST_TEST(reply.server_id == 23);
    BOOST_TEST(seconds(reply.expected_purge_date) == 1602693000);
    // A client of the service types the id as a number.
    BOOST_TEST(read_good<archived_message_stream_reply>(R"({"ID":7})").id == "7");
    BOOST_TEST(problem_of<archived_message_stream_reply>(R"({"ServerID":{}})") == "ServerID: expected a number");
    check_empty_replies<archived_message_stream_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
