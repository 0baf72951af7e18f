// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_UTF8_HPP
#define POSTMARK_MODEL_UTF8_HPP

#include <string_view>

namespace postmark::model {

/// Whether the text is UTF-8 (without surrogates, overlong forms, or values beyond U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The same as `is_utf8`, on any processor.
[[nodiscard]] bool is_utf8_portable(std::string_view text) noexcept;

/// The number of bytes of the first character of a text that is not empty. If the text does not begin with a character,
/// the result is negative: the number of bytes that one U+FFFD replaces, which is the longest beginning of a character,
/// and at least one byte.
[[nodiscard]] int utf8_length(std::string_view text) noexcept;

/// What `take_code_point` returns for bytes that are not UTF-8.
inline constexpr char32_t invalid_code_point = 0xffff'ffff;

/// Removes the first code point from a text that is not empty; one byte where the bytes are not UTF-8.
[[nodiscard]] char32_t take_code_point(std::string_view& text) noexcept;

} // namespace postmark::model

#endif
