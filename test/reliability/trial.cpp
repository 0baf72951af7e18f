// SPDX-License-Identifier: BSL-1.0

// A long random run against a server that misbehaves: sends many messages, then compares every receipt with what the
// server really accepted. Prints tables; the exit code says whether the promise held.

#include "command_line.hpp"
#include "process_curve.hpp"
#include "random_faults.hpp"
#include "server_process.hpp"
#include "trial_ledger.hpp"
#include "trial_plan.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using postmark::outcome;
using postmark::test::trial_options;

namespace {

constexpr std::string_view usage =
    "usage: reliability_trial [--messages N] [--callers N] [--connections N] [--batch N] [--mixed] [--threads N]\n"
    "                         [--faults PERCENT] [--seed N] [--large N] [--cancel PERCENT] [--at-least-once]\n"
    "                         [--coalesce] [--row NAME] [--curve PATH]\n"
    "  --batch N    send in batches of up to N messages instead of one by one\n"
    "  --mixed      batches and single sends in turn\n"
    "  --large N    every Nth message is too large to leave at once; 0: none\n"
    "  --cancel P   so many of the calls that end cancel another one\n"
    "  --row NAME   print the result as one row of a table, too\n"
    "  --curve PATH write memory and descriptors over time to PATH.csv and PATH.svg, and fail if memory grows\n";

trial_options parse(int argc, char** argv)
{
    trial_options parsed;
    postmark::test::parse_options(argc, argv, usage,
                                  {{"--messages", &parsed.messages},
                                   {"--callers", &parsed.callers},
                                   {"--connections", &parsed.connections},
                                   {"--batch", &parsed.batch},
                                   {"--threads", &parsed.threads},
                                   {"--cancel", &parsed.cancel},
                                   {"--large", &parsed.large},
                                   {"--faults", &parsed.faults},
                                   {"--seed", &parsed.seed},
                                   {"--row", &parsed.row},
                                   {"--curve", &parsed.curve},
                                   {"--mixed", &parsed.mixed},
                                   {"--at-least-once", &parsed.at_least_once},
                                   {"--coalesce", &parsed.coalesce}});
    // How often a request is repeated is held against calls that have the time for it.
    if ((parsed.mixed && parsed.batch == 0) || (parsed.at_least_once && (parsed.cancel != 0 || parsed.coalesce))) {
        postmark::test::end_with_usage(usage);
    }
    return parsed;
}

class trial {
public:
    trial(trial_options wanted, postmark::test::server_process& server)
        : options_{std::move(wanted)}
        , server_{server}
        , ledger_{options_}
        , descriptors_before_{postmark::test::open_descriptors()}
        , context_{std::make_unique<asio::io_context>()}
    {
        for (std::size_t number = 0; number != options_.callers; ++number) {
            callers_.push_back(std::make_unique<caller_state>(*context_));
        }
        postmark::config config = server_.client_config();
        config.pool.max_connections = options_.connections;
        // Stalled requests have to end soon. No other timeout is short: a slow machine must not look like a fault.
        config.timeouts.reply = std::chrono::seconds{3};
        config.timeouts.batch_reply = std::chrono::seconds{3};
        config.timeouts.write_stall = std::chrono::seconds{3};
        // A large request that is read slowly makes progress for minutes.
        config.timeouts.call = std::chrono::seconds{20};
        config.timeouts.batch_call = std::chrono::seconds{20};
        config.retry.first_delay = std::chrono::milliseconds{1};
        config.retry.max_delay = std::chrono::milliseconds{10};
        config.retry.at_least_once = options_.at_least_once;
        config.coalescing.enabled = options_.coalesce;
        client_ = std::make_unique<postmark::client>(*context_, config);
    }

    int run()
    {
        std::cout << "seed " << options_.seed << std::endl;
        began_ = std::chrono::steady_clock::now();
        for (std::size_t number = 0; number != options_.callers; ++number) {
            asio::post(callers_[number]->strand, [this, number] { send_next(number); });
        }
        std::thread watch{[this] { watch_progress(); }};
        std::vector<std::thread> others;
        for (std::size_t thread = 1; thread < options_.threads; ++thread) {
            others.emplace_back([this] { context_->run(); });
        }
        context_->run();
        for (std::thread& each : others) {
            each.join();
        }
        seconds_ = since_begin();
        if (!options_.curve.empty()) {
            curve_.sample(seconds_, options_.messages);
        }
        {
            std::lock_guard const lock{mutex_};
            over_ = true;
        }
        changed_.notify_one();
        watch.join();

        client_.reset();
        context_->restart();
        context_->run();
        callers_.clear();
        context_.reset();
        return report();
    }

private:
    /// A caller, which makes one call after the other.
    struct caller_state {
        explicit caller_state(asio::io_context& context)
            : strand{context.get_executor()}
        {
        }

        /// The executor on which its calls begin, are cancelled and end.
        asio::strand<asio::io_context::executor_type> strand;
        asio::cancellation_signal signal;
    };

    [[nodiscard]] double since_begin() const
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    }

    /// Calls `start` with the handler of a call, bound to the caller's executor and cancellation slot.
    template <class Handler, class Start>
    void begin_call(std::size_t number, Handler handler, Start const& start)
    {
        caller_state& owner = *callers_[number];
        if (options_.cancel == 0) {
            start(std::move(handler));
        } else if (options_.threads == 1) {
            start(asio::bind_cancellation_slot(owner.signal.slot(), std::move(handler)));
        } else {
            start(asio::bind_executor(owner.strand,
                                      asio::bind_cancellation_slot(owner.signal.slot(), std::move(handler))));
        }
    }

    /// A caller begins its next call.
    void send_next(std::size_t caller)
    {
        std::size_t first = 0;
        std::size_t last = 0;
        bool single = false;
        {
            std::lock_guard const lock{mutex_};
            if (next_ == options_.messages) {
                return;
            }
            sample();
            single = options_.batch == 0 || (options_.mixed && ++turn_ % 2 == 0);
            first = next_;
            last = next_ = std::min(first + (single ? 1 : options_.batch), options_.messages);
        }
        if (single) {
            begin_call(
                caller,
                [this, first, caller](postmark::error_code error, postmark::receipt const& receipt) {
                    ledger_.record(first, first, receipt, error == receipt.error);
                    end_call(caller, first);
                },
                [&](auto handler) {
                    client_->async_send(postmark::test::make_mail(options_, first), std::move(handler));
                });
            return;
        }
        std::vector<postmark::message> messages;
        for (std::size_t number = first; number != last; ++number) {
            messages.push_back(postmark::test::make_mail(options_, number));
        }
        begin_call(
            caller,
            [this, first, caller](postmark::error_code error, std::vector<postmark::receipt> const& receipts) {
                bool const unclear = std::any_of(receipts.begin(), receipts.end(), [](postmark::receipt const& each) {
                    return each.outcome == outcome::unknown || each.outcome == outcome::not_sent;
                });
                for (std::size_t number = 0; number != receipts.size(); ++number) {
                    ledger_.record(first + number, first, receipts[number], error.failed() || !unclear);
                }
                end_call(caller, first);
            },
            [&](auto handler) { client_->async_send_batch(std::move(messages), std::move(handler)); });
    }

    void end_call(std::size_t caller, std::size_t number)
    {
        // Cancels the call of the next caller, in any state.
        if (options_.cancel != 0 && (number * 2654435761U >> 7U) % 100 < options_.cancel) {
            ++cancellations_;
            caller_state& other = *callers_[(caller + 1) % callers_.size()];
            auto const emit = [&other] { other.signal.emit(asio::cancellation_type::terminal); };
            // A signal must not be emitted while its handler is called.
            if (options_.threads == 1) {
                emit();
            } else {
                asio::post(other.strand, emit);
            }
        }
        send_next(caller);
    }

    /// A lost call would keep this program waiting: no progress for minutes counts as a lost call.
    void watch_progress()
    {
        std::unique_lock lock{mutex_};
        for (std::size_t before = 0;;) {
            if (changed_.wait_for(lock, std::chrono::minutes{3}, [this] { return over_; })) {
                return;
            }
            if (ledger_.completed() == before) {
                std::cerr << "no call has ended for minutes; " << ledger_.completed() << " messages of "
                          << options_.messages << " have an outcome\n";
                std::_Exit(1);
            }
            before = ledger_.completed();
        }
    }

    void sample()
    {
        if (options_.curve.empty() || next_ < next_sample_) {
            return;
        }
        next_sample_ = next_ + std::max<std::size_t>(options_.messages / 200, 1);
        curve_.sample(since_begin(), next_);
    }

    int report()
    {
        auto const found = ledger_.compare(server_, cancellations_);
        std::size_t const descriptors = postmark::test::open_descriptors();
        std::size_t const leaked = descriptors > descriptors_before_ ? descriptors - descriptors_before_ : 0;
        auto const& server = found.server;
        std::size_t played = 0;
        for (auto const& [action, times] : server.faults) {
            played += times;
        }

        auto const row = [](char const* name, std::size_t value) { std::printf("| %-22s | %10zu |\n", name, value); };
        std::printf("| what                   |      count |\n|------------------------|-----------:|\n");
        row("messages", options_.messages);
        row("accepted", found.by_outcome[0]);
        row("rejected", found.by_outcome[1]);
        row("not sent", found.by_outcome[2]);
        row("unknown", found.by_outcome[3]);
        row("cancelled in flight", found.cancelled);
        row("requests", server.requests);
        row("connections", server.connections);
        row("faults played", played);
        row("duplicates", found.duplicates);
        row("wrong outcomes", found.wrong);
        row("lost calls", found.lost);
        row("needless unknowns", found.needless);
        row("too sure", found.too_sure);
        row("descriptors leaked", leaked);
        std::printf("%.1f s\n\n", seconds_);
        for (auto const& [action, times] : server.faults) {
            row(action.c_str(), times);
        }
        for (auto const& each : found.missing) {
            std::printf("%s was never played\n", each.c_str());
        }

        bool const grows = !options_.curve.empty() && write_curve();
        bool const good = (found.duplicates == 0 || options_.at_least_once) &&
                          found.wrong + found.lost + found.needless + found.too_sure + leaked == 0 &&
                          found.missing.empty() && !grows;
        if (!options_.row.empty()) {
            std::printf("row | %s | %zu | %zu %% | %zu | %zu | %zu | %zu | %zu | %zu | %zu | %zu | %zu | %u |\n",
                        options_.row.c_str(), options_.messages, played * 100 / (server.requests + server.connections),
                        found.by_outcome[0], found.by_outcome[1], found.by_outcome[2], found.by_outcome[3],
                        found.duplicates, found.wrong, found.lost, found.needless, found.too_sure, options_.seed);
        }
        std::printf("%s\n", good ? "the promise held" : "THE PROMISE DID NOT HOLD");
        return good ? 0 : 1;
    }

    /// \return whether memory grows
    bool write_curve()
    {
        curve_.write_csv(options_.curve + ".csv");
        curve_.write_svg(options_.curve + ".svg");
        constexpr std::size_t mib = std::size_t{1024} * 1024;
        std::size_t const second = curve_.most_bytes(1);
        std::size_t const last = curve_.most_bytes(3);
        std::printf("memory at most, by quarters: %.1f, %.1f, %.1f, %.1f MiB\n",
                    static_cast<double>(curve_.most_bytes(0)) / mib, static_cast<double>(second) / mib,
                    static_cast<double>(curve_.most_bytes(2)) / mib, static_cast<double>(last) / mib);
        // A leak of 16 bytes with each message would show after a million of them.
        return last > second + second / 20 + 4 * mib;
    }

    trial_options options_;
    postmark::test::server_process& server_;
    postmark::test::trial_ledger ledger_;
    std::vector<std::unique_ptr<caller_state>> callers_;
    std::atomic<std::size_t> cancellations_{0};
    std::size_t descriptors_before_;
    std::unique_ptr<asio::io_context> context_;
    std::unique_ptr<postmark::client> client_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::size_t next_ = 0;
    std::size_t turn_ = 0;
    std::size_t next_sample_ = 0;
    postmark::test::process_curve curve_;
    std::chrono::steady_clock::time_point began_;
    double seconds_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    trial_options const wanted = parse(argc, argv);
    try {
        // Before there is any thread.
        postmark::test::server_process server{
            wanted.faults > 0 ? postmark::test::random_script(wanted.seed, wanted.faults) : ""};
        return trial{wanted, server}.run();
    } catch (std::exception const& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
