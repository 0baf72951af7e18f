// A long random run against a server that misbehaves: sends many messages, then compares every receipt with what the
// server really accepted. Prints a table; the exit code says whether the promise held.

#include "fault_script.hpp"

#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

struct options {
    std::size_t messages = 20'000;
    std::size_t callers = 200;
    std::size_t connections = 8;
    std::size_t batch = 0;
    std::size_t threads = 1;
    double faults = 30;
    unsigned seed = std::random_device{}();
    bool retry_unknown = false;
    bool coalesce = false;
    bool memory_curve = false;
};

[[noreturn]] void usage()
{
    std::cerr << "usage: reliability_trial [--messages N] [--callers N] [--connections N] [--batch N] [--threads N]\n"
                 "                         [--faults PERCENT] [--seed N] [--at-least-once] [--coalesce] [--memory]\n"
                 "  --batch N   send in batches of up to N messages instead of one by one\n"
                 "  --memory    print resident memory and open descriptors along the way\n";
    std::exit(2);
}

options parse(int argc, char** argv)
{
    options parsed;
    for (int at = 1; at < argc; ++at) {
        std::string_view const name = argv[at];
        auto const number = [&]() -> std::string {
            if (at + 1 == argc)
                usage();
            return argv[++at];
        };
        if (name == "--messages")
            parsed.messages = std::stoul(number());
        else if (name == "--callers")
            parsed.callers = std::stoul(number());
        else if (name == "--connections")
            parsed.connections = std::stoul(number());
        else if (name == "--batch")
            parsed.batch = std::stoul(number());
        else if (name == "--threads")
            parsed.threads = std::stoul(number());
        else if (name == "--faults")
            parsed.faults = std::stod(number());
        else if (name == "--seed")
            parsed.seed = static_cast<unsigned>(std::stoul(number()));
        else if (name == "--at-least-once")
            parsed.retry_unknown = true;
        else if (name == "--coalesce")
            parsed.coalesce = true;
        else if (name == "--memory")
            parsed.memory_curve = true;
        else
            usage();
    }
    return parsed;
}

std::size_t resident_bytes()
{
    std::ifstream file{"/proc/self/statm"};
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t open_descriptors()
{
    std::size_t count = 0;
    for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"})
        ++count;
    return count;
}

/// What became of one message, as the client says.
struct verdict {
    verdict() = default;

    std::uint8_t completions = 0;
    postmark::outcome outcome = postmark::outcome::unknown;
};

class trial {
public:
    explicit trial(options what) : options_{what}, verdicts_(what.messages), accepted_(what.messages, 0)
    {
        postmark::sandbox::settings settings;
        settings.keep_bodies = false;
        server_ = std::make_unique<postmark::sandbox::server>(settings);
        if (options_.faults > 0)
            server_->set_faults(postmark::test::mixed_faults(options_.seed, options_.faults));

        postmark::config config;
        config.api_key = "trial-token";
        config.host = server_->host();
        config.port = server_->port();
        config.tls.ca_file = server_->ca_file();
        config.default_sender = "shop@example.org";
        config.pool.max_connections = options_.connections;
        config.timeouts.reply = std::chrono::milliseconds{500};
        config.timeouts.batch_reply = std::chrono::milliseconds{500};
        config.timeouts.write_stall = std::chrono::milliseconds{500};
        config.retry.first_delay = std::chrono::milliseconds{1};
        config.retry.max_delay = std::chrono::milliseconds{10};
        config.retry.at_least_once = options_.retry_unknown;
        config.coalescing.enabled = options_.coalesce;
        client_ = std::make_unique<postmark::client>(context_, config);
    }

    int run()
    {
        std::cout << "seed " << options_.seed << std::endl;
        began_ = std::chrono::steady_clock::now();
        std::size_t const step = options_.batch == 0 ? 1 : options_.batch;
        for (std::size_t caller = 0; caller != options_.callers && next_ < options_.messages; ++caller)
            asio::post(context_, [this, step] { send_next(step); });
        std::vector<std::thread> others;
        for (std::size_t thread = 1; thread < options_.threads; ++thread)
            others.emplace_back([this] { context_.run(); });
        context_.run();
        for (std::thread& each : others)
            each.join();
        return report();
    }

private:
    postmark::message make(std::size_t number) const
    {
        postmark::message msg;
        msg.to = "user@example.com";
        msg.subject = "Trial";
        msg.text = "Message " + std::to_string(number);
        msg.metadata["n"] = std::to_string(number);
        return msg;
    }

    void send_next(std::size_t step)
    {
        std::size_t const first = next_.fetch_add(step);
        if (first >= options_.messages)
            return;
        std::size_t const last = std::min(first + step, options_.messages);
        if (options_.memory_curve)
            sample(first, last);
        if (options_.batch == 0) {
            client_->async_send(make(first), [this, first](postmark::error_code, postmark::receipt receipt) {
                take(first, receipt);
                send_next(1);
            });
            return;
        }
        std::vector<postmark::message> messages;
        for (std::size_t number = first; number != last; ++number)
            messages.push_back(make(number));
        client_->async_send_batch(
            std::move(messages), [this, first, step](postmark::error_code, std::vector<postmark::receipt> receipts) {
                for (std::size_t number = 0; number != receipts.size(); ++number)
                    take(first + number, receipts[number]);
                send_next(step);
            });
    }

    void take(std::size_t number, postmark::receipt const& receipt)
    {
        ++verdicts_[number].completions;
        verdicts_[number].outcome = receipt.outcome;
    }

    void sample(std::size_t first, std::size_t last)
    {
        std::size_t const every = std::max<std::size_t>(options_.messages / 20, 1);
        if (first / every == last / every && first != 0)
            return;
        std::cout << "at " << first << ": " << resident_bytes() / 1024 << " KiB resident, " << open_descriptors()
                  << " descriptors" << std::endl;
    }

    int report()
    {
        auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
        server_->for_each_message([this](postmark::sandbox::stored_message const& stored) {
            ++accepted_[std::stoul(stored.metadata.at("n"))];
        });

        std::size_t by_outcome[4] = {};
        std::size_t duplicates = 0;
        std::size_t wrong = 0;
        std::size_t lost = 0;
        for (std::size_t number = 0; number != options_.messages; ++number) {
            verdict const& said = verdicts_[number];
            std::size_t const times = accepted_[number];
            lost += said.completions == 1 ? 0 : 1;
            duplicates += times > 1 && !options_.retry_unknown ? 1 : 0;
            ++by_outcome[static_cast<std::size_t>(said.outcome)];
            bool const certain_yes = said.outcome == postmark::outcome::accepted;
            bool const certain_no =
                said.outcome == postmark::outcome::rejected || said.outcome == postmark::outcome::not_sent;
            wrong += (certain_yes && times == 0) || (certain_no && times != 0) ? 1 : 0;
        }
        auto const stats = server_->stats();
        // These faults leave the outcome of the messages of their one request open, and of no others. A reset before a small
        // request was read is one of them: the client's system had taken the request whole. So is a
        // close that crosses the next request on its way.
        std::size_t open_faults = 0;
        for (char const* const action : {"raw", "reset_before_request", "reset_during_request", "reset_after_request",
                                         "close_after_request", "reset_during_reply", "truncate_reply", "stall",
                                         "garbage_json", "close_when_idle"}) {
            auto const found = stats.faults_by_action.find(action);
            open_faults += found == stats.faults_by_action.end() ? 0 : found->second;
        }
        std::size_t const per_request = options_.batch == 0 ? (options_.coalesce ? 500 : 1) : options_.batch;
        std::size_t const unknown = by_outcome[static_cast<std::size_t>(postmark::outcome::unknown)];
        std::size_t const needless = unknown > open_faults * per_request ? unknown - open_faults * per_request : 0;

        auto const row = [](char const* name, auto value) { std::printf("| %-22s | %10zu |\n", name, std::size_t{value}); };
        std::printf("| what                   |      count |\n|------------------------|-----------:|\n");
        row("messages", options_.messages);
        row("accepted", by_outcome[0]);
        row("rejected", by_outcome[1]);
        row("not sent", by_outcome[2]);
        row("unknown", unknown);
        row("requests left open", open_faults);
        row("faults played", std::size_t{stats.faults});
        row("requests seen", std::size_t{stats.requests});
        row("connections", std::size_t{stats.connections});
        row("duplicates", duplicates);
        row("wrong outcomes", wrong);
        row("lost calls", lost);
        row("needless unknowns", needless);
        std::printf("%.1f s\n", seconds);
        if (options_.memory_curve) {
            client_.reset();
            std::printf("at the end: %zu KiB resident, %zu descriptors\n", resident_bytes() / 1024, open_descriptors());
        }
        return duplicates + wrong + lost + needless == 0 ? 0 : 1;
    }

    options options_;
    asio::io_context context_;
    std::unique_ptr<postmark::sandbox::server> server_;
    std::unique_ptr<postmark::client> client_;
    std::vector<verdict> verdicts_;
    std::vector<std::size_t> accepted_;
    std::atomic<std::size_t> next_{0};
    std::chrono::steady_clock::time_point began_;
};

} // namespace

int main(int argc, char** argv)
{
    return trial{parse(argc, argv)}.run();
}
