// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_TEXT_HPP
#define POSTMARK_MODEL_TEXT_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace postmark::model {

// None of these depends on the locale.

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

/// Without blanks and tabs at the ends. Line breaks stay, so that they are seen and refused.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept
{
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Characters of a UTF-8 text.
[[nodiscard]] constexpr std::size_t count_characters(std::string_view text) noexcept
{
    std::size_t count = 0;
    for (char const c : text) {
        count += (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
    }
    return count;
}

/// What a UTF-8 text counts in UTF-16.
[[nodiscard]] constexpr std::size_t count_utf16_units(std::string_view text) noexcept
{
    std::size_t count = count_characters(text);
    for (char const c : text) {
        count += static_cast<unsigned char>(c) >= 0xf0u;
    }
    return count;
}

/// The text without a byte order mark (U+FEFF in UTF-8) at its front. RFC 8259 section 8.1 lets readers of JSON ignore one.
[[nodiscard]] constexpr std::string_view skip_byte_order_mark(std::string_view text) noexcept
{
    constexpr std::string_view mark = "\xef\xbb\xbf";
    return text.substr(text.starts_with(mark) ? mark.size() : 0);
}

/// Text of a peer in a form that logs and terminals can show: each control character (C0, DEL, C1) becomes a blank, and
/// what is not UTF-8 becomes U+FFFD. Without this, an error page could send escape sequences to the terminal on which
/// a `detail` is printed.
[[nodiscard]] std::string printable(std::string_view text);

/// Makes a text printable in place, which costs one look at each byte if it is printable ASCII already.
void make_printable(std::string& text);

} // namespace postmark::model

#endif
