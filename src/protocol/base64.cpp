// SPDX-License-Identifier: BSL-1.0

#include "protocol/base64.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#define POSTMARK_PROTOCOL_X86 1
#include <immintrin.h>
#endif

namespace postmark::protocol {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct char_pair {
    char first;
    char second;
};

/// Two characters at a time: half the look-ups for 8 KiB.
constexpr std::array<char_pair, 4096> make_pairs() noexcept
{
    std::array<char_pair, 4096> pairs{};
    for (std::size_t index = 0; index < pairs.size(); ++index) {
        pairs[index] = {alphabet[index >> 6], alphabet[index & 63]};
    }
    return pairs;
}

constexpr std::array<char_pair, 4096> pairs = make_pairs();

constexpr unsigned char no_digit = 0xff;

constexpr std::array<unsigned char, 256> make_digits() noexcept
{
    std::array<unsigned char, 256> digits{};
    digits.fill(no_digit);
    for (std::size_t index = 0; index < alphabet.size(); ++index) {
        digits[static_cast<unsigned char>(alphabet[index])] = static_cast<unsigned char>(index);
    }
    return digits;
}

constexpr std::array<unsigned char, 256> digits = make_digits();

void encode_scalar(char const* from, std::size_t count, char* to) noexcept
{
    auto const byte = [&](std::size_t index) { return std::uint32_t{static_cast<unsigned char>(from[index])}; };
    for (; count >= 3; from += 3, to += 4, count -= 3) {
        std::uint32_t const bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        std::memcpy(to, &pairs[bits >> 12], 2);
        std::memcpy(to + 2, &pairs[bits & 0xfff], 2);
    }
    if (count != 0) {
        std::uint32_t const bits = byte(0) << 16 | (count == 2 ? byte(1) << 8 : 0);
        std::memcpy(to, &pairs[bits >> 12], 2);
        to[2] = count == 2 ? pairs[bits & 0xfff].first : '=';
        to[3] = '=';
    }
}

#if defined(POSTMARK_PROTOCOL_X86)

// The vector forms after Muła and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018): spread
// three bytes over four, move each six bits into place by multiplying, then add to each value the distance to its range
// of the alphabet.

__attribute__((target("ssse3"))) void encode_ssse3(char const* from, std::size_t count, char* to) noexcept
{
    __m128i const spread = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    __m128i const distances = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                            '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    // 16 bytes are read, of which 12 count.
    for (; count >= 16; from += 12, to += 16, count -= 12) {
        __m128i block;
        std::memcpy(&block, from, sizeof block);
        block = _mm_shuffle_epi8(block, spread);
        __m128i const odd =
            _mm_mulhi_epu16(_mm_and_si128(block, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
        __m128i const even =
            _mm_mullo_epi16(_mm_and_si128(block, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
        __m128i const values = _mm_or_si128(odd, even);
        __m128i range = _mm_subs_epu8(values, _mm_set1_epi8(51));
        range = _mm_or_si128(range, _mm_and_si128(_mm_cmpgt_epi8(_mm_set1_epi8(26), values), _mm_set1_epi8(13)));
        block = _mm_add_epi8(values, _mm_shuffle_epi8(distances, range));
        std::memcpy(to, &block, sizeof block);
    }
    encode_scalar(from, count, to);
}

__attribute__((target("avx2"))) void encode_avx2(char const* from, std::size_t count, char* to) noexcept
{
    __m256i const spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4,
                                            7, 6, 8, 7, 10, 9, 11, 10);
    __m256i const distances = _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                               '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0,
                                               'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                               '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    // 28 bytes are read, of which 24 count.
    for (; count >= 28; from += 24, to += 32, count -= 24) {
        __m128i low;
        __m128i high;
        std::memcpy(&low, from, sizeof low);
        std::memcpy(&high, from + 12, sizeof high);
        __m256i block = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        block = _mm256_shuffle_epi8(block, spread);
        __m256i const odd =
            _mm256_mulhi_epu16(_mm256_and_si256(block, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        __m256i const even =
            _mm256_mullo_epi16(_mm256_and_si256(block, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        __m256i const values = _mm256_or_si256(odd, even);
        __m256i range = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
        range = _mm256_or_si256(
            range, _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), values), _mm256_set1_epi8(13)));
        block = _mm256_add_epi8(values, _mm256_shuffle_epi8(distances, range));
        std::memcpy(to, &block, sizeof block);
    }
    encode_scalar(from, count, to);
}

#endif

} // namespace

bool base64_supported(base64_variant variant) noexcept
{
#if defined(POSTMARK_PROTOCOL_X86)
    switch (variant) {
    case base64_variant::scalar:
        return true;
    case base64_variant::ssse3:
        return __builtin_cpu_supports("ssse3") != 0;
    case base64_variant::avx2:
        return __builtin_cpu_supports("avx2") != 0;
    }
    return false;
#else
    return variant == base64_variant::scalar;
#endif
}

void encode_base64(base64_variant variant, std::string_view bytes, char* out) noexcept
{
#if defined(POSTMARK_PROTOCOL_X86)
    if (variant == base64_variant::avx2) {
        encode_avx2(bytes.data(), bytes.size(), out);
        return;
    }
    if (variant == base64_variant::ssse3) {
        encode_ssse3(bytes.data(), bytes.size(), out);
        return;
    }
#else
    static_cast<void>(variant);
#endif
    encode_scalar(bytes.data(), bytes.size(), out);
}

void append_base64(byte_buffer& out, std::string_view bytes)
{
    base64_variant best = base64_variant::scalar;
    for (auto const variant : {base64_variant::ssse3, base64_variant::avx2}) {
        if (base64_supported(variant)) {
            best = variant;
        }
    }
    std::size_t const size = base64_size(bytes.size());
    encode_base64(best, bytes, out.prepare(size));
    out.commit(size);
}

bool decode_base64(std::string_view text, std::string& bytes)
{
    bytes.clear();
    if (text.size() % 4 != 0) {
        return false;
    }
    if (text.empty()) {
        return true;
    }
    std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    std::string_view const last = text.substr(text.size() - 4, 4 - padding);
    text.remove_suffix(4);

    bytes.reserve(text.size() / 4 * 3 + 3);
    auto const digit = [](char character) { return std::uint32_t{digits[static_cast<unsigned char>(character)]}; };
    auto const byte = [](std::uint32_t bits) { return static_cast<char>(bits & 0xff); };
    for (std::size_t index = 0; index < text.size(); index += 4) {
        std::uint32_t const one = digit(text[index]);
        std::uint32_t const two = digit(text[index + 1]);
        std::uint32_t const three = digit(text[index + 2]);
        std::uint32_t const four = digit(text[index + 3]);
        if (((one | two | three | four) & 0x80) != 0) {
            bytes.clear();
            return false;
        }
        std::uint32_t const bits = one << 18 | two << 12 | three << 6 | four;
        char const group[3] = {byte(bits >> 16), byte(bits >> 8), byte(bits)};
        bytes.append(group, sizeof group);
    }

    std::uint32_t bits = 0;
    for (char const character : last) {
        std::uint32_t const value = digit(character);
        if (value == no_digit) {
            bytes.clear();
            return false;
        }
        bits = bits << 6 | value;
    }
    bits <<= 6 * padding;
    if ((bits & ((1u << (8 * padding)) - 1)) != 0) {
        bytes.clear();
        return false;
    }
    char const group[3] = {byte(bits >> 16), byte(bits >> 8), byte(bits)};
    bytes.append(group, 3 - padding);
    return true;
}

} // namespace postmark::protocol
