// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_REQUEST_HPP
#define POSTMARK_API_REQUEST_HPP

#include <string>
#include <string_view>

namespace postmark {

/// The HTTP methods that the service knows.
enum class http_method { get, post, put, delete_ };

/// Which of the two tokens opens an endpoint.
enum class token_kind { server, account };

/// What a request value says of itself: all that is needed to write it.
///
/// A request type is a value with a `reply_type` and a member `api_request prepare() const`. A member `void expect(reply_type&)
/// const`, if there is one, tells the reply before it is read what was asked for. A reply type derives from
/// `api_reply` and has a member `bool read(std::string_view json)`, which fills it from a successful body and says
/// whether that was possible. It is called on the client's executor, on a reply that is as if new; what it throws counts as
/// "not possible". `client::async_call` takes every such type, those of a program included.
struct api_request {
    api_request() = default;
    api_request(http_method method, std::string target, std::string body = {});

    http_method method = http_method::get;
    /// Path and query, percent-encoded.
    std::string target;
    /// JSON, or nothing.
    std::string body;
    token_kind token = token_kind::server;
    /// Whether a repetition does no harm. The constructor derives it from the method: true of all but POST. Set it for a POST
    /// that creates nothing.
    bool repeatable = true;
    /// Why the request cannot be made: the call then ends with `errc::invalid_message` and this as its detail. Empty: it can.
    std::string problem;
};

/// What every reply has, filled on failure too.
struct api_reply {
    api_reply() = default;

    /// The HTTP status; 0 where there was no answer.
    unsigned http_status = 0;
    /// Postmark's ErrorCode; 0 if it sent none.
    int api_code = 0;
    /// Postmark's text, or the cause of a failure.
    std::string detail;
};

/// `text` as one segment of a path, percent-encoded.
[[nodiscard]] std::string percent_encode(std::string_view text);

} // namespace postmark

#endif
