// SPDX-License-Identifier: BSL-1.0

// Creates a template or changes it, looks at its text with sample values, and sends it.
//
//   templates [recipient]

#include <postmark/api/templates.hpp>
#include <postmark/postmark.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;

constexpr auto alias = "invoice";
constexpr auto subject = "Invoice {{number}}";
constexpr auto text = "Dear {{name}},\n\n{{#each items}}{{title}}: {{price}}\n{{/each}}";
constexpr auto model = R"({"number": 17, "name": "Ann", "items": [{"title": "Tea", "price": "4.20"}]})";

asio::awaitable<void> preview(postmark::client& client)
{
    postmark::validate_template request;
    request.subject = subject;
    request.text = text;
    request.test_render_model = model;
    auto const reply = co_await client.async_call(request);
    if (!reply.all_content_is_valid) {
        for (auto const& problem : reply.text->validation_errors) {
            std::cout << "line " << problem.line.value_or(0) << ": " << problem.message << '\n';
        }
        throw std::runtime_error{"the template is not valid"};
    }
    std::cout << reply.subject->rendered_content << "\n\n" << reply.text->rendered_content << '\n';
}

/// The texts of the program and those of the server are the same afterwards.
asio::awaitable<void> publish(postmark::client& client)
{
    postmark::edit_template edit{alias};
    edit.subject = subject;
    edit.text = text;
    auto const [ec, reply] = co_await client.async_call(edit, asio::as_tuple(asio::use_awaitable));
    if (!ec) {
        std::cout << "changed template " << reply.template_id << '\n';
        co_return;
    }
    if (ec != postmark::api_errc::template_not_found) {
        throw postmark::call_error{ec, reply.api_code, reply.detail};
    }
    postmark::create_template create;
    create.name = "Invoice";
    create.alias = alias;
    create.subject = subject;
    create.text = text;
    auto const created = co_await client.async_call(create);
    std::cout << "created template " << created.template_id << '\n';
}

asio::awaitable<void> run(postmark::client& client, std::string recipient)
{
    co_await preview(client);
    co_await publish(client);

    postmark::message msg;
    msg.to = postmark::mailbox{recipient};
    msg.template_alias = alias;
    msg.template_model = model;
    auto const receipt = co_await client.async_send(std::move(msg));
    std::cout << "sent " << receipt.message_id << '\n';
}

int main(int argc, char** argv)
{
    asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    asio::co_spawn(io, run(client, argc > 1 ? argv[1] : "ann@example.com"), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
}
