// SPDX-License-Identifier: BSL-1.0

// The event loop itself may be late: what lies in the socket when a time limit is carried out came in time.

#include "transport/fixture.hpp"

BOOST_AUTO_TEST_SUITE(time_limits, *boost::unit_test::timeout(60))

using namespace transport_test;

namespace {

struct waiting_fixture : connection_fixture {
    waiting_fixture()
        : server{io}
    {
        aim_at(server.port());
        BOOST_TEST_REQUIRE(open());
        server.accept();
        BOOST_TEST_REQUIRE(!start());
        server.read_request();
    }

    void carry_out_time_limit(bool of_the_call)
    {
        if (of_the_call) {
            BOOST_TEST(!connection->abort(number, abort_mode::unless_replied));
        } else {
            connection->tick(connection->deadline());
        }
        wait_for_event();
    }

    plain_server server;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_reply_that_lies_in_the_socket_is_not_late)
{
    for (bool const of_the_call : {false, true}) {
        for (std::size_t const size : {std::size_t{2}, std::size_t{100'000}}) {
            BOOST_TEST_CONTEXT((of_the_call ? "call, " : "reply, ") << size << " bytes")
            {
                waiting_fixture fixture;
                fixture.server.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                                     std::string(size, 'x'));
                fixture.carry_out_time_limit(of_the_call);
                BOOST_REQUIRE(fixture.events->last_reply.has_value());
                BOOST_TEST(fixture.events->body.size() == size);
                BOOST_TEST(fixture.events->last_reply->written);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_part_of_a_reply_is_late)
{
    for (bool const of_the_call : {false, true}) {
        waiting_fixture fixture;
        fixture.server.write(reply_text.substr(0, reply_text.size() - 1));
        fixture.carry_out_time_limit(of_the_call);
        BOOST_REQUIRE(fixture.events->failed.has_value());
        BOOST_TEST((fixture.events->failed->error == errc::timed_out_in_flight));
        BOOST_TEST(fixture.events->failed->written);
        boost::system::error_code error;
        BOOST_TEST(fixture.server.read_some(error) == "");
        BOOST_TEST((error == asio::error::connection_reset));
    }
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_while_its_time_limit_is_carried_out_ends_at_once)
{
    waiting_fixture fixture;
    BOOST_TEST(!fixture.connection->abort(fixture.number, abort_mode::unless_replied));
    auto const failed = fixture.connection->abort(fixture.number, abort_mode::at_once);
    BOOST_REQUIRE(failed.has_value());
    BOOST_TEST((failed->error == errc::cancelled_in_flight));
    fixture.io.restart();
    fixture.io.run();
    BOOST_TEST(fixture.events->count == 0);
}

BOOST_AUTO_TEST_SUITE_END()
