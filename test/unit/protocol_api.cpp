// SPDX-License-Identifier: BSL-1.0

#include "protocol/head.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/bounces.hpp>
#include <postmark/api/messages.hpp>
#include <postmark/api/request.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using protocol::prepare;

namespace {

void check_request(api_request const& request, http_method method, std::string_view target)
{
    BOOST_TEST((request.method == method));
    BOOST_TEST(request.target == target);
    BOOST_TEST(request.body.empty());
    BOOST_TEST((request.token == token_kind::server));
    BOOST_TEST(request.repeatable);
}

/// Reads a reply that must be readable.
template <class Reply>
Reply read_good(std::string_view json)
{
    Reply reply;
    std::string problem;
    BOOST_TEST(protocol::read(json, reply, problem), problem);
    return reply;
}

/// The reason why a reply cannot be read; empty if it can.
template <class Reply>
std::string problem_of(std::string_view json)
{
    Reply reply;
    std::string problem;
    bool const readable = protocol::read(json, reply, problem);
    BOOST_TEST(readable == problem.empty());
    return problem;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api)

BOOST_AUTO_TEST_CASE(percent_encoding)
{
    BOOST_TEST(percent_encode("azAZ09-._~") == "azAZ09-._~");
    BOOST_TEST(percent_encode("a/b?c d+e%\xc3\xa4") == "a%2Fb%3Fc%20d%2Be%25%C3%A4");
    BOOST_TEST(percent_encode({"\r\n\0", 3}) == "%0D%0A%00");
    BOOST_TEST(percent_encode("") == "");
    BOOST_TEST(percent_encode("..") == "..");
}

BOOST_AUTO_TEST_CASE(requests_state_whether_they_may_be_repeated)
{
    BOOST_TEST((api_request{http_method::get, "/a"}.repeatable));
    BOOST_TEST((api_request{http_method::put, "/a"}.repeatable));
    BOOST_TEST((api_request{http_method::delete_, "/a"}.repeatable));
    api_request const post{http_method::post, "/a", "{}"};
    BOOST_TEST(!post.repeatable);
    BOOST_TEST((!api_request{http_method::patch, "/a", "{}"}.repeatable));
    BOOST_TEST(post.body == "{}");
}

BOOST_AUTO_TEST_CASE(prepared_requests)
{
    check_request(prepare(get_bounces{}), http_method::get, "/bounces?count=500&offset=0");
    check_request(prepare(get_bounces{5, 10}), http_method::get, "/bounces?count=5&offset=10");
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
        prepare(filtered), http_method::get,
        "/bounces?count=1&offset=0&type=HardBounce&inactive=false&emailFilter=a%2Bb%40x&tag=t%26u&messageID=id"
        "&fromdate=2026-01-02T03%3A04%3A05&todate=2026-01-03&messagestream=outbound");
    check_request(prepare(get_bounce{4323372036854775807}), http_method::get, "/bounces/4323372036854775807");
    check_request(prepare(get_bounce_dump{7}), http_method::get, "/bounces/7/dump");
    check_request(prepare(get_bounce_tags{}), http_method::get, "/bounces/tags");
    check_request(prepare(activate_bounce{7}), http_method::put, "/bounces/7/activate");
    check_request(prepare(get_delivery_stats{}), http_method::get, "/deliverystats");
    check_request(prepare(get_outbound_message_details{"a/b"}), http_method::get, "/messages/outbound/a%2Fb/details");
}

BOOST_AUTO_TEST_CASE(a_path_parameter_is_one_segment)
{
    BOOST_TEST(prepare(get_outbound_message_details{}).problem == "message_id: is empty");
    for (std::string const id : {".", ".."}) {
        BOOST_TEST(prepare(get_outbound_message_details{id}).problem.starts_with("message_id: "));
    }
    for (std::string const id : {"...", ".a", "..%2f", "%2e"}) {
        BOOST_TEST(prepare(get_outbound_message_details{id}).problem == "");
        BOOST_TEST(protocol::target_problem(prepare(get_outbound_message_details{id}).target) == "");
    }
}

BOOST_AUTO_TEST_CASE(an_id_in_a_path_is_positive)
{
    BOOST_TEST(prepare(get_bounce{}).problem == "id: must be positive");
    BOOST_TEST(prepare(get_bounce{0}).problem == "id: must be positive");
    BOOST_TEST(prepare(get_bounce{-1}).problem == "id: must be positive");
    BOOST_TEST(prepare(get_bounce_dump{}).problem == "id: must be positive");
    BOOST_TEST(prepare(activate_bounce{}).problem == "id: must be positive");
    BOOST_TEST(prepare(get_bounce{10}).problem == "");
    // An id that is text may have any form.
    BOOST_TEST(prepare(get_outbound_message_details{"0"}).problem == "");
}

BOOST_AUTO_TEST_CASE(dot_segments_are_refused_in_every_spelling)
{
    for (std::string const segment : {".", "..", "%2e", "%2E", ".%2e", "%2E.", "%2e%2E"}) {
        BOOST_TEST(protocol::target_problem("/" + segment) != "", segment);
        BOOST_TEST(protocol::target_problem("/a/" + segment + "/b") != "", segment);
        BOOST_TEST(protocol::target_problem("/a/" + segment + "?b=c") != "", segment);
        // In a query they have no meaning.
        BOOST_TEST(protocol::target_problem("/a?b=/" + segment + "/") == "", segment);
    }
    for (std::string const segment : {"...", "a.", "%2f", "%2e%2e%2e", "%2ex", ""}) {
        BOOST_TEST(protocol::target_problem("/a/" + segment + "/b") == "", segment);
    }
}

BOOST_AUTO_TEST_CASE(a_page_of_bounces)
{
    auto const reply = read_good<bounces_reply>(R"({"TotalCount":2,"Bounces":[
        {"RecordType":"Bounce","ID":4323372036854775807,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce",
         "Tag":null,"MessageID":"m","ServerID":23,"MessageStream":"outbound","Description":"d","Details":"a\r\nb",
         "Email":"ann@example.org","From":"shop@example.org","BouncedAt":"2014-01-15T16:09:19Z","DumpAvailable":true,
         "Inactive":true,"CanActivate":true,"Subject":"s","New":{}},
        {"ID":"17","TypeCode":null,"BouncedAt":"?"}]})");
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
    auto const one = read_good<bounce_reply>(R"({"ID":1,"Content":"raw"})");
    BOOST_TEST(one.bounce.id == 1);
    BOOST_TEST(one.bounce.content == "raw");

    auto const dump = read_good<bounce_dump_reply>(R"({"Body":"source"})");
    BOOST_TEST(dump.body == "source");
    BOOST_TEST(problem_of<bounce_dump_reply>("{}") == "");
    BOOST_TEST(problem_of<bounce_dump_reply>(R"({"Body":null})") == "");

    auto const tags = read_good<bounce_tags_reply>(R"(["a",null,"b",7])");
    BOOST_TEST((tags.tags == std::vector<std::string>{"a", "b", "7"}));
    BOOST_TEST(problem_of<bounce_tags_reply>("[]") == "");

    auto const activated =
        read_good<activate_bounce_reply>(R"({"Message":"OK","Bounce":{"ID":5,"CanActivate":false}})");
    BOOST_TEST(activated.message == "OK");
    BOOST_TEST(activated.bounce.id == 5);
    BOOST_TEST(problem_of<activate_bounce_reply>(R"({"Message":"OK"})") == "");
    BOOST_TEST(problem_of<activate_bounce_reply>(R"({"Bounce":null})") == "");

    auto const stats = read_good<delivery_stats_reply>(R"({"InactiveMails":192,"Bounces":[{"Name":"All","Count":253},)"
                                                       R"({"Type":"HardBounce","Name":"Hard bounce","Count":195}]})");
    BOOST_TEST(stats.inactive_mails == 192);
    BOOST_REQUIRE(stats.bounces.size() == 2u);
    BOOST_TEST(stats.bounces[0].type == "");
    BOOST_TEST(stats.bounces[1].count == 195);
}

BOOST_AUTO_TEST_CASE(details_of_a_message)
{
    auto const reply = read_good<outbound_message_details_reply>(R"({"MessageID":"m","MessageStream":"outbound",
        "To":[{"Email":"ann@example.org","Name":null},{"Email":"bob@example.org","Name":"Bob"},"C <c@example.org>"],
        "Cc":[],"Bcc":null,"Recipients":["ann@example.org"],"ReceivedAt":"2017-02-25T13:59:44.0000000-05:00",
        "From":"\"Test\" <a@b>","Subject":null,"Tag":"t","Attachments":["a.txt",{"Name":"b.txt","ContentLength":7}],
        "Status":"Sent","TrackOpens":true,"TrackLinks":"None","Metadata":{"k":"v","n":7,"z":null},"Sandboxed":"True",
        "TextBody":"t","HtmlBody":null,"Body":"raw","MessageEvents":[
          {"Recipient":"ann@example.org","Type":"Bounced","ReceivedAt":"2017-02-25T13:59:44Z",
           "Details":{"Summary":"s","BounceID":123,"Flag":false,"Deep":{"a":[1]},"Nothing":null}},
          {"Type":"Opened"}]})");
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
    BOOST_TEST(reply.text == "t");
    BOOST_TEST(reply.body == "raw");
    BOOST_REQUIRE(reply.message_events.size() == 2u);
    auto const& details = reply.message_events[0].details;
    BOOST_TEST(details.at("BounceID") == "123");
    BOOST_TEST(details.at("Flag") == "false");
    BOOST_TEST(details.at("Deep") == R"({"a":[1]})");
    BOOST_TEST(details.size() == 4u);
    BOOST_TEST(reply.message_events[1].type == "Opened");
}

BOOST_AUTO_TEST_CASE(the_search_for_a_stamp)
{
    check_request(prepare(find_stamped{"a b"}), http_method::get,
                  "/messages/outbound?count=10&offset=0&metadata_postmark-stamp=a%20b");
    check_request(prepare(find_stamped{"s", "broadcast"}), http_method::get,
                  "/messages/outbound?count=10&offset=0&messagestream=broadcast&metadata_postmark-stamp=s");
    BOOST_TEST(prepare(find_stamped{}).problem.starts_with("stamp: "));
}

BOOST_AUTO_TEST_CASE(a_message_is_found_only_by_its_stamp)
{
    auto const look = [](std::string_view json) {
        reconciliation reply;
        find_stamped{"mine"}.expect(reply);
        std::string problem;
        BOOST_TEST(reply.read(json, problem), problem);
        return reply;
    };
    // A service that ignores the filter of a search returns every message.
    auto const among_others = look(R"({"TotalCount":2,"Messages":[
        {"MessageID":"a","Metadata":{"postmark-stamp":"another"}},
        {"MessageID":"b","Metadata":{"postmark-stamp":"mine"}}]})");
    BOOST_TEST(among_others.found);
    BOOST_TEST(among_others.message_id == "b");
    BOOST_TEST(!look(R"({"Messages":[{"MessageID":"a","Metadata":{"postmark-stamp":"another"}}]})").found);
    BOOST_TEST(!look(R"({"Messages":[]})").found);
    // A message without a stamp is a different message.
    BOOST_TEST(!look(R"({"TotalCount":1,"Messages":[{"MessageID":"a","Metadata":{"order":"17"}}]})").found);
    BOOST_TEST(look(R"({"Messages":[{"MessageID":"a","Metadata":{"Postmark-Stamp":"mine"}}]})").found);
    BOOST_TEST(!look(R"({"Messages":[{"MessageID":"","Metadata":{"postmark-stamp":"mine"}}]})").found);
}

BOOST_AUTO_TEST_CASE(a_message_without_metadata_is_another_message)
{
    auto const finds = [](std::string_view json) {
        reconciliation reply;
        find_stamped{"mine"}.expect(reply);
        std::string problem;
        BOOST_TEST(reply.read(json, problem), problem);
        return reply.found;
    };
    BOOST_TEST(!finds(R"({"TotalCount":1,"Messages":[{"MessageID":"a","Metadata":{}}]})"));
    BOOST_TEST(!finds(R"({"TotalCount":1,"Messages":[{"MessageID":"a","Metadata":null}]})"));
    // A result without metadata is accepted if it is the only one.
    BOOST_TEST(finds(R"({"TotalCount":1,"Messages":[{"MessageID":"a"}]})"));
    BOOST_TEST(!finds(R"({"TotalCount":2,"Messages":[{"MessageID":"a"},{"MessageID":"b"}]})"));
    BOOST_TEST(!finds(R"({"TotalCount":7,"Messages":[{"MessageID":"a"}]})"));
    BOOST_TEST(!finds(R"({"Messages":[{"MessageID":"a"}]})"));
}

BOOST_AUTO_TEST_CASE(unreadable_search_results)
{
    auto const problem_of_search = [](std::string_view json) {
        reconciliation reply;
        std::string problem;
        BOOST_TEST(!reply.read(json, problem));
        BOOST_TEST(!reply.found);
        return problem;
    };
    BOOST_TEST(problem_of_search(R"({"TotalCount":0})") == "Messages: expected an array of objects");
    BOOST_TEST(problem_of_search(R"({"Messages":[{"MessageID":{}}]})") == "Messages[0].MessageID: expected a string");
    BOOST_TEST(problem_of_search(R"({"Messages":[{"Metadata":[]}]})") == "Messages[0].Metadata: expected an object");
    BOOST_TEST(problem_of_search(R"({"Messages":[{},{},{},{},{},{},{},{},{},{},{}]})") ==
               "Messages: expected at most 10 elements");
}

BOOST_AUTO_TEST_CASE(unreadable_replies)
{
    for (std::string_view const json : {"", "null", "1", "\"\"", "[]", "{", "{} x", "<html>"}) {
        BOOST_TEST(problem_of<bounces_reply>(json) != "", json);
        BOOST_TEST(problem_of<bounce_reply>(json) != "", json);
        BOOST_TEST(problem_of<bounce_dump_reply>(json) != "", json);
        BOOST_TEST(problem_of<activate_bounce_reply>(json) != "", json);
        BOOST_TEST(problem_of<delivery_stats_reply>(json) != "", json);
        BOOST_TEST(problem_of<outbound_message_details_reply>(json) != "", json);
        BOOST_TEST((json == "[]" || problem_of<bounce_tags_reply>(json) != ""), json);
    }
    BOOST_TEST(problem_of<bounce_tags_reply>("{}") != "");
    BOOST_TEST(problem_of<bounce_tags_reply>(R"([{}])") != "");
    BOOST_TEST(problem_of<bounces_reply>(R"({"Bounces":{}})") != "");
    BOOST_TEST(problem_of<bounces_reply>(R"({"Bounces":[null]})") != "");
    BOOST_TEST(problem_of<bounces_reply>(R"({"TotalCount":"many"})") != "");
    BOOST_TEST(problem_of<bounces_reply>(R"({"TotalCount":1.5})") != "");
    BOOST_TEST(problem_of<bounces_reply>(R"({"TotalCount":18446744073709551615})") != "");
    BOOST_TEST(problem_of<bounce_reply>(R"({"ID":[]})") != "");
    BOOST_TEST(problem_of<bounce_reply>(R"({"ID":"17x"})") != "");
    BOOST_TEST(problem_of<bounce_reply>(R"({"Email":{}})") != "");
    BOOST_TEST(problem_of<bounce_reply>(R"({"Inactive":1})") != "");
    BOOST_TEST(problem_of<bounce_reply>(R"({"BouncedAt":1})") != "");
    BOOST_TEST(problem_of<activate_bounce_reply>(R"({"Bounce":[]})") != "");
    BOOST_TEST(problem_of<delivery_stats_reply>(R"({"Bounces":[[]]})") != "");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"To":"a@b"})") != "");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"To":[1]})") != "");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"Metadata":[]})") != "");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"MessageEvents":[1]})") != "");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"Attachments":[[]]})") != "");
}

BOOST_AUTO_TEST_SUITE_END()
