// SPDX-License-Identifier: BSL-1.0

#include "scheduler/outcome.hpp"

#include "model/errc_table.hpp"

namespace postmark::scheduler {

outcome outcome_of(errc error) noexcept
{
    return model::outcome_of(error);
}

bool is_passing(errc error) noexcept
{
    return model::is_passing(error);
}

errc failed_error(errc cause, bool written) noexcept
{
    bool const not_sent = outcome_of(cause) == outcome::not_sent;
    if (written == !not_sent) {
        return cause;
    }
    return written ? errc::connection_lost : errc::write_failed;
}

errc aborted_error(abort_reason reason, bool written) noexcept
{
    switch (reason) {
    case abort_reason::deadline:
        return written ? errc::timed_out_in_flight : errc::timed_out_before_sent;
    case abort_reason::closed:
        return written ? errc::cancelled_in_flight : errc::client_closed;
    case abort_reason::none:
    case abort_reason::cancelled:
        break;
    }
    return written ? errc::cancelled_in_flight : errc::cancelled_before_sent;
}

} // namespace postmark::scheduler
