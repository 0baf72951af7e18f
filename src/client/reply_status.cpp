// SPDX-License-Identifier: BSL-1.0

#include "client/reply_status.hpp"

#include "protocol/reply_rules.hpp"
#include "protocol/timestamp.hpp"
#include "scheduler/outcome.hpp"

#include <chrono>
#include <new>
#include <utility>

namespace postmark::detail {

scheduler::reply_status reply_status_of(protocol::reply_class found, error_code error, transport::reply const& said)
{
    scheduler::reply_status verdict;
    verdict.kind = scheduler::reply_kind::retry_later;
    verdict.retry_after = protocol::parse_retry_after(said.retry_after, std::chrono::system_clock::now());
    verdict.pauses_token = said.status == 429;
    return verdict;
}

bool is_gateway_failure(unsigned status, int api_code) noexcept
{
    return status == 502 || status == 504 || (status == 503 && api_code == 0);
}

scheduler::reply_status reply_status_of(receipt const& result, transport::reply const& said)
{
    scheduler::reply_status verdict;
    switch (result.outcome) {
    case outcome::accepted:
        verdict.kind = scheduler::reply_kind::success;
        break;
    case outcome::rejected:
        if (protocol::should_wait(result.http_status, result.api_code)) {
            return retry_later_status(said);
        }
        verdict.kind = scheduler::reply_kind::refused;
        break;
    case outcome::not_sent:
    case outcome::unknown:
        verdict.kind = scheduler::reply_kind::unknown;
        verdict.error = static_cast<errc>(result.error.value());
        verdict.unavailable = is_gateway_failure(said.status, result.api_code);
        break;
    }
    return status;
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

void fail_receipt(receipt& result, errc error, std::string const& detail) noexcept
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
        // Without words, then.
    }
}

} // namespace postmark::detail
