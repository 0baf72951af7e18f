// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_JSON_WRITER_HPP
#define POSTMARK_PROTOCOL_JSON_WRITER_HPP

#include "protocol/byte_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postmark::protocol {

/// Bytes that the writer wants free behind a string. A buffer that was reserved for exactly what is written, and this,
/// is never reallocated.
inline constexpr std::size_t write_slack = 32;

/// Appends a JSON string with its quotes.
///
/// Quotes, backslashes and control characters are escaped, UTF-8 passes as it is. A body that is not UTF-8 would be
/// refused whole by the service, so what is not UTF-8 becomes U+FFFD.
void write_string(byte_buffer& out, std::string_view text);

/// Likewise without the quotes: a part of a string. A part may not begin or end inside a character.
void write_string_part(byte_buffer& out, std::string_view text);

/// Appends a decimal number.
void write_integer(byte_buffer& out, std::int64_t value);

/// How many bytes `write_integer` appends.
[[nodiscard]] std::size_t integer_size(std::int64_t value) noexcept;

/// Ways to find what must be escaped; `write_string_part` uses the best one, tests compare them.
struct portable_scan;
struct vector_scan;

template <class Scan>
void write_string_part_by(byte_buffer& out, std::string_view text);

extern template void write_string_part_by<portable_scan>(byte_buffer&, std::string_view);
extern template void write_string_part_by<vector_scan>(byte_buffer&, std::string_view);

} // namespace postmark::protocol

#endif
