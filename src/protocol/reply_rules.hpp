// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_REPLY_RULES_HPP
#define POSTMARK_PROTOCOL_REPLY_RULES_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <string>
#include <string_view>

namespace postmark::protocol {

// The meaning of a reply whose members are read.

/// What a reply to mail means for the call: accepted, refused, to be repeated, or none of these for certain.
enum class reply_class {
    /// The mail was accepted. Of a batch: there is an item for each message, and each receipt has an outcome of its
    /// own.
    accepted,
    /// The mail was certainly not accepted, and sending it again would be refused again.
    refused,
    /// The mail was certainly not accepted, and the service asks to repeat it later: HTTP 429, or 503 with ErrorCode
    /// 100.
    retry_later,
    /// A whole batch was refused because of some of its messages; without them the others may pass.
    split,
    /// What became of the mail cannot be known.
    unknown,
};

/// The members of an object that do not go straight into the receipt.
struct reply_fields {
    int code = 0;
    /// There is an ErrorCode, and it is not a number.
    bool bad_code = false;
    /// There is a MessageID, and it is not a string.
    bool bad_id = false;
};

/// Drops everything that the receipt holds of an earlier reply.
void reset(receipt& result, unsigned http_status);

/// Makes the outcome unknown. Nothing in the reply counts.
/// \param cause goes into `detail`
void set_unknown(receipt& result, errc error, std::string_view cause);

/// Makes the outcome rejected. The texts of the reply stay.
void set_rejected(receipt& result, postmark::error_code error);

/// Decides about one message by the object that a reply with HTTP 200 has for it, whose texts the receipt holds.
/// \return accepted, refused or unknown
reply_class classify(receipt& result, reply_fields const& fields);

/// The error of a status other than 200. Never success.
[[nodiscard]] postmark::error_code refusal_of(unsigned http_status, int code) noexcept;

/// Gives a failure whose reply has no text one: the beginning of the body of a refusal, or the status.
void explain(std::string& detail, unsigned http_status, std::string_view body);

/// Whether the service asks to repeat the request later and has certainly done nothing: HTTP 429, or 503 with
/// ErrorCode 100.
[[nodiscard]] bool should_wait(unsigned http_status, int api_code) noexcept;

/// Whether something in front of the service replied that the service cannot be reached: HTTP 502, 504, or 503 without
/// an ErrorCode. A 503 of the service itself has one.
[[nodiscard]] bool is_gateway_failure(unsigned http_status, int api_code) noexcept;

/// Whether a batch that was refused like this is refused because of some of its messages, so that the others would pass
/// without them.
[[nodiscard]] bool worth_splitting(unsigned http_status, int api_code) noexcept;

} // namespace postmark::protocol

#endif
