// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_ERRC_TABLE_HPP
#define POSTMARK_MODEL_ERRC_TABLE_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

namespace postmark::model {

/// Everything that the library knows about a value of `errc`.
struct errc_row {
    errc error;
    /// The outcome that it belongs to.
    postmark::outcome outcome;
    /// Whether the same call may succeed later and cannot send twice: `condition::retryable`.
    bool retryable;
    /// Whether the client itself tries again: a failure of the network that may be gone on a new connection.
    bool passing;
    /// The message of the error code.
    char const* text;
};

/// The row of an `errc` by its number; null if there is none of that number.
[[nodiscard]] errc_row const* find_errc(int value) noexcept;

/// The outcome that an error belongs to; `unknown` for a number that is no `errc`.
[[nodiscard]] outcome outcome_of(errc error) noexcept;

/// Whether the client itself tries again after this error.
[[nodiscard]] bool is_passing(errc error) noexcept;

} // namespace postmark::model

#endif
