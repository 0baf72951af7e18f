// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_FUZZ_ANSWER_CHECKS_HPP
#define POSTMARK_TEST_FUZZ_ANSWER_CHECKS_HPP

#include "fuzz.hpp"

#include <postmark/receipt.hpp>

#include <boost/json/parse.hpp>

#include <regex>
#include <string>

namespace postmark::fuzz {

/// The body of an answer as a tree, which is another way to read it; null if it is not JSON.
inline boost::json::value parse_answer(std::string_view body)
{
    boost::system::error_code error;
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    auto const json = boost::json::parse({body.data(), body.size()}, error, {}, options);
    if (!error) {
        return json;
    }
    // Half a surrogate pair is no reason to refuse a text. What it stands for matters to nobody here.
    static std::regex const surrogate{R"(\\\\|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"};
    std::string mended;
    auto const text = std::string{body};
    std::size_t copied = 0;
    for (std::sregex_iterator each{text.begin(), text.end(), surrogate}; each != std::sregex_iterator{}; ++each) {
        auto const begin = static_cast<std::size_t>(each->position());
        mended.append(text, copied, begin - copied);
        mended += each->length() == 2 ? each->str() : "\\ufffd";
        copied = begin + static_cast<std::size_t>(each->length());
    }
    mended.append(text, copied);
    return boost::json::parse({mended.data(), mended.size()}, error, {}, options);
}

/// What holds for every receipt that was filled from an answer.
inline void check(receipt const& result, unsigned http_status)
{
    bool const accepted = result.outcome == outcome::accepted;
    bool const rejected = result.outcome == outcome::rejected;

    // Outcome and error agree. There was an answer, so the request had been sent.
    require(accepted == !result.error);
    require(rejected == (result.error == condition::rejected));
    require((result.outcome == outcome::unknown) == (result.error == condition::outcome_unknown));
    require(result.outcome != outcome::not_sent);
    require(accepted || rejected || result.outcome == outcome::unknown);
    require(!result.error || result.error.category() == error_category() || result.error.category() == api_category());
    require(rejected || result.error.category() != api_category());

    require(accepted == !result.message_id.empty());
    require(!accepted || (http_status == 200 && result.api_code == 0));
    require(accepted || !result.detail.empty());
    require(result.suppressed.empty() || accepted || result.error == api_errc::inactive_recipient);
    require(result.http_status == http_status);
    if (http_status >= 400 && http_status <= 499 && http_status != 408) {
        require(rejected);
    }
    if (http_status >= 500 && http_status != 503) {
        require(!rejected && !accepted);
    }
}

/// Whether two receipts say the same of a message. The cause is worded differently where there is no object to read.
inline bool same(receipt const& left, receipt const& right)
{
    return left.outcome == right.outcome && left.error == right.error && left.message_id == right.message_id &&
           left.to == right.to && left.submitted_at == right.submitted_at && left.api_code == right.api_code &&
           left.suppressed == right.suppressed && left.http_status == right.http_status;
}

} // namespace postmark::fuzz

#endif
