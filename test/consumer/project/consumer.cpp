// SPDX-License-Identifier: BSL-1.0

// A program that uses the library: sends one mail with co_await and one with a callback. The service is the sandbox: in
// this process if its library is linked, otherwise the one that the environment names.

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#ifdef CONSUMER_HAS_SANDBOX
#include <postmark/sandbox.hpp>
#endif

#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;

namespace {

postmark::message mail(std::string recipient)
{
    postmark::message msg;
    msg.from = "Shop <shop@example.com>";
    msg.to = std::move(recipient);
    msg.subject = "Welcome";
    msg.text = "Good to have you.";
    return msg;
}

bool good(postmark::receipt const& receipt, std::string const& recipient)
{
    return receipt.outcome == postmark::outcome::accepted && !receipt.error && !receipt.message_id.empty() &&
           receipt.to == recipient && receipt.http_status == 200;
}

asio::awaitable<void> send_awaiting(postmark::client& client, bool& sent)
{
    postmark::message msg = mail("ann@example.com");
    postmark::receipt const receipt = co_await client.async_send(std::move(msg));
    sent = good(receipt, "ann@example.com");
}

bool send_both(postmark::config configuration)
{
    asio::io_context io;
    postmark::client client{io, std::move(configuration)};

    bool awaited = false;
    asio::co_spawn(io, send_awaiting(client, awaited), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });

    bool called_back = false;
    client.async_send(mail("bob@example.com"), [&](postmark::error_code ec, postmark::receipt receipt) {
        called_back = !ec && good(receipt, "bob@example.com");
    });

    io.run();
    return awaited && called_back;
}

} // namespace

int main()
{
    try {
#ifdef CONSUMER_HAS_SANDBOX
        postmark::sandbox::server server;
        postmark::config configuration;
        configuration.host = server.host();
        configuration.port = server.port();
        configuration.tls.ca_file = server.ca_file();
        configuration.api_key = "consumer-token";
        bool const ok = send_both(std::move(configuration)) && server.message_count() == 2;
#else
        bool const ok = send_both(postmark::config::from_environment());
#endif
        std::cout << (ok ? "both mails were accepted\n" : "a mail was not accepted\n");
        return ok ? 0 : 1;
    } catch (std::exception const& error) {
        std::cout << error.what() << '\n';
        return 1;
    }
}
