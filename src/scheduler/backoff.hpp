// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_BACKOFF_HPP
#define POSTMARK_SCHEDULER_BACKOFF_HPP

#include "scheduler/call.hpp"

namespace postmark::scheduler {

/// How long to wait after the given number of failures in a row: exponential, with full jitter, so that many clients
/// that failed together do not come back together.
/// \param failures 1 or more
/// \param random   from [0, 1)
[[nodiscard]] duration backoff(retry_settings const& retry, unsigned failures, double random) noexcept;

} // namespace postmark::scheduler

#endif
