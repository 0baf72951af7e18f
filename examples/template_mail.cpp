// SPDX-License-Identifier: BSL-1.0

// A mail whose text is a template on the server. The model comes from Boost.JSON.
//
//   template_mail [recipient [template alias]]

#include <postmark/json.hpp>
#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#include <boost/json.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace json = boost::json;

asio::awaitable<void> confirm_order(postmark::client& client, std::string customer, std::string alias)
{
    json::value const model = {
        {"name", "Ann"},
        {"items", {{{"title", "Tea"}, {"price", "4.20"}}, {{"title", "Cup"}, {"price", "7.00"}}}},
    };

    postmark::message msg;
    msg.to = customer;
    msg.template_alias = alias; // or template_id; subject and bodies stay empty
    postmark::set_template_model(msg, model);

    auto [ec, receipt] = co_await client.async_send(std::move(msg), asio::as_tuple(asio::use_awaitable));
    if (ec == postmark::api_errc::template_not_found) {
        std::cout << "there is no template " << alias << '\n';
    } else if (ec) {
        throw postmark::send_error{receipt};
    } else {
        std::cout << "sent " << receipt.message_id << '\n';
    }
}

int main(int argc, char** argv)
{
    asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    asio::co_spawn(io, confirm_order(client, argc > 1 ? argv[1] : "ann@example.com", argc > 2 ? argv[2] : "welcome"),
                   [](std::exception_ptr error) {
                       if (error) {
                           std::rethrow_exception(error);
                       }
                   });
    io.run();
}
