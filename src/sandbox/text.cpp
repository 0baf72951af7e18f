// SPDX-License-Identifier: BSL-1.0

#include "sandbox/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace postmark::sandbox::detail {
namespace {

char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
}

constexpr std::array<bool, 256> make_escape_table()
{
    std::array<bool, 256> table{};
    for (std::size_t index = 0; index < 0x20; ++index) {
        table[index] = true;
    }
    table['"'] = table['\\'] = table['<'] = table['>'] = true;
    return table;
}
constexpr auto needs_escape = make_escape_table();

constexpr std::array<std::uint8_t, 256> make_base64_table()
{
    std::array<std::uint8_t, 256> table{};
    table.fill(0xff);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t index = 0; index < alphabet.size(); ++index) {
        table[static_cast<unsigned char>(alphabet[index])] = static_cast<std::uint8_t>(index);
    }
    return table;
}
constexpr auto base64_values = make_base64_table();

std::uint8_t base64_value(char character)
{
    return base64_values[static_cast<unsigned char>(character)];
}

int hex_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    character = lower(character);
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

} // namespace

void append_hex(std::string& out, std::uint64_t value, int digits)
{
    constexpr std::string_view alphabet = "0123456789abcdef";
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
        out += alphabet[value >> static_cast<unsigned>(shift) & 15U];
    }
}

void append_uuid(std::string& out, std::uint64_t high, std::uint64_t low)
{
    append_hex(out, high >> 32U, 8);
    out += '-';
    append_hex(out, high >> 16U & 0xffffU, 4);
    out += "-4";
    append_hex(out, high & 0xfffU, 3);
    out += '-';
    append_hex(out, 0x8000U | (high >> 2U & 0x3fffU), 4);
    out += '-';
    append_hex(out, low, 12);
}

std::optional<std::int64_t> parse_id(std::string_view text)
{
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t start = 0;
    for (std::size_t index = 0; index < text.size(); ++index) {
        auto const character = static_cast<unsigned char>(text[index]);
        if (!needs_escape[character]) {
            continue;
        }
        out.append(text, start, index - start);
        start = index + 1;
        switch (character) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            constexpr std::string_view digits = "0123456789abcdef";
            out += "\\u00";
            out += digits[character >> 4U];
            out += digits[character & 15U];
        }
    }
    out.append(text, start);
    out += '"';
}

void append_json_key(std::string& out, std::string_view name)
{
    out += '"';
    out += name;
    out += "\":";
}

void append_number(std::string& out, std::int64_t number)
{
    char digits[24];
    auto const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

void append_decimal(std::string& out, double number)
{
    char digits[32];
    auto const end = std::to_chars(digits, digits + sizeof digits, std::round(number * 1000) / 1000).ptr;
    out.append(digits, end);
}

bool equals_ignoring_case(std::string_view left, std::string_view right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char one, char other) { return lower(one) == lower(other); });
}

bool contains_ignoring_case(std::string_view text, std::string_view part)
{
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char one, char other) { return lower(one) == lower(other); }) != text.end() ||
           part.empty();
}

std::string to_lower(std::string_view text)
{
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

std::string_view trim(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    auto const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::size_t utf16_length(std::string_view utf8)
{
    std::size_t length = 0;
    for (char const character : utf8) {
        auto const byte = static_cast<unsigned char>(character);
        if ((byte & 0xc0U) != 0x80U) {
            length += byte >= 0xf0U ? 2 : 1;
        }
    }
    return length;
}

std::string percent_decoded(std::string_view text, bool plus_is_blank)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (text[index] == '%' && index + 2 < text.size() && hex_digit(text[index + 1]) >= 0 &&
            hex_digit(text[index + 2]) >= 0) {
            result += static_cast<char>(hex_digit(text[index + 1]) * 16 + hex_digit(text[index + 2]));
            index += 2;
        } else {
            result += text[index] == '+' && plus_is_blank ? ' ' : text[index];
        }
    }
    return result;
}

namespace {

/// Without line breaks.
bool is_plain_base64(std::string_view text)
{
    if (text.size() % 4 != 0) {
        return false;
    }
    if (text.ends_with("==")) {
        text.remove_suffix(2);
    } else if (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    std::uint8_t all = 0;
    for (char const character : text) {
        all |= base64_value(character);
    }
    return (all & 0xc0U) == 0;
}

std::string without_line_breaks(std::string_view text)
{
    std::string result{text};
    std::erase_if(result, [](char character) { return character == '\r' || character == '\n'; });
    return result;
}

} // namespace

bool is_base64(std::string_view text)
{
    return is_plain_base64(text) ||
           (text.find_first_of("\r\n") != std::string_view::npos && is_plain_base64(without_line_breaks(text)));
}

std::optional<std::string> base64_decoded(std::string_view text)
{
    std::string lines;
    if (text.find_first_of("\r\n") != std::string_view::npos) {
        lines = without_line_breaks(text);
        text = lines;
    }
    if (!is_plain_base64(text)) {
        return std::nullopt;
    }
    std::string result;
    result.reserve(text.size() / 4 * 3);
    for (std::size_t index = 0; index < text.size(); index += 4) {
        std::uint32_t bits = 0;
        for (std::size_t part = 0; part < 4; ++part) {
            char const character = text[index + part];
            bits = bits << 6U | (character == '=' ? 0U : base64_value(character));
        }
        result += static_cast<char>(bits >> 16U & 0xffU);
        if (text[index + 2] != '=') {
            result += static_cast<char>(bits >> 8U & 0xffU);
        }
        if (text[index + 3] != '=') {
            result += static_cast<char>(bits & 0xffU);
        }
    }
    return result;
}

std::vector<std::string_view> split_json_array(std::string_view text)
{
    std::vector<std::string_view> elements;
    text = trim(text);
    text = trim(text.substr(1, text.size() - 2));
    if (text.empty()) {
        return elements;
    }
    std::size_t start = 0;
    int depth = 0;
    for (std::size_t index = 0; index < text.size(); ++index) {
        switch (text[index]) {
        case '"':
            for (++index; text[index] != '"'; ++index) {
                if (text[index] == '\\') {
                    ++index;
                }
            }
            break;
        case '{':
        case '[':
            ++depth;
            break;
        case '}':
        case ']':
            --depth;
            break;
        case ',':
            if (depth == 0) {
                elements.push_back(trim(text.substr(start, index - start)));
                start = index + 1;
            }
            break;
        default:
            break;
        }
    }
    elements.push_back(trim(text.substr(start)));
    return elements;
}

} // namespace postmark::sandbox::detail
