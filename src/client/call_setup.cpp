// SPDX-License-Identifier: BSL-1.0

#include "client/call_setup.hpp"

#include "model/validation.hpp"
#include "protocol/head.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

namespace postmark::detail {

namespace {

constexpr std::string_view test_token = "POSTMARK_API_TEST";

constexpr std::array<std::string_view, 4> targets{"/email", "/email/withTemplate", "/email/batch",
                                                  "/email/batchWithTemplates"};

std::string to_hex(std::uint64_t number)
{
    std::string text(16, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4) {
        *digit = "0123456789abcdef"[number & 15];
    }
    return text;
}

} // namespace

std::string_view opening_of(send_endpoint endpoint) noexcept
{
    return endpoint == send_endpoint::template_batch ? R"({"Messages":[)" : "[";
}

std::string_view closing_of(send_endpoint endpoint) noexcept
{
    return endpoint == send_endpoint::template_batch ? "]}" : "]";
}

bool is_small(message const& msg) noexcept
{
    constexpr std::size_t limit = 4 * 1024;
    return msg.attachments.empty() &&
           msg.text.capacity() + msg.html.capacity() + msg.template_model.capacity() <= limit;
}

scheduler::time_point deadline_after(std::chrono::milliseconds timeout, scheduler::time_point now) noexcept
{
    // Far enough away for everybody, and near enough for every clock.
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};
    return now + std::clamp(timeout, std::chrono::milliseconds::zero(), longest);
}

call_setup::call_setup(config const& settings)
    : settings_{settings}
    , host_header_{protocol::host_header(settings.host, settings.effective_port(), settings.https)}
{
    defaults_.from = settings.default_sender;
    defaults_.reply_to = settings.default_reply_to;
    defaults_.headers = settings.default_headers;
    for (std::size_t index = 0; index != heads_.size(); ++index) {
        heads_[index] = make_head(http_method::post, targets[index], {}, token_kind::server, true);
    }
    has_usual_token_ = !token_of({}, token_kind::server).empty();
    if (settings.stamp_messages) {
        std::random_device source;
        stamp_prefix_ = to_hex((std::uint64_t{source()} << 32) | source()) + "-";
    }
}

secret call_setup::token_of(call_options const& options, token_kind kind) const
{
    if (kind == token_kind::account) {
        return options.api_key.value_or(settings_.account_key);
    }
    bool const test = options.test_api.value_or(settings_.test_api && !options.api_key);
    return test ? secret{test_token} : options.api_key.value_or(settings_.api_key);
}

refusal call_setup::check(call_options const& options, token_kind kind) const
{
    // What almost every call comes with was looked at once.
    if (kind == token_kind::server && has_usual_token_ && !options.api_key && !options.test_api && !options.retry &&
        options.headers.empty()) {
        return {};
    }
    secret const token = token_of(options, kind);
    if (token.empty()) {
        return {errc::invalid_configuration, kind == token_kind::account
                                                 ? "account_key: no token for an account-level call"
                                                 : "api_key: the token is empty"};
    }
    if (options.api_key && !protocol::is_header_value(token.reveal())) {
        return {errc::invalid_configuration, "api_key: the token holds characters that no token has"};
    }
    for (http_header const& each : options.headers) {
        if (std::string problem = protocol::header_problem(each.name, each.value); !problem.empty()) {
            return {errc::invalid_message, std::move(problem)};
        }
    }
    if (options.retry) {
        auto const possible = [](std::chrono::milliseconds delay) {
            return delay >= std::chrono::milliseconds::zero() && delay <= std::chrono::hours{24 * 365};
        };
        if (options.retry->attempts == 0) {
            return {errc::invalid_configuration, "retry.attempts: must be at least 1"};
        }
        if (!possible(options.retry->first_delay) || !possible(options.retry->max_delay)) {
            return {errc::invalid_configuration, "retry: a delay must be from 0 to a year"};
        }
    }
    return {};
}

refusal call_setup::check(message const& msg) const
{
    auto problem = settings_.verify_messages ? model::check_message(msg, defaults_) : model::check_injection(msg);
    if (problem) {
        return {problem.error, std::move(problem.text)};
    }
    if (std::string text = protocol::unwritable(msg); !text.empty()) {
        return {errc::invalid_message, std::move(text)};
    }
    return {};
}

std::string call_setup::make_head(http_method method, std::string_view target, call_options const& options,
                                  token_kind kind, bool has_body) const
{
    std::string extra;
    for (http_header const& each : options.headers) {
        protocol::append_header_line(extra, each.name, each.value);
    }
    auto const token_header =
        kind == token_kind::account ? protocol::account_token_header : protocol::server_token_header;
    return protocol::make_head_prefix(method, target, host_header_, token_header, token_of(options, kind).reveal(),
                                      has_body, extra);
}

std::string_view call_setup::head_of(send_endpoint endpoint, call_options const& options, std::string& storage) const
{
    auto const index = static_cast<std::size_t>(endpoint);
    if (!options.api_key && !options.test_api && options.headers.empty()) {
        return heads_[index];
    }
    storage = make_head(http_method::post, targets[index], options, token_kind::server, true);
    return storage;
}

scheduler::call_terms call_setup::terms_of(call_options const& options, std::chrono::milliseconds timeout,
                                           token_kind kind, scheduler::time_point now) const
{
    scheduler::call_terms terms;
    terms.deadline = deadline_after(options.timeout.value_or(timeout), now);
    terms.retry = options.retry.value_or(settings_.retry);
    // The number 0 is the token of calls that name none, by whatever way a call comes to it.
    if (kind == token_kind::account || options.api_key || options.test_api) {
        secret const token = token_of(options, kind);
        if (kind == token_kind::account || token != token_of({}, token_kind::server)) {
            terms.token = std::hash<std::string>{}(token.reveal()) | 1;
        }
    }
    return terms;
}

std::string call_setup::make_stamp(message const& msg)
{
    if (!settings_.stamp_messages || !protocol::can_stamp(msg)) {
        return {};
    }
    return stamp_prefix_ + to_hex(stamps_.fetch_add(1, std::memory_order_relaxed));
}

bool call_setup::may_share(call_options const& options) const noexcept
{
    return settings_.coalescing.enabled && !options.api_key && !options.test_api && !options.retry &&
           options.headers.empty();
}

} // namespace postmark::detail
