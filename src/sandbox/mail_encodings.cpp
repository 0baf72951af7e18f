// SPDX-License-Identifier: BSL-1.0

#include "sandbox/mail_encodings.hpp"

#include "sandbox/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace postmark::sandbox::detail {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

std::uint8_t byte_at(std::string_view text, std::size_t index)
{
    return static_cast<std::uint8_t>(text[index]);
}

/// The length of the character that begins at `index`; 0 when there is none.
std::size_t character_length(std::string_view text, std::size_t index)
{
    auto const first = byte_at(text, index);
    if (first < 0x80) {
        return 1;
    }
    std::size_t const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || index + length > text.size()) {
        return 0;
    }
    for (std::size_t next = index + 1; next < index + length; ++next) {
        if ((byte_at(text, next) & 0xc0U) != 0x80U) {
            return 0;
        }
    }
    auto const second = byte_at(text, index + 1);
    // Longer than needed, a surrogate, or beyond the last character.
    bool const invalid = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                         (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
    return invalid ? 0 : length;
}

std::string repaired_utf8(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t index = 0; index < text.size();) {
        auto const length = character_length(text, index);
        result += length == 0 ? replacement : text.substr(index, length);
        index += std::max<std::size_t>(length, 1);
    }
    return result;
}

/// The characters of the bytes 0x80 to 0x9f in Windows-1252; 0 where there is none.
constexpr std::array<std::uint16_t, 32> windows_characters{
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

std::string from_windows(std::string_view bytes)
{
    std::string result;
    result.reserve(bytes.size());
    for (char const character : bytes) {
        auto const byte = static_cast<std::uint8_t>(character);
        if (byte < 0x80) {
            result += character;
            continue;
        }
        std::uint32_t const code = byte < 0xa0 ? windows_characters[byte - 0x80U] : byte;
        if (code == 0) {
            result += replacement;
        } else if (code < 0x800) {
            result += static_cast<char>(0xc0U | code >> 6U);
            result += static_cast<char>(0x80U | (code & 0x3fU));
        } else {
            result += static_cast<char>(0xe0U | code >> 12U);
            result += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
            result += static_cast<char>(0x80U | (code & 0x3fU));
        }
    }
    return result;
}

/// The value of a digit of base64; nothing for another character.
std::optional<std::uint32_t> base64_digit(char character)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    auto const position = alphabet.find(character);
    return position == std::string_view::npos ? std::nullopt : std::optional{static_cast<std::uint32_t>(position)};
}

/// Leaves out what does not belong to the alphabet, as mail programs do, and needs no padding.
std::string decoded_base64(std::string_view text)
{
    std::string result;
    result.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char const character : text) {
        if (character == '=') {
            // Encoded pieces that follow each other are decoded one by one.
            count = 0;
            continue;
        }
        auto const digit = base64_digit(character);
        if (!digit) {
            continue;
        }
        bits = bits << 6U | *digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            result += static_cast<char>(bits >> count & 0xffU);
        }
    }
    return result;
}

std::optional<std::uint8_t> hex_value(char character)
{
    if (character >= '0' && character <= '9') {
        return static_cast<std::uint8_t>(character - '0');
    }
    auto const letter = static_cast<char>(character | 0x20);
    if (letter >= 'a' && letter <= 'f') {
        return static_cast<std::uint8_t>(letter - 'a' + 10);
    }
    return std::nullopt;
}

/// The byte that is written as `=41` at this position.
std::optional<char> escaped_byte(std::string_view text, std::size_t index)
{
    if (text.size() - index < 3) {
        return std::nullopt;
    }
    auto const high = hex_value(text[index + 1]);
    auto const low = hex_value(text[index + 2]);
    return high && low ? std::optional{static_cast<char>(*high << 4U | *low)} : std::nullopt;
}

std::string decoded_quoted_printable(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t index = 0; index < text.size();) {
        auto const rest = text.substr(index);
        if (text[index] != '=') {
            result += text[index++];
        } else if (rest.starts_with("=\r\n")) {
            index += 3;
        } else if (rest.starts_with("=\n")) {
            index += 2;
        } else if (auto const byte = escaped_byte(text, index)) {
            result += *byte;
            index += 3;
        } else {
            result += text[index++];
        }
    }
    return result;
}

/// An encoded word: `=?charset?Q?text?=`.
struct encoded_word {
    std::string_view charset;
    bool base64;
    std::string_view text;
    std::size_t size;
};

std::optional<encoded_word> parse_word(std::string_view text)
{
    // Words are limited to 75 characters; longer ones occur.
    constexpr std::size_t longest = 512;
    text = text.substr(0, longest);
    auto const charset_end = text.find('?', 2);
    if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?') {
        return std::nullopt;
    }
    auto const encoding = static_cast<char>(text[charset_end + 1] | 0x20);
    auto const begin = charset_end + 3;
    auto const end = text.find("?=", begin);
    if ((encoding != 'b' && encoding != 'q') || end == std::string_view::npos) {
        return std::nullopt;
    }
    auto charset = text.substr(2, charset_end - 2);
    // A language may follow.
    charset = charset.substr(0, charset.find('*'));
    return encoded_word{charset, encoding == 'b', text.substr(begin, end - begin), end + 2};
}

std::string bytes_of(encoded_word const& word)
{
    if (word.base64) {
        return decoded_base64(word.text);
    }
    std::string spaced{word.text};
    std::ranges::replace(spaced, '_', ' ');
    return decoded_quoted_printable(spaced);
}

} // namespace

std::string to_utf8(std::string_view bytes, std::string_view charset)
{
    for (std::string_view const name : {"iso-8859-1", "latin1", "windows-1252", "cp1252"}) {
        if (equals_ignoring_case(charset, name)) {
            return from_windows(bytes);
        }
    }
    return repaired_utf8(bytes);
}

std::string decoded_body(std::string_view text, std::string_view encoding)
{
    if (equals_ignoring_case(encoding, "base64")) {
        return decoded_base64(text);
    }
    if (equals_ignoring_case(encoding, "quoted-printable")) {
        return decoded_quoted_printable(text);
    }
    return std::string{text};
}

std::string decoded_words(std::string_view text)
{
    std::string result;
    // Bytes of words that follow each other: a character may be cut between two of them.
    std::string pending;
    std::string_view charset;
    while (!text.empty()) {
        auto const start = std::min(text.find("=?"), text.size());
        auto const between = text.substr(0, start);
        auto const word = start < text.size() ? parse_word(text.substr(start)) : std::nullopt;
        // Blanks between two words belong to neither.
        bool const joins = word && !pending.empty() && trim(between).empty() && word->charset == charset;
        if (!joins) {
            bool const adjacent = word && !pending.empty() && trim(between).empty();
            result += to_utf8(pending, charset);
            pending.clear();
            if (!adjacent) {
                result += repaired_utf8(between);
            }
        }
        text.remove_prefix(start);
        if (word) {
            charset = word->charset;
            pending += bytes_of(*word);
            text.remove_prefix(word->size);
        } else if (!text.empty()) {
            result += "=?";
            text.remove_prefix(2);
        }
    }
    return result + to_utf8(pending, charset);
}

} // namespace postmark::sandbox::detail
