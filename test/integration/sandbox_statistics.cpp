// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

#include <array>

BOOST_AUTO_TEST_SUITE(sandbox_statistics)

using namespace sandbox_test;

namespace {

constexpr std::array daily{"sends",
                           "bounces",
                           "spam",
                           "tracked",
                           "opens",
                           "opens/platforms",
                           "opens/emailClients",
                           "opens/readTimes",
                           "clicks",
                           "clicks/browserFamilies",
                           "clicks/platforms",
                           "clicks/location"};

struct statistics_fixture : fixture {
    std::string send(std::string_view to, std::string_view more = {})
    {
        return text_of(post("/email", mail(to, more)).value(), "MessageID");
    }

    void happen(std::string const& id, std::string const& what, std::string body = {})
    {
        auto const made = control("POST", "/__sandbox/messages/" + id + '/' + what, std::move(body));
        BOOST_REQUIRE_MESSAGE(made.status == 200, made.body);
    }

    json::value stats(std::string const& path) { return get("/stats/outbound" + path).value(); }

    /// The totals of a day-by-day reply, which are the sums of its days. There are two if the day ends meanwhile.
    json::value totals(std::string const& path)
    {
        auto shown = stats(path);
        auto& object = shown.as_object();
        BOOST_TEST_CONTEXT(path)
        {
            json::object sums;
            auto const days = object.at("Days").as_array();
            BOOST_TEST(!days.empty());
            for (auto const& day : days) {
                BOOST_TEST(text_of(day, "Date").size() == 10U);
                for (auto const& [name, count] : day.as_object()) {
                    if (name != "Date") {
                        auto& sum = sums.emplace(name, 0).first->value();
                        sum = sum.as_int64() + count.to_number<std::int64_t>();
                    }
                }
            }
            object.erase("Days");
            BOOST_TEST(object == sums);
        }
        return shown;
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_server_without_mail_has_zeros, statistics_fixture)
{
    BOOST_TEST(stats({}).as_object().size() == 17U);
    for (auto const* name : daily) {
        BOOST_TEST(stats('/' + std::string{name}).at("Days").as_array().empty());
    }
    BOOST_TEST(stats("/clicks") == json::parse(R"({"Days":[],"Clicks":0,"Unique":0})"));
    BOOST_TEST(stats("/opens/emailclients") == json::parse(R"({"Days":[]})"));
}

BOOST_FIXTURE_TEST_CASE(everything_is_counted, statistics_fixture)
{
    auto const tracked = send("ann@example.org,bob@example.org",
                              R"(,"Tag":"t","TrackOpens":true,"TrackLinks":"HtmlAndText",
             "HtmlBody":"<a href='https://example.com/a'>a</a>")");
    auto const plain_mail = send("cy@example.org");
    auto const news = send("dan@example.org", R"(,"MessageStream":"broadcast")");
    post("/email", mail("hardbounce@bounce-testing.postmarkapp.com"));
    as("POSTMARK_API_TEST", "POST", "/email", mail());

    happen(tracked, "opened", R"({"ReadSeconds":4})");
    happen(tracked, "opened");
    happen(tracked, "opened", R"({"Recipient":"bob@example.org","Platform":"Mobile","ReadSeconds":25,
        "Client":{"Name":"A \"B\"","Family":"A \"B\""}})");
    happen(tracked, "clicked");
    happen(tracked, "clicked");
    happen(plain_mail, "bounced", R"({"Type":"Transient"})");
    happen(plain_mail, "bounced", R"({"Type":"SMTPApiError"})");
    happen(news, "complained");

    BOOST_TEST(totals("/sends") == json::parse(R"({"Sent":5})"));
    BOOST_TEST(totals("/bounces") == json::parse(R"({"HardBounce":1,"SMTPApiError":1,"SoftBounce":0,"Transient":1})"));
    BOOST_TEST(totals("/spam") == json::parse(R"({"SpamComplaint":1})"));
    BOOST_TEST(totals("/tracked") == json::parse(R"({"Tracked":2})"));
    BOOST_TEST(totals("/opens") == json::parse(R"({"Opens":3,"Unique":2})"));
    BOOST_TEST(totals("/opens/platforms") == json::parse(R"({"Desktop":1,"Mobile":1,"Unknown":0,"WebMail":0})"));
    BOOST_TEST(totals("/opens/emailclients") == json::parse(R"({"Firefox":1,"A \"B\"":1})"));
    BOOST_TEST(totals("/opens/readtimes") == json::parse(R"({"4s":1,"20s+":1})"));
    BOOST_TEST(totals("/clicks") == json::parse(R"({"Clicks":2,"Unique":1})"));
    BOOST_TEST(totals("/clicks/browserfamilies") == json::parse(R"({"Firefox":2})"));
    BOOST_TEST(totals("/clicks/platforms") == json::parse(R"({"Desktop":2,"Mobile":0,"Unknown":0})"));
    BOOST_TEST(totals("/clicks/location") == json::parse(R"({"HTML":2,"Text":0})"));
    BOOST_TEST(stats({}) == json::parse(R"({"Sent":5,"Bounced":2,"SMTPApiErrors":1,"BounceRate":40,"SpamComplaints":1,
        "SpamComplaintsRate":20,"Opens":3,"UniqueOpens":2,"Tracked":2,"WithLinkTracking":2,"WithOpenTracking":2,
        "TotalTrackedLinksSent":2,"UniqueLinksClicked":1,"TotalClicks":2,"WithClientRecorded":2,
        "WithPlatformRecorded":2,"WithReadTimeRecorded":2})"));

    BOOST_TEST(number_of(stats("/sends?tag=T"), "Sent") == 2);
    BOOST_TEST(number_of(stats("/sends?messagestream=broadcast"), "Sent") == 1);
    BOOST_TEST(number_of(stats("/spam?messagestream=outbound"), "SpamComplaint") == 0);
    BOOST_TEST(number_of(stats("/opens?tag=none"), "Opens") == 0);
    BOOST_TEST(number_of(stats("?tag=t"), "TotalClicks") == 2);
    auto const days = stats("/sends").at("Days").as_array();
    auto const first = text_of(days.front(), "Date");
    auto const last = text_of(days.back(), "Date");
    BOOST_TEST(number_of(stats("/sends?fromdate=" + first + "&todate=" + last), "Sent") == 5);
    BOOST_TEST(number_of(stats("/sends?fromdate=2016-1-2&todate=2016-01-07"), "Sent") == 0);
}

BOOST_FIXTURE_TEST_CASE(rates_have_three_decimals, statistics_fixture)
{
    happen(send("ann@example.org,bob@example.org,cy@example.org"), "bounced");
    BOOST_TEST(stats({}).at("BounceRate").to_number<double>() == 33.333);
}

BOOST_FIXTURE_TEST_CASE(wrong_queries_are_refused, statistics_fixture)
{
    std::vector<std::string> paths{""};
    for (auto const* name : daily) {
        paths.push_back('/' + std::string{name});
    }
    for (auto const& path : paths) {
        auto const target = "/stats/outbound" + path;
        check_refused(get(target + "?fromdate=yesterday"), 900);
        check_refused(get(target + "?todate=2026-13-01"), 900);
        check_refused(get(target + "?fromdate=2026-02-02&todate=2026-02-01"), 1502);
        check_refused(get(target + "?messagestream=none"), 1226);
    }
}

BOOST_AUTO_TEST_SUITE_END()
