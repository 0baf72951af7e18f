// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_RECEIPT_HPP
#define POSTMARK_RECEIPT_HPP

#include <postmark/error_code.hpp>

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace postmark {

/// What is known about a mail when its call has completed.
enum class outcome {
    /// The service accepted the mail: it is queued for delivery there.
    accepted,
    /// The service refused the mail: certainly not accepted.
    rejected,
    /// The last byte of the request was never handed to the operating system: certainly not accepted.
    not_sent,
    /// The whole request was sent and no complete, meaningful reply came back: the mail may be accepted or not.
    unknown,
};

/// The name of an outcome, as the enumerator is written.
[[nodiscard]] std::string_view to_string(outcome value) noexcept;

/// Prints the name of an outcome, as `to_string` gives it.
std::ostream& operator<<(std::ostream& stream, outcome value);

/// The result of sending one message.
///
/// `error` and `outcome` agree: an `accepted` receipt has no error, every other receipt has one, and
/// `condition::rejected`, `condition::not_sent` and `condition::outcome_unknown` hold for exactly those outcomes.
struct receipt {
    receipt() = default;

    /// The outcome; `unknown` in a receipt that nothing was written to.
    postmark::outcome outcome = postmark::outcome::unknown;

    /// The service's id of the message; set when `accepted`, else empty.
    std::string message_id;

    /// The recipients of `To` as the service repeated them; empty where it did not.
    std::string to;

    /// When the service accepted the message (its `SubmittedAt`); the epoch where it did not say.
    std::chrono::system_clock::time_point submitted_at;

    /// The error that a single send of this message would have completed with.
    postmark::error_code error;

    /// The service's ErrorCode; 0 where it sent none. Set for `unknown`, too, if a reply with status 5xx had one.
    int api_code = 0;

    /// The service's text, or the cause of a failure. May hold addresses: take care where it is printed.
    std::string detail;

    /// Addresses that will get nothing because they are suppressed at the service. If this is not empty on an
    /// `accepted` receipt, the mail was accepted for the other recipients only.
    std::vector<std::string> suppressed;

    /// The HTTP status of the reply; 0 where there was none.
    unsigned http_status = 0;

    /// The unique id that `config::stamp_messages` put into the metadata; empty otherwise.
    std::string stamp;

    /// With a stamp: the stream that the message named, in which to look for it. Empty: the service's default.
    std::string message_stream;
};

} // namespace postmark

#endif
