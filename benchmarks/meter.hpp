// SPDX-License-Identifier: BSL-1.0

// What every program here measures in the same way, and prints as one JSON object.
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

/// How long things took, in buckets of 1.6 % width. Recording allocates nothing.
class histogram {
public:
    void record(clock::duration time) noexcept;
    histogram& operator+=(histogram const& other) noexcept;
    /// The value below which this part of them lies, in microseconds; 0 if there are none.
    [[nodiscard]] double quantile_us(double part) const noexcept;

private:
    // Of each power of two of nanoseconds 64 parts.
    static constexpr std::size_t parts = 64;

    std::array<std::uint64_t, parts * 48> buckets_{};
    std::uint64_t total_{};
};

/// How much work there is to do, and what was asked for on the command line.
struct options {
    options() = default;

    std::string host = "127.0.0.1";
    std::string port;
    std::string ca;
    std::string mode = "single";
    std::size_t callers = 64;
    std::size_t connections = 8;
    std::size_t threads = 1;
    /// Bytes of text of each message.
    std::size_t body = 300;
    /// Bytes of the attachment, in mode attachment.
    std::size_t attachment = 1024 * 1024;
    /// Messages of a batch, in mode batch.
    std::size_t batch = 500;
    /// One of them is set: how long, or how many messages.
    double seconds = 0;
    std::uint64_t count = 0;
    /// A connection of its own for each message.
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

/// From `start` to `stop`: time, CPU and counts.
class meter {
public:
    void start();
    void stop();

    /// Of all messages that completed in between.
    std::uint64_t messages{};
    /// Requests that carried them, if that is known.
    std::uint64_t requests{};
    std::uint64_t failures{};
    std::string first_failure;
    /// Allocations made by the caller in order to have messages at all. Not part of `allocations`.
    std::uint64_t caller_allocations{};
    histogram times;
    /// When everything that may wait waits.
    std::uint64_t queued_heap_bytes{};
    std::uint64_t connections_made{};
    std::uint64_t connections_resumed{};

    /// One JSON object with everything.
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
