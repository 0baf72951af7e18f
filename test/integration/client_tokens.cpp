// SPDX-License-Identifier: BSL-1.0

#include "client_fixture.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/spawn.hpp>

#include <array>
#include <future>
#include <optional>
#include <tuple>
#include <variant>

BOOST_FIXTURE_TEST_SUITE(client_tokens, client_test::client_fixture)

using namespace client_test;
using asio::as_tuple;
using asio::awaitable;
using asio::deferred;
using asio::use_awaitable;
using asio::use_future;

namespace {

std::string const suppressed = "gone@example.org";

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Tokens of Asio

BOOST_AUTO_TEST_CASE(use_awaitable_throws_a_plain_error, *timeout(60))
{
    sandbox.suppress(suppressed);
    client mailer{io, settings};
    bool caught = false;
    run([&]() -> awaitable<void> {
        receipt const sent = co_await mailer.async_send(mail(), use_awaitable);
        BOOST_TEST(sent.outcome == outcome::accepted);
        try {
            static_cast<void>(co_await mailer.async_send(mail(suppressed), use_awaitable));
        } catch (boost::system::system_error const& error) {
            caught = true;
            BOOST_TEST(error.code() == api_errc::inactive_recipient);
            BOOST_TEST(dynamic_cast<postmark::call_error const*>(&error) == nullptr);
        }
    });
    BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(errors_are_available_without_exceptions, *timeout(60))
{
    sandbox.suppress(suppressed);
    client mailer{io, settings};
    run([&]() -> awaitable<void> {
        auto const [error, sent] = co_await mailer.async_send(mail(suppressed), as_tuple(use_awaitable));
        BOOST_TEST(error == api_errc::inactive_recipient);
        BOOST_TEST(sent.outcome == outcome::rejected);
        auto const [batch_error, all] = co_await mailer.async_send_batch(mails(2), as_tuple(use_awaitable));
        BOOST_TEST(!batch_error);
        BOOST_TEST(all.size() == 2U);
        auto const [call_error, reply] = co_await mailer.async_get_bounce(123'456, as_tuple(use_awaitable));
        BOOST_TEST(call_error == condition::rejected);
        BOOST_TEST(reply.api_code != 0);

        error_code redirected;
        receipt const refused =
            co_await mailer.async_send(mail(suppressed), asio::redirect_error(use_awaitable, redirected));
        BOOST_TEST(redirected == api_errc::inactive_recipient);
        BOOST_TEST(refused.outcome == outcome::rejected);

        auto const [drained] = co_await mailer.async_drain(as_tuple(use_awaitable));
        BOOST_TEST(!drained);
    });
}

BOOST_AUTO_TEST_CASE(a_deferred_operation_may_be_started_more_than_once, *timeout(60))
{
    client mailer{io, settings};
    auto const single = mailer.async_send(mail(), deferred);
    auto const batch = mailer.async_send_batch(mails(2), deferred);
    sends results(2);
    std::deque<recorder<std::vector<receipt>>> batches(2);
    for (std::size_t index : {0U, 1U}) {
        single(results[index].handler());
        batch(batches[index].handler());
    }
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    for (auto const& result : batches) {
        BOOST_TEST((!result.error && result.value.size() == 2U));
    }
    BOOST_TEST(sandbox.message_count() == 6U);
}

BOOST_AUTO_TEST_CASE(deferred_starts_when_invoked, *timeout(60))
{
    std::optional<client> mailer{std::in_place, io, settings};
    run([&]() -> awaitable<void> {
        receipt const sent = co_await mailer->async_send(mail(), deferred);
        BOOST_TEST(sent.outcome == outcome::accepted);
        auto const [error, again] = co_await mailer->async_send(mail(), as_tuple(deferred));
        BOOST_TEST(!error);
        auto const reply = co_await mailer->async_call(postmark::get_delivery_stats{}, deferred);
        BOOST_TEST(reply.http_status == 200U);
    });
    BOOST_TEST(sandbox.message_count() == 2U);

    auto later = mailer->async_send(mail(), deferred);
    auto never = mailer->async_send_batch(mails(2), deferred);
    auto too_late = mailer->async_send(mail(), deferred);
    auto too_late_batch = mailer->async_send_batch(mails(2), deferred);
    auto too_late_call = mailer->async_call(postmark::get_delivery_stats{}, deferred);
    auto too_late_drain = mailer->async_drain(deferred);
    run();
    BOOST_TEST(sandbox.message_count() == 2U);

    recorder<receipt> sent;
    std::move(later)(sent.handler());
    run();
    check_accepted(sent);
    BOOST_TEST(sandbox.message_count() == 3U);

    mailer.reset();
    recorder<receipt> single;
    recorder<std::vector<receipt>> batch;
    recorder<postmark::delivery_stats_reply> call;
    recorder<void> drain;
    std::move(too_late)(single.handler());
    std::move(too_late_batch)(batch.handler());
    std::move(too_late_call)(call.handler());
    std::move(too_late_drain)(drain.handler());
    BOOST_TEST(single.calls + batch.calls + call.calls + drain.calls == 0);
    run();
    check_not_sent(single, errc::client_closed);
    BOOST_TEST(batch.calls == 1);
    BOOST_TEST(batch.error == errc::client_closed);
    BOOST_REQUIRE(batch.value.size() == 2U);
    BOOST_TEST(batch.value.back().outcome == outcome::not_sent);
    BOOST_TEST(call.calls == 1);
    BOOST_TEST(call.error == errc::client_closed);
    BOOST_TEST(drain.calls == 1);
    BOOST_TEST(!drain.error);
    BOOST_TEST(sandbox.message_count() == 3U);
}

BOOST_AUTO_TEST_CASE(futures, *timeout(60))
{
    sandbox.suppress(suppressed);
    client mailer{io, settings};
    std::future<receipt> sent = mailer.async_send(mail(), use_future);
    std::future<receipt> refused = mailer.async_send(mail(suppressed), use_future);
    std::future<std::vector<receipt>> batch = mailer.async_send_batch(mails(2), use_future);
    auto call = mailer.async_call(postmark::get_delivery_stats{}, use_future);
    run();
    std::future<void> drained = mailer.async_drain(use_future);
    run();
    BOOST_TEST(sent.get().outcome == outcome::accepted);
    BOOST_CHECK_EXCEPTION(refused.get(), boost::system::system_error, [](boost::system::system_error const& error) {
        return error.code() == api_errc::inactive_recipient &&
               dynamic_cast<postmark::call_error const*>(&error) == nullptr;
    });
    BOOST_TEST(batch.get().size() == 2U);
    BOOST_TEST(call.get().http_status == 200U);
    drained.get();
}

BOOST_AUTO_TEST_CASE(callbacks, *timeout(60))
{
    client mailer{io, settings};
    recorder<receipt> by_value;
    recorder<receipt> by_reference;
    auto const named = by_reference.handler();
    mailer.async_send(mail(), by_value.handler());
    mailer.async_send(mail(), call_options{}, named);
    recorder<receipt> move_only;
    mailer.async_send(mail(), [owned = std::make_unique<int>(17), &move_only](error_code error, receipt sent) {
        BOOST_TEST(*owned == 17);
        move_only.handler()(error, std::move(sent));
    });
    std::size_t size = 0;
    mailer.async_send_batch(mails(2), [owned = std::make_unique<int>(17), &size](error_code, std::vector<receipt> all) {
        size = all.size();
    });
    unsigned status = 0;
    mailer.async_call(postmark::get_delivery_stats{},
                      [owned = std::make_unique<int>(17), &status](error_code, postmark::delivery_stats_reply reply) {
                          status = reply.http_status;
                      });
    mailer.async_send(mail(), asio::detached);
    mailer.async_send_batch(mails(2), asio::detached);
    run();
    check_accepted(by_value);
    check_accepted(by_reference);
    check_accepted(move_only);
    BOOST_TEST(size == 2U);
    BOOST_TEST(status == 200U);
    BOOST_TEST(sandbox.message_count() == 8U);

    bool drained = false;
    mailer.async_drain([owned = std::make_unique<int>(17), &drained](error_code error) { drained = !error; });
    mailer.async_drain(asio::detached);
    run();
    BOOST_TEST(drained);
}

BOOST_AUTO_TEST_CASE(stackful_coroutines, *timeout(60))
{
    sandbox.suppress(suppressed);
    client mailer{io, settings};
    bool ended = false;
    asio::spawn(
        io,
        [&](asio::yield_context yield) {
            receipt const sent = mailer.async_send(mail(), yield);
            BOOST_TEST(sent.outcome == outcome::accepted);
            error_code error;
            receipt const refused = mailer.async_send(mail(suppressed), yield[error]);
            BOOST_TEST(error == api_errc::inactive_recipient);
            BOOST_TEST(refused.outcome == outcome::rejected);
            BOOST_TEST(mailer.async_send_batch(mails(3), yield).size() == 3U);
#ifndef __SANITIZE_ADDRESS__
            // The sanitizer does not recognise the other stack, and reports the exception as an error.
            BOOST_CHECK_THROW(mailer.async_send(mail(suppressed), yield), boost::system::system_error);
#endif
            mailer.async_drain(yield);
            ended = true;
        },
        asio::detached);
    run();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(adapted_handlers, *timeout(60))
{
    client mailer{io, settings};
    auto const owned = std::make_shared<int>(17);
    int appended = 0;
    mailer.async_send(
        mail(), asio::append([&](error_code error, receipt const&, int more) { appended = error ? -1 : more; }, 17));
    recorder<receipt> consigned;
    mailer.async_send(mail(), asio::consign(consigned.handler(), owned));
    BOOST_TEST(owned.use_count() == 2);
    run();
    BOOST_TEST(appended == 17);
    check_accepted(consigned);
    BOOST_TEST(owned.use_count() == 1);
    run([&]() -> awaitable<void> {
        auto const [sent, number] = co_await mailer.async_send(mail(), asio::append(use_awaitable, 17));
        BOOST_TEST(sent.outcome == outcome::accepted);
        BOOST_TEST(number == 17);
        receipt const consigned_receipt = co_await mailer.async_send(mail(), asio::consign(deferred, owned));
        BOOST_TEST(consigned_receipt.outcome == outcome::accepted);
    });
    BOOST_TEST(owned.use_count() == 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// Several at once

BOOST_AUTO_TEST_CASE(either_of_two, *timeout(60))
{
    using namespace asio::experimental::awaitable_operators;
    client mailer{io, settings};
    run([&]() -> awaitable<void> {
        asio::steady_timer never{io, asio::steady_timer::time_point::max()};
        auto const won = co_await (mailer.async_send(mail()) || never.async_wait(use_awaitable));
        BOOST_REQUIRE(won.index() == 0U);
        BOOST_TEST(std::get<0>(won).outcome == outcome::accepted);
        auto const also =
            co_await (never.async_wait(as_tuple(use_awaitable)) || mailer.async_send(mail(), as_tuple(use_awaitable)));
        BOOST_REQUIRE(also.index() == 1U);
        BOOST_TEST(!std::get<0>(std::get<1>(also)));
    });

    // The call that is not first is cancelled, in flight as well as queued.
    sandbox.clear();
    sandbox.set_faults(stall);
    recorder<receipt> next;
    asio::steady_timer event{io, asio::steady_timer::time_point::max()};
    auto const watch = when_requests(1, [&] { event.cancel(); });
    run([&]() -> awaitable<void> {
        auto const lost = co_await (mailer.async_send(mail()) || event.async_wait(as_tuple(use_awaitable)));
        BOOST_TEST(lost.index() == 1U);
        sandbox.set_faults("");
        mailer.async_send(mail(), next.handler());
    });
    check_accepted(next);
}

BOOST_AUTO_TEST_CASE(both_of_two, *timeout(60))
{
    using namespace asio::experimental::awaitable_operators;
    sandbox.suppress(suppressed);
    client mailer{io, settings};
    bool caught = false;
    run([&]() -> awaitable<void> {
        auto const [single, all] = co_await (mailer.async_send(mail()) && mailer.async_send_batch(mails(2)));
        BOOST_TEST(single.outcome == outcome::accepted);
        BOOST_TEST(all.size() == 2U);
        try {
            static_cast<void>(co_await (mailer.async_send(mail()) && mailer.async_send(mail(suppressed))));
        } catch (postmark::send_error const& error) {
            caught = true;
            BOOST_TEST(error.code() == api_errc::inactive_recipient);
        }
    });
    BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(groups, *timeout(60))
{
    using namespace asio::experimental;
    client mailer{io, settings};
    int calls = 0;
    make_parallel_group(mailer.async_send(mail(), deferred), mailer.async_send_batch(mails(2), deferred))
        .async_wait(wait_for_all(), [&](std::array<std::size_t, 2>, error_code first, receipt sent, error_code second,
                                        std::vector<receipt> all) {
            ++calls;
            BOOST_TEST(!first);
            BOOST_TEST(!second);
            BOOST_TEST(sent.outcome == outcome::accepted);
            BOOST_TEST(all.size() == 2U);
        });
    run();

    sandbox.clear();
    sandbox.set_faults(stall);
    asio::steady_timer event{io, asio::steady_timer::time_point::max()};
    auto const watch = when_requests(1, [&] { event.cancel(); });
    make_parallel_group(mailer.async_send(mail(), deferred), event.async_wait(deferred))
        .async_wait(wait_for_one(), [&](std::array<std::size_t, 2> order, error_code error, receipt sent, error_code) {
            ++calls;
            BOOST_TEST(order[0] == 1U);
            BOOST_TEST(error == errc::cancelled_in_flight);
            BOOST_TEST(sent.outcome == outcome::unknown);
        });
    run();
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_SUITE_END()
