// SPDX-License-Identifier: BSL-1.0

// A web server that sends mail: GET / sends a message and responds with its outcome.
//
//   beast_server [--port N] [--to ADDRESS]
//
// One thread serves everything: while a mail is in flight, other requests are served. SIGINT and SIGTERM end the
// program once every mail has its outcome and every request its response.

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <csignal>
#include <iostream>
#include <set>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using asio::ip::tcp;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds http_timeout{30};
constexpr std::chrono::seconds drain_timeout{20};
constexpr std::size_t longest_body = 64 * 1024;

class web_server {
public:
    web_server(asio::io_context& io, postmark::client& client, tcp::endpoint where, std::string recipient)
        : acceptor_{io, where}
        , client_{client}
        , recipient_{std::move(recipient)}
    {
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    asio::awaitable<void> run()
    {
        while (!stopping_) {
            auto [ec, socket] = co_await acceptor_.async_accept(quiet);
            if (!ec) {
                asio::co_spawn(acceptor_.get_executor(), serve(beast::tcp_stream{std::move(socket)}), asio::detached);
            } else if (!stopping_) {
                co_await pause(); // for instance: no file descriptors left
            }
        }
    }

    /// Takes no more requests; those in progress are completed.
    asio::awaitable<void> stop()
    {
        stopping_ = true;
        acceptor_.close();
        for (auto* stream : waiting_) {
            stream->cancel();
        }
        co_await client_.async_drain(drain_timeout);
    }

private:
    asio::awaitable<void> pause()
    {
        asio::steady_timer timer{acceptor_.get_executor(), std::chrono::milliseconds{100}};
        co_await timer.async_wait(quiet);
    }

    asio::awaitable<void> serve(beast::tcp_stream stream)
    {
        beast::flat_buffer buffer;
        while (!stopping_) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(longest_body);
            stream.expires_after(http_timeout);
            waiting_.insert(&stream);
            auto [read_error, bytes_read] = co_await http::async_read(stream, buffer, parser, quiet);
            waiting_.erase(&stream);
            if (read_error) {
                break;
            }

            // How long a mail may take is the client's business (config::timeouts).
            stream.expires_never();
            response result = co_await handle(parser.get());
            result.keep_alive(parser.keep_alive() && !stopping_);
            result.prepare_payload();
            if (parser.get().method() == http::verb::head) {
                result.body().clear();
            }

            stream.expires_after(http_timeout);
            auto [write_error, bytes_written] = co_await http::async_write(stream, result, quiet);
            if (write_error || !result.keep_alive()) {
                break;
            }
        }
        beast::error_code ignored;
        stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }

    asio::awaitable<response> handle(request const& asked)
    {
        auto const path = asked.target().substr(0, asked.target().find('?'));
        if (path != "/") {
            co_return make_response(asked, http::status::not_found, {{"error", "not found"}});
        }
        if (asked.method() != http::verb::get) {
            auto refusal = make_response(asked, http::status::method_not_allowed, {{"error", "use GET"}});
            refusal.set(http::field::allow, "GET");
            co_return refusal;
        }

        postmark::message msg;
        msg.to = recipient_;
        msg.subject = "Welcome";
        msg.text = "Welcome";
        auto [ec, receipt] = co_await client_.async_send(std::move(msg), quiet);

        if (!ec) {
            co_return make_response(asked, http::status::ok, {{"message_id", receipt.message_id}});
        }
        std::cerr << receipt.outcome << ": " << ec.message() << '\n';
        json::object reason{{"outcome", to_string(receipt.outcome)}, {"error", ec.message()}};
        co_return make_response(asked, status_of(receipt), std::move(reason));
    }

    static http::status status_of(postmark::receipt const& receipt)
    {
        switch (receipt.outcome) {
        case postmark::outcome::accepted:
            return http::status::ok;
        case postmark::outcome::rejected:
            // Refused for now (too many requests, maintenance), or for good.
            return receipt.error == postmark::condition::retryable ? http::status::service_unavailable
                                                                   : http::status::unprocessable_entity;
        case postmark::outcome::not_sent:
            return http::status::service_unavailable;
        case postmark::outcome::unknown:
            break; // The mail may have been accepted: the visitor should not simply try again.
        }
        return http::status::bad_gateway;
    }

    static response make_response(request const& asked, http::status status, json::object body)
    {
        response result{status, asked.version()};
        result.set(http::field::content_type, "application/json");
        result.body() = json::serialize(body) + '\n';
        return result;
    }

    tcp::acceptor acceptor_;
    postmark::client& client_;
    std::string recipient_;
    /// Connections that only wait for a request.
    std::set<beast::tcp_stream*> waiting_;
    bool stopping_ = false;
};

asio::awaitable<void> stop_at_signal(web_server& server)
{
    asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
    co_await signals.async_wait(asio::use_awaitable);
    co_await server.stop();
}

void rethrow(std::exception_ptr error)
{
    if (error) {
        std::rethrow_exception(error);
    }
}

bool parse_port(std::string_view text, std::uint16_t& port)
{
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size();
}

int main(int argc, char** argv)
try {
    std::uint16_t port = 0;
    std::string recipient = "user@example.com";
    for (int index = 1; index < argc; index += 2) {
        std::string_view const option = argv[index];
        std::string_view const value = index + 1 < argc ? argv[index + 1] : "";
        if (option == "--to" && !value.empty()) {
            recipient = value;
        } else if (option != "--port" || !parse_port(value, port)) {
            throw std::invalid_argument{"usage: beast_server [--port N] [--to ADDRESS]"};
        }
    }

    asio::io_context io{1};
    postmark::client client{io, postmark::config::from_environment()};
    web_server server{io, client, tcp::endpoint{asio::ip::address_v4::loopback(), port}, recipient};
    asio::co_spawn(io, server.run(), rethrow);
    asio::co_spawn(io, stop_at_signal(server), rethrow);
    std::cout << "listening port=" << server.port() << std::endl;
    io.run();
} catch (std::exception const& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
