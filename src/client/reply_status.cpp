// SPDX-License-Identifier: BSL-1.0

#include "client/reply_status.hpp"

#include "protocol/timestamp.hpp"
#include "scheduler/outcome.hpp"

#include <chrono>
#include <new>
#include <string>
#include <utility>

namespace postmark::detail {

namespace {

/// A copy of a diagnostic text, or nothing for want of memory: the error is what counts.
std::string copy_text(std::string const& text) noexcept
{
    try {
        return text;
    } catch (std::bad_alloc const&) {
        return {};
    }
}

} // namespace

scheduler::reply_status reply_status_of(protocol::reply_class reply_class, error_code error, int api_code,
                                        transport::reply const& reply)
{
    scheduler::reply_status status;
    switch (reply_class) {
    case protocol::reply_class::accepted:
        status.kind = scheduler::reply_kind::success;
        break;
    case protocol::reply_class::refused:
        status.kind = scheduler::reply_kind::refused;
        break;
    case protocol::reply_class::retry_later:
        status.kind = scheduler::reply_kind::retry_later;
        status.retry_after = protocol::parse_retry_after(reply.retry_after, std::chrono::system_clock::now());
        status.pauses_token = reply.status == 429;
        break;
    case protocol::reply_class::split:
        status.kind = scheduler::reply_kind::split;
        break;
    case protocol::reply_class::unknown:
        status.kind = scheduler::reply_kind::unknown;
        status.error = static_cast<errc>(error.value());
        status.unavailable = protocol::is_gateway_failure(reply.status, api_code);
        break;
    }
    return status;
}

scheduler::exchange_failure exchange_failure_of(transport::failure const& failure) noexcept
{
    scheduler::exchange_failure converted;
    converted.error = failure.error;
    converted.written = failure.written;
    converted.not_started = failure.not_started;
    // A reply that is too large has begun as HTTP. Bytes that are not HTTP need not come from the service.
    converted.replied = failure.error == errc::reply_too_large;
    converted.detail = copy_text(failure.detail);
    return converted;
}

scheduler::open_failure open_failure_of(transport::failure const& failure) noexcept
{
    scheduler::open_failure converted;
    converted.error = failure.error;
    converted.detail = copy_text(failure.detail);
    return converted;
}

protocol::reply_class item_class(receipt const& item) noexcept
{
    switch (item.outcome) {
    case outcome::accepted:
        return protocol::reply_class::accepted;
    case outcome::rejected:
        return protocol::reply_class::refused;
    case outcome::not_sent:
    case outcome::unknown:
        break;
    }
    return protocol::reply_class::unknown;
}

void fail_receipt(receipt& result, errc error, std::string_view detail) noexcept
{
    std::string stamp = std::move(result.stamp);
    std::string message_stream = std::move(result.message_stream);
    result = receipt{};
    result.outcome = scheduler::outcome_of(error);
    result.error = error;
    result.stamp = std::move(stamp);
    result.message_stream = std::move(message_stream);
    try {
        result.detail = detail;
    } catch (std::bad_alloc const&) {
        // The outcome and the error are what counts; `detail` stays empty.
    }
}

} // namespace postmark::detail
