// A long random run against a server that misbehaves: sends many messages, then compares every receipt with what the
// server really accepted. Prints tables; the exit code says whether the promise held.

#include "process_curve.hpp"
#include "random_faults.hpp"
#include "server_process.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

namespace asio = boost::asio;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;
using postmark::test::effect;
using postmark::test::random_fault;

namespace {

struct options {
    std::size_t messages = 20'000;
    std::size_t callers = 200;
    std::size_t connections = 8;
    std::size_t batch = 0;
    std::size_t threads = 1;
    std::size_t large = 4000;
    double faults = 30;
    unsigned seed = std::random_device{}();
    /// Percentage of the calls that end with the cancellation of another one.
    std::size_t cancel = 0;
    bool mixed = false;
    bool at_least_once = false;
    bool coalesce = false;
    std::string row;
    std::string curve;
};

[[noreturn]] void usage()
{
    std::cerr
        << "usage: reliability_trial [--messages N] [--callers N] [--connections N] [--batch N] [--mixed] [--threads "
           "N]\n"
           "                         [--faults PERCENT] [--seed N] [--large N] [--cancel PERCENT] [--at-least-once] "
           "[--coalesce]\n"
           "                         [--row NAME] [--curve PATH]\n"
           "  --batch N    send in batches of up to N messages instead of one by one\n"
           "  --mixed      batches and single sends in turn\n"
           "  --large N    every Nth message is too large to leave at once; 0: none\n"
           "  --row NAME   print the result as one row of a table, too\n"
           "  --curve PATH write memory and descriptors over time to PATH.csv and PATH.svg, and fail if memory grows\n";
    std::exit(2);
}

options parse(int argc, char** argv)
{
    options parsed;
    for (int at = 1; at < argc; ++at) {
        std::string_view const name = argv[at];
        auto const value = [&]() -> std::string {
            if (at + 1 == argc)
                usage();
            return argv[++at];
        };
        if (name == "--messages")
            parsed.messages = std::stoul(value());
        else if (name == "--callers")
            parsed.callers = std::stoul(value());
        else if (name == "--connections")
            parsed.connections = std::stoul(value());
        else if (name == "--batch")
            parsed.batch = std::stoul(value());
        else if (name == "--threads")
            parsed.threads = std::stoul(value());
        else if (name == "--cancel")
            parsed.cancel = std::stoul(value());
        else if (name == "--large")
            parsed.large = std::stoul(value());
        else if (name == "--faults")
            parsed.faults = std::stod(value());
        else if (name == "--seed")
            parsed.seed = static_cast<unsigned>(std::stoul(value()));
        else if (name == "--row")
            parsed.row = value();
        else if (name == "--curve")
            parsed.curve = value();
        else if (name == "--mixed")
            parsed.mixed = true;
        else if (name == "--at-least-once")
            parsed.at_least_once = true;
        else if (name == "--coalesce")
            parsed.coalesce = true;
        else
            usage();
    }
    // A signal must not be emitted while its handler is called.
    if ((parsed.mixed && parsed.batch == 0) || (parsed.cancel != 0 && parsed.threads > 1))
        usage();
    return parsed;
}

/// What became of one message, as the client says.
struct verdict {
    verdict() = default;

    /// Of the id.
    std::uint64_t hash = 0;
    /// The number of the first message of the same call.
    std::uint32_t call = 0;
    std::uint8_t completions = 0;
    outcome what = outcome::unknown;
    effect why = effect::none;
    bool contradicts_itself = false;
    bool cancelled = false;
};

/// Why an outcome is unknown; nothing else may be the reason.
effect reason_of(postmark::error_code const& error)
{
    if (error == errc::connection_lost)
        return effect::lost;
    if (error == errc::timed_out_in_flight)
        return effect::late;
    if (error == errc::malformed_reply)
        return effect::malformed;
    if (error == errc::server_error)
        return effect::server_error;
    if (error == errc::item_count_mismatch)
        return effect::wrong_count;
    if (error == errc::reply_too_large)
        return effect::too_large;
    return effect::none;
}

class trial {
public:
    trial(options what, postmark::test::server_process& server)
        : options_{std::move(what)}
        , server_{server}
        , verdicts_(options_.messages)
        , accepted_(options_.messages, 0)
        , matching_(options_.messages, false)
        , signals_(options_.callers)
        , descriptors_before_{postmark::test::open_descriptors()}
        , context_{std::make_unique<asio::io_context>()}
    {
        postmark::config config;
        config.api_key = "trial-token";
        config.host = "127.0.0.1";
        config.port = server_.port();
        config.tls.ca_file = server_.ca_file();
        config.default_sender = "shop@example.org";
        config.pool.max_connections = options_.connections;
        // What stalls is to end soon, but nothing else: a slow machine must not look like a fault.
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
        for (std::size_t caller = 0; caller != options_.callers; ++caller)
            asio::post(*context_, [this, caller] { send_next(caller); });
        std::thread watch{[this] { watch_progress(); }};
        std::vector<std::thread> others;
        for (std::size_t thread = 1; thread < options_.threads; ++thread)
            others.emplace_back([this] { context_->run(); });
        context_->run();
        for (std::thread& each : others)
            each.join();
        seconds_ = since_begin();
        if (!options_.curve.empty())
            curve_.sample(seconds_, options_.messages);
        {
            std::lock_guard const lock{mutex_};
            over_ = true;
        }
        changed_.notify_one();
        watch.join();

        client_.reset();
        context_->restart();
        context_->run();
        context_.reset();
        return report();
    }

private:
    // Which message is what is a matter of its number, so that a seed tells everything.
    [[nodiscard]] static bool is_template(std::size_t number) { return number % 4 == 3; }
    [[nodiscard]] static bool is_refused(std::size_t number) { return number % 200 == 18; }
    [[nodiscard]] bool is_large(std::size_t number) const
    {
        return options_.large != 0 && number % options_.large == options_.large / 2 && !is_template(number);
    }
    [[nodiscard]] std::size_t count_of(bool (*what)(std::size_t)) const
    {
        std::size_t count = 0;
        for (std::size_t number = 0; number != options_.messages; ++number)
            count += what(number) ? 1U : 0U;
        return count;
    }

    postmark::message make(std::size_t number) const
    {
        postmark::message msg;
        // The sandbox refuses mail to the first: it is suppressed.
        msg.to = is_refused(number) ? "gone@recipient.example" : "user@example.com";
        if (is_template(number)) {
            msg.template_alias = "welcome";
            msg.template_model = R"({"name":"Ann"})";
        } else {
            msg.subject = "Trial";
            msg.text = "Message " + std::to_string(number);
        }
        msg.metadata["n"] = std::to_string(number);
        if (is_large(number))
            msg.attach_bytes(std::string(std::size_t{7} * 1024 * 1024, 'x'), "a.txt");
        return msg;
    }

    [[nodiscard]] double since_begin() const
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    }

    template <class Handler>
    auto slot_of(std::size_t caller, Handler handler)
    {
        return asio::bind_cancellation_slot(signals_[caller].slot(), std::move(handler));
    }

    /// A caller begins its next call.
    void send_next(std::size_t caller)
    {
        std::size_t first = 0;
        std::size_t last = 0;
        bool single = false;
        {
            std::lock_guard const lock{mutex_};
            if (next_ == options_.messages)
                return;
            sample();
            single = options_.batch == 0 || (options_.mixed && ++turn_ % 2 == 0);
            first = next_;
            last = next_ = std::min(first + (single ? 1 : options_.batch), options_.messages);
        }
        if (single) {
            client_->async_send(make(first), slot_of(caller, [this, first, caller](postmark::error_code error,
                                                                                   postmark::receipt receipt) {
                                    take(first, first, receipt, error == receipt.error);
                                    end_call(caller, first);
                                }));
            return;
        }
        std::vector<postmark::message> messages;
        for (std::size_t number = first; number != last; ++number)
            messages.push_back(make(number));
        client_->async_send_batch(
            std::move(messages),
            slot_of(caller, [this, first, caller](postmark::error_code error, std::vector<postmark::receipt> receipts) {
                bool const unclear = std::any_of(receipts.begin(), receipts.end(), [](postmark::receipt const& each) {
                    return each.outcome == outcome::unknown || each.outcome == outcome::not_sent;
                });
                for (std::size_t number = 0; number != receipts.size(); ++number)
                    take(first + number, first, receipts[number], error.failed() || !unclear);
                end_call(caller, first);
            }));
    }

    void end_call(std::size_t caller, std::size_t number)
    {
        // Whoever is next to the caller loses patience, in whatever state its call is.
        if (options_.cancel != 0 && (number * 2654435761U >> 7U) % 100 < options_.cancel) {
            ++cancellations_;
            signals_[(caller + 1) % signals_.size()].emit(asio::cancellation_type::terminal);
        }
        send_next(caller);
    }

    void take(std::size_t number, std::size_t call, postmark::receipt const& receipt, bool agrees)
    {
        using postmark::condition;
        verdict& said = verdicts_.at(number);
        ++said.completions;
        said.call = static_cast<std::uint32_t>(call);
        said.what = receipt.outcome;
        said.hash = std::hash<std::string>{}(receipt.message_id);
        if (receipt.outcome == outcome::unknown)
            said.why = reason_of(receipt.error);
        said.cancelled = receipt.error == errc::cancelled_in_flight;
        auto const& error = receipt.error;
        agrees = agrees && error.failed() == (receipt.outcome != outcome::accepted) &&
                 (error == condition::rejected) == (receipt.outcome == outcome::rejected) &&
                 (error == condition::not_sent) == (receipt.outcome == outcome::not_sent) &&
                 (error == condition::outcome_unknown) == (receipt.outcome == outcome::unknown);
        // Only these refusals were scripted, or are due to the message.
        if (receipt.outcome == outcome::rejected)
            agrees = agrees && (error == api_errc::rate_limit_exceeded || error == api_errc::maintenance ||
                                error == api_errc::invalid_email_request || error == errc::http_refused ||
                                (is_refused(number) && error == api_errc::inactive_recipient));
        said.contradicts_itself = !agrees;
        ++completed_;
    }

    /// A call that never ends would let this program wait for ever: without any progress for minutes, one is lost.
    void watch_progress()
    {
        std::unique_lock lock{mutex_};
        for (std::size_t before = 0;;) {
            if (changed_.wait_for(lock, std::chrono::minutes{3}, [this] { return over_; }))
                return;
            if (completed_ == before) {
                std::cerr << "no call has ended for minutes; " << completed_ << " messages of " << options_.messages
                          << " have an outcome\n";
                std::_Exit(1);
            }
            before = completed_;
        }
    }

    void sample()
    {
        if (options_.curve.empty() || next_ < next_sample_)
            return;
        next_sample_ = next_ + std::max<std::size_t>(options_.messages / 200, 1);
        curve_.sample(since_begin(), next_);
    }

    struct account {
        /// Requests of which the outcome is unknown for one reason, and how many there have to be and may be.
        std::size_t found = 0;
        std::size_t least = 0;
        std::size_t most = 0;
    };

    /// Compares the reasons for not knowing with the faults that were played.
    std::array<account, postmark::test::unknown_effects.size()>
    make_accounts(std::map<std::string, std::uint64_t> const& played) const
    {
        std::array<account, postmark::test::unknown_effects.size()> accounts;
        std::size_t const large = options_.large == 0 ? 0 : options_.messages / options_.large + 1;
        std::size_t const refused = count_of(is_refused);
        auto const times = [&](char const* action) -> std::size_t {
            auto const found = played.find(action);
            return found == played.end() ? 0 : found->second;
        };

        // Each request ended for one reason: single sends, or the parts of a batch that go to one endpoint.
        std::array<std::set<std::tuple<std::uint32_t, bool>>, postmark::test::unknown_effects.size()> requests;
        for (std::size_t number = 0; number != options_.messages; ++number) {
            verdict const& said = verdicts_[number];
            for (std::size_t at = 0; at != accounts.size(); ++at) {
                if (said.what == outcome::unknown && said.why == postmark::test::unknown_effects[at])
                    requests[at].insert({said.call, is_template(number)});
            }
        }
        bool const batches = options_.batch != 0;
        bool const singles = !batches || options_.mixed;
        for (std::size_t at = 0; at != accounts.size(); ++at) {
            effect const why = postmark::test::unknown_effects[at];
            accounts[at].found = requests[at].size();
            std::set<std::string> seen;
            for (random_fault const& each : postmark::test::random_faults()) {
                if (each.what != why || !seen.insert(each.action).second)
                    continue;
                accounts[at].most += times(each.action.c_str());
                // A reset as soon as the connection is up may come before the request, which is sent again then.
                if (each.action != "reset_before_request")
                    accounts[at].least += times(each.action.c_str());
            }
            std::size_t spared = 0;
            switch (why) {
            case effect::lost:
                // The end of an idle connection may cross the next request on its way.
                accounts[at].most += times("close_when_idle");
                spared = 4 * large;
                break;
            case effect::late:
                spared = 4 * large;
                break;
            case effect::malformed:
                // An item without an ErrorCode that would have been a refusal says nothing at all.
                accounts[at].most += batches || options_.coalesce ? times("no_error_code") : 0;
                // A refusal is one whatever its body is like.
                spared = singles ? 4 * refused : 0;
                break;
            case effect::wrong_count:
                if (!batches && !options_.coalesce)
                    accounts[at].most = 0;
                spared = singles ? accounts[at].least : 0;
                break;
            case effect::too_large:
                if (!singles)
                    accounts[at].most = 0;
                spared = batches ? accounts[at].least : refused;
                break;
            default:
                break;
            }
            // What was cancelled does not wait for its fault.
            spared += cancellations_ * 2;
            // A batch that is refused whole is halved, and each half may meet the same again.
            spared += batches ? 2 * (times("early_reply") + times("raw")) : 0;
            accounts[at].least -= std::min(accounts[at].least, spared);
            // What is repeated may end well after all; of requests that were shared it is not known who shared them.
            if (options_.at_least_once || options_.coalesce)
                accounts[at].least = 0;
            if (options_.coalesce)
                accounts[at].most *= std::min<std::size_t>(options_.callers, 500);
        }
        return accounts;
    }

    /// Actions that should have been played, and were not.
    std::vector<std::string> missing_actions(postmark::test::server_process::report const& said) const
    {
        auto const& faults = postmark::test::random_faults();
        auto const shares = postmark::test::shares_of_faults(options_.faults);
        std::map<std::string, double> expected;
        for (std::size_t at = 0; at != faults.size(); ++at)
            expected[faults[at].action] +=
                shares[at] * static_cast<double>(faults[at].of_connection ? said.connections : said.requests);
        std::vector<std::string> missing;
        for (auto const& [action, times] : expected) {
            // By chance that happens once in 500 million runs.
            if (times > 20 && !said.faults.contains(action))
                missing.push_back(action);
        }
        return missing;
    }

    int report()
    {
        std::size_t foreign = 0;
        auto const said = server_.finish([&](std::size_t number, std::string_view id) {
            if (number >= options_.messages) {
                ++foreign;
                return;
            }
            ++accepted_[number];
            if (std::hash<std::string_view>{}(id) == verdicts_[number].hash)
                matching_[number] = true;
        });

        std::size_t by_outcome[4] = {};
        std::size_t duplicates = 0;
        std::size_t wrong = foreign;
        std::size_t lost = 0;
        std::size_t needless = 0;
        std::size_t too_sure = 0;
        std::size_t cancelled = 0;
        for (std::size_t number = 0; number != options_.messages; ++number) {
            verdict const& each = verdicts_[number];
            std::size_t const times = accepted_[number];
            lost += each.completions == 1 ? 0 : 1;
            duplicates += times > 1 ? 1 : 0;
            ++by_outcome[static_cast<std::size_t>(each.what)];
            bool const says_yes = each.what == outcome::accepted;
            bool const says_no = each.what == outcome::rejected || each.what == outcome::not_sent;
            bool const is_wrong = (says_yes && (times == 0 || !matching_[number])) || (says_no && times != 0) ||
                                  each.contradicts_itself || (is_refused(number) && (says_yes || times != 0));
            wrong += is_wrong ? 1 : 0;
            needless += each.what == outcome::unknown && each.why == effect::none && !each.cancelled ? 1 : 0;
            cancelled += each.cancelled ? 1 : 0;
        }
        for (account const& each : make_accounts(said.faults)) {
            needless += each.found > each.most ? each.found - each.most : 0;
            too_sure += each.found < each.least ? each.least - each.found : 0;
        }
        // A cancellation ends one call, which is of so many messages at most.
        std::size_t const most_cancelled = cancellations_ * std::max<std::size_t>(options_.batch, 1);
        needless += cancelled > most_cancelled ? cancelled - most_cancelled : 0;
        std::size_t const descriptors = postmark::test::open_descriptors();
        std::size_t const leaked = descriptors > descriptors_before_ ? descriptors - descriptors_before_ : 0;
        std::size_t played = 0;
        for (auto const& [action, times] : said.faults)
            played += times;

        auto const row = [](char const* name, std::size_t value) { std::printf("| %-22s | %10zu |\n", name, value); };
        std::printf("| what                   |      count |\n|------------------------|-----------:|\n");
        row("messages", options_.messages);
        row("accepted", by_outcome[0]);
        row("rejected", by_outcome[1]);
        row("not sent", by_outcome[2]);
        row("unknown", by_outcome[3]);
        row("cancelled in flight", cancelled);
        row("requests", said.requests);
        row("connections", said.connections);
        row("faults played", played);
        row("duplicates", duplicates);
        row("wrong outcomes", wrong);
        row("lost calls", lost);
        row("needless unknowns", needless);
        row("too sure", too_sure);
        row("descriptors leaked", leaked);
        std::printf("%.1f s\n\n", seconds_);
        for (auto const& [action, times] : said.faults)
            row(action.c_str(), times);
        auto const missing = missing_actions(said);
        for (auto const& each : missing)
            std::printf("%s was never played\n", each.c_str());

        bool const grows = !options_.curve.empty() && write_curve();
        bool const good = (duplicates == 0 || options_.at_least_once) &&
                          wrong + lost + needless + too_sure + leaked == 0 && missing.empty() && !grows;
        if (!options_.row.empty())
            std::printf("row | %s | %zu | %zu %% | %zu | %zu | %zu | %zu | %zu | %zu | %zu | %zu | %zu | %u |\n",
                        options_.row.c_str(), options_.messages, played * 100 / (said.requests + said.connections),
                        by_outcome[0], by_outcome[1], by_outcome[2], by_outcome[3], duplicates, wrong, lost, needless,
                        too_sure, options_.seed);
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

    options options_;
    postmark::test::server_process& server_;
    std::vector<verdict> verdicts_;
    /// How often the sandbox accepted each.
    std::vector<std::uint8_t> accepted_;
    /// Whether it knows a message by the id that the client says.
    std::vector<bool> matching_;
    /// One for each caller.
    std::vector<asio::cancellation_signal> signals_;
    std::size_t cancellations_ = 0;
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
    std::atomic<std::size_t> completed_{0};
    std::chrono::steady_clock::time_point began_;
    double seconds_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    options const what = parse(argc, argv);
    try {
        // Before there is any thread.
        postmark::test::server_process server{what.faults > 0 ? postmark::test::random_script(what.seed, what.faults)
                                                              : ""};
        return trial{what, server}.run();
    } catch (std::exception const& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
