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

/// What is known about a mail once its call has ended.
enum class outcome {
    /// Postmark said so.
    accepted,
    /// Postmark answered with an error: certainly not accepted.
    rejected,
    /// The request never left whole: certainly not accepted.
    not_sent,
    /// The request left whole and no complete, meaningful answer came back.
    unknown,
};

/// The name of an outcome, as the enumerator is written.
[[nodiscard]] std::string_view to_string(outcome value) noexcept;

/// Prints the name of an outcome.
std::ostream& operator<<(std::ostream& stream, outcome value);

/// What became of one message.
///
/// `error` and `outcome` agree: an `accepted` receipt has no error, every other one has, and
/// `condition::rejected`, `condition::not_sent` and `condition::outcome_unknown` hold for exactly those outcomes.
struct receipt {
    receipt() = default;

    postmark::outcome outcome = postmark::outcome::unknown;

    /// Postmark's id of the message; set when `accepted`.
    std::string message_id;

    /// The recipients as Postmark echoed them; empty where it did not.
    std::string to;

    /// When Postmark took the message; the epoch where it did not say.
    std::chrono::system_clock::time_point submitted_at;

    /// The error that a single send of this message would have completed with.
    postmark::error_code error;

    /// Postmark's ErrorCode; 0 where it sent none.
    int api_code = 0;

    /// Postmark's text, or the cause of a failure. May hold addresses: print it knowingly.
    std::string detail;

    /// Addresses that will get nothing because they are suppressed. Not empty on an `accepted` receipt: partly accepted.
    std::vector<std::string> suppressed;

    /// The HTTP status of the answer; 0 where there was none.
    unsigned http_status = 0;

    /// The unique id that `config::stamp_messages` put into the metadata; empty otherwise.
    std::string stamp;

    /// With a stamp: the stream that the message named, which is where to look for it. Empty: the service's default.
    std::string message_stream;
};

} // namespace postmark

#endif
