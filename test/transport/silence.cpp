// SPDX-License-Identifier: BSL-1.0

// A request is written only on a connection that is known to be silent: bytes that were there before it are not its
// reply.

#include "transport/tls_fixture.hpp"

#include <atomic>
#include <future>

BOOST_AUTO_TEST_SUITE(silence, *boost::unit_test::timeout(60))

using namespace transport_test;
using scripted::peer;
using scripted::tls_server;

namespace {

void check_not_started(std::optional<failure> const& failed)
{
    BOOST_REQUIRE(failed.has_value());
    BOOST_TEST((failed->error == errc::write_failed));
    BOOST_TEST(failed->not_started);
    BOOST_TEST(!failed->written);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_greeting_is_no_reply, connection_fixture)
{
    plain_server server{io};
    aim_at(server.port());
    BOOST_TEST(open());
    server.accept();
    server.write("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
    check_not_started(start());
    boost::system::error_code error;
    BOOST_TEST(server.read_some(error) == "");
    BOOST_TEST(error.failed());
}

BOOST_FIXTURE_TEST_CASE(a_connection_that_ends_before_its_first_request_is_not_used, connection_fixture)
{
    plain_server server{io};
    aim_at(server.port());
    BOOST_TEST(open());
    server.accept();
    server.end();
    check_not_started(start());
    BOOST_TEST(!params->traits.ends_unannounced());
}

BOOST_FIXTURE_TEST_CASE(a_receive_that_filled_its_buffer_may_have_left_something, connection_fixture)
{
    plain_server server{io};
    aim_at(server.port());
    BOOST_TEST(open());
    server.accept();
    for (int round = 0; round != 2; ++round) {
        BOOST_TEST(!start());
        server.read_request();
        server.write(reply_text);
        wait_for_event();
        BOOST_TEST(events->last_reply->reusable);
    }
    // A reply as long as one receive, and another one after it.
    std::string long_reply = "HTTP/1.1 200 OK\r\nContent-Length: 16000\r\nX: ";
    long_reply += std::string(16 * 1024 - 16'000 - long_reply.size() - 4, 'x') + "\r\n\r\n" + std::string(16'000, 'y');
    BOOST_TEST(long_reply.size() == 16U * 1024);
    BOOST_TEST(!start());
    server.read_request();
    server.write(long_reply + std::string{reply_text});
    wait_for_event();
    BOOST_TEST(events->body.size() == 16'000U);
    check_not_started(start());
}

BOOST_FIXTURE_TEST_CASE(a_greeting_in_tls_is_no_reply, connection_fixture)
{
    std::promise<void> greeted;
    tls_server server{[&](peer& session) {
        session.reply("200 OK");
        greeted.set_value();
        session.hold();
    }};
    aim_tls_at(*params, server);
    BOOST_TEST(open());
    greeted.get_future().wait();
    check_not_started(start());
}

BOOST_FIXTURE_TEST_CASE(an_end_that_came_with_the_handshake_is_seen, connection_fixture)
{
    std::promise<void> ended;
    tls_server server{[&](peer& session) {
        session.cut();
        ended.set_value();
    }};
    aim_tls_at(*params, server);
    BOOST_TEST(open());
    ended.get_future().wait();
    check_not_started(start());
}

BOOST_FIXTURE_TEST_CASE(a_record_that_begins_with_a_reply_is_seen, connection_fixture)
{
    tls_server server{[&](peer& session) {
        for (int round = 0;; ++round) {
            session.begin_request();
            session.read_all();
            session.cork(true);
            session.reply("200 OK");
            if (round == 2) {
                session.begin_record();
            }
            session.cork(false);
        }
    }};
    aim_tls_at(*params, server);
    BOOST_TEST(open());
    for (int round = 0; round != 3; ++round) {
        BOOST_TEST(exchange());
    }
    check_not_started(start());
}

BOOST_FIXTURE_TEST_CASE(session_tickets_do_not_break_the_silence, connection_fixture)
{
    tls_server server{[&](peer& session) {
        for (;;) {
            session.begin_request();
            session.read_all();
            session.reply("200 OK");
        }
    }};
    aim_tls_at(*params, server);
    BOOST_TEST(open());
    for (int round = 0; round != 4; ++round) {
        BOOST_TEST(exchange());
        BOOST_TEST(events->last_reply->reusable);
    }
}

BOOST_AUTO_TEST_SUITE_END()
