// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_REQUEST_HPP
#define POSTMARK_SANDBOX_REQUEST_HPP

#include <postmark/sandbox.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::sandbox {

/// A request, as far as the sandbox looks at it.
struct request {
    request() = default;

    std::string method;
    std::string target;
    std::string token;
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

/// An answer before it is framed.
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
    /// Postmark's number, repeated in a header when it is not 0.
    int error_code{0};
};

/// `{"ErrorCode": ..., "Message": ...}`
[[nodiscard]] reply make_refusal(int http_status, int error_code, std::string_view message);

/// An answer of the server in front of the application, without JSON.
[[nodiscard]] reply make_page(int http_status);

[[nodiscard]] std::string_view reason_phrase(int http_status);

} // namespace postmark::sandbox

#endif
