// SPDX-License-Identifier: BSL-1.0

// peer_beast: the same work with Beast as its examples use it: a coroutine per connection, string bodies, a time limit
// for each step, and Boost.JSON. Connections are kept.

#include "meter.hpp"
#include "peer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

class run {
public:
    explicit run(bench::options settings)
        : settings_{std::move(settings)}
        , mail_{settings_}
        , context_{asio::ssl::context::tls_client}
    {
        context_.load_verify_file(settings_.ca);
        context_.set_verify_mode(asio::ssl::verify_peer);
    }

    bool execute();

private:
    asio::awaitable<void> work();
    asio::awaitable<std::unique_ptr<tls_stream>> connect();
    asio::awaitable<void> wait_until_warm();

    bench::options settings_;
    bench::peer_mail mail_;
    asio::io_context io_{1};
    asio::ssl::context context_;
    asio::steady_timer warm_{io_, bench::clock::time_point::max()};
    std::size_t cold_{0};
    std::int64_t left_{0};
    bench::clock::time_point end_;
    std::string message_id_;
    bench::meter meter_;
};

asio::awaitable<std::unique_ptr<tls_stream>> run::connect()
{
    auto stream = std::make_unique<tls_stream>(io_, context_);
    asio::ip::tcp::resolver resolver{io_};
    auto const found = co_await resolver.async_resolve(settings_.host, settings_.port, asio::use_awaitable);
    beast::get_lowest_layer(*stream).expires_after(std::chrono::seconds{30});
    co_await beast::get_lowest_layer(*stream).async_connect(found, asio::use_awaitable);
    // Without this option each large request would wait for a delayed acknowledgement.
    beast::get_lowest_layer(*stream).socket().set_option(asio::ip::tcp::no_delay{true});
    stream->set_verify_callback(asio::ssl::host_name_verification{settings_.host});
    beast::get_lowest_layer(*stream).expires_after(std::chrono::seconds{30});
    co_await stream->async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_return stream;
}

asio::awaitable<void> run::wait_until_warm()
{
    if (--cold_ > 0) {
        boost::system::error_code ignored;
        co_await warm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return;
    }
    meter_ = bench::meter{};
    left_ = settings_.calls();
    meter_.start();
    end_ = bench::clock::now() + settings_.time();
    warm_.cancel();
}

asio::awaitable<void> run::work()
{
    std::unique_ptr<tls_stream> stream = co_await connect();
    beast::flat_buffer buffer;
    int const warm_up = settings_.mode == "single" ? 4 : 2;
    for (int turn = 0;; ++turn) {
        if (turn == warm_up) {
            co_await wait_until_warm();
        }
        if (turn >= warm_up && (settings_.count == 0 ? bench::clock::now() >= end_ : left_-- <= 0)) {
            break;
        }
        bench::clock::time_point const started = bench::clock::now();
        if (settings_.reconnect && turn > 0) {
            stream = co_await connect();
        }

        http::request<http::string_body> request{http::verb::post, mail_.path(), 11};
        request.set(http::field::host, settings_.host);
        request.set(http::field::content_type, "application/json");
        request.set(http::field::accept, "application/json");
        request.set("X-Postmark-Server-Token", std::string{bench::token});
        request.body() = mail_.write_body();
        request.prepare_payload();
        beast::get_lowest_layer(*stream).expires_after(std::chrono::seconds{30});
        co_await http::async_write(*stream, request, asio::use_awaitable);

        http::response<http::string_body> response;
        beast::get_lowest_layer(*stream).expires_after(std::chrono::seconds{30});
        co_await http::async_read(*stream, buffer, response, asio::use_awaitable);
        meter_.messages += bench::peer_mail::read_reply(response.body(), message_id_);
        meter_.times.record(bench::clock::now() - started);
    }
    beast::get_lowest_layer(*stream).close();
}

bool run::execute()
{
    // Each caller has its own connection.
    cold_ = settings_.callers;
    for (std::size_t i = 0; i < settings_.callers; ++i) {
        asio::co_spawn(io_, work(), [this](std::exception_ptr error) {
            if (!error) {
                return;
            }
            ++meter_.failures;
            try {
                std::rethrow_exception(error);
            } catch (std::exception const& failure) {
                meter_.first_failure = failure.what();
            }
            io_.stop();
        });
    }
    io_.run();
    meter_.stop();
    meter_.print(settings_);
    return meter_.failures == 0;
}

} // namespace

int main(int argc, char** argv)
{
    run work{bench::parse(argc, argv, "single|batch|attachment")};
    return work.execute() ? 0 : 1;
}
