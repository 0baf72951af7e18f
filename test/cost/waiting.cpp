// SPDX-License-Identifier: BSL-1.0

// The memory of queued calls: a program may have tens of thousands of mails in the queue.

#include "counting.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(cost, *boost::unit_test::timeout(120))

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t calls = 10'000;

postmark::message mail()
{
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.to = "ann@example.org";
    msg.subject = "Hello";
    msg.text = "Good to have you.";
    return msg;
}

/// A client of one connection, and the service's end of it: it reads one request and never replies.
struct waiting_fixture {
    waiting_fixture()
    {
        settings.host = "127.0.0.1";
        settings.port = acceptor.local_endpoint().port();
        settings.https = false;
        settings.api_key = "token";
        settings.pool.max_connections = 1;
        settings.limits.queued_bytes = std::size_t{1} << 40;
        bytes.reserve(8'000'000);
    }

    /// Runs the client until the service has the next request. \return its length, head and body
    std::size_t receive()
    {
        bytes.clear();
        std::thread service{[&, work = asio::make_work_guard(io)] {
            tcp::socket peer = acceptor.accept();
            std::size_t const head = asio::read_until(peer, asio::dynamic_buffer(bytes), "\r\n\r\n");
            constexpr std::string_view name = "Content-Length: ";
            std::size_t const size = head + std::stoul(bytes.substr(bytes.find(name) + name.size()));
            if (bytes.size() < size) {
                asio::read(peer, asio::dynamic_buffer(bytes), asio::transfer_exactly(size - bytes.size()));
            }
            peers.push_back(std::move(peer));
            io.stop();
        }};
        io.restart();
        io.run();
        service.join();
        return bytes.size();
    }

    asio::io_context service_io;
    tcp::acceptor acceptor{service_io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    std::vector<tcp::socket> peers;
    /// The bytes that the service has read: large enough from the start, so that only the client allocates.
    std::string bytes;
    postmark::config settings;
    asio::io_context io;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_queued_send_costs_little_more_than_its_request, waiting_fixture)
{
    postmark::message with_html = mail();
    with_html.html = "<p class=\"greeting\">" + std::string(20'000, 'x') + "</p>";
    postmark::message with_file = mail();
    with_file.attach_bytes(std::string(10'000, '\0'), "a.txt");
    with_file.metadata["order"] = "17";

    struct row {
        postmark::message msg;
        std::size_t limit;
    };
    // Short requests are queued without the head, which is the same for all.
    for (auto const& [msg, limit] : {row{mail(), 256}, row{with_html, 512}, row{with_file, 512}}) {
        postmark::client client{io, settings};
        std::size_t completed = 0;
        auto const handler = [&completed](postmark::error_code, postmark::receipt const&) { ++completed; };
        client.async_send(msg, handler);
        std::size_t const request = receive();
        BOOST_TEST_REQUIRE(request > msg.text.size() + msg.html.size());

        std::size_t const before = counting::live();
        for (std::size_t call = 0; call != calls; ++call) {
            client.async_send(msg, handler);
        }
        std::size_t const grown = counting::live() - before;
        BOOST_TEST_MESSAGE("a request of " << request << " bytes costs " << grown / calls << " bytes in the queue");
        BOOST_TEST(grown <= calls * (request + limit));

        client.cancel();
        io.restart();
        io.run();
        BOOST_TEST(completed == calls + 1);
    }
}

BOOST_FIXTURE_TEST_CASE(a_batch_is_written_once_into_one_buffer, waiting_fixture)
{
    std::vector<postmark::message> messages(500, mail());
    for (auto& msg : messages) {
        msg.html.assign(3'000, 'x');
    }
    std::size_t const bodies = messages.size() * 3'000;

    postmark::client client{io, settings};
    bool completed = false;
    // Receipts and the other data of the batch are much smaller.
    counting::watch(bodies / 2);
    client.async_send_batch(std::move(messages),
                            [&](postmark::error_code, std::vector<postmark::receipt> const&) { completed = true; });
    // Before a connection exists no request is written.
    BOOST_TEST(counting::seen() == 0U);
    BOOST_TEST(receive() > bodies);
    BOOST_TEST(counting::seen() == 1U);
    client.cancel();
    io.restart();
    io.run();
    BOOST_TEST(completed);
}

BOOST_AUTO_TEST_SUITE_END()
