// SPDX-License-Identifier: BSL-1.0

// Batches of every size: chunks, order, and the effect of one invalid message or one lost chunk on the others.

#include "outcome_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <set>

BOOST_AUTO_TEST_SUITE(client_batch, *boost::unit_test::timeout(600))

using namespace outcome_test;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;

namespace {

struct batch_fixture : fixture {
    batch_fixture() { server.add_template("welcome", 17, "Welcome {{name}}", "<b>{{name}}</b>", "{{name}}"); }

    /// Checks that every accepted receipt belongs to the message whose tag is its number, that this message was
    /// accepted once, and that no other message was accepted.
    void check_receipts(batch_result const& result)
    {
        std::map<std::string, std::string> ids;
        std::size_t doubled = 0;
        server.for_each_message([&](sandbox::stored_message const& stored) {
            doubled += ids.emplace(stored.tag, stored.message_id).second ? 0U : 1U;
        });
        BOOST_TEST(doubled == 0U);
        std::size_t wrong = 0;
        std::size_t accepted = 0;
        for (std::size_t index = 0; index != result.receipts.size(); ++index) {
            auto const& item = result.receipts[index];
            auto const found = ids.find(std::to_string(index));
            bool const is_there = found != ids.end();
            if (item.outcome == outcome::accepted) {
                ++accepted;
                wrong += is_there && found->second == item.message_id ? 0U : 1U;
            } else if (item.outcome != outcome::unknown) {
                wrong += is_there ? 1U : 0U;
            }
        }
        BOOST_TEST(wrong == 0U);
        BOOST_TEST(accepted <= ids.size());
    }

    [[nodiscard]] std::uint64_t requests_to(std::string const& endpoint) const
    {
        auto const counts = server.stats().requests_by_endpoint;
        auto const found = counts.find(endpoint);
        return found == counts.end() ? 0 : found->second;
    }
};

postmark::message welcome(std::string tag)
{
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.to = "ann@example.org";
    msg.template_alias = "welcome";
    msg.template_model = R"({"name":"Ann"})";
    msg.tag = std::move(tag);
    return msg;
}

/// One megabyte more than the service accepts.
postmark::message oversized(std::string tag)
{
    auto msg = mail(std::move(tag));
    msg.attach_bytes(std::string(8 * 1024 * 1024 + 256 * 1024, 'x'), "a.txt");
    return msg;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(sends_any_number_of_messages, batch_fixture)
{
    struct size_row {
        std::size_t messages;
        std::uint64_t requests;
    };
    config.pool.max_connections = 2;
    for (auto const& [count, requests] : {size_row{0, 0}, {1, 1}, {499, 1}, {500, 1}, {501, 2}, {1200, 3}}) {
        BOOST_TEST_CONTEXT("messages: " << count)
        {
            server.clear();
            auto const result = send_batch(mails(count));
            BOOST_TEST(!result.error);
            BOOST_TEST(result.outcomes() == (count == 0   ? ""
                                             : count == 1 ? "accepted"
                                                          : "accepted*" + std::to_string(count)));
            BOOST_TEST(server.message_count() == count);
            BOOST_TEST(requests_to("/email/batch") == requests);
            check_receipts(result);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(mixes_template_and_plain_messages, batch_fixture)
{
    std::vector<postmark::message> messages;
    for (std::size_t number = 0; number != 1101; ++number) {
        messages.push_back(number % 2 == 0 ? welcome(std::to_string(number)) : mail(std::to_string(number)));
    }
    auto const result = send_batch(std::move(messages));
    BOOST_TEST(!result.error);
    BOOST_TEST(result.outcomes() == "accepted*1101");
    BOOST_TEST(requests_to("/email/batch") == 2U);
    BOOST_TEST(requests_to("/email/batchWithTemplates") == 2U);
    check_receipts(result);
    server.for_each_message([](sandbox::stored_message const& stored) {
        bool const even = std::stoi(stored.tag) % 2 == 0;
        BOOST_TEST(stored.subject == (even ? "Welcome Ann" : "Hello"));
        BOOST_TEST(stored.endpoint == (even ? "/email/batchWithTemplates" : "/email/batch"));
    });
}

BOOST_FIXTURE_TEST_CASE(receipts_keep_the_order_when_some_messages_are_refused, batch_fixture)
{
    server.suppress("gone@example.org");
    auto messages = mails(600);
    for (std::size_t const bad : {0U, 7U, 499U, 500U, 599U}) {
        messages[bad].to = "nobody";
    }
    messages[3].to = "gone@example.org";
    messages[4].to = "gone@example.org, ann@example.org";
    messages[5] = welcome("5");
    messages[6] = welcome("6");
    messages[6].template_alias = "unheard-of";
    // These messages are refused locally.
    messages[8].subject = "a\r\nBcc: eve@example.org";
    messages[9] = welcome("9");
    messages[9].template_model = "{";
    auto const result = send_batch(std::move(messages));

    // The error of the batch describes the two messages refused locally; the receipts describe the others.
    BOOST_TEST((result.error == errc::invalid_message));
    BOOST_TEST(result.outcomes() == "rejected accepted*2 rejected accepted*2 rejected*2 not_sent*2 accepted*489 "
                                    "rejected*2 accepted*98 rejected");
    for (std::size_t const bad : {0U, 7U, 499U, 500U, 599U}) {
        BOOST_TEST((result.receipts[bad].error == api_errc::invalid_email_request));
        BOOST_TEST(result.receipts[bad].detail.find("nobody") != std::string::npos);
    }
    BOOST_TEST((result.receipts[3].error == api_errc::inactive_recipient));
    BOOST_TEST((result.receipts[3].suppressed == std::vector<std::string>{"gone@example.org"}));
    BOOST_TEST((result.receipts[4].suppressed == std::vector<std::string>{"gone@example.org"}));
    BOOST_TEST((result.receipts[6].error == api_errc::template_not_found));
    BOOST_TEST(result.receipts[8].detail.find("subject") != std::string::npos);
    BOOST_TEST(result.receipts[9].detail.find("template_model") != std::string::npos);
    check_receipts(result);
}

BOOST_FIXTURE_TEST_CASE(refused_messages_alone_do_not_fail_the_batch, batch_fixture)
{
    auto messages = mails(3);
    messages[1].to = "nobody";
    auto const result = send_batch(std::move(messages));
    BOOST_TEST(!result.error);
    BOOST_TEST(result.outcomes() == "accepted rejected accepted");
}

BOOST_FIXTURE_TEST_CASE(sends_no_request_when_every_message_is_invalid, batch_fixture)
{
    auto messages = mails(3);
    for (auto& msg : messages) {
        msg.tag += '\n';
    }
    auto const result = send_batch(std::move(messages));
    BOOST_TEST((result.error == errc::invalid_message));
    BOOST_TEST(result.outcomes() == "not_sent*3");
    BOOST_TEST(server.stats().connections == 0U);
}

BOOST_FIXTURE_TEST_CASE(limits_chunks_by_their_bytes, batch_fixture)
{
    // Each message has about 5 MiB: nine of them exceed 45 MiB.
    config.limits.queued_bytes = 1024 * 1024;
    auto messages = mails(9);
    for (auto& msg : messages) {
        msg.attach_bytes(std::string(15 * 1024 * 1024 / 4, 'x'), "a.txt");
    }
    auto const result = send_batch(std::move(messages));
    BOOST_TEST(!result.error);
    BOOST_TEST(result.outcomes() == "accepted*9");
    check_receipts(result);
    auto const requests = server.requests();
    BOOST_TEST(requests.size() == 2U);
    for (auto const& request : requests) {
        BOOST_TEST(request.body_size <= 45U * 1024 * 1024);
    }
}

BOOST_FIXTURE_TEST_CASE(a_lost_chunk_does_not_affect_the_others, batch_fixture)
{
    struct lost_row {
        std::string action;
        errc error;
        bool accepted;
    };
    std::vector<lost_row> const table{
        {R"("reset_after_request","accept":false)", errc::connection_lost, false},
        {R"("reset_after_request")", errc::connection_lost, true},
        {R"("truncate_reply")", errc::connection_lost, true},
        {R"("status","status":502)", errc::server_error, false},
        {R"("wrong_item_count","change":-1)", errc::item_count_mismatch, true},
        {R"("wrong_item_count","change":1)", errc::item_count_mismatch, true},
        {R"("not_object")", errc::malformed_reply, true},
        {R"("big_reply","bytes":20000000)", errc::reply_too_large, true},
    };
    for (auto const& row : table) {
        // With one connection the chunks are sent in order, so that the second one is known.
        for (std::size_t const lost : {1U, 2U, 3U}) {
            BOOST_TEST_CONTEXT("fault: " << row.action << " of chunk " << lost)
            {
                connect();
                server.clear();
                play(row.action, R"({"nth":)" + std::to_string(lost) + '}');
                auto const result = send_batch(mails(1500));
                BOOST_TEST((result.error == row.error));
                std::vector<std::string> const by_chunk{
                    "unknown*500 accepted*1000", "accepted*500 unknown*500 accepted*500", "accepted*1000 unknown*500"};
                BOOST_TEST(result.outcomes() == by_chunk[lost - 1]);
                BOOST_TEST(server.message_count() == (row.accepted ? 1500U : 1000U));
                check_receipts(result);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(finds_the_message_that_is_too_large, batch_fixture)
{
    // HTTP 413 for the whole request, and certainly no message of it was accepted.
    for (std::vector<std::size_t> const& bad :
         {std::vector<std::size_t>{0}, std::vector<std::size_t>{6}, std::vector<std::size_t>{3, 4}}) {
        server.clear();
        auto messages = mails(7);
        for (std::size_t const which : bad) {
            messages[which] = oversized(std::to_string(which));
        }
        auto const result = send_batch(std::move(messages));
        BOOST_TEST((result.error == errc::http_refused));
        for (std::size_t index = 0; index != 7; ++index) {
            bool const blamed = std::find(bad.begin(), bad.end(), index) != bad.end();
            BOOST_TEST(result.receipts[index].outcome == (blamed ? outcome::rejected : outcome::accepted));
            BOOST_TEST(result.receipts[index].http_status == (blamed ? 413U : 200U));
        }
        BOOST_TEST(server.message_count() == 7 - bad.size());
        check_receipts(result);
    }
}

BOOST_FIXTURE_TEST_CASE(finds_the_message_that_invalidates_a_request, batch_fixture)
{
    // A model that is nested deeper than the service reads makes the whole request invalid JSON for the service: HTTP
    // 422.
    std::string deep = R"({"a":)" + std::string(200, '[') + std::string(200, ']') + '}';
    for (std::size_t const count : {1U, 2U, 3U, 500U, 777U}) {
        for (std::size_t const bad : std::set<std::size_t>{0, count / 2, count - 1}) {
            BOOST_TEST_CONTEXT("message " << bad << " of " << count)
            {
                server.clear();
                std::vector<postmark::message> messages;
                for (std::size_t number = 0; number != count; ++number) {
                    messages.push_back(welcome(std::to_string(number)));
                }
                messages[bad].template_model = deep;
                auto const result = send_batch(std::move(messages));
                BOOST_TEST(result.receipts[bad].outcome == outcome::rejected);
                BOOST_TEST((result.error == result.receipts[bad].error));
                BOOST_TEST((result.error == postmark::condition::rejected));
                BOOST_TEST(server.message_count() == count - 1);
                BOOST_TEST(std::count_if(result.receipts.begin(), result.receipts.end(), [](auto const& item) {
                               return item.outcome == outcome::accepted;
                           }) == static_cast<std::ptrdiff_t>(count - 1));
                check_receipts(result);
                // The request is halved; the messages are not tried one by one.
                BOOST_TEST(server.stats().requests <= 22U);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(keeps_known_outcomes_when_a_half_is_lost, batch_fixture)
{
    // The first request is refused whole, the second (the first half) is lost, the third gets a reply.
    server.set_faults(R"({"faults":[
        {"when":{"nth":1},"do":"status","status":422,"body":{"ErrorCode":402,"Message":"Bad JSON."}},
        {"when":{"nth":2},"do":"reset_after_request"}]})");
    auto const result = send_batch(mails(10));
    BOOST_TEST(result.outcomes() == "unknown*5 accepted*5");
    BOOST_TEST((result.error == errc::connection_lost));
    BOOST_TEST(server.message_count() == 10U);
    check_receipts(result);
}

BOOST_FIXTURE_TEST_CASE(does_not_halve_a_request_refused_for_another_reason, batch_fixture)
{
    struct refusal_row {
        int status;
        int code;
        bool halved;
    };
    for (auto const& [status, code, halved] : {refusal_row{401, 10, false},
                                               {422, 412, false},
                                               {422, 413, false},
                                               {422, 422, false},
                                               {422, 1480, false},
                                               {400, 0, false},
                                               {403, 0, false},
                                               {404, 0, false},
                                               {415, 0, false},
                                               {429, 0, false},
                                               {422, 0, true},
                                               {422, 300, true},
                                               {422, 402, true},
                                               {422, 403, true},
                                               {422, 410, true},
                                               {413, 0, true}}) {
        BOOST_TEST_CONTEXT("HTTP " << status << ", ErrorCode " << code)
        {
            connect();
            server.clear();
            std::string const body =
                code == 0 ? R"("")" : R"({"ErrorCode":)" + std::to_string(code) + R"(,"Message":"No."})";
            play(R"("status","status":)" + std::to_string(status) + R"(,"body":)" + body);
            auto const result = send_batch(mails(8));
            BOOST_TEST(result.outcomes() == "rejected*8");
            BOOST_TEST((result.error == postmark::condition::rejected));
            BOOST_TEST((result.error == result.receipts.front().error));
            // 1 + 2 + 4 + 8 requests if every part is refused again.
            BOOST_TEST(server.stats().requests == (halved ? 15U : 1U));
            BOOST_TEST(result.receipts[7].http_status == static_cast<unsigned>(status));
            BOOST_TEST(result.receipts[7].api_code == code);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(completes_with_the_first_error_in_order, batch_fixture)
{
    // Two chunks of different kinds; the messages of the refused one come later.
    server.set_faults(R"({"faults":[
        {"when":{"path":"/email/batchWithTemplates"},"do":"status","status":401,
         "body":{"ErrorCode":10,"Message":"No."}},
        {"when":{"path":"/email/batch"},"do":"status","status":502}]})");
    auto const first_unknown = send_batch({mail("0"), welcome("1")});
    BOOST_TEST(first_unknown.outcomes() == "unknown rejected");
    BOOST_TEST((first_unknown.error == errc::server_error));
    auto const first_refused = send_batch({welcome("0"), mail("1")});
    BOOST_TEST(first_refused.outcomes() == "rejected unknown");
    BOOST_TEST((first_refused.error == api_errc::bad_token));
}

BOOST_FIXTURE_TEST_CASE(a_queued_chunk_that_times_out_ends_the_batch, batch_fixture)
{
    // The first chunk is stalled, so that the second one has to wait; both run out of time.
    play(R"("stall","at":"after","accept":false)");
    config.timeouts.batch_reply = 30s;
    postmark::call_options options;
    options.timeout = 200ms;
    auto const result = send_batch(mails(1700), options);
    BOOST_TEST((result.error == errc::timed_out_in_flight));
    BOOST_TEST(result.receipts.front().outcome == outcome::unknown);
    BOOST_TEST(result.receipts[600].outcome == outcome::not_sent);
    BOOST_TEST(server.message_count() == 0U);
}

BOOST_AUTO_TEST_CASE(completes_once_with_several_threads)
{
    // Every chunk ends as soon as it starts, on any of the threads.
    fixture env;
    env.connect();
    postmark::call_options options;
    options.timeout = 0ms;
    constexpr int rounds = 4000;
    std::atomic<int> completions{0};
    auto guard = asio::make_work_guard(env.io);
    std::vector<std::thread> threads;
    for (int index = 0; index != 3; ++index) {
        threads.emplace_back([&] { env.io.run(); });
    }
    for (int round = 0; round != rounds; ++round) {
        env.client->async_send_batch(mails(1), options,
                                     [&](postmark::error_code, std::vector<postmark::receipt>) { ++completions; });
    }
    guard.reset();
    for (auto& thread : threads) {
        thread.join();
    }
    BOOST_TEST(completions == rounds);
}

BOOST_AUTO_TEST_SUITE_END()
