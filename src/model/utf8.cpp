// SPDX-License-Identifier: BSL-1.0

#include "model/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#define POSTMARK_MODEL_X86 1
#include <immintrin.h>
#endif

namespace postmark::model {

namespace {

bool is_continuation(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

int character_length(char const* from, char const* end) noexcept
{
    auto const lead = static_cast<unsigned char>(*from);
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return -1;
    }
    int const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (end - from < 2 || !is_continuation(from[1])) {
        return -1;
    }
    // The second byte tells overlong forms, surrogates and values beyond U+10FFFF apart.
    auto const second = static_cast<unsigned char>(from[1]);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f)) {
        return -1;
    }
    for (int index = 2; index < length; ++index) {
        if (end - from <= index || !is_continuation(from[index])) {
            return -index;
        }
    }
    return length;
}

#if defined(POSTMARK_MODEL_X86)

// After Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2021): three look-ups by the half
// bytes of each pair of neighbours leave a bit set for each kind of mistake that the pair makes. A continuation that
// belongs to a longer character leaves `two_continuations`, so those are expected where the bytes before call for them.
__attribute__((target("ssse3"))) bool is_utf8_ssse3(std::string_view text) noexcept
{
    constexpr char too_short = 1;
    constexpr char too_long = 2;
    constexpr char overlong_3 = 4;
    constexpr char too_large = 8;
    constexpr char surrogate = 16;
    constexpr char overlong_2 = 32;
    constexpr char too_large_1000 = 64;
    constexpr char overlong_4 = 64;
    constexpr char two_continuations = -128;
    constexpr char carry = too_short | too_long | two_continuations;
    constexpr char beyond = carry | too_large | too_large_1000;
    constexpr char second = too_long | overlong_2 | two_continuations;

    __m128i const by_first_high =
        _mm_setr_epi8(too_long, too_long, too_long, too_long, too_long, too_long, too_long, too_long, two_continuations,
                      two_continuations, two_continuations, two_continuations, too_short | overlong_2, too_short,
                      too_short | overlong_3 | surrogate, too_short | too_large | too_large_1000 | overlong_4);
    __m128i const by_first_low = _mm_setr_epi8(carry | overlong_3 | overlong_2 | overlong_4, carry | overlong_2, carry,
                                               carry, carry | too_large, beyond, beyond, beyond, beyond, beyond, beyond,
                                               beyond, beyond, beyond | surrogate, beyond, beyond);
    __m128i const by_second_high = _mm_setr_epi8(
        too_short, too_short, too_short, too_short, too_short, too_short, too_short, too_short,
        second | overlong_3 | too_large_1000 | overlong_4, second | overlong_3 | too_large,
        second | surrogate | too_large, second | surrogate | too_large, too_short, too_short, too_short, too_short);
    __m128i const low_half = _mm_set1_epi8(0x0f);
    __m128i const high_bit = _mm_set1_epi8(-128);

    char const* from = text.data();
    std::size_t left = text.size();
    __m128i mistakes = _mm_setzero_si128();
    __m128i before = _mm_setzero_si128();
    // The last block is filled up with zeros, so that a character that is cut off there is seen: one at least.
    for (bool last = false; !last;) {
        __m128i block = _mm_setzero_si128();
        if (left >= sizeof block) {
            std::memcpy(&block, from, sizeof block);
            from += sizeof block;
            left -= sizeof block;
        } else {
            std::memcpy(&block, from, left);
            last = true;
        }

        if (_mm_movemask_epi8(_mm_or_si128(block, before)) != 0) {
            __m128i const previous = _mm_alignr_epi8(block, before, 15);
            __m128i const found = _mm_and_si128(
                _mm_and_si128(_mm_shuffle_epi8(by_first_high, _mm_and_si128(_mm_srli_epi16(previous, 4), low_half)),
                              _mm_shuffle_epi8(by_first_low, _mm_and_si128(previous, low_half))),
                _mm_shuffle_epi8(by_second_high, _mm_and_si128(_mm_srli_epi16(block, 4), low_half)));
            __m128i const third = _mm_subs_epu8(_mm_alignr_epi8(block, before, 14), _mm_set1_epi8(0xe0 - 0x80));
            __m128i const fourth = _mm_subs_epu8(_mm_alignr_epi8(block, before, 13), _mm_set1_epi8(0xf0 - 0x80));
            __m128i const expected = _mm_and_si128(_mm_or_si128(third, fourth), high_bit);
            mistakes = _mm_or_si128(mistakes, _mm_xor_si128(expected, found));
        }
        before = block;
    }
    return _mm_movemask_epi8(_mm_cmpeq_epi8(mistakes, _mm_setzero_si128())) == 0xffff;
}

#endif

} // namespace

bool is_utf8(std::string_view text) noexcept
{
#if defined(POSTMARK_MODEL_X86)
    if (text.size() >= 16 && __builtin_cpu_supports("ssse3") != 0) {
        return is_utf8_ssse3(text);
    }
#endif
    return is_utf8_portable(text);
}

bool is_utf8_portable(std::string_view text) noexcept
{
    char const* from = text.data();
    char const* const end = from + text.size();
    while (from != end) {
        if (static_cast<unsigned char>(*from) < 0x80) {
            while (end - from >= 8) {
                std::uint64_t word;
                std::memcpy(&word, from, 8);
                if ((word & 0x8080808080808080) != 0) {
                    break;
                }
                from += 8;
            }
            while (from != end && static_cast<unsigned char>(*from) < 0x80) {
                ++from;
            }
            continue;
        }
        int const length = character_length(from, end);
        if (length < 0) {
            return false;
        }
        from += length;
    }
    return true;
}

int utf8_length(std::string_view text) noexcept
{
    return character_length(text.data(), text.data() + text.size());
}

char32_t take_code_point(std::string_view& text) noexcept
{
    int const length = utf8_length(text);
    if (length < 0) {
        text.remove_prefix(1);
        return invalid_code_point;
    }
    // The first byte has one bit less of the code for each byte of the character.
    auto const lead = static_cast<unsigned char>(text.front());
    char32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (int index = 1; index < length; ++index) {
        code = (code << 6) | (static_cast<unsigned char>(text[static_cast<std::size_t>(index)]) & 0x3fU);
    }
    text.remove_prefix(static_cast<std::size_t>(length));
    return code;
}

} // namespace postmark::model
