// SPDX-License-Identifier: BSL-1.0

#include <postmark/error.hpp>

#include <algorithm>
#include <utility>

namespace postmark {

namespace {

/// The base of a `call_error`. The text about a wrong configuration is the library's own, without addresses and secrets,
/// so it may be part of `what()`.
boost::system::system_error base_error(error_code error, std::string const& detail)
{
    if (error == errc::invalid_configuration || error == errc::no_trust_anchors) {
        return {error, detail};
    }
    return boost::system::system_error{error};
}

/// The first receipt with this error; an empty one if there is none.
receipt const& first_with(error_code const& error, std::vector<receipt> const& receipts)
{
    static receipt const none;
    auto const found = std::ranges::find(receipts, error, &receipt::error);
    return found == receipts.end() ? none : *found;
}

} // namespace

call_error::call_error(error_code error, int api_code, std::string detail)
    : system_error{base_error(error, detail)}
    , api_code_{api_code}
    , detail_{std::move(detail)}
{
}

send_error::send_error(postmark::receipt value)
    : call_error{value.error, value.api_code, value.detail}
    , receipt_{std::move(value)}
{
}

batch_error::batch_error(error_code error, std::vector<receipt> receipts)
    : call_error{error, first_with(error, receipts).api_code, first_with(error, receipts).detail}
    , receipts_{std::move(receipts)}
{
}

} // namespace postmark
