// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_REPLY_RULES_HPP
#define POSTMARK_PROTOCOL_REPLY_RULES_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace postmark::protocol {

// What an answer means, once its words are known.

/// A longer text is no timestamp, whatever it holds.
inline constexpr std::size_t longest_timestamp = 64;

/// What an object said beside its texts, which go straight into the receipt.
struct reply_fields {
    int code = 0;
    bool bad_code = false;
    bool bad_id = false;
};

/// Forgets what an earlier answer said.
void reset(receipt& result, unsigned http_status);

/// Nothing that the answer said counts.
void set_unknown(receipt& result, errc error, std::string_view cause);

/// The texts that the answer said stay.
void set_rejected(receipt& result, postmark::error_code error);

/// Decides about one message by the object that answers it with HTTP 200, whose texts the receipt holds.
void settle(receipt& result, reply_fields const& fields);

/// What a status other than 200 means. Never success.
[[nodiscard]] postmark::error_code refusal_of(unsigned http_status, int code) noexcept;

/// Sees to it that a failure has a text.
void explain(std::string& detail, unsigned http_status, std::string_view body);

/// Whether the service asks to come back later and has certainly done nothing: HTTP 429, or 503 with ErrorCode 100.
[[nodiscard]] bool should_wait(unsigned http_status, int error_code) noexcept;

/// Whether a batch that was refused like this is refused because of some of its messages, so that the others would pass
/// without them.
[[nodiscard]] bool worth_splitting(unsigned http_status, int error_code) noexcept;

} // namespace postmark::protocol

#endif
