// SPDX-License-Identifier: BSL-1.0

// bench_send: sends mail as fast as possible and prints what that costs.

#include "message_source.hpp"
#include "meter.hpp"

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
    // The queue and the time limits must not end a call.
    result.limits.queued_requests = 10'000'000;
    result.limits.queued_bytes = std::size_t{1} << 40;
    result.timeouts.call = result.timeouts.batch_call = std::chrono::minutes{30};
    result.timeouts.reply = result.timeouts.batch_reply = std::chrono::minutes{10};
    if (settings.reconnect) {
        result.observer = std::move(counter);
    }
    return result;
}

class run;

// A caller sends, waits for the receipt, and sends again.
class caller {
public:
    explicit caller(run& owner)
        : run_{owner}
    {
    }

    /// \param now just read
    void send(bench::clock::time_point now);

private:
    void receive(postmark::error_code error, postmark::receipt const& receipt);
    void receive_batch(postmark::error_code error, std::vector<postmark::receipt> const& receipts);
    void continue_at(bench::clock::time_point now);

    run& run_;
    bench::clock::time_point started_;
};

// Sums of one thread.
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
        , source_{settings_}
        , per_call_{settings_.messages_per_call()}
        , in_batches_{settings_.mode == "batch"}
        , callers_(settings_.callers, caller{*this})
        , tallies_(settings_.threads)
        , stop_{io_}
    {
    }

    bool execute();

private:
    friend class caller;

    // Whether another call is to be made; counts it.
    bool take_call() noexcept
    {
        if (timed_) {
            return !stopped_.load(std::memory_order_relaxed);
        }
        return left_.fetch_sub(1, std::memory_order_relaxed) > 0;
    }

    void start_callers(std::size_t callers, std::int64_t calls);
    void caller_ended();
    void record_failure(std::string const& text);

    tally& own_tally() noexcept { return tallies_[thread_index]; }

    bench::options settings_;
    asio::io_context io_;
    std::shared_ptr<connection_counter> counter_;
    postmark::client client_;
    bench::message_source source_;
    std::size_t per_call_;
    /// Decided once: comparing texts would count as a part of every send.
    bool in_batches_;
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
    tally& sums = run_.own_tally();
    started_ = now;
    std::uint64_t const before = bench::own_allocations();
    if (run_.in_batches_) {
        std::vector<postmark::message> messages = run_.source_.make_many(run_.per_call_);
        sums.caller_allocations += bench::own_allocations() - before;
        run_.client_.async_send_batch(
            std::move(messages), [this](postmark::error_code error, std::vector<postmark::receipt> const& receipts) {
                receive_batch(error, receipts);
            });
        return;
    }
    postmark::message msg = run_.source_.make_one();
    sums.caller_allocations += bench::own_allocations() - before;
    run_.client_.async_send(std::move(msg), [this](postmark::error_code error, postmark::receipt const& receipt) {
        receive(error, receipt);
    });
}

void caller::receive(postmark::error_code error, postmark::receipt const& receipt)
{
    auto const now = bench::clock::now();
    tally& sums = run_.own_tally();
    sums.times.record(now - started_);
    ++sums.messages;
    if (error) {
        ++sums.failures;
        run_.record_failure(error.message() + ": " + receipt.detail);
    }
    continue_at(now);
}

void caller::receive_batch(postmark::error_code error, std::vector<postmark::receipt> const& receipts)
{
    auto const now = bench::clock::now();
    tally& sums = run_.own_tally();
    sums.times.record(now - started_);
    sums.messages += receipts.size();
    for (postmark::receipt const& receipt : receipts) {
        if (receipt.outcome != postmark::outcome::accepted) {
            ++sums.failures;
            run_.record_failure((receipt.error ? receipt.error : error).message() + ": " + receipt.detail);
        }
    }
    continue_at(now);
}

void caller::continue_at(bench::clock::time_point now)
{
    if (run_.settings_.reconnect) {
        run_.client_.close_idle();
    }
    if (run_.take_call()) {
        send(now);
    } else {
        run_.caller_ended();
    }
}

void run::start_callers(std::size_t callers, std::int64_t calls)
{
    left_ = calls;
    // Counts this function, too, so that the phase cannot end before all callers have started.
    active_ = callers + 1;
    for (std::size_t i = 0; i < callers; ++i) {
        if (take_call()) {
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
    for (tally& sums : tallies_) {
        sums = tally{};
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
    // Posted, so that no call of the warm-up is still being completed.
    asio::post(io_, [this] {
        meter_.start();
        start_callers(callers_.size(), settings_.calls());
    });
}

void run::record_failure(std::string const& text)
{
    std::lock_guard const lock{mutex_};
    if (first_failure_.empty()) {
        first_failure_ = text;
    }
}

bool run::execute()
{
    // Connections are made and caches filled before anything is measured.
    bool const large = settings_.reconnect || settings_.mode == "attachment" || settings_.mode == "batch";
    std::size_t const calls = (large ? 2 : 40) * settings_.connections;
    std::size_t const callers = std::min(callers_.size(), std::max<std::size_t>(64, 2 * settings_.connections));
    asio::post(io_, [this, calls, callers] { start_callers(callers, static_cast<std::int64_t>(calls)); });

    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < settings_.threads; ++i) {
        threads.emplace_back([this, i] {
            thread_index = i;
            io_.run();
        });
    }
    io_.run();
    for (std::thread& thread : threads) {
        thread.join();
    }

    for (tally const& sums : tallies_) {
        meter_.times += sums.times;
        meter_.messages += sums.messages;
        meter_.failures += sums.failures;
        meter_.caller_allocations += sums.caller_allocations;
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
