// SPDX-License-Identifier: BSL-1.0

// The limits of the pool, with real connections: what the server sees has to lie within bounds on both sides.

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

/// Takes connections in the order in which they come, and does with each what the test says, when it says so.
class door {
public:
    door() { certificate_.use_in(context_); }

    void apply_to(config& settings) const
    {
        settings.host = "127.0.0.1";
        settings.port = acceptor_.local_endpoint().port();
        settings.tls.ca_file = certificate_.path();
    }

    /// Waits for the next connection, and says nothing to it.
    void hold_next() { held_.emplace_back(acceptor_.accept(), context_); }

    /// Shakes hands with the one that is held for longest.
    void let_in()
    {
        held_.front().handshake(asio::ssl::stream_base::server);
        inside_.splice(inside_.end(), held_, held_.begin());
    }

    /// Whether no connection but those taken so far has begun: they stand in a line, so that one of the test's own is
    /// the next then.
    [[nodiscard]] bool nobody_waits()
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
    std::list<tls_stream> held_;
    std::list<tls_stream> inside_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(client_pool, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(as_many_handshakes_as_allowed_are_under_way_at_once_and_no_more)
{
    for (std::size_t const limit : {1U, 2U, 5U}) {
        BOOST_TEST_CONTEXT("at most " << limit)
        {
            door server;
            config settings;
            settings.api_key = "token";
            settings.default_sender = "shop@example.com";
            settings.pool.max_handshakes = limit;
            server.apply_to(settings);
            asio::io_context io;
            client mailer{io, settings};
            sends all(20);
            for (auto& each : all) {
                mailer.async_send(mail(), each.handler());
            }
            std::jthread runner{[&] { io.run(); }};
            // What the client does when it learns something is done when it comes to what is posted after that.
            auto const nobody_waits = [&] {
                asio::post(io, asio::use_future([] {})).get();
                return server.nobody_waits();
            };

            // None of them gets anywhere before all of them are there.
            for (std::size_t each = 0; each != limit; ++each) {
                server.hold_next();
            }
            BOOST_TEST(nobody_waits());
            // One that is over makes room for one more, until the pool is full.
            for (std::size_t begun = limit; begun != settings.pool.max_connections; ++begun) {
                server.let_in();
                server.hold_next();
                BOOST_TEST(nobody_waits());
            }
            for (std::size_t each = 0; each != limit; ++each) {
                server.let_in();
                BOOST_TEST(nobody_waits());
            }
            asio::post(io, [&] { mailer.cancel(); });
            runner.join();
            BOOST_TEST(std::all_of(all.begin(), all.end(), [](auto const& each) { return each.calls == 1; }));
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
    // One send after the other, so that the connection never rests and there is always one who needs it.
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

    // Each but the last was given up, not before nine tenths of the limit...
    duration const youngest = settings.pool.age_limit * 9 / 10;
    BOOST_TEST((took >= youngest * (made - 1)));
    // ...and none was used again after eleven, apart from the send that was under way then. Another send may make it.
    duration const oldest = settings.pool.age_limit * 11 / 10;
    BOOST_TEST((took <= (oldest + 2 * longest) * made));
    // By its connection each request tells the same of its own.
    auto const requests = sandbox.requests();
    BOOST_TEST(requests.back().connection == static_cast<std::uint64_t>(made));
    BOOST_TEST(std::is_sorted(requests.begin(), requests.end(), [](auto const& first, auto const& second) {
        return first.connection < second.connection;
    }));
}

BOOST_AUTO_TEST_SUITE_END()
