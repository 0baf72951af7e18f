// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_TEXT_HPP
#define POSTMARK_MODEL_TEXT_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace postmark::model {

// Primitives for text in UTF-8. None of them depends on the locale.

[[nodiscard]] constexpr char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_alphanumeric(char c) noexcept
{
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

[[nodiscard]] constexpr bool is_ascii(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x80;
}

/// Printable ASCII other than the blank.
[[nodiscard]] constexpr bool is_visible(char c) noexcept
{
    return c > ' ' && c < 0x7f;
}

[[nodiscard]] constexpr bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept
{
    return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

/// The text without these characters at its ends. By default line breaks stay, so that they are found and refused.
[[nodiscard]] constexpr std::string_view trim(std::string_view text, std::string_view blanks = " \t") noexcept
{
    auto const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The number of code points of a UTF-8 text.
[[nodiscard]] constexpr std::size_t count_characters(std::string_view text) noexcept
{
    std::size_t count = 0;
    for (char const c : text) {
        count += (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
    }
    return count;
}

/// The number of UTF-16 units of a UTF-8 text.
[[nodiscard]] constexpr std::size_t count_utf16_units(std::string_view text) noexcept
{
    std::size_t count = count_characters(text);
    for (char const c : text) {
        count += static_cast<unsigned char>(c) >= 0xf0u;
    }
    return count;
}

/// The text without a byte order mark (U+FEFF in UTF-8) at its front. RFC 8259, section 8.1, lets readers of JSON
/// ignore it.
[[nodiscard]] constexpr std::string_view skip_byte_order_mark(std::string_view text) noexcept
{
    constexpr std::string_view mark = "\xef\xbb\xbf";
    return text.substr(text.starts_with(mark) ? mark.size() : 0);
}

/// Whether a text may hold a character that separates addresses or that an address cannot hold outside of quotes: a
/// control character, a blank, a quote, a comma, a semicolon or an angle bracket. True also for some texts with an
/// exclamation mark, a question mark or an equals sign; never for an address as most are.
[[nodiscard]] bool may_hold_separator(std::string_view text) noexcept;

/// Text of a peer in a form that logs and terminals can show: each control character (C0, DEL, C1) becomes a blank, and
/// what is not UTF-8 becomes U+FFFD. Without this, an error page could send escape sequences to the terminal on which
/// a `detail` is printed.
[[nodiscard]] std::string printable(std::string_view text);

/// Makes a text printable in place, which costs one look at each byte if it is printable ASCII already.
void make_printable(std::string& text);

/// Whether a code point is not to be seen in a line of text, or changes how the text round it is shown: controls,
/// blanks, characters without width, and those that set the direction of writing.
[[nodiscard]] constexpr bool is_invisible(char32_t code) noexcept
{
    struct range {
        char32_t first;
        char32_t last;
    };
    constexpr range ranges[] = {
        {0x00, 0x20},     {0x7f, 0xa0},     {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},
        {0x2028, 0x202f}, {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
        {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };
    return std::ranges::any_of(ranges, [&](range const& one) { return code >= one.first && code <= one.last; });
}

/// The number of characters of the base64 form of so many bytes.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) noexcept
{
    return bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : 4);
}

} // namespace postmark::model

#endif
