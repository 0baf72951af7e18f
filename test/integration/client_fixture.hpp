// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_CLIENT_FIXTURE_HPP
#define POSTMARK_TEST_CLIENT_FIXTURE_HPP

#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace postmark {

inline std::ostream& boost_test_print_type(std::ostream& stream, errc value)
{
    return stream << error_code{value};
}

inline std::ostream& boost_test_print_type(std::ostream& stream, api_errc value)
{
    return stream << error_code{value};
}

inline std::ostream& boost_test_print_type(std::ostream& stream, condition value)
{
    return stream << boost::system::error_condition{value};
}

} // namespace postmark

/// A client, a sandbox that it sends to, and handlers that record their results.
namespace client_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::unit_test::timeout;
using postmark::api_errc;
using postmark::call_options;
using postmark::client;
using postmark::condition;
using postmark::config;
using postmark::errc;
using postmark::error_code;
using postmark::message;
using postmark::outcome;
using postmark::receipt;

inline message mail(std::string const& to = "ann@example.org")
{
    message made;
    made.to = to;
    made.subject = "Hello";
    made.text = "Hi";
    return made;
}

inline std::vector<message> mails(std::size_t count)
{
    return std::vector<message>(count, mail());
}

/// A message that the library refuses: one of its headers contains a line end.
inline message invalid_mail()
{
    return mail().add_header("X-Order", "17\r\nBcc: eve@example.org");
}

inline postmark::sandbox::settings keeping_requests()
{
    postmark::sandbox::settings made;
    made.keep_requests = true;
    return made;
}

inline config settings_for(postmark::sandbox::server const& sandbox)
{
    config made;
    made.api_key = postmark::secret{"token"};
    made.host = sandbox.host();
    made.port = sandbox.port();
    made.tls.ca_file = sandbox.ca_file();
    made.default_sender = "shop@example.com";
    // Short delays, since the tests do not check how long a retry waits.
    made.retry.first_delay = 1ms;
    made.retry.max_delay = 5ms;
    return made;
}

/// Records the arguments of its handler.
template <class Value>
class recorder {
public:
    recorder() = default;
    recorder(recorder const&) = delete;
    recorder& operator=(recorder const&) = delete;

    auto handler()
    {
        return [this](error_code failure, Value result) {
            ++calls;
            error = failure;
            value = std::move(result);
        };
    }

    int calls = 0;
    error_code error;
    Value value;
};

template <>
class recorder<void> {
public:
    recorder() = default;
    recorder(recorder const&) = delete;
    recorder& operator=(recorder const&) = delete;

    auto handler()
    {
        return [this](error_code failure) {
            ++calls;
            error = failure;
        };
    }

    int calls = 0;
    error_code error;
};

using sends = std::deque<recorder<receipt>>;

/// Checks that the handler was called once with this error, and that the receipt agrees with it.
inline void check(recorder<receipt> const& sent, error_code const& error, outcome what)
{
    BOOST_TEST(sent.calls == 1);
    BOOST_TEST(sent.error == error);
    BOOST_TEST(sent.value.error == sent.error);
    BOOST_TEST(sent.value.outcome == what);
}

inline void check_accepted(recorder<receipt> const& sent)
{
    check(sent, {}, outcome::accepted);
    BOOST_TEST(!sent.value.message_id.empty());
}

inline void check_not_sent(recorder<receipt> const& sent, errc error)
{
    check(sent, error, outcome::not_sent);
}

inline void check_unknown(recorder<receipt> const& sent, errc error)
{
    check(sent, error, outcome::unknown);
}

constexpr std::string_view stall = R"({"faults": [{"do": "stall"}]})";

struct client_fixture {
    /// Runs until nothing is outstanding. A later run may continue with the same client.
    void run()
    {
        io.restart();
        io.run();
    }

    /// Runs a coroutine to its end.
    template <class Coroutine>
    void run(Coroutine&& body)
    {
        bool ended = false;
        asio::co_spawn(io, std::forward<Coroutine>(body), [&ended](std::exception_ptr const& error) {
            ended = true;
            if (error) {
                std::rethrow_exception(error);
            }
        });
        run();
        BOOST_TEST(ended);
    }

    /// Runs until the sandbox has seen `count` requests.
    void run_until_requests(std::uint64_t count)
    {
        auto const watch = when_requests(count, [this] { io.stop(); });
        run();
    }

    /// Runs another context until the sandbox has seen `count` requests.
    void run_until_requests(asio::io_context& context, std::uint64_t count)
    {
        std::jthread const watch{[this, &context, count, work = asio::make_work_guard(context)] {
            sandbox.wait_for_requests(count);
            context.stop();
        }};
        context.run();
    }

    /// Posts `then` to the context once the sandbox has seen `count` requests.
    [[nodiscard]] std::jthread when_requests(std::uint64_t count, std::function<void()> then)
    {
        return std::jthread{[this, count, then = std::move(then), work = asio::make_work_guard(io)] {
            bool const seen = sandbox.wait_for_requests(count);
            asio::post(io, [seen, then] {
                BOOST_TEST(seen);
                then();
            });
        }};
    }

    postmark::sandbox::server sandbox{keeping_requests()};
    config settings = settings_for(sandbox);
    asio::io_context io;
};

/// Accepts connections and never sends a byte.
class silent_server {
public:
    silent_server() = default;

    void apply_to(config& settings) const
    {
        settings.host = "127.0.0.1";
        settings.port = acceptor_.local_endpoint().port();
    }

private:
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
};

/// A port on which no socket listens.
inline std::uint16_t closed_port()
{
    asio::io_context io;
    asio::ip::tcp::acceptor const acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    return acceptor.local_endpoint().port();
}

} // namespace client_test

#endif
