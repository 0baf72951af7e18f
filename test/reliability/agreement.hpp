// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_AGREEMENT_HPP
#define POSTMARK_TEST_AGREEMENT_HPP

#include <postmark/error.hpp>
#include <postmark/receipt.hpp>

namespace postmark::test {

/// Whether outcome, error and message id of a receipt agree.
[[nodiscard]] inline bool agrees(receipt const& result)
{
    error_code const& error = result.error;
    return error.failed() == (result.outcome != outcome::accepted) &&
           (error == condition::rejected) == (result.outcome == outcome::rejected) &&
           (error == condition::not_sent) == (result.outcome == outcome::not_sent) &&
           (error == condition::outcome_unknown) == (result.outcome == outcome::unknown) &&
           result.message_id.empty() == (result.outcome != outcome::accepted);
}

} // namespace postmark::test

#endif
