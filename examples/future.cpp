// SPDX-License-Identifier: BSL-1.0

// Mail from code that is not asynchronous: the io_context runs on a thread of its own, and the caller waits on a
// future.
//
//   future [recipient]

#include <postmark/postmark.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <iostream>
#include <thread>

int main(int argc, char** argv)
try {
    boost::asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    std::jthread runner;
    // Keeps io.run() from returning between two mails. Destroyed first, so that the thread ends and can be joined.
    auto const work = boost::asio::make_work_guard(io);
    runner = std::jthread{[&io] { io.run(); }};

    postmark::message msg;
    msg.to = argc > 1 ? argv[1] : "user@example.com";
    msg.subject = "Nightly report";
    msg.text = "Nothing to report.";

    std::future<postmark::receipt> sent = client.async_send(std::move(msg), boost::asio::use_future);
    std::cout << "waiting\n";
    std::cout << "sent " << sent.get().message_id << '\n';

    client.async_drain(boost::asio::use_future).get();
} catch (boost::system::system_error const& error) {
    // With use_future, the exception has only the error code. postmark::condition tells what the code means for the
    // mail.
    bool const maybe_sent = error.code() == postmark::condition::outcome_unknown;
    std::cerr << (maybe_sent ? "perhaps sent: " : "not accepted: ") << error.code().message() << '\n';
    return 1;
}
