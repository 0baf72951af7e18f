// SPDX-License-Identifier: BSL-1.0

#include "model/json_scanner.hpp"

#include "model/text.hpp"
#include "model/utf8.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace postmark::model {

namespace {

constexpr unsigned char no_digit = 0x10;

constexpr std::array<unsigned char, 256> make_hex_values() noexcept
{
    std::array<unsigned char, 256> values{};
    values.fill(no_digit);
    for (unsigned char value = 0; value < 16; ++value) {
        values[static_cast<unsigned char>("0123456789abcdef"[value])] = value;
        values[static_cast<unsigned char>("0123456789ABCDEF"[value])] = value;
    }
    return values;
}

constexpr std::array<unsigned char, 256> hex_values = make_hex_values();

std::uint32_t hex_value(char digit) noexcept
{
    return hex_values[static_cast<unsigned char>(digit)];
}

inline bool is_hex4(char const* text) noexcept
{
    return ((hex_value(text[0]) | hex_value(text[1]) | hex_value(text[2]) | hex_value(text[3])) & no_digit) == 0;
}

/// The value of four hexadecimal digits.
inline std::uint32_t read_hex4(char const* digits) noexcept
{
    return hex_value(digits[0]) << 12 | hex_value(digits[1]) << 8 | hex_value(digits[2]) << 4 | hex_value(digits[3]);
}

bool is_first_surrogate(std::uint32_t code) noexcept
{
    return code >= 0xd800 && code <= 0xdbff;
}

bool is_second_surrogate(std::uint32_t code) noexcept
{
    return code >= 0xdc00 && code <= 0xdfff;
}

/// Writes a character, at most four bytes.
/// \return the end of what was written
char* write_utf8(std::uint32_t code, char* to) noexcept
{
    auto const write = [&](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
    if (code < 0x80) {
        write(code);
    } else if (code < 0x800) {
        write(0xc0 | code >> 6);
        write(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        write(0xe0 | code >> 12);
        write(0x80 | (code >> 6 & 0x3f));
        write(0x80 | (code & 0x3f));
    } else {
        write(0xf0 | code >> 18);
        write(0x80 | (code >> 12 & 0x3f));
        write(0x80 | (code >> 6 & 0x3f));
        write(0x80 | (code & 0x3f));
    }
    return to;
}

/// Writes what the `\u` escape at the front of a checked string stands for.
/// \param from moved past the escape, or past both of a surrogate pair
/// \return the end of what was written
char* write_unicode_escape(char const*& from, char const* end, char* to) noexcept
{
    constexpr std::ptrdiff_t escape_size = 6;
    constexpr std::uint32_t replacement = 0xfffd;
    std::uint32_t const code = read_hex4(from + 2);
    from += escape_size;
    if (is_first_surrogate(code) && end - from >= escape_size && from[0] == '\\' && from[1] == 'u') {
        if (std::uint32_t const second = read_hex4(from + 2); is_second_surrogate(second)) {
            from += escape_size;
            return write_utf8(0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00), to);
        }
    }
    return write_utf8(is_first_surrogate(code) || is_second_surrogate(code) ? replacement : code, to);
}

/// The character that a backslash and this one stand for.
char short_escape(char letter) noexcept
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

/// Whether a `double` can hold a number of JSON's grammar. One that is too small becomes 0. An exponent that is too
/// large is refused for 0 as well, since readers that multiply make it "not a number".
bool fits_double(std::string_view number) noexcept
{
    constexpr std::int64_t max_exponent = 308;
    // The digits of the smallest number that is rounded to infinity; its exponent is 308.
    constexpr std::string_view limit = "17976931348623158079";

    std::size_t const digits_end = std::min(number.find_first_of("eE"), number.size());
    std::string_view const exponent_text = number.substr(std::min(digits_end + 1, number.size()));
    std::string_view mantissa = number.substr(0, digits_end);
    mantissa.remove_prefix(mantissa.starts_with('-') ? 1 : 0);

    std::int64_t exponent = 0;
    for (char const digit : exponent_text) {
        constexpr std::int64_t enough = 1'000'000'000'000;
        if (is_digit(digit) && exponent < enough) {
            exponent = exponent * 10 + (digit - '0');
        }
    }
    if (exponent_text.starts_with('-')) {
        exponent = -exponent;
    }

    // The exponent of the first digit that counts, were the number written as `d.ddd`.
    std::size_t const whole_size = std::min(mantissa.find('.'), mantissa.size());
    std::size_t const first = std::min(mantissa.find_first_of("123456789"), mantissa.size());
    if (first != mantissa.size()) {
        exponent +=
            static_cast<std::int64_t>(whole_size) - static_cast<std::int64_t>(first) - (first < whole_size ? 1 : 0);
    }
    if (exponent != max_exponent) {
        return exponent < max_exponent;
    }
    std::string_view left = limit;
    for (char const digit : mantissa.substr(first)) {
        if (digit == '.') {
            continue;
        }
        if (left.empty() || digit != left.front()) {
            return !left.empty() && digit < left.front();
        }
        left.remove_prefix(1);
    }
    // A number that begins like the limit and ends before it is smaller; one that goes on is refused with it.
    return !left.empty();
}

} // namespace

void json_string::assign_to(std::string& text) const
{
    if (!is_escaped) {
        // A string that has to grow is cheaper made anew.
        if (written.size() > text.capacity()) {
            text = std::string{written};
        } else {
            text.assign(written);
        }
        return;
    }
    // No escape stands for more bytes than it has.
    text.resize(written.size());
    char* to = text.data();
    char const* from = written.data();
    char const* const end = from + written.size();
    while (from != end) {
        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] == 'u') {
            to = write_unicode_escape(from, end, to);
        } else {
            *to++ = short_escape(from[1]);
            from += 2;
        }
    }
    text.resize(static_cast<std::size_t>(to - text.data()));
}

bool json_string::is(std::string_view text) const
{
    if (!is_escaped) {
        return written == text;
    }
    // Escapes only make it longer.
    constexpr std::size_t max_escape = 6;
    if (written.size() <= text.size() || written.size() > text.size() * max_escape) {
        return false;
    }
    std::string plain;
    assign_to(plain);
    return plain == text;
}

char const* json_scanner::find_special(char const* at, char const* end) noexcept
{
#if defined(__SSE2__)
    __m128i const quote = _mm_set1_epi8('"');
    __m128i const backslash = _mm_set1_epi8('\\');
    __m128i const last_control = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        __m128i block;
        std::memcpy(&block, at, sizeof block);
        __m128i const control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
        __m128i const special =
            _mm_or_si128(control, _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
        if (auto const found = static_cast<unsigned>(_mm_movemask_epi8(special)); found != 0) {
            return at + std::countr_zero(found);
        }
    }
#endif
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) {
        ++at;
    }
    return at;
}

bool json_scanner::take_checked_string(json_string& value) noexcept
{
    char const* const begin = ++at_;
    value.is_escaped = false;
    for (;;) {
        at_ = find_special(at_, end_);
        if (at_ == end_) {
            return false;
        }
        if (*at_ == '"') {
            break;
        }
        value.is_escaped = true;
        if (*at_ != '\\') {
            return false;
        }
        // Most escapes of the service, in a place that needs no look at the end of the text.
        constexpr std::ptrdiff_t escape_size = 6;
        if (rules_ == json_rules::lenient && end_ - at_ >= escape_size && at_[1] == 'u' && is_hex4(at_ + 2)) {
            at_ += escape_size;
        } else if (!skip_escape()) {
            return false;
        }
    }
    value.written = {begin, static_cast<std::size_t>(at_ - begin)};
    if (rules_ == json_rules::strict && !is_utf8(value.written)) {
        return false;
    }
    ++at_;
    skip_blanks();
    return true;
}

bool json_scanner::skip_escape() noexcept
{
    ++at_;
    if (at_ == end_) {
        return false;
    }
    char const letter = *at_;
    if (letter != 'u') {
        if (letter == '\0' || std::string_view{"\"\\/bfnrt"}.find(letter) == std::string_view::npos) {
            return false;
        }
        ++at_;
        return true;
    }
    ++at_;
    std::uint32_t code = 0;
    if (!skip_hex4(code)) {
        return false;
    }
    if (rules_ == json_rules::lenient || (!is_first_surrogate(code) && !is_second_surrogate(code))) {
        return true;
    }
    std::uint32_t second = 0;
    return is_first_surrogate(code) && take_known("\\u") && skip_hex4(second) && is_second_surrogate(second);
}

bool json_scanner::skip_hex4(std::uint32_t& code) noexcept
{
    constexpr std::ptrdiff_t digit_count = 4;
    if (end_ - at_ >= digit_count && is_hex4(at_)) {
        code = read_hex4(at_);
        at_ += digit_count;
        return true;
    }
    // Where it fails says whether the text was cut short.
    while (at_ != end_ && hex_value(*at_) != no_digit) {
        ++at_;
    }
    return false;
}

bool json_scanner::skip_digits() noexcept
{
    char const* const begin = at_;
    while (at_ != end_ && is_digit(*at_)) {
        ++at_;
    }
    return at_ != begin;
}

bool json_scanner::take_number(std::string_view& number) noexcept
{
    char const* const begin = at_;
    static_cast<void>(take_known("-"));
    char const* const digits = at_;
    if (!skip_digits() || (*digits == '0' && at_ - digits > 1)) {
        return false;
    }
    if (take_known(".") && !skip_digits()) {
        return false;
    }
    if (take_known("e") || take_known("E")) {
        static_cast<void>(take_known("+") || take_known("-"));
        if (!skip_digits()) {
            return false;
        }
    }
    number = {begin, static_cast<std::size_t>(at_ - begin)};
    if (rules_ == json_rules::strict && !fits_double(number)) {
        return false;
    }
    skip_blanks();
    return true;
}

bool json_scanner::skip_value(std::size_t depth) noexcept
{
    json_string string;
    std::string_view number;
    bool good = false;
    switch (peek()) {
    case '"':
        return take_string(string);
    case '{':
        return depth < max_json_depth && skip_members(depth + 1);
    case '[':
        return depth < max_json_depth && skip_elements(depth + 1);
    case 't':
        good = take_known("true");
        break;
    case 'f':
        good = take_known("false");
        break;
    case 'n':
        good = take_known("null");
        break;
    default:
        return take_number(number);
    }
    if (good) {
        skip_blanks();
    } else {
        // A word that is cut off is the end of a text that was cut short.
        std::string_view const rest{at_, static_cast<std::size_t>(end_ - at_)};
        for (std::string_view const word : {"true", "false", "null"}) {
            if (word.starts_with(rest)) {
                at_ = end_;
            }
        }
    }
    return good;
}

bool json_scanner::skip_members(std::size_t depth) noexcept
{
    static_cast<void>(take('{'));
    if (take('}')) {
        return true;
    }
    do {
        json_string key;
        if (!take_string(key) || !take(':') || !skip_value(depth)) {
            return false;
        }
    } while (take(','));
    return take('}');
}

bool json_scanner::skip_elements(std::size_t depth) noexcept
{
    static_cast<void>(take('['));
    if (take(']')) {
        return true;
    }
    do {
        if (!skip_value(depth)) {
            return false;
        }
    } while (take(','));
    return take(']');
}

bool is_json_object(std::string_view text) noexcept
{
    json_scanner scanner{text, json_rules::strict};
    return scanner.peek() == '{' && scanner.skip_value(0) && scanner.at_end();
}

std::string_view find_json_member(std::string_view object, std::string_view name)
{
    std::string_view found;
    json_scanner scanner{object};
    if (!scanner.take('{')) {
        return {};
    }
    do {
        json_string key;
        if (!scanner.take_string(key) || !scanner.take(':')) {
            break;
        }
        char const* const begin = scanner.position();
        if (!scanner.skip_value(1)) {
            return {};
        }
        if (key.is(name)) {
            found = {begin, static_cast<std::size_t>(scanner.position() - begin)};
        }
    } while (scanner.take(','));
    // The scanner is past the blanks after the value.
    while (!found.empty() && std::string_view{" \t\r\n"}.find(found.back()) != std::string_view::npos) {
        found.remove_suffix(1);
    }
    return found;
}

} // namespace postmark::model
