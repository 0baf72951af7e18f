// SPDX-License-Identifier: BSL-1.0

// Every allocation fails in turn: every call that was accepted completes once, and every outcome is true.

#include "counting.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(exhaustion, *boost::unit_test::timeout(400))

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Accepts every mail and records its subject. Replying can be switched off.
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
        // Ends the blocking accept.
        tcp::socket last{io_};
        last.connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
        for (std::thread& peer : peers_) {
            peer.join();
        }
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    [[nodiscard]] std::multiset<std::string> accepted() const
    {
        std::lock_guard const lock{mutex_};
        return accepted_;
    }
    /// Clears the record of received mails.
    void reset()
    {
        std::lock_guard const lock{mutex_};
        accepted_.clear();
        requests_ = 0;
        malformed_ = 0;
    }
    [[nodiscard]] std::size_t malformed() const
    {
        std::lock_guard const lock{mutex_};
        return malformed_;
    }
    /// Whether requests are replied to. The mails of a request without a reply are accepted, too.
    void set_replying(bool replying) { replying_ = replying; }
    [[nodiscard]] std::size_t requests() const
    {
        std::lock_guard const lock{mutex_};
        return requests_;
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
                ++malformed_;
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
            std::string reply = accept_mails(std::string_view{bytes}.substr(head, size - head), single);
            bytes.erase(0, size);
            if (!replying_) {
                continue;
            }
            if (!single) {
                reply = "[" + reply + "]";
            }
            reply = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(reply.size()) + "\r\n\r\n" + reply;
            asio::write(peer, asio::buffer(reply), error);
        }
    }

    std::string accept_mails(std::string_view body, bool single)
    {
        constexpr std::string_view key = "\"Subject\":\"";
        std::string reply;
        std::lock_guard const lock{mutex_};
        ++requests_;
        for (std::size_t at = body.find(key); at != std::string_view::npos; at = body.find(key, at)) {
            at += key.size();
            accepted_.emplace(body.substr(at, body.find('"', at) - at));
            reply += reply.empty() ? "" : ",";
            // In a batch, long texts in each receipt would be thousands of allocations of one kind.
            reply += R"({"ErrorCode":0,"Message":"OK","MessageID":")";
            reply += single ? "b7bc2f4a-e38e-4336-af7d-e6c392c2f817" : "b7bc2f4a";
            reply += "\"}";
        }
        return reply;
    }

    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    mutable std::mutex mutex_;
    std::multiset<std::string> accepted_;
    std::size_t malformed_ = 0;
    std::size_t requests_ = 0;
    std::atomic<bool> replying_ = true;
    bool ended_ = false;
    std::vector<std::thread> peers_;
    std::thread thread_;
};

/// While an object of this type exists, no allocation of this thread fails.
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

class counting_observer final : public postmark::observer {
public:
    void on_completed(postmark::completed_event const&) override { ++completed; }

    std::size_t completed = 0;
};

/// One run of a scenario: a client, its calls, and the allocation that fails.
class trial {
public:
    trial(accepting_service& service, postmark::config const& settings, std::size_t number, std::size_t gap)
        : service_{service}
        , settings_{settings}
        , failing_{number}
        , gap_{gap} // No two runs share a number: a service may still read what a closed client has sent.
        , next_mail_{number * 1'000}
    {
        settings_.observer = observer_;
        client.emplace(io, settings_);
    }

    asio::io_context io;
    /// Emptied to run the destructor.
    std::optional<postmark::client> client;

    void fail_from_now() { counting::fail(failing_, gap_); }

    void send(postmark::call_options options = {}) { send(next_message(), std::move(options)); }
    void send_invalid()
    {
        postmark::message msg = next_message();
        {
            memory_enough const enough;
            msg.add_header("X-Order", "17\r\nBcc: eve@example.org");
        }
        send(std::move(msg), {});
    }

    void send_batch(std::size_t count)
    {
        std::vector<postmark::message> messages;
        std::size_t const first = next_mail_;
        {
            memory_enough const enough;
            for (std::size_t index = 0; index != count; ++index) {
                messages.push_back(mail(next_mail_++));
            }
        }
        has_batches_ = true;
        begin([&] {
            client->async_send_batch(
                std::move(messages),
                [this, first, count](postmark::error_code, std::vector<postmark::receipt> const& all) {
                    memory_enough const enough;
                    ++called_;
                    BOOST_TEST(all.size() == count);
                    for (std::size_t index = 0; index != all.size(); ++index) {
                        receipts_.emplace_back(std::to_string(first + index), all[index]);
                    }
                });
        });
    }

    void drain(std::optional<std::chrono::milliseconds> timeout = {}, asio::cancellation_slot slot = {})
    {
        auto handler =
            asio::bind_cancellation_slot(slot, [this, cancellable = slot.is_connected()](postmark::error_code error) {
                memory_enough const enough;
                ++drains_called_;
                if (!cancellable) {
                    BOOST_TEST(!error);
                    // Every call that was accepted has completed.
                    BOOST_TEST(called_ + thrown_ == begun_);
                }
            });
        ++drains_begun_;
        try {
            if (timeout) {
                client->async_drain(*timeout, std::move(handler));
            } else {
                client->async_drain(std::move(handler));
            }
        } catch (std::bad_alloc const&) {
            ++drains_thrown_;
        }
    }

    /// Runs the context until nothing is left to do.
    void run()
    {
        io.restart();
        for (;;) {
            try {
                io.run();
                return;
            } catch (std::bad_alloc const&) {
                // Thrown by Asio itself or by a handler. The context can be run again.
            }
        }
    }

    /// Runs the context until the service has received `count` requests.
    void run_until_requests(std::size_t count)
    {
        memory_enough const enough;
        io.restart();
        while (service_.requests() < count) {
            io.poll();
        }
    }

    void check() const
    {
        BOOST_TEST(called_ + thrown_ == begun_);
        BOOST_TEST(drains_called_ + drains_thrown_ == drains_begun_);
        if (!has_batches_) {
            BOOST_TEST(observer_->completed == called_);
        }
        BOOST_TEST(service_.malformed() == 0U);
        auto const accepted = service_.accepted();
        for (auto const& [subject, receipt] : receipts_) {
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

private:
    [[nodiscard]] postmark::message next_message() const
    {
        memory_enough const enough;
        return mail(next_mail_);
    }

    void send(postmark::message msg, postmark::call_options options)
    {
        std::size_t const number = next_mail_++;
        begin([&] {
            client->async_send(std::move(msg), std::move(options),
                               [this, number](postmark::error_code error, postmark::receipt receipt) {
                                   memory_enough const enough;
                                   ++called_;
                                   BOOST_TEST(error == receipt.error);
                                   receipts_.emplace_back(std::to_string(number), std::move(receipt));
                               });
        });
    }

    /// Starts a call. A call that throws was not started: its handler must never be called.
    template <class Call>
    void begin(Call call)
    {
        ++begun_;
        try {
            call();
        } catch (std::bad_alloc const&) {
            ++thrown_;
        }
    }

    accepting_service& service_;
    postmark::config settings_;
    std::shared_ptr<counting_observer> observer_ = std::make_shared<counting_observer>();
    std::size_t failing_;
    std::size_t gap_;
    std::size_t next_mail_;
    std::size_t begun_ = 0;
    std::size_t thrown_ = 0;
    std::size_t called_ = 0;
    std::size_t drains_begun_ = 0;
    std::size_t drains_thrown_ = 0;
    std::size_t drains_called_ = 0;
    bool has_batches_ = false;
    std::vector<std::pair<std::string, postmark::receipt>> receipts_;
};

/// The second failure comes soon after the first, where the first is handled.
constexpr std::size_t all_gaps[] = {0, 1, 2, 3, 4, 5, 6};
constexpr std::size_t few_gaps[] = {0, 1, 2, 3, 4, 5, 6};
constexpr std::size_t no_gap[] = {0};

using body = std::function<void(trial&)>;
using adjustment = std::function<void(postmark::config&)>;

/// Repeats a scenario, each time with the next allocation failing, until no allocation is left to fail.
/// \param play the scenario; it calls `fail_from_now` if no allocation before that call is to fail
void exhaust(std::span<std::size_t const> gaps, adjustment const& adjust, bool replying, body const& play)
{
    accepting_service service;
    postmark::config settings;
    settings.host = "127.0.0.1";
    settings.port = service.port();
    settings.https = false;
    settings.api_key = "token";
    settings.pool.max_handshakes = 8;
    settings.retry.first_delay = settings.retry.max_delay = std::chrono::milliseconds{1};
    settings.timeouts.reply = settings.timeouts.batch_reply = std::chrono::milliseconds{300};
    adjust(settings);

    for (std::size_t const gap : gaps) {
        std::size_t number = 0;
        for (bool failed = true; failed;) {
            ++number;
            service.reset();
            BOOST_TEST_CONTEXT("allocation " << number << ", gap " << gap)
            {
                trial current{service, settings, number, gap};
                // From here on, objects that a client creates at its first call exist.
                service.set_replying(true);
                current.send();
                current.run();
                service.set_replying(replying);
                play(current);
                current.run();
                failed = counting::stop_failing();
                current.client.reset();
                current.run();
                current.check();
            }
        }
        BOOST_TEST_MESSAGE(number - 1 << " allocations, gap " << gap);
    }
}

void send_many(trial& all, std::size_t count)
{
    for (std::size_t index = 0; index != count; ++index) {
        all.send();
    }
}

void pool_of_two(postmark::config& settings)
{
    settings.pool.max_connections = 2;
}

void pool_of_eight(postmark::config&) {}

} // namespace

BOOST_AUTO_TEST_CASE(no_single_send_is_lost)
{
    exhaust(all_gaps, pool_of_two, true, [](trial& all) {
        all.fail_from_now();
        send_many(all, 6);
    });
}

BOOST_AUTO_TEST_CASE(no_send_on_many_connections_is_lost)
{
    exhaust(few_gaps, pool_of_eight, true, [](trial& all) {
        all.fail_from_now();
        send_many(all, 10);
    });
}

BOOST_AUTO_TEST_CASE(no_coalesced_send_is_lost)
{
    exhaust(
        all_gaps,
        [](postmark::config& settings) {
            settings.pool.max_connections = 2;
            settings.coalescing.enabled = true;
        },
        true,
        [](trial& all) {
            all.fail_from_now();
            send_many(all, 6);
        });
}

BOOST_AUTO_TEST_CASE(no_stamped_send_is_lost)
{
    exhaust(
        few_gaps, [](postmark::config& settings) { settings.stamp_messages = true; }, true,
        [](trial& all) {
            all.fail_from_now();
            send_many(all, 6);
        });
}

BOOST_AUTO_TEST_CASE(no_refused_message_is_lost)
{
    exhaust(few_gaps, pool_of_two, true, [](trial& all) {
        all.fail_from_now();
        all.send_invalid();
        all.send();
        all.send_invalid();
    });
}

BOOST_AUTO_TEST_CASE(no_cancelled_send_is_lost)
{
    exhaust(few_gaps, pool_of_eight, true, [](trial& all) {
        all.fail_from_now();
        send_many(all, 10);
        all.client->cancel();
    });
}

BOOST_AUTO_TEST_CASE(no_send_is_lost_when_all_are_cancelled_in_flight)
{
    exhaust(few_gaps, pool_of_eight, false, [](trial& all) {
        send_many(all, 10);
        all.run_until_requests(9);
        all.fail_from_now();
        all.client->cancel();
    });
}

BOOST_AUTO_TEST_CASE(no_send_is_lost_at_its_deadline)
{
    exhaust(few_gaps, pool_of_eight, false, [](trial& all) {
        postmark::call_options options;
        options.timeout = std::chrono::milliseconds{20};
        all.fail_from_now();
        for (std::size_t index = 0; index != 10; ++index) {
            all.send(options);
        }
    });
}

BOOST_AUTO_TEST_CASE(no_part_of_a_batch_is_lost)
{
    exhaust(
        few_gaps,
        [](postmark::config& settings) {
            settings.pool.max_connections = 2;
            settings.timeouts.batch_reply = std::chrono::milliseconds{600};
        },
        true,
        [](trial& all) {
            all.fail_from_now();
            all.send_batch(900);
        });
}

BOOST_AUTO_TEST_CASE(idle_connections_are_closed)
{
    exhaust(few_gaps, pool_of_eight, true, [](trial& all) {
        send_many(all, 10);
        all.run();
        all.fail_from_now();
        all.client->close_idle();
        send_many(all, 10);
    });
}

BOOST_AUTO_TEST_CASE(no_drain_is_lost)
{
    exhaust(few_gaps, pool_of_eight, true, [](trial& all) {
        asio::cancellation_signal signal;
        all.fail_from_now();
        send_many(all, 10);
        all.drain();
        all.drain(std::chrono::minutes{1}, signal.slot());
        all.drain(std::chrono::minutes{1});
        signal.emit(asio::cancellation_type::total);
        all.run();
    });
}

BOOST_AUTO_TEST_CASE(no_drain_is_lost_that_runs_out_of_time)
{
    exhaust(few_gaps, pool_of_eight, false, [](trial& all) {
        send_many(all, 10);
        all.run_until_requests(9);
        all.fail_from_now();
        all.drain();
        all.drain(std::chrono::milliseconds{20});
    });
}

BOOST_AUTO_TEST_CASE(no_send_is_lost_when_the_client_is_destroyed)
{
    exhaust(few_gaps, pool_of_eight, false, [](trial& all) {
        send_many(all, 10);
        all.run_until_requests(9);
        all.fail_from_now();
        all.client.reset();
    });
}

BOOST_AUTO_TEST_CASE(no_send_is_lost_when_the_client_is_destroyed_at_once)
{
    exhaust(few_gaps, pool_of_eight, true, [](trial& all) {
        all.fail_from_now();
        send_many(all, 10);
        all.client.reset();
    });
}

BOOST_AUTO_TEST_SUITE_END()
