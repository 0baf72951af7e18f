// SPDX-License-Identifier: BSL-1.0

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>

#include <iostream>

boost::asio::awaitable<void> welcome(postmark::client& client, std::string user)
{
    postmark::message msg;
    msg.to = postmark::mailbox{user};
    msg.subject = "Welcome";
    msg.text = "Good to have you.";

    postmark::receipt receipt = co_await client.async_send(std::move(msg)); // throws postmark::send_error
    std::cout << "sent " << receipt.message_id << " to " << receipt.to << '\n';
}

int main(int argc, char** argv)
{
    boost::asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    boost::asio::co_spawn(io, welcome(client, argc > 1 ? argv[1] : "user@example.com"), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run(); // returns when the mail is sent
}
