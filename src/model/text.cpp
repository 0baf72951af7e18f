// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"

#include "model/utf8.hpp"
#include "model/word_scan.hpp"

#include <cstdint>

namespace postmark::model {

namespace {

/// U+0080 to U+009F are C1 control characters: two bytes each, the first of which is always the same.
bool is_c1(std::string_view character) noexcept
{
    return character.size() == 2 && character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
}

bool is_printable_ascii(std::string_view text) noexcept
{
    return std::ranges::all_of(text, [](char c) { return c == ' ' || is_visible(c); });
}

} // namespace

bool may_hold_separator(std::string_view text) noexcept
{
    // Two ranges and a comma: up to the quote, and from the semicolon to the question mark.
    return any_unfit(
        text,
        [](std::uint64_t word) {
            return any_marked(word, mark_below(word, '"' + 1) | mark_equal(word, ',') |
                                        mark_below(word ^ repeat_byte('?'), '?' - ';' + 1));
        },
        [](char c) {
            return static_cast<unsigned char>(c) <= '"' || c == ',' || c == ';' || c == '<' || c == '=' || c == '>' ||
                   c == '?';
        });
}

std::string printable(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        int const length = utf8_length(text);
        auto const size = static_cast<std::size_t>(length < 0 ? -length : length);
        std::string_view const character = text.substr(0, size);
        if (length < 0) {
            result += "\xef\xbf\xbd";
        } else if (is_control(character[0]) || is_c1(character)) {
            result += ' ';
        } else {
            result += character;
        }
        text.remove_prefix(size);
    }
    return result;
}

void make_printable(std::string& text)
{
    if (!is_printable_ascii(text)) {
        text = printable(text);
    }
}

} // namespace postmark::model
