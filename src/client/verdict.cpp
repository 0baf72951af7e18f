#include "client/verdict.hpp"

#include "call/answer_rules.hpp"
#include "call/timestamp.hpp"
#include "dispatch/outcome.hpp"

#include <chrono>
#include <new>
#include <utility>

namespace postmark::detail {

dispatch::verdict wait_verdict(transport::reply const& said)
{
    dispatch::verdict verdict;
    verdict.what = dispatch::verdict::kind::wait;
    verdict.retry_after = call::parse_retry_after(said.retry_after, std::chrono::system_clock::now());
    verdict.pauses_token = said.status == 429;
    return verdict;
}

dispatch::verdict verdict_of(receipt const& result, transport::reply const& said)
{
    dispatch::verdict verdict;
    switch (result.outcome) {
    case outcome::accepted:
        verdict.what = dispatch::verdict::kind::success;
        break;
    case outcome::rejected:
        if (call::should_wait(result.http_status, result.error_code))
            return wait_verdict(said);
        verdict.what = dispatch::verdict::kind::refused;
        break;
    case outcome::not_sent:
    case outcome::unknown:
        verdict.what = dispatch::verdict::kind::unknown;
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
    result.outcome = dispatch::outcome_of(error);
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
