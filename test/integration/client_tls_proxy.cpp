// SPDX-License-Identifier: BSL-1.0

// Connections through an HTTP proxy. Loopback addresses bypass a proxy, so the sandbox has a host name that only the
// proxy resolves.

#include "outcome_fixture.hpp"

#include <mutex>

BOOST_AUTO_TEST_SUITE(client_tls_proxy, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::errc;
using postmark::outcome;

namespace {

constexpr char const* service_name = "api.postmark.example";

/// Forwards bytes until one side closes.
asio::awaitable<void> pump(tcp::socket& from, tcp::socket& to)
{
    char piece[16384];
    boost::system::error_code error;
    for (;;) {
        std::size_t const size =
            co_await from.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            break;
        }
        co_await asio::async_write(to, asio::buffer(piece, size), asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            break;
        }
    }
    boost::system::error_code ignored;
    from.close(ignored);
    to.close(ignored);
}

/// A proxy with a fixed reply, which opens a tunnel to the sandbox if that reply is a success.
class proxy {
public:
    /// \param reply  the reply; empty: the proxy closes the connection
    /// \param opens  whether a tunnel follows; else the connection stays as it is until the client closes it
    explicit proxy(std::uint16_t target, std::string reply = "HTTP/1.1 200 Connection established\r\n\r\n",
                   bool opens = true, bool closes = false)
        : target_{target}
        , reply_{std::move(reply)}
        , opens_{opens}
        , closes_{closes}
        , server_{[this](tcp::socket& peer) { return serve(peer); }}
    {
    }

    [[nodiscard]] std::string url(std::string const& login = {}) const
    {
        return "http://" + login + "127.0.0.1:" + std::to_string(server_.port());
    }

    /// The heads of the requests so far.
    [[nodiscard]] std::vector<std::string> heads() const
    {
        std::lock_guard const lock{mutex_};
        return heads_;
    }

private:
    asio::awaitable<void> serve(tcp::socket& peer)
    {
        std::string head;
        co_await asio::async_read_until(peer, asio::dynamic_buffer(head), "\r\n\r\n", asio::use_awaitable);
        {
            std::lock_guard const lock{mutex_};
            heads_.push_back(head);
        }
        co_await asio::async_write(peer, asio::buffer(reply_), asio::use_awaitable);
        if (opens_) {
            tcp::socket onward{peer.get_executor()};
            co_await onward.async_connect({asio::ip::address_v4::loopback(), target_}, asio::use_awaitable);
            // Forwards both directions, the other one in its own coroutine.
            auto const there = std::make_shared<tcp::socket>(std::move(peer));
            auto const here = std::make_shared<tcp::socket>(std::move(onward));
            auto const executor = there->get_executor();
            asio::co_spawn(
                executor, [there, here]() -> asio::awaitable<void> { co_await pump(*here, *there); }, asio::detached);
            co_await pump(*there, *here);
        } else if (!closes_) {
            co_await wait_for_end(peer);
        }
    }

    std::uint16_t target_;
    std::string reply_;
    bool opens_;
    bool closes_;
    mutable std::mutex mutex_;
    std::vector<std::string> heads_;
    scripted_server server_;
};

sandbox::settings named(bool tls = true)
{
    auto settings = recording(tls);
    settings.names = {service_name};
    return settings;
}

struct proxy_fixture : fixture {
    explicit proxy_fixture(bool tls = true)
        : fixture{named(tls)}
    {
        config.host = service_name;
        config.port = 8443;
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(connects_through_a_tunnel, proxy_fixture)
{
    proxy const tunnel{server.port()};
    config.proxy = tunnel.url();
    BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
    BOOST_TEST(send_batch(mails(501)).outcomes() == "accepted*501");
    BOOST_TEST(!call(postmark::get_delivery_stats{}).error);
    BOOST_TEST(server.message_count() == 502U);
    // SNI, certificate and request use the host name of the service.
    BOOST_TEST(server.stats().server_name == service_name);
    auto const heads = tunnel.heads();
    BOOST_TEST_REQUIRE(heads.size() == 1U);
    BOOST_TEST(heads[0] == "CONNECT api.postmark.example:8443 HTTP/1.1\r\nHost: api.postmark.example:8443\r\n\r\n");
    // The token is sent to the service only.
    BOOST_TEST(heads[0].find(api_key) == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(sends_the_login_of_the_proxy, proxy_fixture)
{
    proxy const tunnel{server.port()};
    config.proxy = tunnel.url("us%40er:p%3Ass@");
    BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
    auto const heads = tunnel.heads();
    BOOST_TEST_REQUIRE(heads.size() == 1U);
    BOOST_TEST(heads[0].find("\r\nProxy-Authorization: Basic dXNAZXI6cDpzcw==\r\n") != std::string::npos, heads[0]);
}

BOOST_AUTO_TEST_CASE(tunnels_plain_connections)
{
    proxy_fixture env{false};
    proxy const tunnel{env.server.port(), "HTTP/1.0 200 OK\r\nVia: 1.1 x\r\nContent-Length: 0\r\n\r\n"};
    env.config.proxy = tunnel.url();
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
}

BOOST_FIXTURE_TEST_CASE(verifies_the_service_and_not_the_proxy, proxy_fixture)
{
    proxy const tunnel{server.port()};
    config.proxy = tunnel.url();
    config.host = "other.postmark.example";
    BOOST_TEST((send(mail()).error == errc::certificate_refused));
    BOOST_TEST(server.stats().requests == 0U);
}

BOOST_FIXTURE_TEST_CASE(reports_the_failure_of_a_proxy, proxy_fixture)
{
    struct proxy_row {
        std::string reply;
        bool closes;
        errc error;
        std::string_view detail;
    };
    std::vector<proxy_row> const table{
        {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", false,
         errc::proxy_refused, "407 and asks for authentication: Basic"},
        {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nSorry", true, errc::proxy_refused,
         "407"},
        // A refusal may have no length, and the connection may stay open after it.
        {"HTTP/1.1 407 Proxy Authentication Required\r\nConnection: close\r\n\r\nSorry", true, errc::proxy_refused,
         "407"},
        {"HTTP/1.1 403 Forbidden\r\n\r\n<html>", false, errc::proxy_refused, "403"},
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1000000\r\n\r\n<html>", false, errc::connect_failed, "502"},
        {"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\nContent-Length: 0\r\n\r\n", false,
         errc::connect_failed, "302"},
        {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false, errc::connect_failed, "bytes of its own"},
        {"SSH-2.0-proxy\r\n\r\n", false, errc::connect_failed, "not HTTP"},
        {std::string(100, '\0') + "\n\n", false, errc::connect_failed, "not HTTP"},
        {std::string(20'000, 'x'), false, errc::connect_failed, "not HTTP"},
        {"", true, errc::connect_failed, "closed"},
        {"HTTP/1.1 200 Conn", true, errc::connect_failed, "closed"},
    };
    config.timeouts.handshake = 10s;
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT("reply: " << row.reply.substr(0, 80))
        {
            proxy const tunnel{server.port(), row.reply, false, row.closes};
            config.proxy = tunnel.url("user:proxy-password@");
            connect();
            auto const begin = std::chrono::steady_clock::now();
            auto const result = send(mail());
            BOOST_TEST((result.error == row.error), result.error << ": " << result.receipt.detail);
            // A refusal by the proxy is not repeated.
            BOOST_TEST((result.error == postmark::condition::retryable) == (row.error == errc::connect_failed));
            BOOST_TEST(result.receipt.detail.find(row.detail) != std::string::npos, result.receipt.detail);
            BOOST_TEST(result.receipt.detail.find("proxy-password") == std::string::npos);
            BOOST_TEST(send_batch(mails(2)).outcomes() == "not_sent*2");
            BOOST_TEST((std::chrono::steady_clock::now() - begin < 10s));
        }
    }
    BOOST_TEST(server.stats().connections == 0U);
}

BOOST_FIXTURE_TEST_CASE(does_not_wait_for_a_silent_proxy, proxy_fixture)
{
    config.timeouts.handshake = 100ms;
    for (std::string const reply : {"", "HTTP/1.1 200 OK\r\n"}) {
        proxy const tunnel{server.port(), reply, false};
        config.proxy = tunnel.url();
        connect();
        BOOST_TEST((send(mail()).error == errc::connect_failed));
    }
    // No proxy listens on this port.
    config.proxy = "http://127.0.0.1:" + std::to_string([] { return sandbox::server{}.port(); }());
    connect();
    BOOST_TEST((send(mail()).error == errc::connect_failed));
    config.proxy = "http://no-such-proxy.invalid:3128";
    connect();
    BOOST_TEST((send(mail()).error == errc::resolve_failed));
}

BOOST_FIXTURE_TEST_CASE(repeats_connecting_to_a_proxy, proxy_fixture)
{
    // The proxy closes the first connections, as during a restart.
    proxy const broken{server.port(), "", false, true};
    config.proxy = broken.url();
    config.retry.attempts = 3;
    BOOST_TEST((send(mail()).error == errc::connect_failed));
    BOOST_TEST(broken.heads().size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(does_not_repeat_what_a_proxy_refused, proxy_fixture)
{
    for (std::string const status : {"407 Proxy Authentication Required", "403 Forbidden"}) {
        proxy const refusing{server.port(), "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n", false};
        config.proxy = refusing.url();
        config.retry.attempts = 4;
        connect();
        BOOST_TEST((send(mail()).error == errc::proxy_refused));
        BOOST_TEST(refusing.heads().size() == 1U);
    }
}

BOOST_FIXTURE_TEST_CASE(excluded_hosts_bypass_the_proxy, proxy_fixture)
{
    proxy const tunnel{server.port()};
    config.proxy = tunnel.url();
    // The name cannot be resolved without the proxy.
    for (std::string const list : {"api.postmark.example", "x.example, postmark.example", ".postmark.example", "*"}) {
        config.no_proxy = list;
        connect();
        BOOST_TEST((send(mail()).error == errc::resolve_failed), list);
    }
    BOOST_TEST(tunnel.heads().empty());
    config.no_proxy = "postmark.example.org, ostmark.example, localhost";
    connect();
    BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(loopback_bypasses_the_proxy)
{
    fixture env;
    proxy const tunnel{env.server.port(), "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", false};
    env.config.proxy = tunnel.url();
    for (std::string const host : {"127.0.0.1", "localhost"}) {
        env.config.host = host;
        env.connect();
        BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
    }
    BOOST_TEST(tunnel.heads().empty());
}

BOOST_AUTO_TEST_CASE(refuses_invalid_proxy_urls)
{
    fixture env;
    for (std::string const url :
         {"https://proxy.example", "socks5://proxy.example:1080", "http://", "http://a b:1", "http://proxy.example:0x",
          "http://user:pass-word@:80", "http://proxy.example:99999", "http://us\r\ner@proxy.example"}) {
        // A loopback address never uses the proxy.
        env.config.host = "api.example";
        env.config.proxy = url;
        env.connect();
        auto const result = env.send(mail());
        BOOST_TEST((result.error == errc::invalid_configuration), url);
        BOOST_TEST(result.receipt.detail.find("proxy") != std::string::npos, result.receipt.detail);
        BOOST_TEST(result.receipt.detail.find("pass-word") == std::string::npos, result.receipt.detail);
    }
}

BOOST_AUTO_TEST_SUITE_END()
