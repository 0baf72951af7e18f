// SPDX-License-Identifier: BSL-1.0

// A child of a fork inherits sockets that it must not use, and that its parent goes on using.

#include "transport/fixture.hpp"

#include <fcntl.h>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(fork_and_exec, *boost::unit_test::timeout(60))

using namespace transport_test;

namespace {

/// \return whether the check holds in a child of this process
bool holds_in_child(std::function<bool()> const& check)
{
    pid_t const child = ::fork();
    if (child == 0) {
        ::_exit(check() ? 0 : 1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// How many descriptors of this process lead to a port.
template <class Count>
int count_sockets(std::uint16_t port, Count counts)
{
    int found = 0;
    for (int descriptor = 0; descriptor != 1024; ++descriptor) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
            address.sin_family == AF_INET && ntohs(address.sin_port) == port && counts(descriptor)) {
            ++found;
        }
    }
    return found;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(sockets_are_closed_by_exec, connection_fixture)
{
    plain_server server{io};
    aim_at(server.port());
    BOOST_TEST(open());
    BOOST_TEST(count_sockets(server.port(), [](int) { return true; }) == 1);
    BOOST_TEST(count_sockets(server.port(),
                             [](int descriptor) { return (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0; }) == 1);
}

BOOST_AUTO_TEST_CASE(a_child_gives_up_its_share_and_the_parent_goes_on)
{
    enum class way { close, abort, exchange, tick, detach, detach_notified, destroy };
    for (bool const in_flight : {false, true}) {
        for (way const by :
             {way::close, way::abort, way::exchange, way::tick, way::detach, way::detach_notified, way::destroy}) {
            BOOST_TEST_CONTEXT(static_cast<int>(by) << (in_flight ? ", in flight" : ", idle"))
            {
                connection_fixture fixture;
                plain_server server{fixture.io};
                fixture.aim_at(server.port());
                BOOST_TEST_REQUIRE(fixture.open());
                server.accept();
                if (in_flight) {
                    BOOST_TEST(!fixture.start());
                }
                if (by == way::detach_notified) {
                    fixture.io.notify_fork(asio::execution_context::fork_prepare);
                }
                BOOST_TEST(holds_in_child([&] {
                    int expected = 0;
                    switch (by) {
                    case way::close:
                        fixture.connection->close();
                        break;
                    case way::abort:
                        static_cast<void>(fixture.connection->abort(fixture.number, abort_mode::at_once));
                        break;
                    case way::exchange: {
                        auto const failed = fixture.start();
                        if (!failed || !failed->not_started) {
                            return false;
                        }
                        break;
                    }
                    case way::tick:
                        fixture.connection->tick(time_point::max() - 1s);
                        break;
                    case way::detach_notified:
                        fixture.io.notify_fork(asio::execution_context::fork_child);
                        fixture.connection->detach_after_fork(true);
                        break;
                    case way::detach:
                        fixture.connection->detach_after_fork(false);
                        break;
                    case way::destroy:
                        // The handler of a pending receive keeps the connection.
                        fixture.connection.reset();
                        expected = in_flight ? 1 : 0;
                        break;
                    }
                    return count_sockets(server.port(), [](int) { return true; }) == expected;
                }));
                if (by == way::detach_notified) {
                    fixture.io.notify_fork(asio::execution_context::fork_parent);
                }
                // Neither a byte nor the end has come from the child, and the parent's event loop still sees the
                // socket.
                if (!in_flight) {
                    BOOST_TEST(!fixture.start());
                }
                server.read_request();
                boost::system::error_code error;
                server.peer().non_blocking(true);
                BOOST_TEST(server.read_some(error) == "");
                BOOST_TEST((error == asio::error::would_block));
                server.peer().non_blocking(false);
                server.write(reply_text);
                fixture.wait_for_event();
                BOOST_TEST(fixture.events->last_reply.has_value());
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
