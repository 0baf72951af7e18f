// SPDX-License-Identifier: BSL-1.0

// The snippets of README.md, compiled and run. The test `example.readme_snippets` compares the two.

#include <postmark/api.hpp>
#include <postmark/json.hpp>
#include <postmark/pages.hpp>
#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio.hpp>
#include <boost/json.hpp>

#include <cassert>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace asio = boost::asio;

// Requests of your own

struct server_reply : postmark::api_reply {
    server_reply() = default;

    bool read(std::string_view text)
    {
        boost::system::error_code ec;
        auto const value = boost::json::parse(text, ec);
        auto const* const object = ec ? nullptr : value.if_object();
        auto const* const found = object ? object->if_contains("Name") : nullptr;
        if (!found || !found->is_string()) {
            return false;
        }
        name = found->get_string();
        return true;
    }

    std::string name;
};

struct get_server {
    using reply_type = server_reply;

    get_server() = default;

    postmark::api_request prepare() const { return {postmark::http_method::get, "/server"}; }
};

// Observing

class failure_log : public postmark::observer {
public:
    void on_completed(postmark::completed_event const& event) override
    {
        if (event.error) {
            std::clog << "call " << event.call << ": " << event.error.message() << " after " << event.attempts
                      << " attempts\n";
        }
    }
};

namespace {

postmark::message make_message()
{
    postmark::message msg;
    msg.to = "ann@example.com";
    msg.subject = "Welcome";
    msg.text = "Good to have you.";
    return msg;
}

std::vector<postmark::message> make_newsletter()
{
    return std::vector(3, make_message());
}

void drop_addresses(std::vector<std::string> const&) {}
void send_later(postmark::message) {}
void ask_a_human(postmark::receipt const&) {}

postmark::message fields()
{
    postmark::message msg;
    msg.from = "Shop <shop@example.com>";
    msg.to = {"ann@example.com", "bob@example.com"}; // two addresses
    msg.cc = postmark::mailbox{"carol@example.com", "Carol"};
    msg.reply_to = "help@example.com";
    msg.subject = "Your order";
    msg.text = "It has left.";
    msg.html = "<p>It has left.</p>";
    msg.tag = "order";
    msg.metadata["order"] = "17";
    msg.add_header("X-Order", "17");
    msg.track_opens = true;
    msg.track_links = postmark::link_tracking::html_only;
    msg.message_stream = "outbound";
    return msg;
}

asio::awaitable<void> outcomes(postmark::client& client, postmark::message msg)
{
    auto [ec, receipt] = co_await client.async_send(msg, asio::as_tuple(asio::use_awaitable));

    if (ec == postmark::api_errc::inactive_recipient) {
        drop_addresses(receipt.suppressed);
    } else if (ec == postmark::condition::retryable) {
        send_later(msg);
    } else if (ec == postmark::condition::outcome_unknown) {
        ask_a_human(receipt);
    } else if (ec) {
        std::cerr << receipt.outcome << ": " << ec.message() << " (" << receipt.detail << ")\n";
    }
}

asio::awaitable<void> exceptions(postmark::client& client, postmark::message msg)
{
    try {
        auto receipt = co_await client.async_send(msg);
        std::cout << receipt.message_id << '\n';
    } catch (postmark::send_error const& error) {
        std::cerr << error.receipt().outcome << ": " << error.what() << '\n';
    }
}

asio::awaitable<void> tokens(postmark::client& client, postmark::message msg)
{
    // In a coroutine: throws, or gives the error and the receipt.
    postmark::receipt first = co_await client.async_send(msg);
    auto [ec, second] = co_await client.async_send(msg, asio::as_tuple(asio::use_awaitable));

    // A callback.
    client.async_send(msg, [](postmark::error_code error, postmark::receipt receipt) {
        std::cout << receipt.outcome << ' ' << error.message() << '\n';
    });

    // A future. Wait for it in another thread than the one that runs the io_context.
    std::future<postmark::receipt> sent = client.async_send(msg, asio::use_future);

    // Fire and forget.
    client.async_send(msg, asio::detached);
}

asio::awaitable<void> batch(postmark::client& client)
{
    std::vector<postmark::message> messages = make_newsletter();
    auto [ec, receipts] = co_await client.async_send_batch(messages, asio::as_tuple(asio::use_awaitable));

    for (std::size_t i = 0; i < receipts.size(); ++i) {
        if (receipts[i].outcome != postmark::outcome::accepted) {
            std::cerr << to_string(messages[i].to) << ": " << receipts[i].detail << '\n';
        }
    }
}

asio::awaitable<void> templates(postmark::client& client)
{
    postmark::message msg;
    msg.to = "ann@example.com";
    msg.template_alias = "welcome"; // or template_id
    msg.template_model = R"({"name": "Ann"})";
    co_await client.async_send(msg);

    // With Boost.JSON: #include <postmark/json.hpp>
    boost::json::value model = {{"name", "Ann"}};
    postmark::set_template_model(msg, model);
    co_await client.async_send(msg);
}

asio::awaitable<void> attachments(postmark::client& client, std::string png)
{
    postmark::message msg;
    msg.to = "ann@example.com";
    msg.subject = "Your invoice";
    msg.html = R"(<p><img src="cid:logo.png"> Your invoice is attached.</p>)";
    msg.attach_bytes("item,price\ntea,4.20\n", "items.csv");
    msg.attach_file("invoice.pdf");                                 // throws if it cannot be read
    msg.attach_bytes(png, "logo.png", "image/png", "cid:logo.png"); // shown in the text
    co_await client.async_send(std::move(msg));
}

postmark::config configuration()
{
    postmark::config config;
    config.api_key = "your-server-token";
    config.default_sender = "Shop <shop@example.com>";
    config.timeouts.call = std::chrono::seconds{20};
    config.retry.attempts = 2;
    config.observer = std::make_shared<failure_log>();

    if (std::string const problem = config.problem(); !problem.empty()) {
        throw std::runtime_error{problem};
    }

    config.coalescing.enabled = true;
    return config;
}

asio::awaitable<void> options(postmark::client& client, postmark::message msg)
{
    postmark::call_options options;
    options.timeout = std::chrono::seconds{3};
    options.api_key = "token-of-another-server";
    co_await client.async_send(msg, options);
}

void threads(postmark::config config, postmark::message msg)
{
    asio::thread_pool pool{4};
    postmark::client client{pool, config};
    auto sent = client.async_send(msg, asio::use_future);
    std::cout << sent.get().message_id << '\n';
}

void cancellation(asio::io_context& io, postmark::client& client, postmark::message msg)
{
    asio::cancellation_signal stop;
    client.async_send(msg,
                      asio::bind_cancellation_slot(stop.slot(), [](postmark::error_code, postmark::receipt receipt) {
                          std::cout << receipt.outcome << '\n'; // not_sent or unknown, unless it had completed
                      }));

    stop.emit(asio::cancellation_type::terminal); // on the executor of the handler
    io.run();
}

asio::awaitable<void> draining(postmark::client& client)
{
    co_await client.async_drain(std::chrono::seconds{10});
}

asio::awaitable<void> other_endpoints(postmark::client& client, std::string message_id)
{
    postmark::get_bounces query{50};
    query.type = "HardBounce";
    auto page = co_await client.async_get_bounces(query);
    for (auto const& bounce : page.bounces) {
        std::cout << bounce.email << ' ' << bounce.description << '\n';
    }

    auto details = co_await client.async_get_outbound_message_details(message_id);
    for (auto const& event : details.message_events) {
        std::cout << event.recipient << ' ' << event.type << '\n';
    }
}

asio::awaitable<void> own_endpoint(postmark::client& client)
{
    auto server = co_await client.async_call(get_server{});
    std::cout << server.name << '\n';
}

asio::awaitable<void> every_endpoint(postmark::client& client)
{
    postmark::create_template welcome; // postmark/api/templates.hpp
    welcome.name = "New member";
    welcome.subject = "Hello, {{name}}";
    welcome.text = "You have joined {{product}}.";
    auto created = co_await client.async_call(welcome);
    std::cout << "template " << created.alias << '\n';

    postmark::pages listing{client, postmark::get_bounces{}}; // postmark/pages.hpp
    while (co_await listing.async_next()) {
        for (auto const& bounce : listing.page().bounces) {
            std::cout << bounce.email << '\n';
        }
    }
    if (listing.truncated()) { // the service shows the first 10,000 elements only
        std::cout << listing.total() << " in all\n";
    }
}

asio::awaitable<void> reconcile(postmark::client& client, postmark::message msg)
{
    // config.stamp_messages = true;
    auto [ec, receipt] = co_await client.async_send(msg, asio::as_tuple(asio::use_awaitable));
    if (receipt.outcome == postmark::outcome::unknown) {
        auto search = co_await client.async_reconcile(receipt); // better a minute later
        if (search.found) {
            std::cout << "it was accepted as " << search.message_id << '\n';
        }
    }
}

void test_against_the_sandbox()
{
    postmark::sandbox::server sandbox;

    postmark::config config;
    config.host = sandbox.host();
    config.port = sandbox.port();
    config.tls.ca_file = sandbox.ca_file();
    config.api_key = "any-token";
    config.default_sender = "shop@example.com";

    asio::io_context io;
    postmark::client client{io, config};
    client.async_send(make_message(), asio::detached);
    io.run();
    assert(sandbox.messages().at(0).subject == "Welcome");

    // The next mail is accepted, but its reply is lost.
    sandbox.set_faults(R"({"faults": [{"do": "reset_after_request", "when": {"path": "/email", "times": 1}}]})");
    client.async_send(make_message(), [](postmark::error_code, postmark::receipt receipt) {
        assert(receipt.outcome == postmark::outcome::unknown);
    });
    io.restart();
    io.run();
    assert(sandbox.message_count() == 2);
}

asio::awaitable<void> run_all(postmark::client& client)
{
    co_await client.async_send(fields());
    co_await outcomes(client, make_message());
    co_await exceptions(client, make_message());
    co_await tokens(client, make_message());
    co_await batch(client);
    co_await templates(client);
    co_await attachments(client, "PNG");
    co_await options(client, make_message());
    co_await reconcile(client, make_message());
    auto const receipt = co_await client.async_send(make_message());
    co_await other_endpoints(client, receipt.message_id);
    co_await every_endpoint(client);
    try {
        co_await own_endpoint(client); // the sandbox has no such endpoint
    } catch (postmark::call_error const& error) {
        std::cout << error.what() << '\n';
    }
    co_await draining(client);
}

} // namespace

int main()
{
    auto const folder = std::filesystem::temp_directory_path() / ("postmark-readme-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::filesystem::current_path(folder);
    std::ofstream{"invoice.pdf"} << "%PDF";

    // The snippets use a template and a suppressed address that are there from the beginning.
    postmark::sandbox::settings settings;
    settings.seeds = true;
    postmark::sandbox::server sandbox{settings};
    auto config = configuration();
    config.host = sandbox.host();
    config.port = sandbox.port();
    config.tls.ca_file = sandbox.ca_file();

    asio::io_context io;
    {
        postmark::client client{io, config};
        cancellation(io, client, make_message());
        io.restart();
        asio::co_spawn(io, run_all(client), [](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
        io.run();
    }
    threads(config, make_message());
    test_against_the_sandbox();

    std::filesystem::current_path(folder.parent_path());
    std::filesystem::remove_all(folder);
    std::cout << "all snippets ran\n";
}
