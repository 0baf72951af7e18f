// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

#include <chrono>

BOOST_AUTO_TEST_SUITE(sandbox_message_streams)

using namespace sandbox_test;

namespace {

std::string stream(std::string_view id, std::string_view more = {})
{
    return R"({"ID":")" + std::string{id} + R"(","Name":"News","MessageStreamType":"Broadcasts")" + std::string{more} +
           '}';
}

std::string mail_to_stream(std::string const& id)
{
    return mail("ann@example.org", R"(,"MessageStream":")" + id + '"');
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_server_starts_with_three_streams, fixture)
{
    auto const listed = get("/message-streams").value();
    BOOST_TEST(number_of(listed, "TotalCount") == 3);
    auto const& streams = listed.at("MessageStreams");
    BOOST_TEST(text_of(streams.at(0), "ID") == "outbound");
    BOOST_TEST(text_of(streams.at(0), "MessageStreamType") == "Transactional");
    BOOST_TEST(text_of(streams.at(1), "ID") == "inbound");
    BOOST_TEST(text_of(streams.at(2), "MessageStreamType") == "Broadcasts");
    BOOST_TEST(text_of(streams.at(2).at("SubscriptionManagementConfiguration"), "UnsubscribeHandlingType") ==
               "Postmark");
    BOOST_TEST(get("/Message-Streams/outbound/").value() == streams.at(0));
}

BOOST_FIXTURE_TEST_CASE(creates_edits_archives_and_restores_a_stream, fixture)
{
    check_refused(post("/email", mail_to_stream("news")), 1235);
    auto const made = post("/message-streams", stream("news", R"(,"description":"Weekly")"));
    BOOST_TEST(made.status == 200);
    BOOST_TEST(text_of(made.value(), "ID") == "news");
    BOOST_TEST(text_of(made.value(), "Name") == "News");
    BOOST_TEST(text_of(made.value(), "Description") == "Weekly");
    BOOST_TEST(number_of(made.value(), "ServerID") == number_of(get("/server").value(), "ID"));
    for (auto const* const key : {"UpdatedAt", "ArchivedAt", "ExpectedPurgeDate"}) {
        BOOST_TEST(made.value().at(key).is_null());
    }
    BOOST_TEST(post("/email", mail_to_stream("news")).status == 200);
    BOOST_TEST(number_of(get("/message-streams?messageStreamType=broadcasts").value(), "TotalCount") == 2);
    BOOST_TEST(number_of(get("/message-streams?MessageStreamType=all").value(), "TotalCount") == 4);

    auto const edited = caller.send("PATCH", "/message-streams/news", R"({"Name":"Letters"})").value();
    BOOST_TEST(text_of(edited, "Name") == "Letters");
    BOOST_TEST(text_of(edited, "Description") == "Weekly");
    BOOST_TEST(edited.at("UpdatedAt").is_string());

    auto const archived = post("/message-streams/news/archive").value();
    BOOST_TEST(text_of(archived, "ID") == "news");
    BOOST_TEST(archived.at("ExpectedPurgeDate").is_string());
    BOOST_TEST(post("/message-streams/news/archive").value() == archived);
    BOOST_TEST(get("/message-streams/news").value().at("ArchivedAt").is_string());
    BOOST_TEST(number_of(get("/message-streams").value(), "TotalCount") == 3);
    BOOST_TEST(number_of(get("/message-streams?IncludeArchivedStreams=true").value(), "TotalCount") == 4);
    check_refused(post("/email", mail_to_stream("news")), 1236);

    auto const restored = post("/message-streams/news/unarchive", "null").value();
    BOOST_TEST(restored.at("ArchivedAt").is_null());
    BOOST_TEST(text_of(restored, "MessageStreamType") == "Broadcasts");
    BOOST_TEST(post("/email", mail_to_stream("news")).status == 200);
}

BOOST_FIXTURE_TEST_CASE(refuses_wrong_streams, fixture)
{
    auto const create = [&](std::string const& body) { return post("/message-streams", body); };
    check_refused(create(""), 1222);
    check_refused(create(R"({"Name":"x","MessageStreamType":"Broadcasts"})"), 1222);
    check_refused(create(R"({"ID":"x","MessageStreamType":"Broadcasts"})"), 1223);
    check_refused(create(R"({"ID":"x","Name":"x","MessageStreamType":"Odd"})"), 1221);
    check_refused(create(R"({"ID":"x","Name":"x"})"), 1221);
    check_refused(create(R"({"ID":"x","Name":"x","MessageStreamType":"Inbound"})"), 1228);
    check_refused(create(R"({"ID":7})"), 403, "$.ID");
    check_refused(create(R"({"ID":"x","Name":")" + std::string(101, 'x') + R"(","MessageStreamType":"Broadcasts"})"),
                  1224);
    for (auto const* const id : {"1x", "X", "x y", "_x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}) {
        check_refused(create(stream(id)), 1227);
    }
    check_refused(create(stream("pm-x")), 1233);
    check_refused(create(stream("all")), 1237);
    check_refused(create(stream("outbound")), 1230);
    check_refused(create(stream("x", R"(,"Description":")" + std::string(1001, 'x') + '"')), 1231);
    check_refused(create(stream("x", R"(,"Description":"<b>x</b>")")), 1234);
    auto const handling = [](std::string const& name) {
        return R"(,"SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":")" + name + "\"}";
    };
    check_refused(create(stream("x", handling("Custom"))), 1238);
    check_refused(create(stream("x", handling("None"))), 1239);
    check_refused(create(stream("x", handling("Odd"))), 1240);
    check_refused(create(stream("x", R"(,"SubscriptionManagementConfiguration":1)")), 403);
    check_refused(caller.send("PATCH", "/message-streams/outbound", R"({"Name":""})"), 1223);
    check_refused(get("/message-streams?MessageStreamType=Odd"), 1221);

    constexpr std::string_view unknown = "The message stream for the provided 'ID' was not found.";
    check_refused(get("/message-streams/x"), 1226, unknown);
    check_refused(caller.send("PATCH", "/message-streams/x", "{}"), 1226, unknown);
    check_refused(post("/message-streams/x/archive"), 1226, unknown);
    check_refused(post("/message-streams/x/unarchive"), 1226, unknown);
    check_refused(post("/message-streams/outbound/archive"), 1229);
    check_refused(post("/message-streams/inbound/archive"), 1229);
    BOOST_TEST(number_of(get("/message-streams").value(), "TotalCount") == 3);

    for (int count = 3; count < 10; ++count) {
        BOOST_TEST(create(stream("stream-" + std::to_string(count))).status == 200);
    }
    check_refused(create(stream("one-more")), 1225);
    // An archived stream does not count, but needs its place back.
    BOOST_TEST(post("/message-streams/stream-5/archive").status == 200);
    BOOST_TEST(create(stream("one-more")).status == 200);
    check_refused(post("/message-streams/stream-5/unarchive"), 1225);
}

BOOST_FIXTURE_TEST_CASE(suppressions_are_kept_by_stream_and_refuse_sends, fixture)
{
    constexpr auto path = "/message-streams/outbound/suppressions";
    auto const entry = [](std::string const& address) {
        return R"({"Suppressions":[{"EmailAddress":")" + address + R"("}]})";
    };
    auto const dump = [&](std::string const& query = {}) {
        return get("/message-streams/outbound/suppressions/dump" + query).value().at("Suppressions");
    };
    auto const made = post(path, R"({"suppressions":[{"emailaddress":"Ann@Example.org"},{"EmailAddress":"none"}]})");
    BOOST_TEST(made.status == 200);
    auto const first = made.value().at("Suppressions").at(0);
    BOOST_TEST(text_of(first, "EmailAddress") == "Ann@Example.org");
    BOOST_TEST(text_of(first, "Status") == "Suppressed");
    BOOST_TEST(first.at("Message").is_null());
    auto const second = made.value().at("Suppressions").at(1);
    BOOST_TEST(text_of(second, "EmailAddress") == "none");
    BOOST_TEST(text_of(second, "Status") == "Failed");
    BOOST_TEST(!text_of(second, "Message").empty());
    BOOST_TEST(text_of(post(path, entry("ann@example.org")).value().at("Suppressions").at(0), "Status") ==
               "Suppressed");

    check_refused(post("/email", mail("ann@example.org")), 406, "ann@example.org");
    BOOST_TEST(post("/email", mail("ann@example.org", R"(,"MessageStream":"broadcast")")).status == 200);

    post("/email", mail("HardBounce@bounce-testing.postmarkapp.com"));
    sandbox.suppress("gone@example.org");
    BOOST_REQUIRE(dump().as_array().size() == 3U);
    auto const found = dump("?emailAddress=ann@example.org");
    BOOST_REQUIRE(found.as_array().size() == 1U);
    BOOST_TEST(text_of(found.at(0), "EmailAddress") == "ann@example.org");
    BOOST_TEST(text_of(found.at(0), "SuppressionReason") == "ManualSuppression");
    BOOST_TEST(text_of(found.at(0), "Origin") == "Customer");
    BOOST_TEST(found.at(0).at("CreatedAt").is_string());
    BOOST_TEST(dump("?origin=customer").as_array().size() == 1U);
    BOOST_TEST(dump("?suppressionreason=HardBounce").as_array().size() == 2U);
    BOOST_TEST(dump("?todate=2020-01-01").as_array().empty());
    BOOST_TEST(get("/message-streams/broadcast/suppressions/dump").value().at("Suppressions").as_array().empty());

    // The entry of a hard bounce goes together with its bounce.
    auto const bounce = [&] { return get("/bounces?count=1&offset=0").value().at("Bounces").at(0); };
    BOOST_TEST(bounce().at("Inactive").as_bool());
    auto const removed = post(std::string{path} + "/delete", entry("hardbounce@bounce-testing.postmarkapp.com"));
    BOOST_TEST(text_of(removed.value().at("Suppressions").at(0), "Status") == "Deleted");
    BOOST_TEST(!bounce().at("Inactive").as_bool());
    BOOST_TEST(text_of(post(std::string{path} + "/delete", entry("never@example.org")).value().at("Suppressions").at(0),
                       "Status") == "Deleted");
    BOOST_TEST(post(std::string{path} + "/delete", entry("ann@example.org")).status == 200);
    BOOST_TEST(post("/email", mail("ann@example.org")).status == 200);
}

BOOST_AUTO_TEST_CASE(keeps_the_suppression_of_a_complaint)
{
    auto options = plain();
    options.seeds = true;
    fixture test{options};
    auto const refused = test.post("/message-streams/outbound/suppressions/delete",
                                   R"({"Suppressions":[{"EmailAddress":"complained@recipient.example"}]})");
    BOOST_TEST(refused.status == 200);
    auto const item = refused.value().at("Suppressions").at(0);
    BOOST_TEST(text_of(item, "Status") == "Failed");
    BOOST_TEST(!text_of(item, "Message").empty());
    BOOST_TEST(test.post("/email", mail("complained@recipient.example")).api_code() == 406);
}

BOOST_FIXTURE_TEST_CASE(refuses_wrong_requests_for_suppressions, fixture)
{
    constexpr std::string_view unknown = "The message stream for the provided 'ID' was not found.";
    check_refused(get("/message-streams/x/suppressions/dump"), 1226, unknown);
    check_refused(post("/message-streams/x/suppressions", R"({"Suppressions":[]})"), 1226, unknown);
    check_refused(post("/message-streams/x/suppressions/delete", R"({"Suppressions":[]})"), 1226, unknown);
    check_refused(get("/message-streams/outbound/suppressions/dump?SuppressionReason=Odd"), 1404);
    check_refused(get("/message-streams/outbound/suppressions/dump?Origin=Odd"), 1405);
    for (auto const* const path :
         {"/message-streams/outbound/suppressions", "/message-streams/outbound/suppressions/delete"}) {
        check_refused(post(path), 1409);
        check_refused(post(path, R"({"Suppressions":[]})"), 1409);
        check_refused(post(path, R"({"Suppressions":[{}]})"), 1411);
        check_refused(post(path, R"({"Suppressions":[1]})"), 403, "$.Suppressions[0]");
        check_refused(post(path, R"({"Suppressions":[{"EmailAddress":1}]})"), 403, "$.Suppressions[0].EmailAddress");
        std::string many = R"({"EmailAddress":"a@b.c"})";
        for (int count = 1; count < 51; ++count) {
            many += R"(,{"EmailAddress":"a@b.c"})";
        }
        check_refused(post(path, R"({"Suppressions":[)" + many + "]}"), 1410);
    }
}

BOOST_AUTO_TEST_SUITE_END()
