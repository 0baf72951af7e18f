// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_OUTCOME_FIXTURE_HPP
#define POSTMARK_TEST_OUTCOME_FIXTURE_HPP

#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// A client, the sandbox that it sends to, and the invariants of every receipt.
namespace outcome_test {

namespace asio = boost::asio;
namespace sandbox = postmark::sandbox;
using namespace std::chrono_literals;
using asio::ip::tcp;

inline constexpr std::string_view api_key = "3f8a2c1e-token-that-must-stay-secret";

/// Runs until everything is complete. A client without calls leaves nothing pending, so that the context runs out of
/// work.
inline void run(asio::io_context& io)
{
    io.restart();
    io.run_for(30s);
    BOOST_TEST_REQUIRE(io.stopped(), "a call was left without completion");
}

struct send_result {
    send_result() = default;

    int completions = 0;
    postmark::error_code error;
    postmark::receipt receipt;
};

struct batch_result {
    batch_result() = default;

    int completions = 0;
    postmark::error_code error;
    std::vector<postmark::receipt> receipts;

    /// The names of the outcomes; a run of equal ones is abbreviated as "accepted*3".
    [[nodiscard]] std::string outcomes() const
    {
        std::ostringstream text;
        for (std::size_t index = 0; index != receipts.size();) {
            std::size_t end = index;
            while (end != receipts.size() && receipts[end].outcome == receipts[index].outcome) {
                ++end;
            }
            text << (index == 0 ? "" : " ") << receipts[index].outcome;
            if (end - index > 1) {
                text << '*' << end - index;
            }
            index = end;
        }
        return text.str();
    }
};

/// Checks the invariants of every receipt.
inline void check_receipt(postmark::receipt const& item)
{
    using postmark::condition;
    using postmark::outcome;
    BOOST_TEST(item.error.failed() == (item.outcome != outcome::accepted));
    BOOST_TEST((item.error == condition::rejected) == (item.outcome == outcome::rejected));
    BOOST_TEST((item.error == condition::not_sent) == (item.outcome == outcome::not_sent));
    BOOST_TEST((item.error == condition::outcome_unknown) == (item.outcome == outcome::unknown));
    BOOST_TEST(item.message_id.empty() == (item.outcome != outcome::accepted));
    BOOST_TEST((!item.error || item.error.category() == postmark::error_category() ||
                item.error.category() == postmark::api_category()));
    BOOST_TEST((!item.error || !item.detail.empty()), "an error without a detail: " << item.error.message());
    for (auto const& text : {item.detail, item.error.message()}) {
        BOOST_TEST(text.find(api_key) == std::string::npos, "the token is in: " << text);
    }
}

inline send_result send(asio::io_context& io, postmark::client& client, postmark::message msg,
                        postmark::call_options options = {})
{
    send_result result;
    client.async_send(std::move(msg), std::move(options), [&](postmark::error_code error, postmark::receipt receipt) {
        ++result.completions;
        result.error = error;
        result.receipt = std::move(receipt);
    });
    run(io);
    BOOST_TEST_REQUIRE(result.completions == 1);
    BOOST_TEST((result.error == result.receipt.error));
    check_receipt(result.receipt);
    return result;
}

inline batch_result send_batch(asio::io_context& io, postmark::client& client, std::vector<postmark::message> messages,
                               postmark::call_options options = {})
{
    batch_result result;
    std::size_t const count = messages.size();
    client.async_send_batch(std::move(messages), std::move(options),
                            [&](postmark::error_code error, std::vector<postmark::receipt> receipts) {
                                ++result.completions;
                                result.error = error;
                                result.receipts = std::move(receipts);
                            });
    run(io);
    BOOST_TEST_REQUIRE(result.completions == 1);
    BOOST_TEST_REQUIRE(result.receipts.size() == count);
    for (auto const& item : result.receipts) {
        check_receipt(item);
    }
    return result;
}

template <class Reply>
struct call_result {
    call_result() = default;

    int completions = 0;
    postmark::error_code error;
    Reply reply;
};

template <class Request>
call_result<typename Request::reply_type> call(asio::io_context& io, postmark::client& client, Request request,
                                               postmark::call_options options = {})
{
    call_result<typename Request::reply_type> result;
    client.async_call(std::move(request), std::move(options),
                      [&](postmark::error_code error, typename Request::reply_type reply) {
                          ++result.completions;
                          result.error = error;
                          result.reply = std::move(reply);
                      });
    run(io);
    BOOST_TEST_REQUIRE(result.completions == 1);
    for (auto const& text : {result.reply.detail, result.error.message()}) {
        BOOST_TEST(text.find(api_key) == std::string::npos, "the token is in: " << text);
    }
    return result;
}

/// A message that the service accepts. The tag identifies it.
inline postmark::message mail(std::string tag = "mail", std::string to = "ann@example.org")
{
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.to = to;
    msg.subject = "Hello";
    msg.text = "Hi there.";
    msg.tag = std::move(tag);
    return msg;
}

/// Messages whose tags are their numbers.
inline std::vector<postmark::message> mails(std::size_t count)
{
    std::vector<postmark::message> messages;
    messages.reserve(count);
    for (std::size_t number = 0; number != count; ++number) {
        messages.push_back(mail(std::to_string(number)));
    }
    return messages;
}

/// A configuration with a single attempt and short time limits.
inline postmark::config settings_for(std::uint16_t port)
{
    postmark::config settings;
    settings.api_key = api_key;
    settings.host = "127.0.0.1";
    settings.port = port;
    settings.pool.max_connections = 1;
    settings.retry.attempts = 1;
    settings.retry.first_delay = 1ms;
    settings.retry.max_delay = 4ms;
    return settings;
}

inline sandbox::settings recording(bool tls = true)
{
    sandbox::settings settings;
    settings.seeds = true;
    settings.tls = tls;
    settings.keep_requests = true;
    return settings;
}

struct fixture {
    explicit fixture(sandbox::settings options = recording())
        : server{options}
        , config{settings_for(server.port())}
    {
        config.https = options.tls;
        config.tls.ca_file = server.ca_file();
    }

    /// Creates a client with the current configuration.
    postmark::client& connect() { return client.emplace(io, config); }

    /// Plays one fault for the requests that `when` selects.
    void play(std::string const& action, std::string const& when = "{}")
    {
        server.set_faults(R"({"faults":[{"when":)" + when + R"(,"do":)" + action + "}]}");
    }

    send_result send(postmark::message msg, postmark::call_options options = {})
    {
        return outcome_test::send(io, client ? *client : connect(), std::move(msg), std::move(options));
    }

    batch_result send_batch(std::vector<postmark::message> messages, postmark::call_options options = {})
    {
        return outcome_test::send_batch(io, client ? *client : connect(), std::move(messages), std::move(options));
    }

    template <class Request>
    auto call(Request request, postmark::call_options options = {})
    {
        return outcome_test::call(io, client ? *client : connect(), std::move(request), std::move(options));
    }

    /// The number of accepted messages for each tag.
    [[nodiscard]] std::map<std::string, int> accepted() const
    {
        std::map<std::string, int> counts;
        server.for_each_message([&](sandbox::stored_message const& stored) { ++counts[stored.tag]; });
        return counts;
    }

    sandbox::server server;
    asio::io_context io;
    postmark::config config;
    std::optional<postmark::client> client;
};

/// Listens on a free port in its own thread, and runs a script for every connection.
class scripted_server {
public:
    using script = std::function<asio::awaitable<void>(tcp::socket&)>;

    explicit scripted_server(script play)
        : play_{std::move(play)}
    {
        asio::co_spawn(io_, accept(), asio::detached);
        thread_ = std::thread{[this] { io_.run(); }};
    }

    scripted_server(scripted_server const&) = delete;
    scripted_server& operator=(scripted_server const&) = delete;

    ~scripted_server()
    {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    asio::awaitable<void> accept()
    {
        for (;;) {
            tcp::socket peer = co_await acceptor_.async_accept(asio::use_awaitable);
            asio::co_spawn(io_, serve(std::move(peer)), asio::detached);
        }
    }

    asio::awaitable<void> serve(tcp::socket peer)
    {
        try {
            co_await play_(peer);
        } catch (boost::system::system_error const&) {
            // The client closed the connection, which is allowed.
        }
    }

    script play_;
    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    std::uint16_t port_ = acceptor_.local_endpoint().port();
    std::thread thread_;
};

/// Waits until the peer closes the connection, and sends nothing.
inline asio::awaitable<void> wait_for_end(tcp::socket& peer)
{
    char piece[4096];
    boost::system::error_code error;
    while (!error) {
        co_await peer.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    }
}

} // namespace outcome_test

#endif
