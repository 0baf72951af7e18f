// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/suppressions.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

namespace {

/// Two requests have the same members.
template <class Request>
void check_changing_requests(std::string const& path)
{
    Request request{"outbound"};
    BOOST_TEST(summary(request) == "suppressions: is empty");
    request.suppressions = {"ann@example.org", std::string{"bob@example.org"}, std::string_view{"\"c d\"@example.org"}};
    BOOST_TEST(summary(request) == "POST /message-streams/outbound" + path +
                                       R"( server repeatable {"Suppressions":[{"EmailAddress":"ann@example.org"},)"
                                       R"({"EmailAddress":"bob@example.org"},)"
                                       R"({"EmailAddress":"\"c d\"@example.org"}]})");
    request.suppressions[1].email_address.clear();
    BOOST_TEST(summary(request) == "suppressions[1].email_address: is empty");
    request.suppressions.assign(50, "ann@example.org");
    BOOST_TEST(summary(request).starts_with("POST "));
    BOOST_TEST(postmark::protocol::max_elements(Request::describe(), &request) == 50u);
    request.suppressions.emplace_back("bob@example.org");
    BOOST_TEST(summary(request) == "suppressions: expected at most 50 elements");
    request.message_stream.clear();
    BOOST_TEST(summary(request) == "message_stream: is empty");
    BOOST_TEST(summary(Request{}) == "message_stream: is empty");
    BOOST_TEST((request != Request{}));
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_api_suppressions)

BOOST_AUTO_TEST_CASE(reading_requests)
{
    BOOST_TEST(summary(get_suppressions{"outbound"}) ==
               "GET /message-streams/outbound/suppressions/dump server repeatable");
    BOOST_TEST(summary(get_suppressions{}) == "message_stream: is empty");
    get_suppressions filtered{"a/b"};
    filtered.suppression_reason = "HardBounce";
    filtered.origin = "Recipient";
    filtered.from_date = "2026-01-02";
    filtered.to_date = "2026-01-03";
    filtered.email_address = "ann+b@example.org";
    BOOST_TEST(summary(filtered) ==
               "GET /message-streams/a%2Fb/suppressions/dump?SuppressionReason=HardBounce&Origin=Recipient"
               "&fromdate=2026-01-02&todate=2026-01-03&EmailAddress=ann%2Bb%40example.org server repeatable");
    filtered.to_date = "2026-01-01";
    BOOST_TEST(summary(filtered) == "to_date: is before from_date");
}

BOOST_AUTO_TEST_CASE(changing_requests)
{
    check_changing_requests<create_suppressions>("/suppressions");
    check_changing_requests<delete_suppressions>("/suppressions/delete");
}

BOOST_AUTO_TEST_CASE(the_suppressions_of_a_stream)
{
    auto const reply = read_good<suppressions_reply>(R"({"Suppressions":[
        {"EmailAddress":"ann@example.org","SuppressionReason":"ManualSuppression","Origin":"Customer",
         "CreatedAt":"2019-12-17T08:58:33-05:00"},
        {"EmailAddress":"bob@example.org","SuppressionReason":"New","Origin":null,"CreatedAt":"?"}]})");
    BOOST_REQUIRE(reply.suppressions.size() == 2u);
    BOOST_TEST(reply.suppressions[0].email_address == "ann@example.org");
    BOOST_TEST(reply.suppressions[0].suppression_reason == "ManualSuppression");
    BOOST_TEST(reply.suppressions[0].origin == "Customer");
    BOOST_TEST(seconds(reply.suppressions[0].created_at) == 1576591113);
    BOOST_TEST(reply.suppressions[1].suppression_reason == "New");
    BOOST_TEST(reply.suppressions[1].origin == "");
    BOOST_TEST(seconds(reply.suppressions[1].created_at) == 0);
    BOOST_TEST(problem_of<suppressions_reply>(R"({"Suppressions":[{},{"EmailAddress":[]}]})") ==
               "Suppressions[1].EmailAddress: expected a string");
    check_empty_replies<suppressions_reply>();
}

BOOST_AUTO_TEST_CASE(a_dump_may_be_longer_than_a_page)
{
    get_suppressions const request{"outbound"};
    std::string json = R"({"Suppressions":[)";
    for (int index = 0; index < 20'000; ++index) {
        json += R"({"EmailAddress":"ann@example.org","SuppressionReason":"HardBounce","Origin":"Recipient",)"
                R"("CreatedAt":"2019-12-17T08:58:33-05:00"},)";
    }
    json.back() = ']';
    json += '}';
    suppressions_reply reply;
    std::string problem;
    postmark::protocol::read_state state;
    state.max_elements = postmark::protocol::max_elements(get_suppressions::describe(), &request);
    BOOST_TEST(postmark::protocol::read(suppressions_reply::describe(), json, &reply, problem, state), problem);
    BOOST_TEST(reply.suppressions.size() == 20'000u);
}

BOOST_AUTO_TEST_CASE(the_results_of_a_change)
{
    auto const reply = read_good<suppression_changes_reply>(R"({"Suppressions":[
        {"EmailAddress":"ann@example.org","Status":"Suppressed","Message":null},
        {"EmailAddress":"nobody","Status":"Failed","Message":"An invalid email address was provided."}]})");
    BOOST_REQUIRE(reply.suppressions.size() == 2u);
    BOOST_TEST(reply.suppressions[0].email_address == "ann@example.org");
    BOOST_TEST(reply.suppressions[0].status == "Suppressed");
    BOOST_TEST(reply.suppressions[0].message == "");
    BOOST_TEST(reply.suppressions[1].status == "Failed");
    BOOST_TEST(reply.suppressions[1].message == "An invalid email address was provided.");
    BOOST_TEST(problem_of<suppression_changes_reply>(R"({"Suppressions":[{"Status":{}}]})") ==
               "Suppressions[0].Status: expected a string");
    check_empty_replies<suppression_changes_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
