// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_AGREEMENT_HPP
#define POSTMARK_TEST_AGREEMENT_HPP

#include <postmark/error.hpp>
#include <postmark/receipt.hpp>

namespace postmark::test {

/// Whether outcome, error and id of a receipt say the same.
[[nodiscard]] inline bool agrees(receipt const& said)
{
    error_code const& error = said.error;
    return error.failed() == (said.outcome != outcome::accepted) &&
           (error == condition::rejected) == (said.outcome == outcome::rejected) &&
           (error == condition::not_sent) == (said.outcome == outcome::not_sent) &&
           (error == condition::outcome_unknown) == (said.outcome == outcome::unknown) &&
           said.message_id.empty() == (said.outcome != outcome::accepted);
}

} // namespace postmark::test

#endif
