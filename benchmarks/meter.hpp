// SPDX-License-Identifier: BSL-1.0

// Measures time, CPU and counts for every program here, and prints them as one JSON object.
#ifndef POSTMARK_BENCHMARKS_METER_HPP
#define POSTMARK_BENCHMARKS_METER_HPP

#include "counters.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

using clock = std::chrono::steady_clock;

/// Durations, in buckets of 1.6 % width. Recording allocates nothing.
class histogram {
public:
    void record(clock::duration time) noexcept;
    histogram& operator+=(histogram const& other) noexcept;
    /// The duration, in microseconds, below which this part (0 to 1) of all recorded ones lies; 0 if there are none.
    [[nodiscard]] double quantile_us(double part) const noexcept;

private:
    // Each power of two of nanoseconds has 64 buckets.
    static constexpr std::size_t parts = 64;

    std::array<std::uint64_t, parts * 48> buckets_{};
    std::uint64_t total_{};
};

/// The options of the command line.
struct options {
    options() = default;

    std::string host = "127.0.0.1";
    std::string port;
    std::string ca;
    std::string mode = "single";
    std::size_t callers = 64;
    std::size_t connections = 8;
    std::size_t threads = 1;
    /// Builds each message from strings instead of copying one that was prepared.
    bool strings = false;
    /// Sends to recipients with display names; needs `strings`.
    bool named = false;
    /// Bytes of text of each message.
    std::size_t body = 300;
    /// Bytes of the attachment, in mode attachment.
    std::size_t attachment = 1024 * 1024;
    /// Messages of a batch, in mode batch.
    std::size_t batch = 500;
    /// One of the two is set: the duration of the run, or its number of messages.
    double seconds = 0;
    std::uint64_t count = 0;
    /// Makes a new connection for each message.
    bool reconnect = false;

    [[nodiscard]] std::size_t messages_per_call() const noexcept { return mode == "batch" ? batch : 1; }
    [[nodiscard]] std::int64_t calls() const noexcept
    {
        return static_cast<std::int64_t>((count + messages_per_call() - 1) / messages_per_call());
    }
    [[nodiscard]] clock::duration time() const noexcept
    {
        return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds});
    }
};

/// Reads the command line; on a mistake prints the usage and ends the program.
[[nodiscard]] options parse(int argc, char** argv, std::string const& modes);

struct memory {
    memory() = default;

    /// Resident now, and at its highest so far.
    std::uint64_t resident_bytes{};
    std::uint64_t peak_bytes{};
    /// In use by malloc.
    std::uint64_t heap_bytes{};
};

[[nodiscard]] memory measure_memory();

/// In use by malloc. Allocates nothing.
[[nodiscard]] std::uint64_t measure_heap() noexcept;

/// Measures from `start` to `stop`.
class meter {
public:
    void start();
    void stop();

    /// Messages that completed between `start` and `stop`.
    std::uint64_t messages{};
    std::uint64_t failures{};
    std::string first_failure;
    /// Allocations of the caller when it makes messages. They are not part of `allocations`.
    std::uint64_t caller_allocations{};
    histogram times;
    /// Bytes of the heap while as many calls as possible are queued.
    std::uint64_t queued_heap_bytes{};
    std::uint64_t connections_made{};
    std::uint64_t connections_resumed{};

    /// Prints one JSON object.
    void print(options const& settings) const;

private:
    clock::time_point started_;
    double seconds_{};
    double user_seconds_{};
    double system_seconds_{};
    counts counts_;
    memory before_;
    memory after_;
};

} // namespace bench

#endif
