// SPDX-License-Identifier: BSL-1.0

#include "protocol/fast_reply_reader.hpp"

#include "protocol/timestamp.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace postmark::protocol {

namespace {

// What takes a body apart from its front: each of these returns where it stopped, behind any blanks, or null if what it looks
// for is not there.

char const* skip_blanks(char const* at, char const* end) noexcept
{
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        ++at;
    }
    return at;
}

char const* skip(char wanted, char const* at, char const* end) noexcept
{
    return at != end && *at == wanted ? skip_blanks(at + 1, end) : nullptr;
}

/// The first character that ends a string or needs a second look.
char const* find_unusual(char const* at, char const* end) noexcept
{
#if defined(__SSE2__)
    __m128i const quote = _mm_set1_epi8('"');
    __m128i const backslash = _mm_set1_epi8('\\');
    __m128i const blank = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        __m128i block;
        std::memcpy(&block, at, sizeof block);
        // Bytes beyond ASCII are negative, and so less than a blank as control characters are.
        __m128i const unusual = _mm_or_si128(
            _mm_cmplt_epi8(block, blank), _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
        if (auto const found = static_cast<unsigned>(_mm_movemask_epi8(unusual)); found != 0) {
            return at + std::countr_zero(found);
        }
    }
#endif
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at - ' ') < 0x80 - ' ') {
        ++at;
    }
    return at;
}

char const* read_text(char const* at, char const* end, std::string_view& text) noexcept
{
    if (at == end || *at != '"') {
        return nullptr;
    }
    char const* const from = at + 1;
    char const* const to = find_unusual(from, end);
    if (to == end || *to != '"') {
        return nullptr;
    }
    text = {from, static_cast<std::size_t>(to - from)};
    return skip_blanks(to + 1, end);
}

/// Up to nine digits as JSON writes a number, which surely fit into an `int`. What comes next is for the caller to look at:
/// a fraction is none of what may follow a value.
char const* read_code(char const* at, char const* end, int& code) noexcept
{
    constexpr std::ptrdiff_t most = 9;
    char const* const from = at;
    int value = 0;
    while (at != end && *at >= '0' && *at <= '9' && at - from != most) {
        value = value * 10 + (*at++ - '0');
    }
    std::ptrdiff_t const count = at - from;
    if (count == 0 || (count > 1 && *from == '0')) {
        return nullptr;
    }
    code = value;
    return skip_blanks(at, end);
}

enum class key : unsigned char { to, submitted_at, message_id, error_code, message };

/// The name of a member, the colon and the blanks behind it.
char const* read_key(char const* at, char const* end, key& which) noexcept
{
    // The longest name with its quotes and a colon: all can be compared without a look at the end.
    if (end - at < 14) {
        return nullptr;
    }
    auto const is = [&](std::string_view name, key found) {
        if (std::memcmp(at + 1, name.data() + 1, name.size() - 1) != 0) {
            return false;
        }
        which = found;
        at += name.size();
        return true;
    };
    bool known = false;
    // The second letter tells most of them apart.
    switch (at[0] == '"' ? at[1] : '\0') {
    case 'T':
        known = is("\"To\"", key::to);
        break;
    case 'S':
        known = is("\"SubmittedAt\"", key::submitted_at);
        break;
    case 'M':
        known = is("\"Message\"", key::message) || is("\"MessageID\"", key::message_id);
        break;
    case 'E':
        known = is("\"ErrorCode\"", key::error_code);
        break;
    default:
        break;
    }
    return known ? skip(':', skip_blanks(at, end), end) : nullptr;
}

/// One object.
char const* read_one(char const* at, char const* end, receipt& result, reply_fields& fields)
{
    at = skip('{', at, end);
    unsigned seen = 0;
    while (at != nullptr) {
        key which{};
        at = read_key(at, end, which);
        if (at == nullptr) {
            return nullptr;
        }
        unsigned const bit = 1U << static_cast<unsigned>(which);
        if ((seen & bit) != 0) {
            return nullptr;
        }
        seen |= bit;

        if (which == key::error_code) {
            at = read_code(at, end, fields.code);
        } else {
            std::string_view text;
            at = read_text(at, end, text);
            if (at == nullptr) {
                return nullptr;
            }
            if (which == key::message_id) {
                result.message_id.assign(text);
            } else if (which == key::to) {
                result.to.assign(text);
            } else if (which == key::message) {
                result.detail.assign(text);
            } else if (text.size() > longest_timestamp) {
                return nullptr;
            } else if (!parse_timestamp(text, result.submitted_at)) {
                result.submitted_at = {};
            }
        }
        if (at == nullptr || at == end) {
            return nullptr;
        }
        if (*at == '}') {
            return skip_blanks(at + 1, end);
        }
        at = skip(',', at, end);
    }
    return nullptr;
}

} // namespace

bool read_fast_object(unsigned http_status, std::string_view body, receipt& result, reply_fields& fields)
{
    reset(result, http_status);
    fields = {};
    char const* const end = body.data() + body.size();
    char const* const at = read_one(skip_blanks(body.data(), end), end, result, fields);
    return at != nullptr && at == end;
}

bool read_fast_items(unsigned http_status, std::string_view body, std::span<receipt* const> receipts)
{
    char const* const end = body.data() + body.size();
    char const* at = skip('[', skip_blanks(body.data(), end), end);
    bool first = true;
    for (receipt* const each : receipts) {
        if (!std::exchange(first, false) && at != nullptr) {
            at = skip(',', at, end);
        }
        if (at == nullptr) {
            return false;
        }
        reply_fields fields;
        reset(*each, http_status);
        at = read_one(at, end, *each, fields);
        if (at == nullptr) {
            return false;
        }
        settle(*each, fields);
    }
    at = at != nullptr ? skip(']', at, end) : nullptr;
    return at != nullptr && at == end;
}

} // namespace postmark::protocol
