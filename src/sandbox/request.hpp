// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_REQUEST_HPP
#define POSTMARK_SANDBOX_REQUEST_HPP

#include <postmark/sandbox.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::sandbox::detail {

/// A request, as far as the sandbox reads it.
struct request {
    request() = default;

    std::string method;
    std::string target;
    /// Of `X-Postmark-Server-Token` and `X-Postmark-Account-Token`.
    std::string token;
    std::string account_token;
    /// The last `Host` header, and how many there were.
    std::string host;
    unsigned host_count{0};
    /// `Accept-Encoding` admits gzip.
    bool accepts_gzip{false};
    /// There was a header `X-Postmark-Sandbox`.
    bool has_sandbox_header{false};
    std::string accept;
    std::string content_type;
    std::string body;
    /// Filled only when requests are kept.
    std::vector<header> headers;
    std::size_t body_size{0};
    int version{11};
    bool expects_continue{false};
    bool body_too_large{false};
};

/// A reply before it is framed.
struct reply {
    reply() = default;
    reply(int http_status, std::string text)
        : status{http_status}
        , body{std::move(text)}
    {
    }

    int status{200};
    std::string body;
    /// Empty: no such header.
    std::string content_type{"application/json; charset=utf-8"};
    std::vector<header> headers;
    /// The ErrorCode, which a header repeats when it is not 0.
    int api_code{0};
};

/// The reason for which the service refuses a request, or a message of a batch.
struct refusal {
    /// The ErrorCode.
    int api_code;
    std::string message;
};

/// `{"ErrorCode": ..., "Message": ...}`
[[nodiscard]] reply make_refusal(int http_status, int api_code, std::string_view message);

/// The reply with status 422.
[[nodiscard]] inline reply make_refusal(refusal const& refused)
{
    return make_refusal(422, refused.api_code, refused.message);
}

/// The reply to an action that has no other result: ErrorCode 0 and a text.
[[nodiscard]] reply make_acknowledgement(std::string_view message);

/// A reply of the web server in front of the application: a page, not JSON.
[[nodiscard]] reply make_page(int http_status);

[[nodiscard]] std::string_view reason_phrase(int http_status);

} // namespace postmark::sandbox::detail

#endif
