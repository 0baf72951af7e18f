// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_OUTCOME_HPP
#define POSTMARK_SCHEDULER_OUTCOME_HPP

#include "scheduler/call.hpp"

#include <postmark/receipt.hpp>

namespace postmark::scheduler {

/// The outcome of a call that ends with an error of the library.
[[nodiscard]] outcome outcome_of(errc error) noexcept;

/// Whether a failure before the request was written may be gone at the next try.
[[nodiscard]] bool is_passing(errc error) noexcept;

/// The error of an exchange that failed by itself: the bytes that were written decide about the outcome, and where the
/// cause belongs to another one, they decide about the error, too.
/// \param cause   what the transport reported
/// \param written whether it took the last byte of the request
[[nodiscard]] errc failed_error(errc cause, bool written) noexcept;

/// The error of a call that was ended while it was in flight: only the bytes that were written decide.
/// \param reason  why it was ended
/// \param written whether the transport took the last byte of the request
[[nodiscard]] errc aborted_error(abort_reason reason, bool written) noexcept;

} // namespace postmark::scheduler

#endif
