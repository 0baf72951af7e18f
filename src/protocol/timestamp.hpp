// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_TIMESTAMP_HPP
#define POSTMARK_PROTOCOL_TIMESTAMP_HPP

#include "model/limits.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace postmark::protocol {

/// Reads a date of the service: `2026-03-04T05:06:07.1234567Z`, any number of fraction digits, `Z` or an offset; or
/// a date alone, which is its beginning in UTC.
/// \return false, with `time` unchanged, if the text is anything else or a time that the clock cannot hold
[[nodiscard]] bool parse_timestamp(std::string_view text, std::chrono::system_clock::time_point& time) noexcept;

/// The longest time that `parse_retry_after` returns; small enough to be added to the time of any clock.
inline constexpr std::chrono::seconds max_retry_after = model::max_duration;

/// Reads a `Retry-After`: seconds, or any of the three forms of an HTTP date.
/// \return how long to wait from `now`: 0 for the past, `max_retry_after` at most; nothing if the text is neither
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                                    std::chrono::system_clock::time_point now) noexcept;

} // namespace postmark::protocol

#endif
