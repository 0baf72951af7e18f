// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_FUZZ_REPLY_CHECKS_HPP
#define POSTMARK_TEST_FUZZ_REPLY_CHECKS_HPP

#include "fuzz.hpp"
#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/reply_rules.hpp"
#include "protocol/timestamp.hpp"

#include <postmark/receipt.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::fuzz {

/// The value of four hexadecimal digits; none if they are not.
inline std::optional<unsigned> read_hex4(std::string_view text) noexcept
{
    unsigned value = 0;
    auto const [stop, problem] =
        std::from_chars(text.data(), text.data() + std::min<std::size_t>(text.size(), 4), value, 16);
    return problem == std::errc{} && stop == text.data() + 4 ? std::optional{value} : std::nullopt;
}

/// Puts U+FFFD where an escape is one half of a surrogate pair, which Boost.JSON refuses.
inline std::string replace_half_surrogates(std::string_view body)
{
    constexpr std::size_t escape_size = 6;
    std::string repaired{body};
    for (std::size_t at = body.find('\\'); at < body.size(); at = body.find('\\', at)) {
        auto const code = body.substr(at).starts_with("\\u") ? read_hex4(body.substr(at + 2)) : std::nullopt;
        if (!code) {
            // The escaped character may be a backslash.
            at += 2;
            continue;
        }
        auto const is_second = [](std::optional<unsigned> unit) { return unit >= 0xdc00U && unit <= 0xdfffU; };
        bool const first = *code >= 0xd800U && *code <= 0xdbffU;
        if (first && body.substr(at + escape_size).starts_with("\\u") &&
            is_second(read_hex4(body.substr(at + escape_size + 2)))) {
            at += 2 * escape_size;
            continue;
        }
        if (first || is_second(code)) {
            repaired.replace(at + 2, 4, "fffd");
        }
        at += escape_size;
    }
    return repaired;
}

/// Whether there may be a number whose exponent Boost.JSON refuses, though the grammar has no limit.
inline bool has_long_exponent(std::string_view body) noexcept
{
    constexpr std::size_t max_digits = 8;
    std::size_t digits = 0;
    bool in_exponent = false;
    for (char const byte : body) {
        if (byte == 'e' || byte == 'E') {
            in_exponent = true;
            digits = 0;
        } else if (model::is_digit(byte) && in_exponent) {
            if (++digits > max_digits) {
                return true;
            }
        } else if ((byte != '+' && byte != '-') || digits != 0) {
            in_exponent = false;
        }
    }
    return false;
}

/// The body of a reply as a tree, which is an independent way to read it; none if it is not JSON.
inline std::optional<boost::json::value> parse_reply(std::string_view body)
{
    boost::system::error_code error;
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    options.max_depth = model::max_json_depth;
    std::string const repaired = replace_half_surrogates(model::skip_byte_order_mark(body));
    auto json = boost::json::parse({repaired.data(), repaired.size()}, error, {}, options);
    return error ? std::nullopt : std::optional{std::move(json)};
}

/// The expected result of the reader of replies for an object.
struct reference {
    std::string to;
    std::string message_id;
    std::string detail;
    std::chrono::system_clock::time_point submitted_at;
    protocol::reply_fields fields;
    /// The code is a number with a fraction or an exponent. A tree has it rounded, so that the code is not compared.
    bool has_odd_code = false;
};

inline std::string to_text(boost::json::value const* value)
{
    auto const* text = value != nullptr ? value->if_string() : nullptr;
    return text != nullptr ? std::string{text->data(), text->size()} : std::string{};
}

inline reference read_reference(boost::json::object const& object)
{
    constexpr std::size_t max_short_text = 64;
    auto const limit = [](std::int64_t value) {
        return static_cast<int>(
            std::clamp<std::int64_t>(value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
    };
    reference result;
    result.to = to_text(object.if_contains("To"));
    result.detail = model::printable(to_text(object.if_contains("Message")));
    if (auto const time = to_text(object.if_contains("SubmittedAt")); time.size() <= max_short_text) {
        static_cast<void>(protocol::parse_timestamp(time, result.submitted_at));
    }
    if (auto const* id = object.if_contains("MessageID")) {
        result.message_id = to_text(id);
        result.fields.bad_id = !id->is_string() && !id->is_null();
    }
    if (auto const* code = object.if_contains("ErrorCode"); code != nullptr && !code->is_null()) {
        if (auto const* number = code->if_int64()) {
            result.fields.code = limit(*number);
        } else if (code->is_uint64()) {
            result.fields.code = std::numeric_limits<int>::max();
        } else if (code->is_double()) {
            result.has_odd_code = true;
        } else {
            std::string const text = to_text(code);
            std::int64_t value = 0;
            auto const [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
            result.fields.bad_code = !code->is_string() || text.size() > max_short_text || problem != std::errc{} ||
                                     stop != text.data() + text.size();
            result.fields.code = result.fields.bad_code ? 0 : limit(value);
        }
    }
    return result;
}

/// Whether a receipt and its fields agree with the tree.
inline bool agrees(reference const& expected, receipt const& result, protocol::reply_fields const& fields)
{
    bool const same_code =
        expected.has_odd_code || (expected.fields.code == fields.code && expected.fields.bad_code == fields.bad_code);
    return expected.to == result.to && expected.message_id == result.message_id && expected.detail == result.detail &&
           expected.submitted_at == result.submitted_at && expected.fields.bad_id == fields.bad_id && same_code;
}

/// Checks the invariants of every receipt that was filled from a reply.
inline void check(receipt const& result, unsigned http_status)
{
    bool const accepted = result.outcome == outcome::accepted;
    bool const rejected = result.outcome == outcome::rejected;

    // Outcome and error agree. There was a reply, so the request had been sent.
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
    require(model::printable(result.detail) == result.detail);
    require(result.suppressed.empty() || accepted || result.error == api_errc::inactive_recipient);
    require(result.http_status == http_status);
    if (http_status >= 400 && http_status <= 499 && http_status != 408) {
        require(rejected);
    }
    if (http_status >= 500 && http_status != 503) {
        require(!rejected && !accepted);
    }
}

/// Whether the class of a reply to one message is that of its receipt.
inline bool agrees(protocol::reply_class found, receipt const& result)
{
    switch (found) {
    case protocol::reply_class::accepted:
        return result.outcome == outcome::accepted;
    case protocol::reply_class::refused:
        return result.outcome == outcome::rejected && !protocol::should_wait(result.http_status, result.api_code);
    case protocol::reply_class::retry_later:
        return result.outcome == outcome::rejected && protocol::should_wait(result.http_status, result.api_code);
    case protocol::reply_class::split:
        return result.outcome == outcome::rejected && protocol::worth_splitting(result.http_status, result.api_code);
    case protocol::reply_class::unknown:
        return result.outcome == outcome::unknown;
    }
    return false;
}

/// Whether two receipts are the same but for the text of `detail`, which may name the batch.
inline bool same(receipt const& left, receipt const& right)
{
    return left.outcome == right.outcome && left.error == right.error && left.message_id == right.message_id &&
           left.to == right.to && left.submitted_at == right.submitted_at && left.api_code == right.api_code &&
           left.suppressed == right.suppressed && left.http_status == right.http_status;
}

} // namespace postmark::fuzz

#endif
