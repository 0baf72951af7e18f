// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_REQUEST_LIMITS_HPP
#define POSTMARK_SCHEDULER_REQUEST_LIMITS_HPP

#include <cstddef>

namespace postmark::scheduler {

/// The limits of one request to the batch endpoints. The service takes 500 messages and 50 MB; 5 MB are kept back
/// because the service may count bytes differently.
inline constexpr std::size_t max_messages_per_request = 500;
inline constexpr std::size_t max_bytes_per_request = std::size_t{45} * 1024 * 1024;

} // namespace postmark::scheduler

#endif
