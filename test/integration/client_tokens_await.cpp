// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

BOOST_FIXTURE_TEST_SUITE(client_tokens_await, client_test::client_fixture)

using namespace client_test;
using asio::as_tuple;
using asio::awaitable;
using asio::use_awaitable;

namespace {

std::string const suppressed = "gone@example.org";

/// The reply to a batch never arrives.
constexpr std::string_view lost_batch =
    R"({"faults": [{"do": "reset_after_request", "when": {"path": "/email/batch"}}]})";

} // namespace

BOOST_AUTO_TEST_CASE(awaits_a_receipt, *timeout(60))
{
    client mailer{io, settings};
    run([&]() -> awaitable<void> {
        receipt const sent = co_await mailer.async_send(mail());
        BOOST_TEST(sent.outcome == outcome::accepted);
        BOOST_TEST(sent.to == "ann@example.org");
        call_options options;
        options.timeout = 30s;
        receipt const again = co_await mailer.async_send(mail(), options);
        BOOST_TEST(again.outcome == outcome::accepted);
    });
    BOOST_TEST(sandbox.message_count() == 2U);
}

BOOST_AUTO_TEST_CASE(throws_the_receipt_of_a_refusal, *timeout(60))
{
    sandbox.suppress(suppressed);
    client mailer{io, settings};
    bool caught = false;
    run([&]() -> awaitable<void> {
        try {
            static_cast<void>(co_await mailer.async_send(mail(suppressed)));
        } catch (postmark::send_error const& error) {
            caught = true;
            BOOST_TEST(error.code() == api_errc::inactive_recipient);
            BOOST_TEST(error.api_code() == 406);
            BOOST_TEST(error.receipt().outcome == outcome::rejected);
            BOOST_TEST(error.receipt().error == error.code());
            BOOST_TEST(error.receipt().suppressed == std::vector{suppressed}, boost::test_tools::per_element());
            BOOST_TEST(error.detail() == error.receipt().detail);
            BOOST_TEST(std::string_view{error.what()}.find('@') == std::string_view::npos);
        }
    });
    BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(awaits_a_batch_and_throws_its_receipts, *timeout(60))
{
    client mailer{io, settings};
    bool caught = false;
    run([&]() -> awaitable<void> {
        std::vector<receipt> const sent = co_await mailer.async_send_batch(mails(3));
        BOOST_TEST(sent.size() == 3U);
        sandbox.set_faults(lost_batch);
        try {
            static_cast<void>(co_await mailer.async_send_batch(mails(2), call_options{}));
        } catch (postmark::batch_error const& error) {
            caught = true;
            BOOST_TEST(error.code() == errc::connection_lost);
            BOOST_TEST(error.api_code() == 0);
            BOOST_TEST(!error.detail().empty());
            BOOST_REQUIRE(error.receipts().size() == 2U);
            for (receipt const& item : error.receipts()) {
                BOOST_TEST(item.outcome == outcome::unknown);
                BOOST_TEST(item.error == errc::connection_lost);
            }
        }
    });
    BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(awaits_a_call_and_throws_the_refusal_of_the_service, *timeout(60))
{
    client mailer{io, settings};
    bool caught = false;
    run([&]() -> awaitable<void> {
        auto const stats = co_await mailer.async_call(postmark::get_delivery_stats{});
        BOOST_TEST(stats.http_status == 200U);
        try {
            static_cast<void>(co_await mailer.async_get_bounce(123'456));
        } catch (postmark::call_error const& error) {
            caught = true;
            BOOST_TEST(error.code() == condition::rejected);
            BOOST_TEST(error.api_code() != 0);
            BOOST_TEST(!error.detail().empty());
            BOOST_TEST(dynamic_cast<postmark::send_error const*>(&error) == nullptr);
        }
    });
    BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(awaits_a_drain, *timeout(60))
{
    client mailer{io, settings};
    errc error{};
    run([&]() -> awaitable<void> {
        static_cast<void>(co_await mailer.async_send(mail()));
        co_await mailer.async_drain();
        co_await mailer.async_drain(10s);
        try {
            static_cast<void>(co_await mailer.async_send(mail()));
        } catch (postmark::send_error const& thrown) {
            error = static_cast<errc>(thrown.code().value());
        }
    });
    BOOST_TEST((error == errc::client_closed));
}

// With aggregates as arguments, each of these tests has corrupted memory; the address sanitizer shows that. The
// coroutines are short because long ones take long to compile.
BOOST_AUTO_TEST_CASE(messages_may_be_constructed_inside_the_expression, *timeout(60))
{
    client mailer{io, settings};
    std::vector<receipt> sent;
    run([&]() -> awaitable<void> {
        message named = mail();
        sent.push_back(co_await mailer.async_send(named));
        sent.push_back(co_await mailer.async_send(std::move(named)));
    });
    run([&]() -> awaitable<void> {
        sent.push_back(co_await mailer.async_send(mail("a-long-name-that-is-no-small-string@example.org")));
        sent.push_back(co_await mailer.async_send(mail(), call_options{}));
    });
    run([&]() -> awaitable<void> {
        sent.push_back(co_await mailer.async_send(mail().add_header("X-Order", "no string of the small kind either")));
        sent.push_back(co_await mailer.async_send(mail().attach_bytes("bytes", "notes.txt"), call_options()));
    });
    BOOST_TEST(sent.size() == 6U);
    for (receipt const& item : sent) {
        BOOST_TEST(item.outcome == outcome::accepted);
    }
    BOOST_TEST(sandbox.message_count() == 6U);
}

BOOST_AUTO_TEST_CASE(empty_messages_may_be_constructed_inside_the_expression, *timeout(60))
{
    client mailer{io, settings};
    std::vector<receipt> refused;
    run([&]() -> awaitable<void> {
        auto first = co_await mailer.async_send(message{}, as_tuple(use_awaitable));
        refused.push_back(std::get<1>(first));
        auto second = co_await mailer.async_send(message(), call_options{}, as_tuple(use_awaitable));
        refused.push_back(std::get<1>(second));
    });
    run([&]() -> awaitable<void> {
        auto third = co_await mailer.async_send({}, as_tuple(use_awaitable));
        refused.push_back(std::get<1>(third));
        try {
            static_cast<void>(co_await mailer.async_send({}, {}));
        } catch (postmark::send_error const& thrown) {
            refused.push_back(thrown.receipt());
        }
    });
    BOOST_TEST(refused.size() == 4U);
    for (receipt const& item : refused) {
        BOOST_TEST(item.outcome == outcome::rejected);
    }
}

BOOST_AUTO_TEST_CASE(batches_and_requests_may_be_constructed_inside_the_expression, *timeout(60))
{
    client mailer{io, settings};
    std::vector<std::size_t> sizes;
    std::vector<unsigned> statuses;
    run([&]() -> awaitable<void> {
        sizes.push_back((co_await mailer.async_send_batch(std::vector<message>(2, mail()))).size());
        sizes.push_back((co_await mailer.async_send_batch(mails(3), call_options{})).size());
        sizes.push_back((co_await mailer.async_send_batch({})).size());
    });
    run([&]() -> awaitable<void> {
        statuses.push_back((co_await mailer.async_call(postmark::get_bounces{10, 0}, call_options{})).http_status);
        statuses.push_back((co_await mailer.async_get_bounces({}, call_options{}, use_awaitable)).http_status);
    });
    BOOST_TEST(sizes == (std::vector<std::size_t>{2, 3, 0}), boost::test_tools::per_element());
    BOOST_TEST(statuses == (std::vector<unsigned>{200, 200}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
