// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CALL_OPTIONS_HPP
#define POSTMARK_CALL_OPTIONS_HPP

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
    /// \param name  a field name as HTTP allows it (RFC 9110, 5.1); checked when the call begins
    /// \param value its value, without control characters; checked when the call begins
    http_header(std::string name, std::string value);

    std::string name;
    std::string value;
};

/// How one call differs from the configuration. What is not set is taken from there.
///
/// A value object: it may be copied, and must not be changed by one thread while another one reads it.
struct call_options {
    call_options() = default;

    /// API token instead of `config::api_key`; for account-level calls, instead of `config::account_key`.
    std::optional<secret> api_key;
    /// Whether to send the token `POSTMARK_API_TEST` instead of the key, with which the service checks mail and does
    /// not send it.
    std::optional<bool> test_api;
    /// Time for the whole call, queueing and retries included, instead of `timeouts.call`; for a batch, for each chunk,
    /// instead of `timeouts.batch_call`. Zero or less ends the call at once; more than a year counts as a year.
    std::optional<std::chrono::milliseconds> timeout;
    /// Further headers of the HTTP request. `Host`, `Connection`, `Accept`, lengths, the content type and tokens are
    /// the client's: a call that sets one of them ends with `errc::invalid_message`.
    std::vector<http_header> headers;
    /// When and how often the call is tried again, instead of `config::retry`.
    std::optional<retry_settings> retry;
    /// Whether `api_reply::raw` holds the body of the reply. Has no effect on sends.
    bool keep_raw = false;
};

} // namespace postmark

#endif
