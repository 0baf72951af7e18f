// SPDX-License-Identifier: BSL-1.0

#include "client/batch_body.hpp"
#include "client/batch_plan.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_batch_plan)

using namespace postmark::detail;
using postmark::errc;
using postmark::outcome;
using postmark::receipt;

namespace {

constexpr std::size_t limit = 500;

batch_plan plan_of(std::size_t plain, std::size_t templated = 0)
{
    batch_plan plan{plain + templated};
    for (std::size_t index = 0; index != plain + templated; ++index) {
        plan.add(static_cast<message_index>(index), index >= plain);
    }
    return plan;
}

/// A chunk with the JSON texts `0`, `1`, `2` ... as its messages.
batch_chunk written_chunk(send_endpoint endpoint, std::size_t count)
{
    batch_chunk chunk{endpoint};
    batch_body body{chunk.request, endpoint, "HEAD\r\n", count * 4};
    for (std::size_t index = 0; index != count; ++index) {
        body.append(std::to_string(index));
        chunk.members.push_back(static_cast<message_index>(index));
        chunk.ends.push_back(body.size());
    }
    body.finish();
    return chunk;
}

std::vector<message_index> dropped_by(batch_plan& plan)
{
    std::vector<message_index> dropped;
    plan.drop_unsent([&](message_index message) { dropped.push_back(message); });
    return dropped;
}

std::vector<message_index> numbers(message_index first, message_index last)
{
    std::vector<message_index> result(last - first);
    std::iota(result.begin(), result.end(), first);
    return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_batch_without_messages_needs_no_chunk)
{
    batch_plan plan = plan_of(0);
    BOOST_TEST(!plan.next_chunk());
    BOOST_TEST(plan.all_taken());
    BOOST_TEST(!plan.has_begun());
    BOOST_TEST(!plan.result({}));
}

BOOST_AUTO_TEST_CASE(there_are_no_more_tickets_than_requests_that_the_messages_can_fill)
{
    for (auto const& [messages, tickets] : {std::pair{1U, 1}, {500U, 1}, {501U, 2}, {1000U, 2}, {1001U, 3}}) {
        batch_plan plan = plan_of(messages);
        int made = 0;
        while (auto const chunk = plan.next_chunk()) {
            BOOST_TEST(chunk->members.empty());
            BOOST_TEST((chunk->endpoint == send_endpoint::plain_batch));
            ++made;
        }
        BOOST_TEST_CONTEXT(messages << " messages")
        {
            BOOST_TEST(made == tickets);
        }
    }
}

BOOST_AUTO_TEST_CASE(messages_with_a_template_have_requests_of_their_own)
{
    batch_plan plan = plan_of(2, 3);
    auto const first = plan.next_chunk();
    auto const second = plan.next_chunk();
    BOOST_TEST_REQUIRE((first && second));
    BOOST_TEST(!plan.next_chunk());
    BOOST_TEST((first->endpoint == send_endpoint::plain_batch));
    BOOST_TEST((second->endpoint == send_endpoint::template_batch));
    BOOST_TEST(plan.available(send_endpoint::plain_batch).size() == 2U);
    BOOST_TEST(plan.available(send_endpoint::template_batch).size() == 3U);
    BOOST_TEST(plan.available(send_endpoint::template_batch).front() == 2U);
}

BOOST_AUTO_TEST_CASE(a_ticket_takes_messages_in_order_and_at_most_as_many_as_one_request_holds)
{
    batch_plan plan = plan_of(700);
    auto const first = plan.next_chunk();
    BOOST_TEST_REQUIRE(first.has_value());
    BOOST_TEST(plan.available(first->endpoint).size() == limit);
    plan.take(first->endpoint, limit);
    BOOST_TEST(plan.has_begun());
    BOOST_TEST(!plan.all_taken());
    auto const second = plan.next_chunk();
    BOOST_TEST_REQUIRE(second.has_value());
    BOOST_TEST(!plan.next_chunk());
    BOOST_TEST(plan.available(second->endpoint).size() == 200U);
    BOOST_TEST(plan.available(second->endpoint).front() == 500U);
    plan.take(second->endpoint, 200);
    BOOST_TEST(plan.all_taken());
}

BOOST_AUTO_TEST_CASE(what_a_ticket_leaves_needs_another_ticket)
{
    batch_plan plan = plan_of(10);
    auto const first = plan.next_chunk();
    BOOST_TEST_REQUIRE(first.has_value());
    BOOST_TEST(!plan.next_chunk());
    // The messages were large.
    plan.take(first->endpoint, 4);
    BOOST_TEST(plan.next_chunk().has_value());
    BOOST_TEST(!plan.next_chunk());
}

BOOST_AUTO_TEST_CASE(a_ticket_that_comes_back_can_be_had_again)
{
    batch_plan plan = plan_of(10);
    auto ticket = plan.next_chunk();
    BOOST_TEST_REQUIRE(ticket.has_value());
    plan.put_back(std::move(*ticket));
    BOOST_TEST(plan.next_chunk().has_value());
    plan.return_ticket(send_endpoint::plain_batch);
    BOOST_TEST(plan.next_chunk().has_value());
}

BOOST_AUTO_TEST_CASE(a_refused_request_is_split_until_single_messages_are_left)
{
    for (auto const endpoint : {send_endpoint::plain_batch, send_endpoint::template_batch}) {
        batch_plan plan{5};
        std::vector<batch_chunk> refused;
        refused.push_back(written_chunk(endpoint, 5));
        std::vector<std::string> singles;
        while (!refused.empty()) {
            batch_chunk const whole = std::move(refused.back());
            refused.pop_back();
            if (!plan.split(whole, "HEAD\r\n")) {
                BOOST_TEST(whole.members.size() == 1U);
                singles.emplace_back(whole.request.body_view());
                continue;
            }
            auto first = plan.next_chunk();
            auto second = plan.next_chunk();
            BOOST_TEST_REQUIRE((first && second));
            BOOST_TEST(first->members.back() + 1 == second->members.front());
            BOOST_TEST(first->members.size() + second->members.size() == whole.members.size());
            refused.push_back(std::move(*second));
            refused.push_back(std::move(*first));
        }
        std::vector<std::string> expected;
        for (int number = 0; number != 5; ++number) {
            std::string const text = std::to_string(number);
            expected.push_back(endpoint == send_endpoint::plain_batch ? "[" + text + "]"
                                                                      : R"({"Messages":[)" + text + "]}");
        }
        BOOST_TEST(singles == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_half_has_a_head_with_its_own_length)
{
    batch_plan plan{4};
    batch_chunk const whole = written_chunk(send_endpoint::plain_batch, 4);
    BOOST_TEST_REQUIRE(plan.split(whole, "HEAD\r\n"));
    auto const half = plan.next_chunk();
    BOOST_TEST_REQUIRE(half.has_value());
    std::string_view const bytes = half->request.view();
    BOOST_TEST(bytes.starts_with("HEAD\r\nContent-Length: 5\r\n"));
    BOOST_TEST(bytes.ends_with("[0,1]"));
}

BOOST_AUTO_TEST_CASE(halves_are_sent_before_other_messages)
{
    batch_plan plan = plan_of(600);
    auto const ticket = plan.next_chunk();
    BOOST_TEST_REQUIRE(ticket.has_value());
    plan.take(ticket->endpoint, limit);
    BOOST_TEST_REQUIRE(plan.split(written_chunk(send_endpoint::plain_batch, 2), "HEAD\r\n"));
    BOOST_TEST(plan.next_chunk()->members == numbers(0, 1), boost::test_tools::per_element());
    BOOST_TEST(plan.next_chunk()->members == numbers(1, 2), boost::test_tools::per_element());
    BOOST_TEST(plan.next_chunk()->members.empty());
}

BOOST_AUTO_TEST_CASE(what_is_dropped_is_neither_taken_nor_in_a_request_under_way)
{
    batch_plan plan = plan_of(4, 2);
    auto const ticket = plan.next_chunk();
    BOOST_TEST_REQUIRE(ticket.has_value());
    plan.take(ticket->endpoint, 2);
    BOOST_TEST_REQUIRE(plan.split(written_chunk(send_endpoint::plain_batch, 2), "HEAD\r\n"));
    auto const under_way = plan.next_chunk();
    BOOST_TEST_REQUIRE(under_way.has_value());
    std::vector<message_index> const expected{2, 3, 4, 5, 1};
    BOOST_TEST(dropped_by(plan) == expected, boost::test_tools::per_element());
    BOOST_TEST(plan.all_taken());
    BOOST_TEST(!plan.next_chunk());
    BOOST_TEST(dropped_by(plan).empty());
}

BOOST_AUTO_TEST_CASE(the_result_is_the_error_of_the_first_message_that_cannot_be_told_from_its_receipt_alone)
{
    auto const with = [](outcome result, errc error) {
        receipt made;
        made.outcome = result;
        made.error = error;
        return made;
    };
    std::vector<receipt> receipts(4);
    for (receipt& one : receipts) {
        one.outcome = outcome::accepted;
    }
    {
        batch_plan plan{4};
        BOOST_TEST(!plan.result(receipts));
        // A message that was refused on its own.
        receipts[1] = with(outcome::rejected, errc::http_refused);
        BOOST_TEST(!plan.result(receipts));
        batch_chunk chunk{send_endpoint::plain_batch};
        chunk.members = {1};
        plan.mark_refused(chunk);
        BOOST_TEST((plan.result(receipts) == errc::http_refused));
    }
    batch_plan plan{4};
    receipts[3] = with(outcome::not_sent, errc::queue_full);
    BOOST_TEST((plan.result(receipts) == errc::queue_full));
    receipts[2] = with(outcome::unknown, errc::connection_lost);
    BOOST_TEST((plan.result(receipts) == errc::connection_lost));
}

BOOST_AUTO_TEST_SUITE_END()
