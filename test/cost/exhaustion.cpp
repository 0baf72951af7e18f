// SPDX-License-Identifier: BSL-1.0

// Memory that runs out, at every place where it can: no call is lost, and what is told of a mail stays true.

#include "counting.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(exhaustion, *boost::unit_test::timeout(240))

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Accepts every mail, and remembers it by its subject.
class accepting_service {
public:
    accepting_service()
        : thread_{[this] { accept(); }}
    {
    }

    ~accepting_service()
    {
        boost::system::error_code ignored;
        {
            std::lock_guard const lock{mutex_};
            ended_ = true;
        }
        // Wakes who waits for a connection.
        tcp::socket last{io_};
        last.connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
        for (std::thread& each : peers_) {
            each.join();
        }
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    [[nodiscard]] std::multiset<std::string> accepted() const
    {
        std::lock_guard const lock{mutex_};
        return accepted_;
    }
    void forget()
    {
        std::lock_guard const lock{mutex_};
        accepted_.clear();
        odd_ = 0;
    }
    /// Requests that were none.
    [[nodiscard]] std::size_t odd() const
    {
        std::lock_guard const lock{mutex_};
        return odd_;
    }

private:
    void accept()
    {
        for (;;) {
            tcp::socket peer = acceptor_.accept();
            std::lock_guard const lock{mutex_};
            if (ended_) {
                return;
            }
            peers_.emplace_back([this, peer = std::move(peer)]() mutable { serve(peer); });
        }
    }

    void serve(tcp::socket& peer)
    {
        std::string bytes;
        boost::system::error_code error;
        for (;;) {
            std::size_t const head = asio::read_until(peer, asio::dynamic_buffer(bytes), "\r\n\r\n", error);
            if (error) {
                return;
            }
            constexpr std::string_view name = "Content-Length: ";
            std::size_t const length = bytes.find(name);
            if (!bytes.starts_with("POST /email") || length > head) {
                std::lock_guard const lock{mutex_};
                ++odd_;
                return;
            }
            std::size_t const size = head + std::stoul(bytes.substr(length + name.size()));
            if (bytes.size() < size) {
                asio::read(peer, asio::dynamic_buffer(bytes), asio::transfer_exactly(size - bytes.size()), error);
            }
            if (error) {
                return;
            }
            bool const single = !bytes.starts_with("POST /email/batch");
            std::string answer = take(std::string_view{bytes}.substr(head, size - head), single);
            bytes.erase(0, size);
            if (!single) {
                answer = "[" + answer + "]";
            }
            answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) + "\r\n\r\n" + answer;
            asio::write(peer, asio::buffer(answer), error);
        }
    }

    std::string take(std::string_view body, bool single)
    {
        constexpr std::string_view key = "\"Subject\":\"";
        std::string answer;
        std::lock_guard const lock{mutex_};
        for (std::size_t at = body.find(key); at != std::string_view::npos; at = body.find(key, at)) {
            at += key.size();
            accepted_.emplace(body.substr(at, body.find('"', at) - at));
            answer += answer.empty() ? "" : ",";
            // Of a batch, the texts of each receipt would be thousands of allocations of one kind.
            answer += R"({"ErrorCode":0,"Message":"OK","MessageID":")";
            answer += single ? "b7bc2f4a-e38e-4336-af7d-e6c392c2f817" : "b7bc2f4a";
            answer += "\"}";
        }
        return answer;
    }

    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    mutable std::mutex mutex_;
    std::multiset<std::string> accepted_;
    std::size_t odd_ = 0;
    bool ended_ = false;
    std::vector<std::thread> peers_;
    std::thread thread_;
};

/// While it lives, no allocation of this thread fails.
class memory_enough {
public:
    memory_enough() { counting::pause_failing(true); }
    ~memory_enough() { counting::pause_failing(false); }
    memory_enough(memory_enough const&) = delete;
    memory_enough& operator=(memory_enough const&) = delete;
};

postmark::message mail(std::size_t number)
{
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.to = "somebody.with.a.long.name@example.org";
    msg.subject = std::to_string(number);
    msg.text = std::string(300, 'x');
    return msg;
}

/// What was told, and of which mails.
struct told {
    /// The number of the first mail. No two runs have one in common: a service may read on when its client has gone.
    std::size_t first = 0;
    std::size_t begun = 0;
    std::size_t thrown = 0;
    std::size_t called = 0;
    std::vector<std::pair<std::string, postmark::receipt>> receipts;

    /// Begins a call. One that throws has not begun.
    template <class Call>
    void begin(Call call)
    {
        ++begun;
        try {
            call();
        } catch (std::bad_alloc const&) {
            memory_enough const enough;
            ++thrown;
        }
    }

    auto single(std::size_t number)
    {
        return [this, number = first + number](postmark::error_code error, postmark::receipt receipt) {
            memory_enough const enough;
            ++called;
            BOOST_TEST(error == receipt.error);
            receipts.emplace_back(std::to_string(number), std::move(receipt));
        };
    }

    auto batch(std::size_t count)
    {
        return [this, count](postmark::error_code, std::vector<postmark::receipt> const& all) {
            memory_enough const enough;
            ++called;
            BOOST_TEST(all.size() == count);
            for (std::size_t each = 0; each != all.size(); ++each) {
                receipts.emplace_back(std::to_string(first + each), all[each]);
            }
        };
    }

    void check(accepting_service const& service) const
    {
        BOOST_TEST(called + thrown == begun);
        BOOST_TEST(service.odd() == 0U);
        auto const accepted = service.accepted();
        for (auto const& [subject, receipt] : receipts) {
            std::size_t const copies = accepted.count(subject);
            BOOST_TEST_CONTEXT("mail " << subject << ": " << receipt.outcome << ", " << receipt.error.message() << ", "
                                       << receipt.detail)
            {
                BOOST_TEST(copies <= 1U);
                BOOST_TEST((receipt.outcome == postmark::outcome::accepted) == !receipt.error);
                if (receipt.outcome == postmark::outcome::accepted) {
                    BOOST_TEST(copies == 1U);
                } else if (receipt.outcome != postmark::outcome::unknown) {
                    BOOST_TEST(copies == 0U);
                }
            }
        }
    }
};

/// Runs a scenario over and over, each time with the next allocation failing, until none of them is left.
/// \param gap   how far behind it another one fails, where whoever handles the first may need memory; 0: none
/// \param begin begins calls with a client; what it allocates itself is to be wrapped in `memory_enough`
void exhaust(std::size_t gap, std::function<void(postmark::config&)> const& adjust,
             std::function<void(postmark::client&, told&)> const& begin)
{
    accepting_service service;
    postmark::config settings;
    settings.host = "127.0.0.1";
    settings.port = service.port();
    settings.https = false;
    settings.api_key = "token";
    settings.pool.max_connections = 2;
    settings.retry.first_delay = settings.retry.max_delay = std::chrono::milliseconds{1};
    settings.timeouts.reply = settings.timeouts.batch_reply = std::chrono::milliseconds{300};
    adjust(settings);

    std::size_t number = 0;
    for (bool failed = true; failed;) {
        ++number;
        service.forget();
        BOOST_TEST_CONTEXT("allocation " << number << ", gap " << gap)
        {
            told result;
            result.first = number * 1'000;
            asio::io_context io;
            {
                postmark::client client{io, settings};
                // What the first call makes once is there already.
                client.async_send(mail(0), [](postmark::error_code, postmark::receipt const&) {});
                io.run();
                io.restart();

                counting::fail(number, gap);
                begin(client, result);
                for (bool over = false; !over;) {
                    try {
                        io.run();
                        over = true;
                    } catch (std::bad_alloc const&) {
                        // Asio's own, or the handler's. The context can be run again.
                    }
                }
                failed = counting::stop_failing();
            }
            result.check(service);
        }
    }
    BOOST_TEST_MESSAGE(number - 1 << " allocations");
    BOOST_TEST(number > 10U);
}

/// Near behind the first failure, where it is handled.
constexpr std::size_t gaps[] = {0, 1, 2, 3, 4, 5, 6};

void six_sends(postmark::client& client, told& result)
{
    for (std::size_t each = 0; each != 6; ++each) {
        std::optional<postmark::message> msg;
        {
            memory_enough const enough;
            msg = mail(result.first + each);
        }
        result.begin([&] { client.async_send(std::move(*msg), result.single(each)); });
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(no_single_send_is_lost)
{
    for (std::size_t const gap : gaps) {
        exhaust(
            gap, [](postmark::config&) {}, six_sends);
    }
}

BOOST_AUTO_TEST_CASE(no_shared_send_is_lost)
{
    for (std::size_t const gap : gaps) {
        exhaust(
            gap, [](postmark::config& settings) { settings.coalescing.enabled = true; }, six_sends);
    }
}

BOOST_AUTO_TEST_CASE(no_stamped_send_is_lost)
{
    exhaust(
        0, [](postmark::config& settings) { settings.stamp_messages = true; }, six_sends);
}

BOOST_AUTO_TEST_CASE(no_cancelled_send_is_lost)
{
    for (std::size_t const gap : gaps) {
        exhaust(
            gap, [](postmark::config&) {},
            [](postmark::client& client, told& result) {
                six_sends(client, result);
                client.cancel();
            });
    }
}

BOOST_AUTO_TEST_CASE(no_part_of_a_batch_is_lost)
{
    for (std::size_t const gap : gaps) {
        exhaust(
            gap, [](postmark::config& settings) { settings.timeouts.batch_reply = std::chrono::milliseconds{600}; },
            [](postmark::client& client, told& result) {
                std::vector<postmark::message> messages;
                {
                    memory_enough const enough;
                    for (std::size_t each = 0; each != 900; ++each) {
                        messages.push_back(mail(result.first + each));
                    }
                }
                result.begin([&] { client.async_send_batch(std::move(messages), result.batch(900)); });
            });
    }
}

BOOST_AUTO_TEST_SUITE_END()
