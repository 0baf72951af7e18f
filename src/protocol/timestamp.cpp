// SPDX-License-Identifier: BSL-1.0

#include "protocol/timestamp.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace postmark::protocol {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using std::chrono::system_clock;

bool is_digit(char byte) noexcept
{
    return byte >= '0' && byte <= '9';
}

/// Takes text apart from its front. After the first part that does not fit, all others fail as well.
class scanner {
public:
    explicit scanner(std::string_view text) noexcept
        : rest_{text}
    {
    }

    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

    /// Exactly `Count` digits; `Count` is at most 9.
    template <std::size_t Count>
    int digits() noexcept
    {
        if (rest_.size() < Count) {
            return fail();
        }
        int value = 0;
        bool all_digits = true;
        for (std::size_t index = 0; index < Count; ++index) {
            all_digits &= is_digit(rest_[index]);
            value = value * 10 + (rest_[index] - '0');
        }
        if (!all_digits) {
            return fail();
        }
        rest_.remove_prefix(Count);
        return value;
    }

    void expect(std::string_view text) noexcept
    {
        if (rest_.starts_with(text)) {
            rest_.remove_prefix(text.size());
        } else {
            fail();
        }
    }

    bool accept(char byte) noexcept
    {
        if (rest_.empty() || rest_.front() != byte) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    /// One of the names, from the front of the list.
    /// \return its index
    template <std::size_t Count>
    int one_of(std::array<std::string_view, Count> const& names) noexcept
    {
        for (std::size_t index = 0; index < Count; ++index) {
            if (rest_.starts_with(names[index])) {
                rest_.remove_prefix(names[index].size());
                return static_cast<int>(index);
            }
        }
        return fail();
    }

private:
    int fail() noexcept
    {
        good_ = false;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool good_ = true;
};

/// Reads digits at fixed places of a text that is long enough.
class fixed_digits {
public:
    explicit fixed_digits(std::string_view text) noexcept
        : text_{text}
    {
    }

    /// Whether all characters so far were digits. The numbers have no meaning otherwise.
    [[nodiscard]] bool good() const noexcept { return largest_ <= 9; }

    int two(std::size_t at) noexcept
    {
        unsigned const tens = value_of(text_[at]);
        unsigned const ones = value_of(text_[at + 1]);
        largest_ = std::max({largest_, tens, ones});
        return static_cast<int>(tens * 10 + ones);
    }

private:
    /// More than 9 if the character is no digit.
    static unsigned value_of(char digit) noexcept { return static_cast<unsigned char>(digit) - unsigned{'0'}; }

    std::string_view text_;
    unsigned largest_ = 0;
};

/// `HH:MM:SS`; a leap second counts as the first of the next minute.
inline seconds read_time_of_day(scanner& text, bool& valid) noexcept
{
    int const hour = text.digits<2>();
    text.expect(":");
    int const minute = text.digits<2>();
    text.expect(":");
    int const second = text.digits<2>();
    valid = valid && hour <= 23 && minute <= 59 && second <= 60;
    return hours{hour} + minutes{minute} + seconds{second};
}

/// Takes the fraction of a second from the front of a text, which begins at the point.
/// \return false if no digit follows the point
bool take_fraction(std::string_view& text, std::chrono::nanoseconds& fraction) noexcept
{
    // All that any clock here can hold; further digits are dropped.
    constexpr std::size_t max_digits = 9;
    static constexpr std::array<std::int64_t, max_digits + 1> scales{0,     100000000, 10000000, 1000000, 100000,
                                                                     10000, 1000,      100,      10,      1};
    std::int64_t value = 0;
    std::size_t size = 1;
    for (std::size_t const kept = std::min(text.size(), max_digits + 1); size < kept && is_digit(text[size]); ++size) {
        value = value * 10 + (text[size] - '0');
    }
    std::size_t const count = size - 1;
    while (size < text.size() && is_digit(text[size])) {
        ++size;
    }
    text.remove_prefix(size);
    fraction = std::chrono::nanoseconds{value * scales[count]};
    return count != 0;
}

/// Reads the offset from UTC: `Z`, or `+HH:MM`, which is east.
bool read_offset(std::string_view text, seconds& offset) noexcept
{
    if (text == "Z" || text == "z") {
        return true;
    }
    constexpr std::size_t size = 6;
    if (text.size() != size || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return false;
    }
    fixed_digits digits{text};
    int const hour = digits.two(1);
    int const minute = digits.two(4);
    offset = hours{hour} + minutes{minute};
    if (text[0] == '-') {
        offset = -offset;
    }
    return digits.good() && hour <= 23 && minute <= 59;
}

inline sys_seconds make_date(int year, int month, int day, bool& valid) noexcept
{
    std::chrono::year_month_day const date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) {
        valid = false;
        return {};
    }
    return std::chrono::sys_days{date};
}

constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> day_names{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_day_names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                         "Friday", "Saturday", "Sunday"};

/// `Sun, 06 Nov 1994 08:49:37 GMT`
bool read_fixdate(std::string_view text, sys_seconds& time) noexcept
{
    scanner rest{text};
    bool valid = true;
    rest.one_of(day_names);
    rest.expect(", ");
    int const day = rest.digits<2>();
    rest.expect(" ");
    int const month = rest.one_of(month_names) + 1;
    rest.expect(" ");
    int const year = rest.digits<4>();
    rest.expect(" ");
    seconds const time_of_day = read_time_of_day(rest, valid);
    rest.expect(" GMT");
    time = make_date(year, month, day, valid) + time_of_day;
    return rest.good() && rest.at_end() && valid;
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`. The year is the nearest one with these digits, at most 50 years ahead.
bool read_old_date(std::string_view text, sys_seconds now, sys_seconds& time) noexcept
{
    scanner rest{text};
    bool valid = true;
    rest.one_of(long_day_names);
    rest.expect(", ");
    int const day = rest.digits<2>();
    rest.expect("-");
    int const month = rest.one_of(month_names) + 1;
    rest.expect("-");
    int const short_year = rest.digits<2>();
    rest.expect(" ");
    seconds const time_of_day = read_time_of_day(rest, valid);
    rest.expect(" GMT");

    std::chrono::year_month_day const today{std::chrono::floor<days>(now)};
    int const this_year = static_cast<int>(today.year());
    int year = this_year - this_year % 100 + short_year;
    if (year > this_year + 50) {
        year -= 100;
    } else if (year <= this_year - 50) {
        year += 100;
    }
    time = make_date(year, month, day, valid) + time_of_day;
    return rest.good() && rest.at_end() && valid;
}

/// `Sun Nov  6 08:49:37 1994`
bool read_asctime(std::string_view text, sys_seconds& time) noexcept
{
    scanner rest{text};
    bool valid = true;
    rest.one_of(day_names);
    rest.expect(" ");
    int const month = rest.one_of(month_names) + 1;
    rest.expect(" ");
    int const day = rest.accept(' ') ? rest.digits<1>() : rest.digits<2>();
    rest.expect(" ");
    seconds const time_of_day = read_time_of_day(rest, valid);
    rest.expect(" ");
    int const year = rest.digits<4>();
    time = make_date(year, month, day, valid) + time_of_day;
    return rest.good() && rest.at_end() && valid;
}

} // namespace

bool parse_timestamp(std::string_view text, system_clock::time_point& time) noexcept
{
    // Both forms begin alike, each part at a place of its own.
    constexpr std::size_t date_size = 10;
    constexpr std::size_t date_and_time_size = 19;
    bool const has_time = text.size() != date_size;
    if (has_time && text.size() <= date_and_time_size) {
        return false;
    }
    fixed_digits digits{text};
    int const century = digits.two(0);
    int const year = digits.two(2);
    int const month = digits.two(5);
    int const day = digits.two(8);
    bool valid = digits.good() && text[4] == '-' && text[7] == '-';
    if (!valid) {
        return false;
    }
    sys_seconds whole = make_date(century * 100 + year, month, day, valid);
    std::chrono::nanoseconds fraction{0};

    if (has_time) {
        int const hour = digits.two(11);
        int const minute = digits.two(14);
        int const second = digits.two(17);
        // A leap second counts as the first of the next minute.
        valid = valid && digits.good() && (text[10] == 'T' || text[10] == 't') && text[13] == ':' && text[16] == ':' &&
                hour <= 23 && minute <= 59 && second <= 60;
        std::string_view rest = text.substr(date_and_time_size);
        if (rest.front() == '.') {
            valid = take_fraction(rest, fraction) && valid;
        }
        seconds offset{0};
        valid = read_offset(rest, offset) && valid;
        whole += hours{hour} + minutes{minute} + seconds{second} - offset;
    }
    if (!valid) {
        return false;
    }

    // The clock counts finer than seconds and holds some centuries only; a second is left for the fraction.
    constexpr auto last = std::chrono::floor<seconds>(system_clock::time_point::max()) - seconds{1};
    constexpr auto first = std::chrono::ceil<seconds>(system_clock::time_point::min());
    if (whole < first || whole > last) {
        return false;
    }
    time = system_clock::time_point{whole} + std::chrono::duration_cast<system_clock::duration>(fraction);
    return true;
}

std::optional<seconds> parse_retry_after(std::string_view value, system_clock::time_point now) noexcept
{
    constexpr std::string_view blanks = " \t";
    std::size_t const first = value.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    value = value.substr(first, value.find_last_not_of(blanks) - first + 1);

    std::string_view const number = value.substr(value.starts_with('-') ? 1 : 0);
    if (!number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos) {
        if (number.size() != value.size()) {
            return seconds{0};
        }
        std::int64_t count = 0;
        for (char const digit : number) {
            count = count * 10 + (digit - '0');
            if (count >= max_retry_after.count()) {
                return max_retry_after;
            }
        }
        return seconds{count};
    }

    sys_seconds const today = std::chrono::floor<seconds>(now);
    sys_seconds date;
    if (!read_fixdate(value, date) && !read_old_date(value, today, date) && !read_asctime(value, date)) {
        return std::nullopt;
    }
    if (date <= today) {
        return seconds{0};
    }
    seconds const wait = date - today;
    return wait < max_retry_after ? wait : max_retry_after;
}

} // namespace postmark::protocol
