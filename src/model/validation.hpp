// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_VALIDATION_HPP
#define POSTMARK_MODEL_VALIDATION_HPP

#include <postmark/message.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace postmark::model {

/// What the service takes at most. A megabyte is 1024 * 1024 bytes.
inline constexpr std::size_t max_recipients = 50;
inline constexpr std::size_t max_sender_units = 255;
inline constexpr std::size_t max_subject_units = 2000;
inline constexpr std::size_t max_tag_characters = 1000;
inline constexpr std::size_t max_body_bytes = 5u * 1024 * 1024;
inline constexpr std::size_t max_message_bytes = 10u * 1024 * 1024;
inline constexpr std::size_t max_metadata_keys = 10;
inline constexpr std::size_t max_metadata_key_characters = 20;
inline constexpr std::size_t max_metadata_value_characters = 80;
inline constexpr std::size_t max_stream_id_characters = 30;

/// The longest attachment whose base64 form fits into a message.
inline constexpr std::size_t max_attachment_bytes = max_message_bytes / 4 * 3;

/// Whether a text could end a header early: it holds CR, LF or NUL.
[[nodiscard]] bool has_header_injection(std::string_view text) noexcept;

/// Likewise, of its address and its name.
[[nodiscard]] bool is_injected(mailbox const& value) noexcept;

/// Names the first field of the message that holds CR, LF or NUL where it becomes a header; empty if none does.
///
/// Every send goes through this. It allocates only if it finds something.
[[nodiscard]] std::string header_injection(message const& msg);

/// Whether it may stand before the colon of a mail header.
[[nodiscard]] bool is_header_name(std::string_view text) noexcept;

/// Whether the text looks like one bare address.
[[nodiscard]] bool is_plausible_address(std::string_view text) noexcept;

/// Whether the service refuses attachments with a name like this, by its last extension.
[[nodiscard]] bool has_refused_extension(std::string_view file_name) noexcept;

/// Length of the base64 form.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) noexcept
{
    return bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : 4);
}

} // namespace postmark::model

#endif
