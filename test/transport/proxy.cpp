// SPDX-License-Identifier: BSL-1.0

// What a proxy's reply to CONNECT means.

#include "transport/fixture.hpp"

BOOST_AUTO_TEST_SUITE(proxy, *boost::unit_test::timeout(60))

using namespace transport_test;

namespace {

struct proxy_fixture : connection_fixture {
    proxy_fixture()
        : server{io}
    {
        params->host = "api.postmark.example";
        params->port = 80;
        params->proxy = proxy_params{.host = "127.0.0.1", .port = server.port()};
    }

    /// Opens a connection by way of the proxy, which says this and then ends the connection.
    bool open_with(std::string_view reply)
    {
        begin();
        server.accept();
        server.write(reply);
        server.end();
        wait_for_event();
        return events->is_open;
    }

    plain_server server;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_refusal_is_final_and_trouble_is_not)
{
    struct row {
        std::string reply;
        errc error;
        std::string detail;
    };
    std::vector<row> const rows{
        {"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n",
         errc::proxy_refused, "the proxy replied with status 407 and asks for authentication: Negotiate, Basic"},
        {"HTTP/1.1 407 No\r\n\r\n", errc::proxy_refused, "the proxy replied with status 407"},
        {"HTTP/1.1 403 Forbidden\r\n\r\n", errc::proxy_refused, "the proxy replied with status 403"},
        {"HTTP/1.1 408 Later\r\n\r\n", errc::connect_failed, "the proxy replied with status 408"},
        {"HTTP/1.1 429 Later\r\n\r\n", errc::connect_failed, "the proxy replied with status 429"},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", errc::connect_failed, "the proxy replied with status 502"},
        {"HTTP/1.1 302 Found\r\n\r\n", errc::connect_failed, "the proxy replied with status 302"},
        {"SSH-2.0\r\n\r\n", errc::connect_failed, "the proxy's reply is not HTTP"},
        {"", errc::connect_failed, "the proxy ended the connection: the server closed the connection"},
        {"HTTP/1.1 200 OK\r\n\r\nx", errc::connect_failed, "the proxy sent bytes of its own into the tunnel"},
        // What a terminal would obey does not get into the text.
        {"HTTP/1.1 407 \x1b[2J\r\nProxy-Authenticate: \x1b[2JBasic\r\nX: \x9b\r\n\r\n", errc::proxy_refused,
         "the proxy replied with status 407"},
    };
    for (row const& entry : rows) {
        BOOST_TEST_CONTEXT(entry.reply)
        {
            proxy_fixture fixture;
            BOOST_TEST(!fixture.open_with(entry.reply));
            BOOST_REQUIRE(fixture.events->failed.has_value());
            BOOST_TEST((fixture.events->failed->error == entry.error));
            BOOST_TEST(fixture.events->failed->detail == entry.detail);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_reply_that_lies_in_the_socket_is_not_late, proxy_fixture)
{
    begin();
    server.accept();
    // The client has connected and asked for a tunnel, and waits.
    boost::system::error_code error;
    server.peer().non_blocking(true);
    while (server.read_some(error).empty()) {
        io.run_one();
    }
    server.peer().non_blocking(false);
    server.write("HTTP/1.1 200 Connection established\r\n\r\n");
    connection->tick(connection->deadline());
    wait_for_event();
    BOOST_TEST(events->is_open);
}

BOOST_FIXTURE_TEST_CASE(a_proxy_that_is_silent_fails_in_time, proxy_fixture)
{
    begin();
    server.accept();
    boost::system::error_code error;
    server.peer().non_blocking(true);
    while (server.read_some(error).empty()) {
        io.run_one();
    }
    connection->tick(connection->deadline());
    wait_for_event();
    BOOST_REQUIRE(events->failed.has_value());
    BOOST_TEST((events->failed->error == errc::connect_failed));
    BOOST_TEST(events->failed->detail == "no reply of the proxy within 5000 ms");
}

BOOST_AUTO_TEST_SUITE_END()
