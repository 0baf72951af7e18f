// SPDX-License-Identifier: BSL-1.0

#include "model/errc_table.hpp"

#include <algorithm>
#include <iterator>

namespace postmark::model {

namespace {

constexpr bool retryable = true;
constexpr bool passing = true;

// In the order of the numbers.
constexpr errc_row rows[] = {
    {errc::invalid_message, outcome::not_sent, !retryable, !passing, "the message cannot be sent as it is"},
    {errc::invalid_configuration, outcome::not_sent, !retryable, !passing, "the configuration is invalid"},
    {errc::no_trust_anchors, outcome::not_sent, !retryable, !passing, "no trusted certificates were found"},
    {errc::queue_full, outcome::not_sent, retryable, !passing, "too many requests are waiting"},
    {errc::resolve_failed, outcome::not_sent, retryable, passing, "the host name could not be resolved"},
    {errc::connect_failed, outcome::not_sent, retryable, passing, "no connection could be made"},
    {errc::proxy_refused, outcome::not_sent, retryable, passing, "the proxy did not open the tunnel"},
    {errc::handshake_failed, outcome::not_sent, retryable, passing, "the TLS handshake failed"},
    {errc::certificate_refused, outcome::not_sent, !retryable, !passing,
     "the certificate of the server was not accepted"},
    {errc::write_failed, outcome::not_sent, retryable, passing, "the connection failed before the request was sent"},
    {errc::timed_out_before_sent, outcome::not_sent, retryable, !passing, "timed out before the request was sent"},
    {errc::cancelled_before_sent, outcome::not_sent, !retryable, !passing, "cancelled before the request was sent"},
    {errc::client_closed, outcome::not_sent, !retryable, !passing, "the client is closed"},
    {errc::connection_lost, outcome::unknown, !retryable, !passing, "the connection was lost before the reply"},
    {errc::timed_out_in_flight, outcome::unknown, !retryable, !passing, "timed out waiting for the reply"},
    {errc::cancelled_in_flight, outcome::unknown, !retryable, !passing, "cancelled while waiting for the reply"},
    {errc::malformed_reply, outcome::unknown, !retryable, !passing, "the reply could not be understood"},
    {errc::reply_too_large, outcome::unknown, !retryable, !passing, "the reply is too large"},
    {errc::item_count_mismatch, outcome::unknown, !retryable, !passing, "the reply has the wrong number of items"},
    {errc::server_error, outcome::unknown, !retryable, !passing, "the service failed"},
    {errc::http_refused, outcome::rejected, !retryable, !passing, "the service refused the request"},
};

static_assert(std::ranges::is_sorted(rows, {}, &errc_row::error));

} // namespace

errc_row const* find_errc(int value) noexcept
{
    auto const* const row = std::ranges::lower_bound(rows, static_cast<errc>(value), {}, &errc_row::error);
    return row != std::end(rows) && row->error == static_cast<errc>(value) ? row : nullptr;
}

outcome outcome_of(errc error) noexcept
{
    auto const* const row = find_errc(static_cast<int>(error));
    return row != nullptr ? row->outcome : outcome::unknown;
}

bool is_passing(errc error) noexcept
{
    auto const* const row = find_errc(static_cast<int>(error));
    return row != nullptr && row->passing;
}

} // namespace postmark::model
