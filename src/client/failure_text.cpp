// SPDX-License-Identifier: BSL-1.0

#include "client/failure_text.hpp"

#include <exception>

namespace postmark::detail {

std::string explain(errc error, std::string_view cause)
{
    switch (error) {
    case errc::queue_full:
    case errc::cancelled_before_sent:
    case errc::cancelled_in_flight:
    case errc::client_closed:
        // The call ended for this reason alone, whatever else had failed before.
        return error_code{error}.message();
    case errc::timed_out_before_sent:
    case errc::timed_out_in_flight:
        return error_code{error}.message() + (cause.empty() ? "" : ": " + std::string{cause});
    default:
        return cause.empty() ? error_code{error}.message() : std::string{cause};
    }
}

std::string describe_current(std::string_view failed) noexcept
{
    try {
        try {
            throw;
        } catch (std::exception const& error) {
            return std::string{failed} + ": " + error.what();
        } catch (...) {
            return std::string{failed};
        }
    } catch (...) {
        return {};
    }
}

} // namespace postmark::detail
