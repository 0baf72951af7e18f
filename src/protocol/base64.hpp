// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_BASE64_HPP
#define POSTMARK_PROTOCOL_BASE64_HPP

#include "protocol/byte_buffer.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace postmark::protocol {

/// Size of the encoded form of `count` bytes.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t count) noexcept
{
    return (count / 3 + (count % 3 != 0 ? 1 : 0)) * 4;
}

/// Appends the bytes in base64, padded, in one line.
void append_base64(byte_buffer& out, std::string_view bytes);

/// Decodes base64. Strict: the standard alphabet with padding, no other characters, and unused bits zero.
/// \return false, with `bytes` empty, if the text is anything else
[[nodiscard]] bool decode_base64(std::string_view text, std::string& bytes);

/// Ways to encode. `append_base64` uses the fastest one that the processor has. All of them write
/// `base64_size(bytes.size())` characters to `out`.
enum class base64_variant { scalar, ssse3, avx2 };

[[nodiscard]] bool base64_supported(base64_variant variant) noexcept;
void encode_base64(base64_variant variant, std::string_view bytes, char* out) noexcept;

} // namespace postmark::protocol

#endif
