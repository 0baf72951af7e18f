// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_writer.hpp"

#include "model/utf8.hpp"

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

/// Bytes that a scan may write after the last one that counts.
constexpr std::size_t overshoot = 16;

// What every scan does: copy from `from` to `to` until the end or a byte that must be escaped, and note whether a
// byte beyond ASCII went by. Copying first and looking afterwards touches each byte once.

constexpr std::uint64_t blanks = 0x2020202020202020;

std::uint64_t load_word(char const* from) noexcept
{
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// Fewer than eight bytes, little-endian, filled up with blanks: loaded in overlapping pieces.
std::uint64_t load_short(char const* from, std::size_t count) noexcept
{
    std::uint64_t word = 0;
    if (count >= 4) {
        std::uint32_t first;
        std::uint32_t last;
        std::memcpy(&first, from, sizeof first);
        std::memcpy(&last, from + count - 4, sizeof last);
        word = first | (std::uint64_t{last} << (8 * (count - 4)));
    } else if (count != 0) {
        auto const byte = [&](std::size_t index) {
            return std::uint64_t{static_cast<unsigned char>(from[index])} << (8 * index);
        };
        word = byte(0) | byte(count / 2) | byte(count - 1);
    }
    return word | (blanks << (8 * count));
}

/// Scans by eight bytes in an integer register.
class word_scan {
public:
    [[nodiscard]] bool saw_high() const noexcept { return (seen_ & high_bits) != 0; }

    void copy_plain(char const*& from, char const* end, char*& to) noexcept
    {
        if constexpr (std::endian::native == std::endian::little) {
            while (end - from >= 8) {
                if (!copy_word(load_word(from), 8, from, to)) {
                    return;
                }
            }
            auto const count = static_cast<std::size_t>(end - from);
            copy_word(load_short(from, count), count, from, to);
        } else {
            for (; from != end && !must_be_escaped(*from); ++from, ++to) {
                seen_ |= static_cast<unsigned char>(*from);
                *to = *from;
            }
        }
    }

private:
    static constexpr std::uint64_t low_bits = 0x0101010101010101;
    static constexpr std::uint64_t high_bits = 0x8080808080808080;

    static bool must_be_escaped(char byte) noexcept
    {
        return static_cast<unsigned char>(byte) < 0x20 || byte == '"' || byte == '\\';
    }

    /// The lowest bit set marks the first byte to escape. Those above it may be wrong: a borrow runs upwards.
    static std::uint64_t marks(std::uint64_t word) noexcept
    {
        std::uint64_t const quote = word ^ (low_bits * '"');
        std::uint64_t const backslash = word ^ (low_bits * '\\');
        return (((word - blanks) & ~word) | ((quote - low_bits) & ~quote) | ((backslash - low_bits) & ~backslash)) &
               high_bits;
    }

    bool copy_word(std::uint64_t word, std::size_t count, char const*& from, char*& to) noexcept
    {
        std::memcpy(to, &word, sizeof word);
        seen_ |= word;
        std::uint64_t const found = marks(word);
        std::size_t const plain = found == 0 ? count : static_cast<std::size_t>(std::countr_zero(found)) / 8;
        from += plain;
        to += plain;
        return found == 0;
    }

    std::uint64_t seen_ = 0;
};

#if defined(POSTMARK_PROTOCOL_X86)

/// Scans by 16 bytes in a vector register.
class sse2_scan {
public:
    [[nodiscard]] bool saw_high() const noexcept { return _mm_movemask_epi8(seen_) != 0; }

    void copy_plain(char const*& from, char const* end, char*& to) noexcept
    {
        while (end - from >= 16) {
            __m128i block;
            std::memcpy(&block, from, sizeof block);
            if (!copy_block(block, sizeof block, from, to)) {
                return;
            }
        }
        if (from != end) {
            auto const count = static_cast<std::size_t>(end - from);
            copy_block(load_rest(from, count), count, from, to);
        }
    }

    /// Fewer than 16 bytes, filled up with blanks.
    static __m128i load_rest(char const* from, std::size_t count) noexcept
    {
        if (count < 8) {
            return _mm_set_epi64x(static_cast<long long>(blanks), static_cast<long long>(load_short(from, count)));
        }
        // The last eight bytes without those that the first eight hold. Two steps, since one cannot shift by 64 bits.
        std::uint64_t const rest = load_word(from + count - 8) >> 8 >> (8 * (15 - count));
        return _mm_set_epi64x(static_cast<long long>(rest | (blanks << (8 * (count - 8)))),
                              static_cast<long long>(load_word(from)));
    }

private:
    bool copy_block(__m128i block, std::size_t count, char const*& from, char*& to) noexcept
    {
        std::memcpy(to, &block, sizeof block);
        seen_ = _mm_or_si128(seen_, block);
        __m128i const control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
        __m128i const quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
        __m128i const backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
        auto const found =
            static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
        std::size_t const plain = found == 0 ? count : static_cast<std::size_t>(std::countr_zero(found));
        from += plain;
        to += plain;
        return found == 0;
    }

    __m128i seen_ = _mm_setzero_si128();
};

/// Copies a text of at most 32 bytes if it is UTF-8 and nothing has to be escaped, as in most strings of a mail.
/// \return whether it did; if not, the bytes at `to` are of no meaning
bool copy_short(std::string_view text, char* to) noexcept
{
    char const* const from = text.data();
    if (text.size() > 32) {
        return false;
    }
    // Two blocks, which overlap unless the text fills both.
    __m128i first;
    __m128i last;
    if (text.size() >= 16) {
        std::memcpy(&first, from, sizeof first);
        std::memcpy(&last, from + text.size() - sizeof last, sizeof last);
        std::memcpy(to + text.size() - sizeof last, &last, sizeof last);
    } else {
        first = sse2_scan::load_rest(from, text.size());
        last = first;
    }
    std::memcpy(to, &first, sizeof first);
    __m128i const blank = _mm_set1_epi8(' ');
    __m128i const quote = _mm_set1_epi8('"');
    __m128i const backslash = _mm_set1_epi8('\\');
    // Bytes beyond ASCII are negative, and so less than a blank as control characters are.
    __m128i const low = _mm_or_si128(_mm_cmplt_epi8(first, blank), _mm_cmplt_epi8(last, blank));
    __m128i const quotes = _mm_or_si128(_mm_cmpeq_epi8(first, quote), _mm_cmpeq_epi8(last, quote));
    __m128i const backslashes = _mm_or_si128(_mm_cmpeq_epi8(first, backslash), _mm_cmpeq_epi8(last, backslash));
    if (_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quotes, backslashes))) == 0) {
        return true;
    }
    __m128i const last_control = _mm_set1_epi8(0x1f);
    __m128i const controls = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(first, last_control), first),
                                          _mm_cmpeq_epi8(_mm_min_epu8(last, last_control), last));
    return _mm_movemask_epi8(_mm_or_si128(controls, _mm_or_si128(quotes, backslashes))) == 0 && model::is_utf8(text);
}

#else

bool copy_short(std::string_view, char*) noexcept
{
    return false;
}

#endif

/// The escape of a byte and its length. Eight bytes are copied whatever the length: no branch to mispredict.
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
    static_assert(sizeof form <= overshoot);
    std::memcpy(to, &form, sizeof form);
    return to + form.length;
}

/// The slow path: text that is not UTF-8.
template <class Scan>
void write_repaired(byte_buffer& out, std::string_view text)
{
    char const* const end = text.data() + text.size();
    char const* part = text.data();
    char const* from = part;
    while (from != end) {
        int const length = model::utf8_length({from, static_cast<std::size_t>(end - from)});
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
    // The prepared memory always suffices for what is left, unescaped; an escape that eats into it asks for more.
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
    if (scan.saw_high() && !model::is_utf8(text)) {
        out.truncate(size_before);
        write_repaired<Scan>(out, text);
    }
}

template void write_string_part_by<portable_scan>(byte_buffer&, std::string_view);
template void write_string_part_by<vector_scan>(byte_buffer&, std::string_view);

void write_string_part(byte_buffer& out, std::string_view text)
{
    char* const to = out.prepare(text.size() + overshoot);
    if (copy_short(text, to)) {
        out.commit(text.size());
    } else {
        write_string_part_by<vector_scan>(out, text);
    }
}

void write_string(byte_buffer& out, std::string_view text)
{
    char* const to = out.prepare(text.size() + 2 + overshoot);
    *to = '"';
    if (copy_short(text, to + 1)) {
        to[text.size() + 1] = '"';
        out.commit(text.size() + 2);
        return;
    }
    out.commit(1);
    write_string_part_by<vector_scan>(out, text);
    out.push_back('"');
}

void write_integer(byte_buffer& out, std::int64_t value)
{
    constexpr std::size_t max_digits = 20;
    char* const begin = out.prepare(max_digits);
    out.commit(static_cast<std::size_t>(std::to_chars(begin, begin + max_digits, value).ptr - begin));
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

} // namespace postmark::protocol
