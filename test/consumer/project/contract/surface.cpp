// SPDX-License-Identifier: BSL-1.0

#include "contract_check.hpp"

#include <chrono>
#include <sstream>
#include <type_traits>
#include <vector>

namespace {

asio::awaitable<void> batch(postmark::client& client, bool& good)
{
    std::vector<postmark::message> messages;
    messages.push_back(contract_check::mail("batch, first"));
    messages.push_back(contract_check::mail("batch, second"));
    std::vector<postmark::receipt> const receipts = co_await client.async_send_batch(std::move(messages));
    good = receipts.size() == 2 && is_accepted(receipts[0]) && is_accepted(receipts[1]);
}

asio::awaitable<void> options(postmark::client& client, bool& good)
{
    postmark::message const msg = contract_check::mail("call_options");
    postmark::call_options options;
    options.timeout = std::chrono::seconds{30};
    options.api_key = "another-token";
    options.retry = postmark::retry_settings{};
    options.headers.emplace_back("X-Trace", "17");
    postmark::receipt const receipt = co_await client.async_send(msg, options);
    good = is_accepted(receipt);
}

asio::awaitable<void> partly_refused(postmark::client& client, bool& good)
{
    postmark::message msg = contract_check::mail("nobody gets this");
    msg.to = "gone@example.com";
    auto [ec, receipt] = co_await client.async_send(msg, asio::as_tuple(asio::use_awaitable));
    good = ec == postmark::api_errc::inactive_recipient && ec == postmark::condition::rejected &&
           receipt.outcome == postmark::outcome::rejected && receipt.suppressed.size() == 1;
}

asio::awaitable<void> thrown(postmark::client& client, bool& good)
{
    postmark::message msg = contract_check::mail("nobody gets this");
    msg.to = "gone@example.com";
    try {
        postmark::receipt const receipt = co_await client.async_send(std::move(msg));
        static_cast<void>(receipt);
    } catch (postmark::send_error const& error) {
        good = error.receipt().outcome == postmark::outcome::rejected && error.api_code() == 406 &&
               error.receipt().api_code == 406 && !error.detail().empty();
    }
}

asio::awaitable<void> thrown_by_a_batch(postmark::client& client, bool& good)
{
    std::vector<postmark::message> messages;
    messages.push_back(contract_check::mail("nobody gets this").add_header("X-Order", "17\r\nBcc: eve@example.com"));
    messages.push_back(contract_check::mail("batch, beside one that is refused here"));
    try {
        std::vector<postmark::receipt> const receipts = co_await client.async_send_batch(std::move(messages));
        static_cast<void>(receipts);
    } catch (postmark::batch_error const& error) {
        good = error.code() == postmark::errc::invalid_message && error.receipts().size() == 2 &&
               error.receipts()[0].outcome == postmark::outcome::not_sent && is_accepted(error.receipts()[1]);
    }
}

asio::awaitable<void> other_endpoints(postmark::client& client, bool& good)
{
    postmark::get_bounces query{10};
    auto const page = co_await client.async_get_bounces(query);
    auto const same = co_await client.async_call(query, asio::use_awaitable);
    auto const tags = co_await client.async_get_bounce_tags(asio::use_awaitable);
    auto const stats = co_await client.async_get_delivery_stats();
    good = page.http_status == 200 && same.http_status == 200 && tags.http_status == 200 && stats.http_status == 200 &&
           page.api_code == 0 && page.detail.empty();
}

asio::awaitable<void> unknown_bounce(postmark::client& client, bool& good)
{
    auto const [ec, bounce] = co_await client.async_get_bounce(1, asio::as_tuple(asio::use_awaitable));
    auto const [ec2, dump] = co_await client.async_get_bounce_dump(1, asio::as_tuple(asio::use_awaitable));
    auto const [ec3, done] = co_await client.async_activate_bounce(1, asio::as_tuple(asio::use_awaitable));
    auto const [ec4, details] =
        co_await client.async_get_outbound_message_details("none", asio::as_tuple(asio::use_awaitable));
    good = ec && ec2 && ec3 && ec4 && bounce.http_status != 0 && dump.http_status != 0 && done.http_status != 0 &&
           details.http_status != 0;
}

asio::awaitable<void> drained(postmark::client& client, bool& good)
{
    auto const [first] = co_await client.async_drain(std::chrono::seconds{10}, asio::as_tuple(asio::use_awaitable));
    co_await client.async_drain();
    postmark::message const msg = contract_check::mail("nobody gets this");
    auto const [ec, receipt] = co_await client.async_send(msg, asio::as_tuple(asio::use_awaitable));
    good = !first && ec == postmark::errc::client_closed && receipt.outcome == postmark::outcome::not_sent;
}

bool values()
{
    postmark::message msg;
    msg.from = postmark::mailbox{"shop@example.com", "Shop"};
    msg.to = {"ann@example.com", "bob@example.com"};
    msg.cc = "Carol <carol@example.com>, dan@example.com";
    msg.bcc = postmark::mailbox{"eve@example.com", "Eve"};
    msg.subject = "Hello";
    msg.html = "<p>Hi</p>";
    msg.track_links = postmark::link_tracking::html_only;
    msg.metadata["order"] = "17";
    msg.add_header("X-Order", "17");
    msg.attach_bytes("a,b\n", "a.csv");
    postmark::error_code ec;
    msg.verify(ec);

    postmark::message defaults;
    defaults.tag = "order";
    defaults.subject = "Something else";
    postmark::message const merged = postmark::merge(msg, defaults);

    std::ostringstream text;
    text << postmark::secret{"word"};
    return !ec && msg.recipients().size() == 5 && msg.attachments.front().content == "a,b\n" && merged.tag == "order" &&
           merged.subject == "Hello" && text.str() == "***" && postmark::secret{"word"}.reveal() == "word" &&
           postmark::receipt{}.outcome == postmark::outcome::unknown;
}

} // namespace

void try_surface(contract_check& check)
{
    static_assert(std::is_nothrow_move_constructible_v<postmark::client>);
    static_assert(std::is_same_v<decltype(check.client.get_executor()), postmark::client::executor_type>);

    bool good = false;
    check.run(batch(check.client, good));
    check.accepted("batch, first", good);
    check.accepted("batch, second", good);
    good = false;
    check.run(options(check.client, good));
    check.accepted("call_options", good);
    good = false;
    check.run(thrown_by_a_batch(check.client, good));
    check.accepted("batch, beside one that is refused here", good);

    // A deferred operation of a client that was moved from is not sent.
    {
        postmark::client moved_from{check.io, postmark::config::from_environment()};
        auto too_late = moved_from.async_send(contract_check::mail("nobody gets this"), asio::deferred);
        postmark::client moved_to{std::move(moved_from)};
        moved_to = postmark::client{check.io, postmark::config::from_environment()};
        postmark::receipt result;
        std::move(too_late)([&](postmark::error_code, postmark::receipt r) { result = std::move(r); });
        check.run();
        check.report("a deferred operation of a client that is gone", result.outcome == postmark::outcome::not_sent);
    }

    struct row {
        char const* name;
        asio::awaitable<void> (*body)(postmark::client&, bool&);
    };
    for (row const& item :
         {row{"the receipt of a refusal", partly_refused}, row{"send_error", thrown},
          row{"other endpoints", other_endpoints}, row{"other endpoints that refuse", unknown_bounce}}) {
        good = false;
        check.run(item.body(check.client, good));
        check.report(item.name, good);
    }
    check.report("values", values());
    check.client.close_idle();
    check.client.cancel();
    good = false;
    check.run(drained(check.client, good));
    check.report("async_drain", good);
}
