// SPDX-License-Identifier: BSL-1.0

// Searching for a message whose outcome is unknown.

#include "outcome_fixture.hpp"

#include <postmark/api/messages.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(client_reconcile, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;

namespace {

struct reconcile_fixture : fixture {
    reconcile_fixture() { config.stamp_messages = true; }

    call_result<postmark::reconciliation> reconcile(postmark::receipt const& which, postmark::call_options options = {})
    {
        call_result<postmark::reconciliation> result;
        client->async_reconcile(which, std::move(options),
                                [&](postmark::error_code error, postmark::reconciliation found) {
                                    ++result.completions;
                                    result.error = error;
                                    result.reply = std::move(found);
                                });
        run(io);
        BOOST_TEST_REQUIRE(result.completions == 1);
        // A failed search never reports a message as found.
        if (result.error) {
            BOOST_TEST(!result.reply.found);
        }
        BOOST_TEST(result.reply.message_id.empty() == !result.reply.found);
        return result;
    }

    /// A send that was accepted, and whose reply was lost.
    postmark::receipt lose(postmark::message msg)
    {
        play(R"("reset_after_request")", R"({"nth":1})");
        auto const lost = send(std::move(msg)).receipt;
        BOOST_TEST_REQUIRE(lost.outcome == outcome::unknown);
        BOOST_TEST_REQUIRE(!lost.stamp.empty());
        server.set_faults("");
        return lost;
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(finds_an_accepted_message_once_the_service_lists_it, reconcile_fixture)
{
    send(mail("before"));
    auto const lost = lose(mail("lost"));
    send(mail("after"));
    auto const id = server.messages().at(1).message_id;

    server.set_index_delay(std::chrono::hours{1});
    auto const early = reconcile(lost);
    BOOST_TEST(!early.error);
    BOOST_TEST(!early.reply.found);
    BOOST_TEST(early.reply.http_status == 200U);
    BOOST_TEST((early.reply.asked_at > std::chrono::system_clock::time_point{}));

    server.set_index_delay(0ms);
    auto const late = reconcile(lost);
    BOOST_TEST(!late.error);
    BOOST_TEST(late.reply.found);
    BOOST_TEST(late.reply.message_id == id);
    BOOST_TEST((late.reply.asked_at >= early.reply.asked_at));
    // A search sends no mail.
    BOOST_TEST(server.message_count() == 3U);
}

BOOST_FIXTURE_TEST_CASE(the_delay_of_a_fault_script_is_kept, reconcile_fixture)
{
    auto const lost = lose(mail());
    server.set_faults(R"({"index_delay_ms":3600000})");
    BOOST_TEST(!reconcile(lost).reply.found);
    server.set_faults(R"({"index_delay_ms":0})");
    BOOST_TEST(reconcile(lost).reply.found);
}

BOOST_FIXTURE_TEST_CASE(does_not_find_messages_that_were_not_accepted, reconcile_fixture)
{
    // The request was lost, and the message not accepted.
    play(R"("reset_after_request","accept":false)", R"({"nth":1})");
    auto const lost = send(mail()).receipt;
    BOOST_TEST((lost.outcome == outcome::unknown));
    auto const refused = send(mail("0", "gone@recipient.example")).receipt;
    BOOST_TEST((refused.outcome == outcome::rejected));
    play(R"("refuse_connection")");
    client->close_idle();
    auto const stayed = send(mail()).receipt;
    BOOST_TEST((stayed.outcome == outcome::not_sent));
    server.set_faults("");
    std::set<std::string> stamps;
    for (auto const* const item : {&lost, &refused, &stayed}) {
        BOOST_TEST(!item->stamp.empty());
        BOOST_TEST(stamps.insert(item->stamp).second);
        auto const search = reconcile(*item);
        BOOST_TEST(!search.error);
        BOOST_TEST(!search.reply.found);
    }
    BOOST_TEST(server.message_count() == 0U);
}

BOOST_FIXTURE_TEST_CASE(finds_each_message_of_a_lost_batch, reconcile_fixture)
{
    play(R"("truncate_reply")", R"({"nth":1})");
    auto messages = mails(5);
    messages[3].to = "gone@recipient.example";
    messages[4].template_alias = "welcome";
    messages[4].template_model = R"({"name":"Ann"})";
    messages[4].subject.clear();
    messages[4].text.clear();
    auto const lost = send_batch(messages);
    server.set_faults("");
    std::map<std::string, std::string> ids;
    server.for_each_message([&](sandbox::stored_message const& stored) { ids[stored.tag] = stored.message_id; });
    for (std::size_t index = 0; index != lost.receipts.size(); ++index) {
        auto const search = reconcile(lost.receipts[index]);
        BOOST_TEST(!search.error);
        BOOST_TEST(search.reply.found == (index != 3));
        BOOST_TEST(search.reply.message_id == ids[std::to_string(index)]);
    }
}

BOOST_FIXTURE_TEST_CASE(looks_in_the_stream_of_the_message, reconcile_fixture)
{
    auto msg = mail();
    msg.message_stream = "broadcast";
    auto lost = lose(msg);
    BOOST_TEST(lost.message_stream == "broadcast");
    BOOST_TEST(reconcile(lost).reply.found);
    // The service searches one stream at a time.
    lost.message_stream = "outbound";
    BOOST_TEST(!reconcile(lost).reply.found);
    lost.message_stream.clear();
    BOOST_TEST(!reconcile(lost).reply.found);
}

BOOST_FIXTURE_TEST_CASE(stamps_are_unique_in_all_clients, reconcile_fixture)
{
    std::set<std::string> stamps;
    std::size_t count = 0;
    for (int round = 0; round != 4; ++round) {
        connect();
        for (int single = 0; single != 3; ++single, ++count) {
            stamps.insert(send(mail()).receipt.stamp);
        }
        auto const batch = send_batch(mails(50));
        for (auto const& item : batch.receipts) {
            stamps.insert(item.stamp);
        }
        count += batch.receipts.size();
    }
    BOOST_TEST(stamps.size() == count);
    BOOST_TEST(!stamps.contains(""));
}

BOOST_FIXTURE_TEST_CASE(a_repetition_has_the_same_stamp, reconcile_fixture)
{
    config.retry.attempts = 4;
    config.retry.at_least_once = true;
    play(R"("reset_after_request")", R"({"nth":[1,2,3,4]})");
    auto const lost = send(mail()).receipt;
    BOOST_TEST((lost.outcome == outcome::unknown));
    server.set_faults("");
    BOOST_TEST(server.message_count() == 4U);
    for (auto const& stored : server.messages()) {
        BOOST_TEST(stored.metadata.at("postmark-stamp") == lost.stamp);
    }
    BOOST_TEST(reconcile(lost).reply.found);
}

BOOST_FIXTURE_TEST_CASE(an_unused_stamp_is_not_found, reconcile_fixture)
{
    auto lost = lose(mail());
    for (std::string const& text :
         {lost.stamp + "0", lost.stamp.substr(1), std::string{"*"}, std::string{"a b&c=%\r\n"}}) {
        BOOST_TEST_CONTEXT("stamp: " << text)
        {
            postmark::receipt other = lost;
            other.stamp = text;
            auto const search = reconcile(other);
            BOOST_TEST(!search.error, search.error << ": " << search.reply.detail);
            BOOST_TEST(!search.reply.found);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(does_not_find_a_message_without_metadata, reconcile_fixture)
{
    auto const lost = lose(mail());
    for (std::string const metadata : {"null", "{}", R"({"order":"17"})"}) {
        play(R"("status","status":200,"body":{"TotalCount":1,"Messages":[{"MessageID":"other","Metadata":)" + metadata +
             "}]}");
        auto const search = reconcile(lost);
        BOOST_TEST(!search.error, search.error << ": " << search.reply.detail);
        BOOST_TEST(!search.reply.found, metadata);
    }
}

BOOST_FIXTURE_TEST_CASE(without_a_stamp_no_request_is_made, reconcile_fixture)
{
    auto const check = [&](postmark::receipt const& which) {
        auto const before = server.stats().requests;
        auto const search = reconcile(which);
        BOOST_TEST((search.error == errc::invalid_message));
        BOOST_TEST(search.reply.detail.find("stamp") != std::string::npos);
        BOOST_TEST(server.stats().requests == before);
    };
    connect();
    check({});

    // A message whose metadata is full, or that has a stamp already, is not changed.
    auto full = mail();
    for (int key = 0; key != 10; ++key) {
        full.metadata["k" + std::to_string(key)] = "v";
    }
    auto const sent = send(full).receipt;
    BOOST_TEST((sent.outcome == outcome::accepted));
    BOOST_TEST(sent.stamp.empty());
    BOOST_TEST(!server.messages().back().metadata.contains("postmark-stamp"));
    check(sent);
    auto own = mail();
    own.metadata["Postmark-Stamp"] = "mine";
    auto const theirs = send(own).receipt;
    BOOST_TEST((theirs.outcome == outcome::accepted));
    BOOST_TEST(theirs.stamp.empty());
    check(theirs);

    config.stamp_messages = false;
    connect();
    play(R"("reset_after_request")", R"({"nth":1})");
    auto const unstamped = send(mail()).receipt;
    BOOST_TEST((unstamped.outcome == outcome::unknown));
    check(unstamped);
}

BOOST_FIXTURE_TEST_CASE(reports_that_the_search_failed, reconcile_fixture)
{
    struct failure_row {
        std::string action;
        postmark::error_code error;
        bool of_connection = false;
    };
    std::vector<failure_row> const table{
        {R"("close_in_handshake")", errc::handshake_failed, true},
        {R"("reset_after_request")", errc::connection_lost},
        {R"("close_after_request")", errc::connection_lost},
        {R"("truncate_reply","bytes":-1)", errc::connection_lost},
        {R"("stall")", errc::timed_out_in_flight},
        {R"("status","status":500)", errc::server_error},
        {R"("status","status":503)", errc::server_error},
        {R"("status","status":503,"body":{"ErrorCode":100,"Message":"Down"})", api_errc::maintenance},
        {R"("status","status":429)", api_errc::rate_limit_exceeded},
        {R"("status","status":401,"body":{"ErrorCode":10,"Message":"No."})", api_errc::bad_token},
        {R"("status","status":422,"body":{"ErrorCode":700,"Message":"No."})", static_cast<api_errc>(700)},
        {R"("status","status":404)", errc::http_refused},
        {R"("garbage_json")", errc::malformed_reply},
        {R"("not_object","body":"[]")", errc::malformed_reply},
        {R"("not_object","body":{"TotalCount":0})", errc::malformed_reply},
        {R"("not_object","body":{"TotalCount":1,"Messages":{}})", errc::malformed_reply},
        {R"("not_object","body":{"TotalCount":1,"Messages":[7]})", errc::malformed_reply},
        {R"("not_object","body":{"TotalCount":1,"Messages":[{"MessageID":{}}]})", errc::malformed_reply},
        {R"("big_reply","bytes":20000000)", errc::reply_too_large},
    };
    auto const lost = lose(mail());
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT("fault: " << row.action)
        {
            config.timeouts.reply = row.error == postmark::error_code{errc::timed_out_in_flight} ? 300ms : 30s;
            config.retry.attempts = 1;
            connect();
            play(row.action);
            auto const failed = reconcile(lost);
            BOOST_TEST(failed.error == row.error, failed.error << ": " << failed.reply.detail);
            BOOST_TEST(!failed.reply.detail.empty());
            // A search has no effect on the service, so that it is repeated after any failure.
            config.retry.attempts = 4;
            connect();
            play(row.action, R"({"nth":1})");
            bool const asks_again =
                row.error != postmark::condition::rejected || row.error == postmark::condition::retryable;
            auto const again = reconcile(lost);
            if (asks_again) {
                BOOST_TEST(again.reply.found, again.error << ": " << again.reply.detail);
            } else {
                BOOST_TEST(again.error == row.error, again.error << ": " << again.reply.detail);
            }
        }
    }
    BOOST_TEST(server.message_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(accepts_any_completion_token, reconcile_fixture)
{
    auto const lost = lose(mail());
    bool found = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            auto const search = co_await client->async_reconcile(lost);
            found = search.found;
            auto const [error, again] = co_await client->async_reconcile(lost, asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(!error);
            BOOST_TEST(again.found);
            postmark::receipt const none;
            try {
                co_await client->async_reconcile(none);
                BOOST_ERROR("nothing was thrown");
            } catch (postmark::call_error const& failed) {
                BOOST_TEST((failed.code() == errc::invalid_message));
            }
        },
        asio::detached);
    run(io);
    BOOST_TEST(found);
    auto future = client->async_reconcile(lost, asio::use_future);
    run(io);
    BOOST_TEST(future.get().found);
}

BOOST_FIXTURE_TEST_CASE(searches_with_the_token_of_the_call, reconcile_fixture)
{
    auto const lost = lose(mail());
    postmark::call_options options;
    options.api_key = "another-token";
    server.clear();
    // The service decides what a token may read; the request must contain the token of the call.
    reconcile(lost, options);
    auto const requests = server.requests();
    BOOST_TEST_REQUIRE(requests.size() == 1U);
    BOOST_TEST(requests[0].method == "GET");
    auto const token = std::find_if(requests[0].headers.begin(), requests[0].headers.end(),
                                    [](auto const& item) { return item.name == "X-Postmark-Server-Token"; });
    BOOST_TEST_REQUIRE((token != requests[0].headers.end()));
    BOOST_TEST(token->value == "another-token");
}

BOOST_AUTO_TEST_SUITE_END()
