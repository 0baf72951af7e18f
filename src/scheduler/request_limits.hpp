// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_REQUEST_LIMITS_HPP
#define POSTMARK_SCHEDULER_REQUEST_LIMITS_HPP

#include <cstddef>

namespace postmark::scheduler {

/// What one request to the batch endpoints may hold. The service takes 500 messages and 50 MB; the rest is left for what it
/// counts differently.
inline constexpr std::size_t most_messages_a_request = 500;
inline constexpr std::size_t most_bytes_a_request = std::size_t{45} * 1024 * 1024;

} // namespace postmark::scheduler

#endif
