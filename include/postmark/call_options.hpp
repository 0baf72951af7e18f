// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_OPTIONS_HPP
#define POSTMARK_PROTOCOL_OPTIONS_HPP

#include <postmark/config.hpp>
#include <postmark/secret.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace postmark {

/// A header of the HTTP request (not of the mail).
struct http_header {
    http_header() = default;
    /// \param name  a header's name as HTTP allows it; checked when the call begins
    /// \param value its value, without line ends
    http_header(std::string name, std::string value);

    std::string name;
    std::string value;
};

/// What one call does differently from the configuration. Whatever is not set is taken from there.
struct call_options {
    call_options() = default;

    /// Token instead of `config::api_key` (of account-level calls: of `config::account_key`).
    std::optional<secret> api_key;
    /// Send, or do not send, the token `POSTMARK_API_TEST` instead of the key.
    std::optional<bool> test_api;
    /// The whole call, queueing and retries included, instead of `timeouts.call`; of a batch, each chunk.
    std::optional<std::chrono::milliseconds> timeout;
    /// Further headers of the request. Not `Host`, `Connection`, `Accept`, lengths, content type or tokens: such a call ends
    /// with `errc::invalid_message`.
    std::vector<http_header> headers;
    /// When this call is tried again, instead of `config::retry`.
    std::optional<retry_settings> retry;
    /// Whether `api_reply::raw` holds the body of the reply. Has no effect on sends.
    bool keep_raw = false;
};

} // namespace postmark

#endif
