// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_LIMITS_HPP
#define POSTMARK_MODEL_LIMITS_HPP

#include "model/text.hpp"

#include <chrono>
#include <cstddef>

namespace postmark::model {

// Limits of the service. A megabyte is 1024 * 1024 bytes there.
inline constexpr std::size_t max_recipients = 50;
inline constexpr std::size_t max_sender_units = 255;
inline constexpr std::size_t max_subject_units = 2000;
inline constexpr std::size_t max_tag_characters = 1000;
inline constexpr std::size_t max_body_bytes = 5u * 1024 * 1024;
inline constexpr std::size_t max_message_bytes = 10u * 1024 * 1024;
inline constexpr std::size_t max_metadata_keys = 10;
inline constexpr std::size_t max_metadata_key_characters = 20;
inline constexpr std::size_t max_metadata_value_units = 80;
inline constexpr std::size_t max_stream_id_characters = 30;

/// The longest attachment whose base64 form fits into a message.
inline constexpr std::size_t max_attachment_bytes = max_message_bytes / 4 * 3;
static_assert(base64_size(max_attachment_bytes) == max_message_bytes);

/// The longest duration that is accepted, a year: with it, no point in time that is computed from one overflows.
inline constexpr std::chrono::hours max_duration{24 * 365};

} // namespace postmark::model

#endif
