// SPDX-License-Identifier: BSL-1.0

// bench_send: sends mail as fast as it goes and says what that costs.

#include "meter.hpp"
#include "workload.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;

class connection_counter : public postmark::observer {
public:
    void on_connected(postmark::connected_event const& event) override
    {
        if (event.error) {
            return;
        }
        ++made;
        if (event.resumed) {
            ++resumed;
        }
    }

    std::atomic<std::uint64_t> made{0};
    std::atomic<std::uint64_t> resumed{0};
};

postmark::config make_config(bench::options const& settings, std::shared_ptr<connection_counter> counter)
{
    postmark::config result;
    result.api_key = std::string{bench::token};
    result.host = settings.host;
    std::from_chars(settings.port.data(), settings.port.data() + settings.port.size(), result.port);
    result.tls.ca_file = settings.ca;
    result.pool.max_connections = settings.connections;
    result.coalescing.enabled = settings.mode == "coalesced";
    // Everything may wait, however much it is and however long it takes.
    result.limits.queued_requests = 10'000'000;
    result.limits.queued_bytes = std::size_t{1} << 40;
    result.timeouts.call = result.timeouts.batch_call = std::chrono::minutes{30};
    result.timeouts.reply = result.timeouts.batch_reply = std::chrono::minutes{10};
    if (settings.reconnect) {
        result.observer = std::move(counter);
    }
    return result;
}

postmark::message make_message(bench::options const& settings)
{
    postmark::message result;
    result.from = postmark::mailbox{std::string{bench::sender_address}, std::string{bench::sender_name}};
    result.to = bench::recipient;
    result.subject = bench::subject;
    result.tag = bench::tag;
    result.text = bench::make_text(settings.body);
    result.message_stream = bench::stream;
    if (settings.mode == "attachment") {
        result.attach_bytes(bench::make_file(settings.attachment), std::string{bench::attachment_name},
                            std::string{bench::attachment_type});
    }
    return result;
}

class run;

// What the caller does to have something to send. A function of its own, by which profiles tell it from the rest.
[[gnu::noinline]] postmark::message make_own_copy(postmark::message const& of)
{
    return of;
}
[[gnu::noinline]] std::vector<postmark::message> make_own_copies(postmark::message const& of, std::size_t count)
{
    return std::vector<postmark::message>(count, of);
}

// Somebody who sends, waits for the receipt, and sends again.
class caller {
public:
    caller(run& owner)
        : run_{owner}
    {
    }

    /// \param now just read
    void send(bench::clock::time_point now);

private:
    void receive(postmark::error_code error, postmark::receipt const& receipt);
    void receive_batch(postmark::error_code error, std::vector<postmark::receipt> const& receipts);
    void go_on(bench::clock::time_point now);

    run& run_;
    bench::clock::time_point started_;
};

// What one thread adds up.
struct alignas(128) tally {
    tally() = default;

    bench::histogram times;
    std::uint64_t messages{};
    std::uint64_t failures{};
    std::uint64_t caller_allocations{};
};

class run {
public:
    explicit run(bench::options settings)
        : settings_{std::move(settings)}
        , io_{static_cast<int>(settings_.threads)}
        , counter_{std::make_shared<connection_counter>()}
        , client_{io_, make_config(settings_, counter_)}
        , message_{make_message(settings_)}
        , per_call_{settings_.messages_per_call()}
        , callers_(settings_.callers, caller{*this})
        , tallies_(settings_.threads)
        , stop_{io_}
    {
    }

    bool execute();

private:
    friend class caller;

    // Begins a call, if there is one left to begin.
    bool take() noexcept
    {
        if (timed_) {
            return !stopped_.load(std::memory_order_relaxed);
        }
        return left_.fetch_sub(1, std::memory_order_relaxed) > 0;
    }

    void begin(std::size_t callers, std::int64_t calls);
    void caller_ended();
    void fail(std::string const& what);

    tally& own_tally() noexcept { return tallies_[thread_index]; }

    bench::options settings_;
    asio::io_context io_;
    std::shared_ptr<connection_counter> counter_;
    postmark::client client_;
    postmark::message message_;
    std::size_t per_call_;
    std::vector<caller> callers_;
    std::vector<tally> tallies_;
    asio::steady_timer stop_;

    bool warm_{false};
    bool timed_{false};
    std::atomic<bool> stopped_{false};
    std::atomic<std::int64_t> left_{0};
    std::atomic<std::size_t> active_{0};
    std::mutex mutex_;
    std::string first_failure_;
    bench::meter meter_;

    static thread_local std::size_t thread_index;
};

thread_local std::size_t run::thread_index = 0;

void caller::send(bench::clock::time_point now)
{
    tally& own = run_.own_tally();
    started_ = now;
    std::uint64_t const before = bench::own_allocations();
    if (run_.settings_.mode == "batch") {
        std::vector<postmark::message> messages = make_own_copies(run_.message_, run_.per_call_);
        own.caller_allocations += bench::own_allocations() - before;
        run_.client_.async_send_batch(
            std::move(messages), [this](postmark::error_code error, std::vector<postmark::receipt> const& receipts) {
                receive_batch(error, receipts);
            });
        return;
    }
    postmark::message msg = make_own_copy(run_.message_);
    own.caller_allocations += bench::own_allocations() - before;
    run_.client_.async_send(std::move(msg), [this](postmark::error_code error, postmark::receipt const& receipt) {
        receive(error, receipt);
    });
}

void caller::receive(postmark::error_code error, postmark::receipt const& receipt)
{
    auto const now = bench::clock::now();
    tally& own = run_.own_tally();
    own.times.record(now - started_);
    ++own.messages;
    if (error) {
        ++own.failures;
        run_.fail(error.message() + ": " + receipt.detail);
    }
    go_on(now);
}

void caller::receive_batch(postmark::error_code error, std::vector<postmark::receipt> const& receipts)
{
    auto const now = bench::clock::now();
    tally& own = run_.own_tally();
    own.times.record(now - started_);
    own.messages += receipts.size();
    for (postmark::receipt const& each : receipts) {
        if (each.outcome != postmark::outcome::accepted) {
            ++own.failures;
            run_.fail((each.error ? each.error : error).message() + ": " + each.detail);
        }
    }
    go_on(now);
}

void caller::go_on(bench::clock::time_point now)
{
    if (run_.settings_.reconnect) {
        run_.client_.close_idle();
    }
    if (run_.take()) {
        send(now);
    } else {
        run_.caller_ended();
    }
}

void run::begin(std::size_t callers, std::int64_t calls)
{
    left_ = calls;
    // One more than there are, so that nobody ends the phase before all have begun.
    active_ = callers + 1;
    for (std::size_t i = 0; i < callers; ++i) {
        if (take()) {
            callers_[i].send(bench::clock::now());
        } else {
            caller_ended();
        }
    }
    if (warm_) {
        meter_.queued_heap_bytes = bench::measure_heap();
    }
    caller_ended();
}

void run::caller_ended()
{
    if (active_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
        return;
    }
    if (warm_) {
        meter_.stop();
        stop_.cancel();
        return;
    }

    warm_ = true;
    timed_ = settings_.count == 0;
    for (tally& each : tallies_) {
        each = tally{};
    }
    counter_->made = counter_->resumed = 0;
    if (timed_) {
        stop_.expires_after(settings_.time());
        stop_.async_wait([this](boost::system::error_code error) {
            if (!error) {
                stopped_ = true;
            }
        });
    }
    // A new turn, so that no call of the warm-up is in the middle of its completion.
    asio::post(io_, [this] {
        meter_.start();
        begin(callers_.size(), settings_.calls());
    });
}

void run::fail(std::string const& what)
{
    std::lock_guard const lock{mutex_};
    if (first_failure_.empty()) {
        first_failure_ = what;
    }
}

bool run::execute()
{
    // Connections are made and caches filled before anything is measured.
    bool const large = settings_.reconnect || settings_.mode == "attachment" || settings_.mode == "batch";
    std::size_t const calls = (large ? 2 : 40) * settings_.connections;
    std::size_t const callers = std::min(callers_.size(), std::max<std::size_t>(64, 2 * settings_.connections));
    asio::post(io_, [this, calls, callers] { begin(callers, static_cast<std::int64_t>(calls)); });

    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < settings_.threads; ++i) {
        threads.emplace_back([this, i] {
            thread_index = i;
            io_.run();
        });
    }
    io_.run();
    for (std::thread& each : threads) {
        each.join();
    }

    for (tally const& each : tallies_) {
        meter_.times += each.times;
        meter_.messages += each.messages;
        meter_.failures += each.failures;
        meter_.caller_allocations += each.caller_allocations;
    }
    meter_.first_failure = first_failure_;
    meter_.connections_made = counter_->made;
    meter_.connections_resumed = counter_->resumed;
    meter_.print(settings_);
    return first_failure_.empty();
}

} // namespace

int main(int argc, char** argv)
{
    run work{bench::parse(argc, argv, "single|coalesced|batch|attachment")};
    return work.execute() ? 0 : 1;
}
