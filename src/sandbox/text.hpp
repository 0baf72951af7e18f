// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEXT_HPP
#define POSTMARK_SANDBOX_TEXT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// Appends a JSON string with its quotes. `<` and `>` are escaped, as the service does.
void append_json_string(std::string& out, std::string_view text);

/// Appends `"name":` (the name needs no escapes).
void append_json_key(std::string& out, std::string_view name);

void append_number(std::string& out, std::int64_t number);

/// Rounds to three decimals and leaves zeros at the end out.
void append_decimal(std::string& out, double number);

/// Appends the lowest digits of a number in lower-case hexadecimal notation.
void append_hex(std::string& out, std::uint64_t value, int digits);

/// Appends the lower-case UUID (version 4) that is made from these bits. Its last 12 digits are the lowest 48 bits of
/// `low`.
void append_uuid(std::string& out, std::uint64_t high, std::uint64_t low);

/// Reads the whole text as a decimal number.
[[nodiscard]] std::optional<std::int64_t> parse_id(std::string_view text);

[[nodiscard]] bool equals_ignoring_case(std::string_view left, std::string_view right);
[[nodiscard]] bool contains_ignoring_case(std::string_view text, std::string_view part);
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

/// Length in UTF-16 units, in which the service counts.
[[nodiscard]] std::size_t utf16_length(std::string_view utf8);

/// Decodes `%41` and, in queries, `+`.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_blank);

/// The bytes of standard base64 with padding; nothing when the text is not base64. Line breaks are ignored: some
/// programs write lines of 60 or 76 characters.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);
[[nodiscard]] bool is_base64(std::string_view text);

/// The texts of the elements of a JSON array that is known to be valid.
[[nodiscard]] std::vector<std::string_view> split_json_array(std::string_view text);

using time_point = std::chrono::system_clock::time_point;

/// The forms of dates; the service uses all of them.
enum class date_form {
    /// Seven digits and `Z`.
    utc,
    /// Offset of the US East, trailing zeros of the fraction dropped.
    eastern_short,
    /// Offset of the US East, seven digits.
    eastern,
};

void append_date(std::string& out, time_point time, date_form form);

/// A date as mail programs write it (RFC 5322), in UTC.
[[nodiscard]] std::string mail_date(time_point time);

/// Reads a date, or a date and a time, of the US East when it has no offset, as in queries.
[[nodiscard]] std::optional<time_point> parse_query_date(std::string_view text, bool end_of_day);

/// Mixes the bits of a number. Every decision that looks random comes from here, so that runs can be repeated.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value)
{
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

} // namespace postmark::sandbox::detail

#endif
