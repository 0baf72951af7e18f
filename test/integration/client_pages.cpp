// SPDX-License-Identifier: BSL-1.0

// Listings that are read page by page.

#include "client_fixture.hpp"

#include <postmark/api.hpp>
#include <postmark/pages.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <future>
#include <optional>
#include <set>

namespace {

using namespace client_test;
using asio::as_tuple;
using asio::awaitable;
using asio::use_awaitable;
using postmark::get_bounces;
using postmark::get_outbound_messages;
using postmark::pages;

struct pages_fixture : client_fixture {
    /// Sends mails, which the sandbox lists afterwards.
    void send(std::size_t count, std::string const& to = "ann@example.org")
    {
        recorder<std::vector<receipt>> sent;
        mailer.async_send_batch(std::vector<message>(count, mail(to)), sent.handler());
        run();
        BOOST_TEST(sent.calls == 1);
        BOOST_TEST(!sent.error);
        asked_before = sandbox.requests().size();
    }

    void bounce(std::size_t count) { send(count, "soft_bounce@bounce-testing.postmarkapp.com"); }

    /// The queries that the sandbox received since the mails were sent.
    [[nodiscard]] std::vector<std::string> queries() const
    {
        std::vector<std::string> seen;
        auto const requests = sandbox.requests();
        for (std::size_t index = asked_before; index < requests.size(); ++index) {
            seen.push_back(requests[index].target.substr(requests[index].target.find('?') + 1));
        }
        return seen;
    }

    /// Reads the next page with a callback.
    template <class Request>
    recorder<bool> const& next(pages<Request>& all)
    {
        auto& result = results.emplace_back();
        all.async_next(result.handler());
        run();
        BOOST_TEST(result.calls == 1);
        return result;
    }

    client mailer{io, settings};
    std::deque<recorder<bool>> results;
    std::size_t asked_before = 0;
};

using texts = std::vector<std::string>;

/// A reply that a fault spells out: a page of empty elements.
std::string page_json(std::string const& list, std::size_t elements, std::string const& more)
{
    std::string text = "{" + more + "\"" + list + "\":[";
    for (std::size_t index = 0; index < elements; ++index) {
        text += index == 0 ? "{}" : ",{}";
    }
    return text + "]}";
}

std::string script(std::vector<std::string> const& replies)
{
    std::string text = R"({"faults":[)";
    for (std::size_t index = 0; index < replies.size(); ++index) {
        text += (index == 0 ? "" : ",") + std::string{R"({"do":"status","status":200,"when":{"nth":)"} +
                std::to_string(index + 1) + R"(},"body":)" + replies[index] + "}";
    }
    return text + "]}";
}

constexpr std::string_view refuse_second_page =
    R"({"faults":[{"do":"status","status":422,"body":{"ErrorCode":1000,"Message":"Not now."},)"
    R"("when":{"path":"/bounces","nth":2}}]})";

} // namespace

BOOST_FIXTURE_TEST_SUITE(client_pages, pages_fixture)

BOOST_AUTO_TEST_CASE(every_page_is_read_once, *timeout(60))
{
    send(1'201);
    pages all{mailer, get_outbound_messages{}};
    BOOST_TEST(all.total() == 0);
    BOOST_TEST(all.page().messages.empty());
    std::set<std::string> ids;
    std::vector<std::size_t> sizes;
    run([&]() -> awaitable<void> {
        while (co_await all.async_next()) {
            sizes.push_back(all.page().messages.size());
            for (auto const& found : all.page().messages) {
                ids.insert(found.message_id);
            }
        }
    });
    BOOST_TEST(sizes == (std::vector<std::size_t>{500, 500, 201}), boost::test_tools::per_element());
    BOOST_TEST(ids.size() == 1'201U);
    BOOST_TEST(all.total() == 1'201);
    BOOST_TEST(!all.truncated());
    BOOST_TEST(queries() == (texts{"count=500&offset=0", "count=500&offset=500", "count=500&offset=1000"}),
               boost::test_tools::per_element());

    // After the end there is nothing to ask for, and the last page is still there.
    BOOST_TEST(!next(all).value);
    BOOST_TEST(!results.back().error);
    BOOST_TEST(all.page().messages.size() == 201U);
    BOOST_TEST(queries().size() == 3U);
}

BOOST_AUTO_TEST_CASE(the_request_sets_size_begin_and_filter_of_pages, *timeout(60))
{
    bounce(5);
    get_bounces request{2, 1};
    request.type = "SoftBounce";
    pages all{mailer, request};
    std::vector<std::size_t> sizes;
    while (next(all).value) {
        sizes.push_back(all.page().bounces.size());
    }
    BOOST_TEST(sizes == (std::vector<std::size_t>{2, 2}), boost::test_tools::per_element());
    BOOST_TEST(all.total() == 5);
    BOOST_TEST(queries() == (texts{"count=2&offset=1&type=SoftBounce", "count=2&offset=3&type=SoftBounce"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_listing_has_no_page, *timeout(60))
{
    pages all{mailer, get_bounces{}};
    BOOST_TEST(!next(all).value);
    BOOST_TEST(!results.back().error);
    BOOST_TEST(all.page().http_status == 200U);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(queries().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_not_divided_is_one_page, *timeout(60))
{
    bounce(1);
    pages all{mailer, postmark::get_delivery_stats{}};
    BOOST_TEST(next(all).value);
    BOOST_TEST(!all.page().bounces.empty());
    BOOST_TEST(!next(all).value);
    BOOST_TEST(queries().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_page_can_be_asked_for_again_after_an_error, *timeout(60))
{
    bounce(5);
    sandbox.set_faults(refuse_second_page);
    pages all{mailer, get_bounces{2}};
    BOOST_TEST(next(all).value);
    std::set<std::int64_t> ids;
    auto const keep = [&] {
        for (auto const& found : all.page().bounces) {
            ids.insert(found.id);
        }
    };
    keep();
    BOOST_TEST(!next(all).value);
    BOOST_TEST(results.back().error == api_errc::bounce_query_invalid);
    BOOST_TEST(all.page().api_code == 1000);
    BOOST_TEST(all.page().detail == "Not now.");
    BOOST_TEST(all.page().bounces.empty());
    BOOST_TEST(all.total() == 5);
    while (next(all).value) {
        keep();
    }
    BOOST_TEST(!results.back().error);
    BOOST_TEST(ids.size() == 5U);
    BOOST_TEST(queries() == (texts{"count=2&offset=0", "count=2&offset=2", "count=2&offset=2", "count=2&offset=4"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_is_thrown_with_its_details, *timeout(60))
{
    bounce(3);
    sandbox.set_faults(refuse_second_page);
    pages all{mailer, get_bounces{2}};
    bool caught = false;
    run([&]() -> awaitable<void> {
        BOOST_TEST(co_await all.async_next());
        try {
            static_cast<void>(co_await all.async_next());
        } catch (postmark::call_error const& error) {
            caught = true;
            BOOST_TEST(error.code() == api_errc::bounce_query_invalid);
            BOOST_TEST(error.api_code() == 1000);
            BOOST_TEST(error.detail() == "Not now.");
        }
        BOOST_TEST(co_await all.async_next());
        BOOST_TEST(!co_await all.async_next());
    });
    BOOST_TEST(caught);
}

BOOST_AUTO_TEST_CASE(a_lost_reply_loses_no_page, *timeout(60))
{
    bounce(3);
    call_options options;
    options.retry.emplace().attempts = 1;
    sandbox.set_faults(R"({"faults":[{"do":"reset_after_request","when":{"path":"/bounces","nth":[1,3]}}]})");
    pages all{mailer, get_bounces{2}, options};
    BOOST_TEST(!next(all).value);
    BOOST_TEST(results.back().error == errc::connection_lost);
    BOOST_TEST(next(all).value);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(results.back().error == errc::connection_lost);
    BOOST_TEST(next(all).value);
    BOOST_TEST(all.page().bounces.size() == 1U);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(queries() == (texts{"count=2&offset=0", "count=2&offset=0", "count=2&offset=2", "count=2&offset=2"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_limit_of_the_service_cuts_a_listing, *timeout(60))
{
    sandbox.set_faults(script(
        {page_json("Bounces", 500, R"("TotalCount":10001,)"), page_json("Bounces", 100, R"("TotalCount":10001,)")}));
    pages all{mailer, get_bounces{500, 9'400}};
    BOOST_TEST(next(all).value);
    BOOST_TEST(all.truncated());
    BOOST_TEST(next(all).value);
    BOOST_TEST(all.page().bounces.size() == 100U);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(!results.back().error);
    BOOST_TEST(all.total() == 10'001);
    BOOST_TEST(all.truncated());
    BOOST_TEST(queries() == (texts{"count=500&offset=9400", "count=100&offset=9900"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_key_leads_to_the_next_page, *timeout(60))
{
    sandbox.set_faults(script({page_json("Requests", 2, R"("PaginationKey":"a/b",)"),
                               page_json("Requests", 0, R"("ErrorCode":13,)"), page_json("Requests", 1, "")}));
    pages all{mailer, postmark::get_bulk_requests{2}};
    BOOST_TEST(next(all).value);
    BOOST_TEST(all.page().requests.size() == 2U);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(results.back().error == api_errc::invalid_pagination_key);
    BOOST_TEST(next(all).value);
    BOOST_TEST(all.page().requests.size() == 1U);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(!results.back().error);
    BOOST_TEST(all.total() == 0);
    BOOST_TEST(queries() == (texts{"count=2", "count=2&paginationKey=a%2Fb", "count=2&paginationKey=a%2Fb"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_page_that_cannot_be_asked_for_is_an_error, *timeout(60))
{
    pages all{mailer, get_bounces{501}};
    BOOST_TEST(!next(all).value);
    BOOST_TEST(results.back().error == errc::invalid_message);
    BOOST_TEST(all.page().detail == "count: expected 1 to 500");
    pages after_the_limit{mailer, get_bounces{1, 10'000}};
    BOOST_TEST(!next(after_the_limit).value);
    BOOST_TEST(results.back().error == errc::invalid_message);
    // A call for the account needs its token.
    pages servers{mailer, postmark::get_servers{}};
    BOOST_TEST(!next(servers).value);
    BOOST_TEST(results.back().error == errc::invalid_configuration);
    BOOST_TEST(queries().empty());
}

BOOST_AUTO_TEST_CASE(cancellation_reaches_the_page, *timeout(60))
{
    bounce(3);
    pages all{mailer, get_bounces{2}};
    BOOST_TEST(next(all).value);
    sandbox.set_faults(stall);
    asio::cancellation_signal signal;
    recorder<bool> cancelled;
    all.async_next(asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    auto const watch = when_requests(asked_before + 2, [&] { signal.emit(asio::cancellation_type::terminal); });
    run();
    BOOST_TEST(cancelled.calls == 1);
    BOOST_TEST(cancelled.error == errc::cancelled_in_flight);
    sandbox.set_faults("");
    BOOST_TEST(next(all).value);
    BOOST_TEST(all.page().bounces.size() == 1U);
    BOOST_TEST(queries() == (texts{"count=2&offset=0", "count=2&offset=2", "count=2&offset=2"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_is_cancelled_stops_reading, *timeout(60))
{
    using namespace asio::experimental::awaitable_operators;
    bounce(1);
    sandbox.set_faults(stall);
    pages all{mailer, get_bounces{}};
    asio::steady_timer event{io, asio::steady_timer::time_point::max()};
    auto const watch = when_requests(asked_before + 1, [&] { event.cancel(); });
    run([&]() -> awaitable<void> {
        auto const lost = co_await (all.async_next() || event.async_wait(as_tuple(use_awaitable)));
        BOOST_TEST(lost.index() == 1U);
        sandbox.set_faults("");
        BOOST_TEST(co_await all.async_next());
    });
}

BOOST_AUTO_TEST_CASE(one_page_at_a_time, *timeout(60))
{
    bounce(3);
    pages all{mailer, get_bounces{2}};
    recorder<bool> first;
    recorder<bool> second;
    all.async_next(first.handler());
    all.async_next(second.handler());
    BOOST_TEST(first.calls + second.calls == 0);
    run();
    BOOST_TEST(first.calls == 1);
    BOOST_TEST(first.value);
    BOOST_TEST(second.calls == 1);
    BOOST_TEST(second.error == errc::invalid_message);
    BOOST_TEST(all.page().bounces.size() == 2U);
    BOOST_TEST(next(all).value);
    BOOST_TEST(queries() == (texts{"count=2&offset=0", "count=2&offset=2"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(any_completion_token, *timeout(60))
{
    bounce(3);
    pages all{mailer, get_bounces{1}};
    std::future<bool> future = all.async_next(asio::use_future);
    run();
    BOOST_TEST(future.get());
    run([&]() -> awaitable<void> {
        auto const [error, has_page] = co_await all.async_next(as_tuple(use_awaitable));
        BOOST_TEST(!error);
        BOOST_TEST(has_page);
        // Nothing happens before a deferred operation begins.
        auto deferred = all.async_next(asio::deferred);
        BOOST_TEST(queries().size() == 2U);
        BOOST_TEST(co_await std::move(deferred)(use_awaitable));
    });
    BOOST_TEST(queries().size() == 3U);
}

BOOST_AUTO_TEST_CASE(the_handler_runs_on_its_executor, *timeout(60))
{
    bounce(1);
    asio::io_context other;
    pages all{mailer, get_bounces{}};
    int calls = 0;
    auto const handler = [&](error_code error, bool has_page) {
        ++calls;
        BOOST_TEST(!error);
        BOOST_TEST(has_page == (calls == 1));
        BOOST_TEST(other.get_executor().running_in_this_thread());
    };
    for (int round = 1; round <= 2; ++round) {
        all.async_next(asio::bind_executor(other, handler));
        std::jthread const runner{[&] { run(); }};
        other.restart();
        other.run();
        BOOST_TEST(calls == round);
    }
    BOOST_TEST(all.page().bounces.size() == 1U);
    BOOST_TEST((all.get_executor() == io.get_executor()));
}

BOOST_AUTO_TEST_CASE(options_hold_for_every_page, *timeout(60))
{
    bounce(2);
    call_options options;
    options.keep_raw = true;
    options.headers = {{"X-Trace", "17"}};
    pages all{mailer, get_bounces{1}, options};
    int with_header = 0;
    while (next(all).value) {
        BOOST_TEST(all.page().raw.starts_with("{\"TotalCount\":2"));
    }
    auto const requests = sandbox.requests();
    for (auto const& request : requests) {
        for (auto const& line : request.headers) {
            with_header += line.name == "X-Trace" ? 1 : 0;
        }
    }
    BOOST_TEST(with_header == 2);
}

BOOST_AUTO_TEST_CASE(pages_may_be_moved_and_destroyed_while_one_is_read, *timeout(60))
{
    bounce(2);
    recorder<bool> first;
    recorder<bool> second;
    {
        pages all{mailer, get_bounces{1}};
        all.async_next(first.handler());
        pages moved{std::move(all)};
        run();
        BOOST_TEST(first.value);
        BOOST_TEST(moved.page().bounces.size() == 1U);
        moved.async_next(second.handler());
    }
    run();
    BOOST_TEST(second.calls == 1);
    BOOST_TEST(second.value);
}

BOOST_AUTO_TEST_CASE(pages_may_outlive_their_client, *timeout(60))
{
    bounce(2);
    std::optional<client> owner{std::in_place, io, settings};
    client elsewhere{std::move(*owner)};
    owner.reset();
    owner.emplace(io, settings);
    pages all{*owner, get_bounces{1}};
    client moved{std::move(*owner)};
    owner.reset();
    BOOST_TEST(next(all).value);
    moved = std::move(elsewhere);
    BOOST_TEST(!next(all).value);
    BOOST_TEST(results.back().error == errc::client_closed);
}

BOOST_AUTO_TEST_SUITE_END()
