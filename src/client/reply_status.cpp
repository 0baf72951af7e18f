// SPDX-License-Identifier: BSL-1.0

#include "client/reply_status.hpp"

#include "protocol/reply_rules.hpp"
#include "protocol/timestamp.hpp"
#include "scheduler/outcome.hpp"

#include <chrono>
#include <new>
#include <utility>

namespace postmark::detail {

scheduler::reply_status retry_later_status(transport::reply const& said)
{
    scheduler::reply_status verdict;
    verdict.what = scheduler::reply_status::kind::retry_later;
    verdict.retry_after = protocol::parse_retry_after(said.retry_after, std::chrono::system_clock::now());
    verdict.pauses_token = said.status == 429;
    return verdict;
}

scheduler::reply_status reply_status_of(receipt const& result, transport::reply const& said)
{
    scheduler::reply_status verdict;
    switch (result.outcome) {
    case outcome::accepted:
        verdict.what = scheduler::reply_status::kind::success;
        break;
    case outcome::rejected:
        if (protocol::should_wait(result.http_status, result.api_code)) {
            return retry_later_status(said);
        }
        verdict.what = scheduler::reply_status::kind::refused;
        break;
    case outcome::not_sent:
    case outcome::unknown:
        verdict.what = scheduler::reply_status::kind::unknown;
        verdict.error = static_cast<errc>(result.error.value());
        break;
    }
    return verdict;
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
