// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MAIL_ENCODINGS_HPP
#define POSTMARK_SANDBOX_MAIL_ENCODINGS_HPP

#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

// The encodings of internet mail. Every text has a result: what cannot be decoded stays as it is, or is left out.

/// Converts to UTF-8. Knows UTF-8, ASCII, ISO-8859-1 and Windows-1252, and takes every other charset for UTF-8. Bytes
/// that are no characters become U+FFFD.
[[nodiscard]] std::string to_utf8(std::string_view bytes, std::string_view charset);

/// Decodes the encoding of a body (`base64`, `quoted-printable`); other encodings leave the text as it is.
[[nodiscard]] std::string decoded_body(std::string_view text, std::string_view encoding);

/// Decodes the encoded words of a header field (RFC 2047). The result is UTF-8.
[[nodiscard]] std::string decoded_words(std::string_view text);

} // namespace postmark::sandbox::detail

#endif
