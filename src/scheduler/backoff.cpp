// SPDX-License-Identifier: BSL-1.0

#include "scheduler/backoff.hpp"

#include <algorithm>
#include <chrono>

namespace postmark::scheduler {

duration backoff(retry_settings const& retry, unsigned failures, double random) noexcept
{
    std::chrono::duration<double> const longest = retry.max_delay;
    std::chrono::duration<double> bound = retry.first_delay;
    for (unsigned failure = 1; failure < failures && bound < longest; ++failure) {
        bound *= 2;
    }
    return std::chrono::duration_cast<duration>(std::min(bound, longest) * random);
}

} // namespace postmark::scheduler
