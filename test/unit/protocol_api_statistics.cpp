// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/statistics.hpp>

#include <cstdint>
#include <map>
#include <string>

using namespace postmark;
using namespace api_test;

namespace {

using count_map = std::map<std::string, std::int64_t>;

template <class Request>
std::string filtered()
{
    Request request;
    request.tag = "a&b";
    request.from_date = "2026-01-02";
    request.to_date = "2026-01-03";
    request.message_stream = "broadcast";
    return summary(request);
}

/// Checks the request without a filter and with all filters.
template <class Request>
void check_request(std::string const& path)
{
    BOOST_TEST(summary(Request{}) == "GET " + path + " server repeatable");
    BOOST_TEST(filtered<Request>() ==
               "GET " + path +
                   "?tag=a%26b&fromdate=2026-01-02&todate=2026-01-03&messagestream=broadcast server repeatable");
    Request request;
    request.from_date = "2026-01-03";
    request.to_date = "2026-01-02";
    BOOST_TEST(summary(request) == "to_date: is before from_date");
    // The service knows this form, too.
    request.from_date = "2026-11-7";
    BOOST_TEST(summary(request).starts_with("GET "));
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api_statistics)

BOOST_AUTO_TEST_CASE(requests)
{
    check_request<get_outbound_overview>("/stats/outbound");
    check_request<get_sent_counts>("/stats/outbound/sends");
    check_request<get_bounce_counts>("/stats/outbound/bounces");
    check_request<get_spam_complaint_counts>("/stats/outbound/spam");
    check_request<get_tracked_email_counts>("/stats/outbound/tracked");
    check_request<get_email_open_counts>("/stats/outbound/opens");
    check_request<get_email_open_platforms>("/stats/outbound/opens/platforms");
    check_request<get_email_open_clients>("/stats/outbound/opens/emailclients");
    check_request<get_email_open_read_times>("/stats/outbound/opens/readtimes");
    check_request<get_click_counts>("/stats/outbound/clicks");
    check_request<get_click_browsers>("/stats/outbound/clicks/browserfamilies");
    check_request<get_click_platforms>("/stats/outbound/clicks/platforms");
    check_request<get_click_locations>("/stats/outbound/clicks/location");
}

BOOST_AUTO_TEST_CASE(requests_are_compared_and_printed)
{
    get_sent_counts request;
    BOOST_TEST((request == get_sent_counts{}));
    BOOST_TEST(printed(request) == "get_sent_counts{}");
    request.message_stream = "broadcast";
    BOOST_TEST((request != get_sent_counts{}));
    BOOST_TEST(printed(request) == R"(get_sent_counts{messagestream: "broadcast"})");
}

BOOST_AUTO_TEST_CASE(the_overview)
{
    auto const reply = read_good<outbound_overview_reply>(
        R"({"Sent":615,"Bounced":64,"SMTPApiErrors":25,"BounceRate":10.406,"SpamComplaints":10,
        "SpamComplaintsRate":1.626,"Opens":166,"UniqueOpens":26,"Tracked":111,"WithLinkTracking":51,
        "WithOpenTracking":60,"TotalTrackedLinksSent":100,"UniqueLinksClicked":30,"TotalClicks":72,
        "WithClientRecorded":14,"WithPlatformRecorded":10,"WithReadTimeRecorded":9})");
    BOOST_TEST(reply.sent == 615);
    BOOST_TEST(reply.bounced == 64);
    BOOST_TEST(reply.smtp_api_errors == 25);
    BOOST_TEST(reply.bounce_rate == 10.406);
    BOOST_TEST(reply.spam_complaints == 10);
    BOOST_TEST(reply.spam_complaints_rate == 1.626);
    BOOST_TEST(reply.opens == 166);
    BOOST_TEST(reply.unique_opens == 26);
    BOOST_TEST(reply.tracked == 111);
    BOOST_TEST(reply.with_link_tracking == 51);
    BOOST_TEST(reply.with_open_tracking == 60);
    BOOST_TEST(reply.total_tracked_links_sent == 100);
    BOOST_TEST(reply.unique_links_clicked == 30);
    BOOST_TEST(reply.total_clicks == 72);
    BOOST_TEST(reply.with_client_recorded == 14);
    BOOST_TEST(reply.with_platform_recorded == 10);
    BOOST_TEST(reply.with_read_time_recorded == 9);

    // A rate may be a whole number; any number may be given as text.
    auto const odd = read_good<outbound_overview_reply>(
        R"({"Sent":"7","Bounced":null,"BounceRate":10,"SpamComplaintsRate":"0.5","Opens":""})");
    BOOST_TEST(odd.sent == 7);
    BOOST_TEST(odd.bounced == 0);
    BOOST_TEST(odd.bounce_rate == 10);
    BOOST_TEST(odd.spam_complaints_rate == 0.5);
    BOOST_TEST(odd.opens == 0);
    BOOST_TEST(problem_of<outbound_overview_reply>(R"({"BounceRate":[]})") == "BounceRate: expected a number");
    BOOST_TEST(printed(odd).starts_with("outbound_overview_reply{http_status: 0, Sent: 7, Bounced: 0, "));
}

BOOST_AUTO_TEST_CASE(counts_by_day)
{
    auto const sent =
        read_good<sent_counts_reply>(R"({"Days":[{"Date":"2026-01-02","Sent":140},{"Date":"2026-01-04"}],"Sent":140})");
    BOOST_REQUIRE(sent.days.size() == 2u);
    BOOST_TEST(sent.days[0].date == "2026-01-02");
    BOOST_TEST(sent.days[0].sent == 140);
    BOOST_TEST(sent.days[1].date == "2026-01-04");
    BOOST_TEST(sent.days[1].sent == 0);
    BOOST_TEST(sent.sent == 140);
    BOOST_TEST(problem_of<sent_counts_reply>(R"({"Days":[{},{"Sent":{}}]})") == "Days[1].Sent: expected a number");
    BOOST_TEST(printed(sent) == "sent_counts_reply{http_status: 0, Days: [{Date: \"2026-01-02\", Sent: 140}, "
                                "{Date: \"2026-01-04\", Sent: 0}], Sent: 140}");

    auto const spam = read_good<spam_complaint_counts_reply>(
        R"({"Days":[{"Date":"2026-01-02","SpamComplaint":2}],"SpamComplaint":3})");
    BOOST_TEST(spam.days.at(0).spam_complaint == 2);
    BOOST_TEST(spam.spam_complaint == 3);

    auto const tracked =
        read_good<tracked_email_counts_reply>(R"({"Days":[{"Date":"2026-01-02","Tracked":24}],"Tracked":111})");
    BOOST_TEST(tracked.days.at(0).tracked == 24);
    BOOST_TEST(tracked.tracked == 111);

    auto const opens = read_good<email_open_counts_reply>(
        R"({"Days":[{"Date":"2026-01-02","Opens":44,"Unique":4}],"Opens":166,"Unique":26})");
    BOOST_TEST(opens.days.at(0).opens == 44);
    BOOST_TEST(opens.days.at(0).unique == 4);
    BOOST_TEST(opens.opens == 166);
    BOOST_TEST(opens.unique == 26);

    auto const clicks = read_good<click_counts_reply>(
        R"({"Days":[{"Date":"2026-01-02","Clicks":5,"Unique":3}],"Clicks":72,"Unique":30})");
    BOOST_TEST(clicks.days.at(0).clicks == 5);
    BOOST_TEST(clicks.days.at(0).unique == 3);
    BOOST_TEST(clicks.clicks == 72);
    BOOST_TEST(clicks.unique == 30);

    auto const platforms = read_good<platforms_reply>(
        R"({"Days":[{"Date":"2026-01-02","Desktop":1,"Mobile":2,"WebMail":3,"Unknown":4}],
        "Desktop":10,"Mobile":20,"WebMail":30,"Unknown":40,"Fridge":50})");
    BOOST_TEST(platforms.days.at(0).desktop == 1);
    BOOST_TEST(platforms.days.at(0).mobile == 2);
    BOOST_TEST(platforms.days.at(0).web_mail == 3);
    BOOST_TEST(platforms.days.at(0).unknown == 4);
    BOOST_TEST(platforms.desktop == 10);
    BOOST_TEST(platforms.mobile == 20);
    BOOST_TEST(platforms.web_mail == 30);
    BOOST_TEST(platforms.unknown == 40);

    auto const locations =
        read_good<click_locations_reply>(R"({"Days":[{"Date":"2026-01-02","HTML":1,"Text":2}],"HTML":10,"Text":20})");
    BOOST_TEST(locations.days.at(0).html == 1);
    BOOST_TEST(locations.days.at(0).text == 2);
    BOOST_TEST(locations.html == 10);
    BOOST_TEST(locations.text == 20);
}

BOOST_AUTO_TEST_CASE(counts_under_any_name)
{
    auto const bounces = read_good<named_counts_reply>(
        R"({"Days":[{"Date":"2026-01-02","HardBounce":12,"SMTPApiError":"25"},{"Date":"2026-01-03","New":1}],
        "HardBounce":12,"SMTPApiError":25,"New":1})");
    BOOST_REQUIRE(bounces.days.size() == 2u);
    BOOST_TEST(bounces.days[0].date == "2026-01-02");
    BOOST_TEST((bounces.days[0].counts == count_map{{"HardBounce", 12}, {"SMTPApiError", 25}}));
    BOOST_TEST((bounces.days[1].counts == count_map{{"New", 1}}));
    BOOST_TEST((bounces.counts == count_map{{"HardBounce", 12}, {"New", 1}, {"SMTPApiError", 25}}));

    // Names of programs and times are any text.
    auto const clients = read_good<named_counts_reply>(R"({"Days":[],"Apple Mail":7,"20s+":1,"unknown":2,"0s":null})");
    BOOST_TEST((clients.counts == count_map{{"20s+", 1}, {"Apple Mail", 7}, {"unknown", 2}}));
    BOOST_TEST(printed(clients) == R"(named_counts_reply{http_status: 0, {"20s+": 1, "Apple Mail": 7, "unknown": 2}})");
    BOOST_TEST(problem_of<named_counts_reply>(R"({"Days":[{"Date":[]}]})") == "Days[0].Date: expected a string");
    BOOST_TEST((clients != bounces));
}

BOOST_AUTO_TEST_CASE(a_server_without_data_has_neither_days_nor_totals)
{
    std::string_view const nothing = R"({"Days":[]})";
    BOOST_TEST((read_good<sent_counts_reply>(nothing) == sent_counts_reply{}));
    BOOST_TEST((read_good<named_counts_reply>(nothing) == named_counts_reply{}));
    BOOST_TEST((read_good<spam_complaint_counts_reply>(nothing) == spam_complaint_counts_reply{}));
    BOOST_TEST((read_good<tracked_email_counts_reply>(nothing) == tracked_email_counts_reply{}));
    BOOST_TEST((read_good<email_open_counts_reply>(nothing) == email_open_counts_reply{}));
    BOOST_TEST((read_good<click_counts_reply>(nothing) == click_counts_reply{}));
    BOOST_TEST((read_good<platforms_reply>(nothing) == platforms_reply{}));
    BOOST_TEST((read_good<click_locations_reply>(R"({"Days":null})") == click_locations_reply{}));
    check_empty_replies<outbound_overview_reply>();
    check_empty_replies<sent_counts_reply>();
    check_empty_replies<named_counts_reply>();
    check_empty_replies<spam_complaint_counts_reply>();
    check_empty_replies<tracked_email_counts_reply>();
    check_empty_replies<email_open_counts_reply>();
    check_empty_replies<click_counts_reply>();
    check_empty_replies<platforms_reply>();
    check_empty_replies<click_locations_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
