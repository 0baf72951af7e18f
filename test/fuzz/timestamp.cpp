// SPDX-License-Identifier: BSL-1.0

#include "protocol/timestamp.hpp"

#include "fuzz.hpp"

#include <cstdio>
#include <string>

using namespace postmark;
using fuzz::require;
using std::chrono::system_clock;

namespace {

std::string print(system_clock::time_point time)
{
    // The clock cannot hold the beginning of its first day.
    auto const whole = std::chrono::floor<std::chrono::seconds>(time);
    auto const day = std::chrono::floor<std::chrono::days>(whole);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const clock{whole - day};
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()),
                  static_cast<int>(std::chrono::nanoseconds{time - whole}.count()));
    return text;
}

} // namespace

// The input: a date of the service on a line, then a `Retry-After`, which is read as if it were that date.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto value = fuzz::as_text(data, size);
    auto const date = fuzz::take_line(value);

    system_clock::time_point const before{std::chrono::seconds{1'700'000'000}};
    system_clock::time_point now = before;
    if (protocol::parse_timestamp(date, now)) {
        system_clock::time_point again;
        require(protocol::parse_timestamp(print(now), again) && again == now);
    } else {
        require(now == before);
    }

    auto const wait = protocol::parse_retry_after(value, now);
    if (wait) {
        require(*wait >= std::chrono::seconds{0} && *wait <= protocol::max_retry_after);
    }
    if (!value.empty() && value.size() <= 9 && value.find_first_not_of("0123456789") == std::string_view::npos) {
        require(wait == std::min(std::chrono::seconds{std::stol(std::string{value})}, protocol::max_retry_after));
    }
    return 0;
}
