// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_writer.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#if defined(__x86_64__)
#define POSTMARK_PROTOCOL_X86 1
#include <immintrin.h>
#endif

namespace postmark::protocol {

namespace {

/// Bytes that a scan may write behind the last that it copies.
constexpr std::size_t overshoot = 8;

// What every scan does: copy from `from` to `to` until the end or a byte that must be escaped, and note whether a
// byte beyond ASCII went by. Copying first and looking afterwards touches each byte once.

/// Scans by eight bytes in an integer register.
class word_scan {
public:
    [[nodiscard]] bool saw_high() const noexcept { return (seen_ & high_bits) != 0; }

    void copy_plain(char const*& from, char const* end, char*& to) noexcept
    {
        if constexpr (std::endian::native == std::endian::little) {
            while (end - from >= 8) {
                std::uint64_t word;
                std::memcpy(&word, from, 8);
                if (!copy_word(word, 8, from, to)) {
                    return;
                }
            }
            copy_rest(from, end, to);
        } else {
            for (; from != end && !must_be_escaped(*from); ++from, ++to) {
                seen_ |= static_cast<unsigned char>(*from);
                *to = *from;
            }
        }
    }

    /// Fewer than 16 bytes, little-endian only.
    void copy_short(char const*& from, char const* end, char*& to) noexcept
    {
        if (end - from >= 8) {
            std::uint64_t word;
            std::memcpy(&word, from, 8);
            if (!copy_word(word, 8, from, to)) {
                return;
            }
        }
        copy_rest(from, end, to);
    }

private:
    static constexpr std::uint64_t low_bits = 0x0101010101010101;
    static constexpr std::uint64_t high_bits = 0x8080808080808080;
    static constexpr std::uint64_t blanks = 0x2020202020202020;

    static bool must_be_escaped(char byte) noexcept
    {
        return static_cast<unsigned char>(byte) < 0x20 || byte == '"' || byte == '\\';
    }

    /// The lowest bit set stands in the first byte to escape. Those above it may be wrong: a borrow runs upwards.
    static std::uint64_t marks(std::uint64_t word) noexcept
    {
        std::uint64_t const quote = word ^ (low_bits * '"');
        std::uint64_t const backslash = word ^ (low_bits * '\\');
        return (((word - blanks) & ~word) | ((quote - low_bits) & ~quote) | ((backslash - low_bits) & ~backslash)) &
               high_bits;
    }

    bool copy_word(std::uint64_t word, std::size_t count, char const*& from, char*& to) noexcept
    {
        std::memcpy(to, &word, 8);
        seen_ |= word;
        std::uint64_t const found = marks(word);
        std::size_t const plain = found == 0 ? count : static_cast<std::size_t>(std::countr_zero(found)) / 8;
        from += plain;
        to += plain;
        return found == 0;
    }

    /// Fewer than eight bytes: loaded in overlapping pieces, filled up with blanks.
    void copy_rest(char const*& from, char const* end, char*& to) noexcept
    {
        auto const count = static_cast<std::size_t>(end - from);
        if (count == 0) {
            return;
        }
        std::uint64_t word = 0;
        if (count >= 4) {
            std::uint32_t first;
            std::uint32_t last;
            std::memcpy(&first, from, 4);
            std::memcpy(&last, end - 4, 4);
            word = first | (std::uint64_t{last} << (8 * (count - 4)));
        } else {
            auto const byte = [&](std::size_t index) {
                return std::uint64_t{static_cast<unsigned char>(from[index])} << (8 * index);
            };
            word = byte(0) | byte(count / 2) | byte(count - 1);
        }
        copy_word(word | (blanks << (8 * count)), count, from, to);
    }

    std::uint64_t seen_ = 0;
};

#if defined(POSTMARK_PROTOCOL_X86)

/// Scans by 16 bytes in a vector register.
class sse2_scan {
public:
    [[nodiscard]] bool saw_high() const noexcept { return _mm_movemask_epi8(seen_) != 0 || rest_.saw_high(); }

    void copy_plain(char const*& from, char const* end, char*& to) noexcept
    {
        __m128i const quote = _mm_set1_epi8('"');
        __m128i const backslash = _mm_set1_epi8('\\');
        __m128i const last_control = _mm_set1_epi8(0x1f);
        while (end - from >= 16) {
            __m128i block;
            std::memcpy(&block, from, 16);
            std::memcpy(to, &block, 16);
            seen_ = _mm_or_si128(seen_, block);
            __m128i const control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
            __m128i const marked =
                _mm_or_si128(control, _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
            auto const found = static_cast<unsigned>(_mm_movemask_epi8(marked));
            if (found != 0) {
                auto const plain = std::countr_zero(found);
                from += plain;
                to += plain;
                return;
            }
            from += 16;
            to += 16;
        }
        rest_.copy_short(from, end, to);
    }

private:
    __m128i seen_ = _mm_setzero_si128();
    word_scan rest_;
};

#endif

/// What stands for a byte, and how long it is. Eight bytes are copied whatever the length: no branch to mispredict.
struct escape {
    char text[7];
    unsigned char length;
};

constexpr std::array<escape, 128> make_escapes() noexcept
{
    constexpr char digits[] = "0123456789abcdef";
    std::array<escape, 128> table{};
    for (std::size_t code = 0; code < 0x20; ++code) {
        table[code] = {{'\\', 'u', '0', '0', digits[code >> 4], digits[code & 0xf], '\0'}, 6};
    }
    constexpr std::string_view bytes = "\"\\\n\r\t\b\f";
    constexpr std::string_view short_forms = "\"\\nrtbf";
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        table[static_cast<unsigned char>(bytes[index])] = {{'\\', short_forms[index]}, 2};
    }
    return table;
}

constexpr std::array<escape, 128> escapes = make_escapes();

/// The byte is one that must be escaped.
char* write_escape(char byte, char* to) noexcept
{
    escape const& form = escapes[static_cast<unsigned char>(byte)];
    static_assert(sizeof form == overshoot);
    std::memcpy(to, &form, sizeof form);
    return to + form.length;
}

bool is_continuation(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Length of the character at the front, or, negative, of what must be replaced by one U+FFFD: the longest beginning of
/// a character, one byte at least.
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

#if defined(POSTMARK_PROTOCOL_X86)

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

/// The slow path: text that is not UTF-8.
template <class Scan>
void write_repaired(byte_buffer& out, std::string_view text)
{
    char const* const end = text.data() + text.size();
    char const* part = text.data();
    char const* from = part;
    while (from != end) {
        int const length = character_length(from, end);
        if (length > 0) {
            from += length;
            continue;
        }
        write_string_part_by<Scan>(out, {part, static_cast<std::size_t>(from - part)});
        out.append("\xef\xbf\xbd");
        from -= length;
        part = from;
    }
    write_string_part_by<Scan>(out, {part, static_cast<std::size_t>(end - part)});
}

} // namespace

struct portable_scan {
    using type = word_scan;
};

struct vector_scan {
#if defined(POSTMARK_PROTOCOL_X86)
    using type = sse2_scan;
#else
    using type = word_scan;
#endif
};

template <class Scan>
void write_string_part_by(byte_buffer& out, std::string_view text)
{
    std::size_t const size_before = out.size();
    char const* from = text.data();
    char const* const end = from + text.size();
    // The room always suffices for what is left, unescaped; an escape that eats into it asks for more.
    char* to = out.prepare(text.size() + overshoot);
    char const* limit = out.data() + out.capacity();
    typename Scan::type scan;
    for (;;) {
        scan.copy_plain(from, end, to);
        if (from == end) {
            break;
        }
        to = write_escape(*from++, to);
        std::size_t const needed = static_cast<std::size_t>(end - from) + overshoot;
        if (static_cast<std::size_t>(limit - to) < needed) {
            out.commit(static_cast<std::size_t>(to - (out.data() + out.size())));
            to = out.prepare(needed);
            limit = out.data() + out.capacity();
        }
    }
    out.commit(static_cast<std::size_t>(to - (out.data() + out.size())));
    if (scan.saw_high() && !is_utf8(text)) {
        out.truncate(size_before);
        write_repaired<Scan>(out, text);
    }
}

template void write_string_part_by<portable_scan>(byte_buffer&, std::string_view);
template void write_string_part_by<vector_scan>(byte_buffer&, std::string_view);

void write_string_part(byte_buffer& out, std::string_view text)
{
    write_string_part_by<vector_scan>(out, text);
}

void write_string(byte_buffer& out, std::string_view text)
{
    out.push_back('"');
    write_string_part_by<vector_scan>(out, text);
    out.push_back('"');
}

void write_integer(byte_buffer& out, std::int64_t value)
{
    constexpr std::size_t longest = 20;
    char* const begin = out.prepare(longest);
    out.commit(static_cast<std::size_t>(std::to_chars(begin, begin + longest, value).ptr - begin));
}

std::size_t integer_size(std::int64_t value) noexcept
{
    std::size_t size = value < 0 ? 2 : 1;
    while (value > 9 || value < -9) {
        value /= 10;
        ++size;
    }
    return size;
}

bool is_utf8(std::string_view text) noexcept
{
#if defined(POSTMARK_PROTOCOL_X86)
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

} // namespace postmark::protocol
