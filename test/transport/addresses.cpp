// SPDX-License-Identifier: BSL-1.0

// A name with several addresses, of which some accept connections and are of no use.

#include "integration/tls_server.hpp"
#include "transport/fixture.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <cstring>
#include <dlfcn.h>
#include <future>
#include <netdb.h>

BOOST_AUTO_TEST_SUITE(addresses, *boost::unit_test::timeout(60))

using namespace transport_test;
using scripted::peer;
using scripted::tls_server;

namespace {

/// In this program the name leads to 127.0.0.2 and then to 127.0.0.1.
constexpr char const* name = "two.postmark.example";

asio::ip::address_v4 const bad_address{{127, 0, 0, 2}};

void serve(peer& session)
{
    for (;;) {
        session.begin_request();
        session.read_all();
        session.reply("200 OK");
    }
}

struct address_fixture : connection_fixture {
    address_fixture()
    {
        postmark::config settings;
        server.apply_to(settings);
        params->host = name;
        params->port = settings.effective_port();
        params->tls = std::make_shared<tls_context>(settings.tls);
    }

    [[nodiscard]] tcp::endpoint bad() const { return {bad_address, params->port}; }

    tls_server server{serve};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(an_address_that_resets_gives_way_and_is_remembered, address_fixture)
{
    int accepted = 0;
    tcp::acceptor acceptor{io, bad()};
    std::function<void()> const accept = [&] {
        acceptor.async_accept([&](boost::system::error_code error, tcp::socket socket) {
            if (!error) {
                ++accepted;
                socket.set_option(asio::socket_base::linger{true, 0});
                socket.close();
                accept();
            }
        });
    };
    accept();
    for (int round = 0; round != 3; ++round) {
        BOOST_TEST(open());
        BOOST_TEST(exchange());
        connection->close();
    }
    // The next openings began with its successor.
    BOOST_TEST(accepted == 1);
}

BOOST_FIXTURE_TEST_CASE(an_address_that_never_shakes_hands_gives_way, address_fixture)
{
    tcp::acceptor acceptor{io, bad()};
    tcp::socket silent{io};
    acceptor.async_accept(silent, [&](boost::system::error_code) {
        silent.async_wait(tcp::socket::wait_read, [&](boost::system::error_code) {
            // The client's first flight is there, and it waits for a reply: as if it had waited for long.
            time_point const patience = connection->deadline();
            BOOST_TEST((patience <= clock::now() + opener::max_silence));
            connection->tick(patience);
        });
    });
    begin();
    wait_for_event();
    BOOST_TEST(events->is_open);
    BOOST_TEST(exchange());
    BOOST_TEST((params->traits.failed_address() == bad()));
}

BOOST_AUTO_TEST_CASE(an_end_that_a_time_limit_finds_gives_way)
{
    // The end comes before the handshake's first receive, whose handler then is queued when the time limit is carried
    // out, or while that receive waits.
    for (bool const comes_first : {true, false}) {
        BOOST_TEST_CONTEXT((comes_first ? "before" : "after") << " the receive")
        {
            address_fixture fixture;
            tcp::acceptor acceptor{fixture.io, fixture.bad()};
            fixture.begin();
            // The look-up, whose handler starts the attempt.
            fixture.io.run_one();
            tcp::socket useless = acceptor.accept();
            if (comes_first) {
                useless.shutdown(tcp::socket::shutdown_send);
            }
            while (useless.available() == 0 && fixture.events->count == 0 && fixture.io.run_one() != 0) {
            }
            if (!comes_first) {
                useless.shutdown(tcp::socket::shutdown_send);
            }
            BOOST_TEST(fixture.events->count == 0);
            fixture.connection->tick(fixture.connection->deadline());
            fixture.wait_for_event();
            BOOST_TEST(fixture.events->is_open, (fixture.events->failed ? fixture.events->failed->detail : ""));
            BOOST_TEST((fixture.params->traits.failed_address() == fixture.bad()));
        }
    }
}

BOOST_FIXTURE_TEST_CASE(an_address_whose_certificate_is_refused_gives_way, address_fixture)
{
    tls_server const stranger{serve, bad()};
    BOOST_TEST(open());
    BOOST_TEST(exchange());
    BOOST_TEST((params->traits.failed_address() == bad()));
}

BOOST_FIXTURE_TEST_CASE(a_refused_certificate_is_final_only_where_nothing_else_failed, address_fixture)
{
    // The certificate of both is refused: nobody is trusted for it.
    scripted::certificate const other;
    postmark::tls_settings settings;
    settings.ca_file = other.path();
    params->tls = std::make_shared<tls_context>(settings);
    {
        tls_server const stranger{serve, bad()};
        BOOST_TEST(!open());
        BOOST_TEST((events->failed->error == errc::certificate_refused));
        BOOST_TEST(events->failed->detail.find("127.0.0.2") != std::string::npos, events->failed->detail);
        BOOST_TEST(events->failed->detail.find("127.0.0.1") != std::string::npos, events->failed->detail);
    }
    // Nothing listens there any more; the other one decides.
    BOOST_TEST(!open());
    BOOST_TEST((events->failed->error == errc::certificate_refused));
    // One that hangs up may be well later.
    tcp::acceptor acceptor{io, bad()};
    acceptor.async_accept([](boost::system::error_code, tcp::socket socket) {
        socket.set_option(asio::socket_base::linger{true, 0});
        socket.close();
    });
    BOOST_TEST(!open());
    BOOST_TEST((events->failed->error == errc::handshake_failed));
}

BOOST_AUTO_TEST_SUITE_END()

/// Comes before the system's function of the same name, which serves all other names.
extern "C" int getaddrinfo(char const* node, char const* service, addrinfo const* hints, addrinfo** result)
{
    using function = int (*)(char const*, char const*, addrinfo const*, addrinfo**);
    static auto const original = reinterpret_cast<function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (node == nullptr || std::strcmp(node, addresses::name) != 0) {
        return original(node, service, hints, result);
    }
    addrinfo* second = nullptr;
    int error = original("127.0.0.2", service, hints, result);
    if (error == 0) {
        error = original("127.0.0.1", service, hints, &second);
    }
    if (error == 0) {
        addrinfo* last = *result;
        while (last->ai_next != nullptr) {
            last = last->ai_next;
        }
        last->ai_next = second;
    }
    return error;
}
