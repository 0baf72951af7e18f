// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_JSON_WRITER_HPP
#define POSTMARK_PROTOCOL_JSON_WRITER_HPP

#include "protocol/byte_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postmark::protocol {

/// Bytes that the writer needs after a string, though it does not keep them. A buffer with memory for the written bytes
/// and for these is never reallocated.
inline constexpr std::size_t write_slack = 32;

/// Appends a JSON string with its quotes.
///
/// Quotes, backslashes and control characters are escaped, UTF-8 passes as it is. The service refuses a whole body that
/// is not UTF-8, so bytes that are not become U+FFFD.
void write_string(byte_buffer& out, std::string_view text);

/// Appends a part of a JSON string, without quotes. A part may not begin or end inside of a character.
void write_string_part(byte_buffer& out, std::string_view text);

/// Appends a decimal number.
void write_integer(byte_buffer& out, std::int64_t value);

/// How many bytes `write_integer` appends.
[[nodiscard]] std::size_t integer_size(std::int64_t value) noexcept;

/// Ways to find bytes that must be escaped. `write_string_part` uses the fastest one; tests compare them.
struct portable_scan;
struct vector_scan;

template <class Scan>
void write_string_part_by(byte_buffer& out, std::string_view text);

extern template void write_string_part_by<portable_scan>(byte_buffer&, std::string_view);
extern template void write_string_part_by<vector_scan>(byte_buffer&, std::string_view);

} // namespace postmark::protocol

#endif
