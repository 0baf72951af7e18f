// SPDX-License-Identifier: BSL-1.0

// The limits of the pool, with real connections: the figures of the server have both an upper and a lower bound.

#include "client_fixture.hpp"
#include "tls_server.hpp"

#include <boost/asio/ssl.hpp>

#include <algorithm>
#include <future>
#include <list>

namespace {

using namespace client_test;
using asio::ip::tcp;
using duration = std::chrono::steady_clock::duration;

/// Accepts connections in the order of their arrival, and completes a handshake when the test asks for it.
class gated_server {
public:
    gated_server() { certificate_.use_in(context_); }

    void apply_to(config& settings) const
    {
        settings.host = "127.0.0.1";
        settings.port = acceptor_.local_endpoint().port();
        settings.tls.ca_file = certificate_.path();
    }

    /// Accepts the next connection, and sends nothing to it.
    void accept_next() { waiting_.emplace_back(acceptor_.accept(), context_); }

    /// Completes the handshake of the connection that was accepted first.
    void shake_hands()
    {
        waiting_.front().handshake(asio::ssl::stream_base::server);
        open_.splice(open_.end(), waiting_, waiting_.begin());
    }

    /// Whether no further connection has been started: the next one in the queue is then the test's own.
    [[nodiscard]] bool queue_is_empty()
    {
        tcp::socket own{io_};
        own.connect(acceptor_.local_endpoint());
        tcp::socket const next = acceptor_.accept();
        return next.remote_endpoint() == own.local_endpoint();
    }

private:
    using tls_stream = asio::ssl::stream<tcp::socket>;

    scripted::certificate certificate_;
    asio::ssl::context context_{asio::ssl::context::tls_server};
    asio::io_context io_;
    tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
    std::list<tls_stream> waiting_;
    std::list<tls_stream> open_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(client_pool, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(as_many_handshakes_as_allowed_are_under_way_at_once_and_no_more)
{
    for (std::size_t const limit : {1U, 2U, 5U}) {
        BOOST_TEST_CONTEXT("at most " << limit)
        {
            gated_server server;
            config settings;
            settings.api_key = "token";
            settings.default_sender = "shop@example.com";
            settings.pool.max_handshakes = limit;
            server.apply_to(settings);
            asio::io_context io;
            client mailer{io, settings};
            sends all(20);
            for (auto& send : all) {
                mailer.async_send(mail(), send.handler());
            }
            std::jthread runner{[&] { io.run(); }};
            // A task posted after an event runs after everything that the client does because of that event.
            auto const queue_is_empty = [&] {
                asio::post(io, asio::use_future([] {})).get();
                return server.queue_is_empty();
            };

            // No handshake is completed before all connections of the limit have been started.
            for (std::size_t count = 0; count != limit; ++count) {
                server.accept_next();
            }
            BOOST_TEST(queue_is_empty());
            // Each completed handshake lets the next one start, until the pool is full.
            for (std::size_t begun = limit; begun != settings.pool.max_connections; ++begun) {
                server.shake_hands();
                server.accept_next();
                BOOST_TEST(queue_is_empty());
            }
            for (std::size_t count = 0; count != limit; ++count) {
                server.shake_hands();
                BOOST_TEST(queue_is_empty());
            }
            asio::post(io, [&] { mailer.cancel(); });
            runner.join();
            BOOST_TEST(std::all_of(all.begin(), all.end(), [](auto const& send) { return send.calls == 1; }));
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_connection_is_replaced_when_it_reaches_the_age_limit_and_no_sooner, client_fixture)
{
    using clock = std::chrono::steady_clock;
    constexpr std::uint64_t enough = 8;
    settings.pool.max_connections = 1;
    settings.pool.age_limit = 100ms;
    client mailer{io, settings};
    duration longest{};
    auto const began = clock::now();
    auto before = began;
    // The sends follow each other, so that the connection is never idle for long.
    while (sandbox.stats().connections < enough && clock::now() - began < 20s) {
        recorder<receipt> sent;
        mailer.async_send(mail(), sent.handler());
        run();
        check_accepted(sent);
        longest = std::max(longest, clock::now() - before);
        before = clock::now();
    }
    auto const took = clock::now() - began;
    auto const made = static_cast<duration::rep>(sandbox.stats().connections);
    BOOST_TEST(made >= 2);

    // Every connection but the last was replaced, and none before nine tenths of the limit...
    duration const youngest = settings.pool.age_limit * 9 / 10;
    BOOST_TEST((took >= youngest * (made - 1)));
    // ...and none was used after eleven tenths, apart from the send in flight at that time. One further send may
    // replace it.
    duration const oldest = settings.pool.age_limit * 11 / 10;
    BOOST_TEST((took <= (oldest + 2 * longest) * made));
    // The numbers of the connections in the requests agree.
    auto const requests = sandbox.requests();
    BOOST_TEST(requests.back().connection == static_cast<std::uint64_t>(made));
    BOOST_TEST(std::is_sorted(requests.begin(), requests.end(), [](auto const& first, auto const& second) {
        return first.connection < second.connection;
    }));
}

BOOST_AUTO_TEST_SUITE_END()
