// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_WORD_SCAN_HPP
#define POSTMARK_MODEL_WORD_SCAN_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postmark::model {

// A look at eight bytes of a text at a time, in one integer. The order of the bytes in it does not matter here.

[[nodiscard]] constexpr std::uint64_t repeat_byte(unsigned char byte) noexcept
{
    return std::uint64_t{0x0101010101010101} * byte;
}

// A mark is the highest bit of a byte. `any_marked` says whether there is any: one mark may be wrong only where another
// is right. Marks of bytes beyond ASCII do not count.

/// Marks the bytes that are less than `limit`, which is at most 0x80.
[[nodiscard]] constexpr std::uint64_t mark_below(std::uint64_t word, unsigned char limit) noexcept
{
    return word - repeat_byte(limit);
}

/// Marks the bytes that are equal to an ASCII character.
[[nodiscard]] constexpr std::uint64_t mark_equal(std::uint64_t word, unsigned char character) noexcept
{
    return mark_below(word ^ repeat_byte(character), 1);
}

/// \param marks marks of the same word, combined by `|`
[[nodiscard]] constexpr bool any_marked(std::uint64_t word, std::uint64_t marks) noexcept
{
    return (marks & ~word & repeat_byte(0x80)) != 0;
}

/// Whether any byte of a text is unfit. Hardly any text should hold a suspicious byte, since only the eight bytes round
/// one are looked at one by one.
/// \param is_suspicious `bool(std::uint64_t word)`: whether one of eight bytes may be unfit
/// \param is_unfit      `bool(char)`
template <class IsSuspicious, class IsUnfit>
[[nodiscard]] bool any_unfit(std::string_view text, IsSuspicious is_suspicious, IsUnfit is_unfit) noexcept
{
    constexpr std::size_t step = sizeof(std::uint64_t);
    if (text.size() < step) {
        return std::ranges::any_of(text, is_unfit);
    }
    // The last word overlaps with the one before it.
    for (std::size_t at = 0;; at = std::min(at + step, text.size() - step)) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, step);
        if (is_suspicious(word) && std::ranges::any_of(text.substr(at, step), is_unfit)) {
            return true;
        }
        if (at == text.size() - step) {
            return false;
        }
    }
}

} // namespace postmark::model

#endif
