// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_REPLY_STATUS_HPP
#define POSTMARK_SCHEDULER_REPLY_STATUS_HPP

#include "scheduler/call.hpp"

#include <postmark/error_code.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace postmark::scheduler {

enum class reply_kind : std::uint8_t {
    /// Accepted, or what the caller asked for.
    success,
    /// Refused for good.
    refused,
    /// A coalesced request was refused because of some of its calls; the others would pass without those.
    split,
    /// Refused for now: certainly not accepted, may be tried again.
    retry_later,
    /// The reply does not tell whether the call was accepted.
    unknown,
};

/// What a reply means for a call.
struct reply_status {
    reply_kind kind = reply_kind::unknown;
    /// `retry_later`: how long the service wants to be left alone.
    std::optional<duration> retry_after{};
    /// `retry_later`: every call with the same token has to wait, too.
    bool pauses_token = false;
    /// `unknown`: the error that says why.
    errc error = errc::malformed_reply;
    /// `unknown`: something in front of the service replied that the service cannot be reached (HTTP 502, 503 without
    /// an ErrorCode, 504). Such a reply counts like a connection that ended without one: else an outage behind a
    /// balancer would make every waiting mail unknown within seconds.
    bool unavailable = false;
    /// The call may be repeated, so that losing its reply costs nothing, and its endpoint may be slow while the others
    /// are not: if the reply is `unavailable`, that begins no outage. As the reply to a probe it does not end one
    /// either. Mail, bulk mail included, is not repeatable.
    bool of_repeatable_call = false;
};

/// What is known of a reply apart from its content.
struct reply_facts {
    /// The transport had taken the last byte of the request.
    bool written = true;
    /// The connection can take another request.
    bool reusable = true;
};

/// How an exchange ended without a reply that counts. The connection is closed.
struct exchange_failure {
    errc error = errc::connection_lost;
    /// The transport took the last byte of the request.
    bool written = false;
    /// The connection was found unusable before the first byte of the request was written.
    bool not_started = false;
    /// A reply arrived but was unusable, and has overwritten the reply of an earlier attempt.
    bool replaced_reply = false;
    /// The service replied, although the reply is of no use: it is too large, or it could not be stored. If the request
    /// was sent whole, the connection is known to lead to the service. Bytes that are not HTTP are no reply.
    bool replied = false;
    /// The cause, as diagnostic text.
    std::string detail{};
};

/// Why a connection could not be opened.
struct open_failure {
    errc error = errc::connect_failed;
    /// The cause, as diagnostic text.
    std::string detail{};
};

} // namespace postmark::scheduler

#endif
