// SPDX-License-Identifier: BSL-1.0

// One mail with a callback: no coroutine, no exception, and one branch for each of the four outcomes.
//
//   callback [recipient]

#include <postmark/postmark.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

int main(int argc, char** argv)
{
    boost::asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};

    postmark::message msg;
    msg.to = argc > 1 ? argv[1] : "user@example.com";
    msg.subject = "Your order has left";
    msg.text = "It will be with you on Thursday.";

    bool accepted = false;
    client.async_send(std::move(msg), [&accepted](postmark::error_code ec, postmark::receipt receipt) {
        switch (receipt.outcome) {
        case postmark::outcome::accepted:
            accepted = true;
            std::cout << "accepted " << receipt.message_id << '\n';
            for (auto const& address : receipt.suppressed) {
                std::cout << "but nothing will go to " << address << '\n';
            }
            break;
        case postmark::outcome::rejected:
            // Certainly not accepted, and the same message would be refused again (unless `retryable`).
            std::cout << "rejected: " << ec.message() << " (ErrorCode " << receipt.api_code << ")\n";
            break;
        case postmark::outcome::not_sent:
            // Certainly not accepted: it can be sent again without becoming a second mail.
            std::cout << "not sent: " << ec.message() << '\n';
            break;
        case postmark::outcome::unknown:
            // May have been accepted. Sending it again might deliver it twice.
            std::cout << "unknown: " << ec.message() << '\n';
            break;
        }
    });

    io.run();
    return accepted ? 0 : 1;
}
