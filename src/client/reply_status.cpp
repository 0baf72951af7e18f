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
    using kind = scheduler::reply_status::kind;
    scheduler::reply_status status;
    switch (found) {
    case protocol::reply_class::accepted:
        status.what = kind::success;
        break;
    case protocol::reply_class::refused:
        status.what = kind::refused;
        break;
    case protocol::reply_class::retry_later:
        status.what = kind::retry_later;
        status.retry_after = protocol::parse_retry_after(said.retry_after, std::chrono::system_clock::now());
        status.pauses_token = said.status == 429;
        break;
    case protocol::reply_class::split:
        status.what = kind::split;
        break;
    case protocol::reply_class::unknown:
        status.what = kind::unknown;
        status.error = static_cast<errc>(error.value());
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
