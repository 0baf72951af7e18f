// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_UNIT_PROTOCOL_REPLY_FIXTURE_HPP
#define POSTMARK_TEST_UNIT_PROTOCOL_REPLY_FIXTURE_HPP

#include "protocol/read_reply.hpp"
#include "protocol/reply_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::protocol::test {

inline constexpr std::string_view accepted_body =
    R"({"To":"ann@example.org","SubmittedAt":"2026-03-04T05:06:07.1234567Z",)"
    R"("MessageID":"7f1c2f0e-5d0b-4a0a-9a7e-1c2d3e4f5a6b","ErrorCode":0,"Message":"OK"})";
inline constexpr std::string_view accepted_id = "7f1c2f0e-5d0b-4a0a-9a7e-1c2d3e4f5a6b";

/// The content that a previous attempt may have left in a receipt.
inline receipt used_receipt()
{
    receipt result;
    result.outcome = outcome::accepted;
    result.message_id = "old id";
    result.to = "old to";
    result.submitted_at = std::chrono::system_clock::time_point{std::chrono::hours{1}};
    result.error = errc::queue_full;
    result.api_code = 17;
    result.detail = "old detail";
    result.suppressed = {"old@example.org"};
    result.http_status = 1;
    result.stamp = "stamp";
    return result;
}

inline void check_agreement(receipt const& result)
{
    BOOST_TEST((result.outcome == outcome::accepted) == !result.error);
    BOOST_TEST((result.outcome == outcome::rejected) == (result.error == condition::rejected));
    BOOST_TEST((result.outcome == outcome::unknown) == (result.error == condition::outcome_unknown));
    BOOST_TEST((result.outcome == outcome::accepted) == !result.message_id.empty());
    BOOST_TEST(result.stamp == "stamp");
    if (result.error) {
        BOOST_TEST(!result.detail.empty());
        BOOST_TEST(result.detail != "old detail");
    }
    BOOST_TEST((result.suppressed.empty() || result.suppressed.front() != "old@example.org"));
    BOOST_TEST(result.to != "old to");
}

inline receipt read(unsigned http_status, std::string_view body)
{
    receipt result = used_receipt();
    reply_class const found = read_send_reply(http_status, body, result);
    BOOST_TEST((found == reply_class::accepted) == (result.outcome == outcome::accepted));
    BOOST_TEST((found == reply_class::unknown) == (result.outcome == outcome::unknown));
    BOOST_TEST((found == reply_class::retry_later) ==
               (result.outcome == outcome::rejected && should_wait(http_status, result.api_code)));
    BOOST_TEST(result.http_status == http_status);
    check_agreement(result);
    return result;
}

inline void check(unsigned http_status, std::string_view body, outcome expected, postmark::error_code error,
                  int code = 0)
{
    BOOST_TEST_CONTEXT(http_status << ' ' << body.substr(0, 200))
    {
        receipt const result = read(http_status, body);
        BOOST_TEST(result.outcome == expected);
        BOOST_TEST(result.error == error);
        BOOST_TEST(result.api_code == code);
    }
}

struct batch {
    explicit batch(std::size_t count)
        : receipts(count, used_receipt())
    {
        for (auto& result : receipts) {
            pointers.push_back(&result);
        }
    }

    reply_class read(unsigned http_status, std::string_view body)
    {
        reply_class const found = read_batch_reply(http_status, body, pointers);
        for (auto const& result : receipts) {
            BOOST_TEST(result.http_status == http_status);
            check_agreement(result);
        }
        return found;
    }

    std::vector<receipt> receipts;
    std::vector<receipt*> pointers;
};

using addresses = std::vector<std::string>;

} // namespace postmark::protocol::test

#endif
