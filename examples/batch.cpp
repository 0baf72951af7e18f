// SPDX-License-Identifier: BSL-1.0

// Many mails in one call: each has its own receipt, whatever happens to the others.
//
//   batch [count]

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>

#include <array>
#include <iostream>

namespace asio = boost::asio;

std::vector<postmark::message> make_newsletter(int count)
{
    std::vector<postmark::message> messages;
    for (int number = 1; number <= count; ++number) {
        postmark::message msg;
        // Some reader mistyped the address.
        msg.to =
            number % 10 == 0 ? "reader" + std::to_string(number) : "reader" + std::to_string(number) + "@example.com";
        msg.subject = "News of the week";
        msg.text = "Dear reader " + std::to_string(number) + ",\nthere is no news.\n";
        msg.tag = "newsletter";
        messages.push_back(std::move(msg));
    }
    return messages;
}

asio::awaitable<void> send_newsletter(postmark::client& client, int count)
{
    auto const messages = make_newsletter(count);
    auto [ec, receipts] = co_await client.async_send_batch(messages, asio::as_tuple(asio::use_awaitable));

    // The error concerns the batch as a whole; the receipts, in the order of the messages, have the outcome of each.
    if (ec) {
        std::cout << "not every message has a reply: " << ec.message() << '\n';
    }

    std::array<int, 4> counts{};
    for (auto const& receipt : receipts) {
        ++counts[static_cast<std::size_t>(receipt.outcome)];
    }
    using enum postmark::outcome;
    for (auto outcome : {accepted, rejected, not_sent, unknown}) {
        std::cout << outcome << ' ' << counts[static_cast<std::size_t>(outcome)] << '\n';
    }

    for (std::size_t index = 0; index < receipts.size(); ++index) {
        auto const& receipt = receipts[index];
        if (receipt.outcome != accepted) {
            std::cout << "  " << to_string(messages[index].to) << ": " << receipt.outcome << ", " << receipt.detail
                      << '\n';
        }
    }
}

int main(int argc, char** argv)
{
    asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    asio::co_spawn(io, send_newsletter(client, argc > 1 ? std::atoi(argv[1]) : 25), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
}
