// SPDX-License-Identifier: BSL-1.0

#include "meter.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <malloc.h>
#include <string_view>
#include <sys/resource.h>

namespace bench {

namespace {

double seconds_of(timeval const& time)
{
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string escaped(std::string_view text)
{
    std::string result;
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
        }
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result;
}

} // namespace

void histogram::record(clock::duration time) noexcept
{
    auto const ns = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()));
    // The first 64 buckets hold their own number; from there on the six bits after the leading one choose the bucket.
    std::size_t bucket = ns;
    if (ns >= parts) {
        auto const power = static_cast<std::size_t>(std::bit_width(ns)) - 7;
        bucket = (power + 1) * parts + ((ns >> power) - parts);
    }
    ++buckets_[std::min(bucket, buckets_.size() - 1)];
    ++total_;
}

histogram& histogram::operator+=(histogram const& other) noexcept
{
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        buckets_[i] += other.buckets_[i];
    }
    total_ += other.total_;
    return *this;
}

double histogram::quantile_us(double part) const noexcept
{
    if (total_ == 0) {
        return 0;
    }
    auto const wanted = static_cast<std::uint64_t>(part * static_cast<double>(total_ - 1)) + 1;
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while (bucket + 1 < buckets_.size() && (seen += buckets_[bucket]) < wanted) {
        ++bucket;
    }
    if (bucket < parts) {
        return static_cast<double>(bucket) / 1000;
    }
    std::size_t const power = bucket / parts - 1;
    return static_cast<double>(((bucket % parts) + parts) << power) / 1000;
}

options parse(int argc, char** argv, std::string const& modes)
{
    options result;
    auto const refuse = [&](std::string const& problem) {
        std::cerr << argv[0] << ": " << problem << R"(
usage: --port P --ca FILE (--seconds S | --count N) [options]
  --host H         numeric address or name (default: 127.0.0.1)
  --port P         port
  --ca FILE        PEM file with the trust anchor
  --mode M         )"
                  << modes << R"( (default: single)
  --callers N      calls outstanding at a time (default: 64)
  --connections N  connections at most (default: 8)
  --threads N      threads (default: 1)
  --strings        build each message from strings, instead of copying one that was prepared
  --recipients R   bare or named: with display names, some of them not ASCII; needs --strings (default: bare)
  --body BYTES     text of each message (default: 300)
  --attachment B   bytes of the attachment (default: 1048576)
  --batch N        messages of a batch (default: 500)
  --reconnect      a connection of its own for each call; needs --callers 1
  --seconds S      for how long
  --count N        how many messages
)";
        std::exit(2);
    };
    auto const number = [&](std::string const& option, std::string_view text) {
        std::uint64_t value = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) {
            refuse(option + " needs a number");
        }
        return value;
    };

    for (int i = 1; i < argc; ++i) {
        std::string const option = argv[i];
        if (option == "--reconnect") {
            result.reconnect = true;
            continue;
        }
        if (option == "--strings") {
            result.strings = true;
            continue;
        }
        if (i + 1 == argc) {
            refuse("unknown option, or one without its value: " + option);
        }
        std::string const value = argv[++i];
        if (option == "--host") {
            result.host = value;
        } else if (option == "--port") {
            result.port = value;
        } else if (option == "--ca") {
            result.ca = value;
        } else if (option == "--mode") {
            result.mode = value;
        } else if (option == "--recipients" && (value == "bare" || value == "named")) {
            result.named = value == "named";
        } else if (option == "--callers") {
            result.callers = number(option, value);
        } else if (option == "--connections") {
            result.connections = number(option, value);
        } else if (option == "--threads") {
            result.threads = number(option, value);
        } else if (option == "--body") {
            result.body = number(option, value);
        } else if (option == "--attachment") {
            result.attachment = number(option, value);
        } else if (option == "--batch") {
            result.batch = number(option, value);
        } else if (option == "--count") {
            result.count = number(option, value);
        } else if (option == "--seconds") {
            result.seconds = std::atof(value.c_str());
        } else {
            refuse("unknown option, or one without its value: " + option);
        }
    }

    std::string const among = "|" + modes + "|";
    if (among.find("|" + result.mode + "|") == std::string::npos) {
        refuse("there is no mode " + result.mode);
    }
    if (result.port.empty() || result.ca.empty()) {
        refuse("--port and --ca are needed");
    }
    if ((result.seconds > 0) == (result.count > 0)) {
        refuse("either --seconds or --count is needed");
    }
    if (result.callers == 0 || result.connections == 0 || result.threads == 0 || result.batch == 0) {
        refuse("0 is too few");
    }
    if (result.named && !result.strings) {
        refuse("--recipients named needs --strings");
    }
    if (result.strings && result.mode == "attachment") {
        refuse("--strings is not for attachments");
    }
    if (result.reconnect && result.callers != 1) {
        refuse("--reconnect needs --callers 1");
    }
    return result;
}

memory measure_memory()
{
    memory result;
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) {
            result.resident_bytes = std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
        } else if (line.starts_with("VmHWM:")) {
            result.peak_bytes = std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
        }
    }
    result.heap_bytes = measure_heap();
    return result;
}

std::uint64_t measure_heap() noexcept
{
    struct mallinfo2 const heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

void meter::start()
{
    before_ = measure_memory();
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    user_seconds_ = -seconds_of(usage.ru_utime);
    system_seconds_ = -seconds_of(usage.ru_stime);
    counts_ = count_all();
    started_ = clock::now();
}

void meter::stop()
{
    seconds_ = std::chrono::duration<double>(clock::now() - started_).count();
    counts const until = count_all();
    counts const from = counts_;
    counts_ = until;
    counts_ -= from;
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    user_seconds_ += seconds_of(usage.ru_utime);
    system_seconds_ += seconds_of(usage.ru_stime);
    after_ = measure_memory();
}

void meter::print(options const& settings) const
{
    std::printf("{\"mode\": \"%s\", \"callers\": %zu, \"connections\": %zu, \"threads\": %zu, \"messages\": %llu, "
                "\"failures\": %llu, \"first_failure\": \"%s\", \"seconds\": %.6f, \"cpu_seconds\": %.6f, "
                "\"user_seconds\": %.6f, \"system_seconds\": %.6f, ",
                settings.mode.c_str(), settings.callers, settings.connections, settings.threads,
                static_cast<unsigned long long>(messages), static_cast<unsigned long long>(failures),
                escaped(first_failure).c_str(), seconds_, user_seconds_ + system_seconds_, user_seconds_,
                system_seconds_);
    std::printf(
        "\"allocations\": %llu, \"caller_allocations\": %llu, \"allocated_bytes\": %llu, \"sent_bytes\": %llu, "
        "\"received_bytes\": %llu, \"connections_made\": %llu, \"connections_resumed\": %llu, ",
        static_cast<unsigned long long>(counts_.allocations - caller_allocations),
        static_cast<unsigned long long>(caller_allocations), static_cast<unsigned long long>(counts_.allocated_bytes),
        static_cast<unsigned long long>(counts_.sent_bytes), static_cast<unsigned long long>(counts_.received_bytes),
        static_cast<unsigned long long>(connections_made), static_cast<unsigned long long>(connections_resumed));
    std::printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"resident_before_bytes\": %llu, \"peak_bytes\": %llu, "
                "\"heap_before_bytes\": %llu, \"queued_heap_bytes\": %llu, \"system_calls\": {",
                times.quantile_us(0.5), times.quantile_us(0.99),
                static_cast<unsigned long long>(before_.resident_bytes),
                static_cast<unsigned long long>(after_.peak_bytes), static_cast<unsigned long long>(before_.heap_bytes),
                static_cast<unsigned long long>(queued_heap_bytes));
    for (std::size_t i = 0; i < system_call_count; ++i) {
        std::string const name{name_of(static_cast<system_call>(i))};
        std::printf("%s\"%s\": %llu", i == 0 ? "" : ", ", name.c_str(),
                    static_cast<unsigned long long>(counts_.calls[i]));
    }
    std::printf("}}\n");
}

} // namespace bench
