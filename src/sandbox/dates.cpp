// SPDX-License-Identifier: BSL-1.0

#include "sandbox/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace postmark::sandbox::detail {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

using ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;

/// Offset of the US East: summer time from 2:00 on the second Sunday of March to 2:00 on the first of November.
hours eastern_offset(sys_seconds time)
{
    using namespace std::chrono;
    auto const year = year_month_day{floor<days>(time)}.year();
    sys_seconds const begin = sys_days{year / March / Sunday[2]} + hours{7};
    sys_seconds const end = sys_days{year / November / Sunday[1]} + hours{6};
    return time >= begin && time < end ? hours{-4} : hours{-5};
}

void append_digits(std::string& out, std::int64_t number, int width)
{
    char digits[20];
    for (int index = width - 1; index >= 0; --index) {
        digits[index] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
    out.append(digits, static_cast<std::size_t>(width));
}

/// `Z`, `+hh:mm` or `-hh:mm`. A blank is a plus that the query did not encode.
std::optional<std::chrono::minutes> parse_offset(std::string_view text)
{
    if (text == "Z") {
        return std::chrono::minutes{0};
    }
    std::string const digits{text.substr(1)};
    unsigned offset_hours = 0;
    unsigned offset_minutes = 0;
    int used = 0;
    bool const has_sign = text.front() == '+' || text.front() == '-' || text.front() == ' ';
    if (!has_sign || std::sscanf(digits.c_str(), "%2u:%2u%n", &offset_hours, &offset_minutes, &used) != 2 ||
        used != 5 || digits.size() != 5) {
        return std::nullopt;
    }
    auto const offset = hours{offset_hours} + std::chrono::minutes{offset_minutes};
    return text.front() == '-' ? -offset : offset;
}

} // namespace

void append_date(std::string& out, time_point time, date_form form)
{
    hours const offset = form == date_form::utc ? hours{0} : eastern_offset(floor<seconds>(time));
    auto const local = floor<ticks>(time) + offset;
    auto const day = floor<days>(local);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss<ticks> const clock{local - day};
    append_digits(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_digits(out, clock.hours().count(), 2);
    out += ':';
    append_digits(out, clock.minutes().count(), 2);
    out += ':';
    append_digits(out, clock.seconds().count(), 2);
    out += '.';
    append_digits(out, clock.subseconds().count(), 7);
    if (form == date_form::eastern_short) {
        while (out.back() == '0') {
            out.pop_back();
        }
        if (out.back() == '.') {
            out.pop_back();
        }
    }
    if (form == date_form::utc) {
        out += 'Z';
    } else {
        out += offset == hours{-4} ? "-04:00" : "-05:00";
    }
}

std::string mail_date(time_point time)
{
    static constexpr std::array<std::string_view, 7> day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = floor<days>(time);
    std::chrono::year_month_day const date{day};
    // Its characters 11 to 18 are the time of day.
    std::string iso;
    append_date(iso, time, date_form::utc);
    std::string result{day_names[std::chrono::weekday{day}.c_encoding()]};
    result += ", ";
    append_number(result, static_cast<unsigned>(date.day()));
    (result += ' ') += month_names[static_cast<unsigned>(date.month()) - 1];
    result += ' ';
    append_number(result, static_cast<int>(date.year()));
    result += ' ';
    return result + iso.substr(11, 8) + " +0000";
}

std::optional<time_point> parse_query_date(std::string_view text, bool end_of_day)
{
    std::string const copy{text};
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int used = 0;
    if (std::sscanf(copy.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &used) != 3) {
        return std::nullopt;
    }
    std::chrono::year_month_day const date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
    if (!date.ok()) {
        return std::nullopt;
    }
    std::string_view rest = std::string_view{copy}.substr(static_cast<std::size_t>(used));
    std::optional<std::chrono::minutes> offset;
    if (!rest.empty()) {
        int used_by_time = 0;
        if (std::sscanf(rest.data(), "T%2d:%2d%n", &hour, &minute, &used_by_time) != 2) {
            return std::nullopt;
        }
        rest.remove_prefix(static_cast<std::size_t>(used_by_time));
        if (std::sscanf(rest.data(), ":%2d%n", &second, &used_by_time) == 1) {
            rest.remove_prefix(static_cast<std::size_t>(used_by_time));
            if (rest.starts_with('.')) {
                rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
            }
        }
        if (!rest.empty()) {
            offset = parse_offset(rest);
            if (!offset) {
                return std::nullopt;
            }
        }
    } else if (end_of_day) {
        hour = 23;
        minute = 59;
        second = 59;
    }
    sys_seconds const local = sys_days{date} + hours{hour} + std::chrono::minutes{minute} + seconds{second};
    auto const instant = offset ? local - *offset : local - eastern_offset(local + hours{5});
    // The bound is inclusive, and the times that are compared with it have fractions of a second.
    return time_point{instant} + (end_of_day ? std::chrono::milliseconds{999} : std::chrono::milliseconds{0});
}

} // namespace postmark::sandbox::detail
