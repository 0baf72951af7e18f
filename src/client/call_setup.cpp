// SPDX-License-Identifier: BSL-1.0

#include "client/call_setup.hpp"

#include "model/limits.hpp"
#include "model/validation.hpp"
#include "protocol/head.hpp"
#include "protocol/message_writer.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

namespace postmark::detail {

namespace {

constexpr std::string_view test_token = "POSTMARK_API_TEST";

constexpr std::array<std::string_view, 4> targets{"/email", "/email/withTemplate", "/email/batch",
                                                  "/email/batchWithTemplates"};

/// Whether options change the head of a request.
bool changes_head(call_options const& options) noexcept
{
    return options.api_key || options.test_api || !options.headers.empty();
}

/// Whether options change nothing but the timeout.
bool is_plain(call_options const& options) noexcept
{
    return !changes_head(options) && !options.retry;
}

std::string to_hex(std::uint64_t number)
{
    std::string text(16, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4) {
        *digit = "0123456789abcdef"[number & 15];
    }
    return text;
}

} // namespace

bool is_small(message const& msg) noexcept
{
    constexpr std::size_t limit = 4 * 1024;
    return msg.attachments.empty() &&
           msg.text.capacity() + msg.html.capacity() + msg.template_model.capacity() <= limit;
}

scheduler::time_point deadline_after(std::chrono::milliseconds timeout, scheduler::time_point now) noexcept
{
    // No sum with a time of the clock may overflow.
    return now + std::clamp(timeout, std::chrono::milliseconds::zero(), std::chrono::milliseconds{model::max_duration});
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
    has_default_token_ = !token_of({}, token_kind::server).empty();
    renew_stamps();
}

void call_setup::renew_stamps()
{
    if (settings_.stamp_messages) {
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

input_error call_setup::check(call_options const& options, token_kind kind) const
{
    // The token of the configuration was checked once.
    if (kind == token_kind::server && has_default_token_ && is_plain(options)) {
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
    for (http_header const& header : options.headers) {
        if (std::string problem = protocol::header_problem(header.name, header.value); !problem.empty()) {
            return {errc::invalid_message, std::move(problem)};
        }
    }
    if (options.retry) {
        auto const is_valid = [](std::chrono::milliseconds delay) {
            return delay >= std::chrono::milliseconds::zero() && delay <= model::max_duration;
        };
        if (options.retry->attempts == 0) {
            return {errc::invalid_configuration, "retry.attempts: must be at least 1"};
        }
        if (!is_valid(options.retry->first_delay) || !is_valid(options.retry->max_delay)) {
            return {errc::invalid_configuration, "retry: a delay must be from 0 to a year"};
        }
    }
    return {};
}

input_error call_setup::check(message const& msg) const
{
    input_error error = settings_.verify_messages ? model::check_message(msg, defaults_) : model::check_injection(msg);
    if (error || !msg.uses_template()) {
        return error;
    }
    if (std::string problem = protocol::unwritable(msg); !problem.empty()) {
        return {errc::invalid_message, std::move(problem)};
    }
    return {};
}

std::string call_setup::make_head(http_method method, std::string_view target, call_options const& options,
                                  token_kind kind, bool has_body) const
{
    std::string extra;
    for (http_header const& header : options.headers) {
        protocol::append_header_line(extra, header.name, header.value);
    }
    auto const token_header =
        kind == token_kind::account ? protocol::account_token_header : protocol::server_token_header;
    return protocol::make_head_prefix(method, target, host_header_, token_header, token_of(options, kind).reveal(),
                                      has_body, extra);
}

std::string_view call_setup::head_of(send_endpoint endpoint, call_options const& options, std::string& storage) const
{
    if (!changes_head(options)) {
        return head_of(endpoint);
    }
    storage =
        make_head(http_method::post, targets[static_cast<std::size_t>(endpoint)], options, token_kind::server, true);
    return storage;
}

call_limits call_setup::limits_of(call_kind kind) const noexcept
{
    timeout_settings const& timeouts = settings_.timeouts;
    limit_settings const& limits = settings_.limits;
    switch (kind) {
    case call_kind::single_send:
        return {timeouts.call, timeouts.reply, limits.reply_bytes};
    case call_kind::batch_chunk:
        return {timeouts.batch_call, timeouts.batch_reply, limits.large_reply_bytes};
    case call_kind::api_call:
        break;
    }
    return {timeouts.call, timeouts.reply, limits.large_reply_bytes};
}

void call_setup::prepare(operation& op, call_kind kind, call_options const& options, token_kind token,
                         scheduler::time_point now) const
{
    call_limits const limits = limits_of(kind);
    op.reply_limit = limits.reply_bytes;
    op.reply_timeout = limits.reply_timeout;
    op.policy = {};
    op.policy.deadline = deadline_after(options.timeout.value_or(limits.call_timeout), now);
    op.policy.retry = options.retry ? *options.retry : settings_.retry;
    // The number 0 means the token of the configuration, also if the options name the same one.
    if (token == token_kind::account || options.api_key || options.test_api) {
        secret const value = token_of(options, token);
        if (token == token_kind::account || value != token_of({}, token_kind::server)) {
            op.policy.token_id = std::hash<std::string>{}(value.reveal()) | 1;
        }
    }
}

std::string call_setup::make_stamp(message const& msg)
{
    if (!settings_.stamp_messages || !protocol::can_stamp(msg)) {
        return {};
    }
    return stamp_prefix_ + to_hex(stamp_count_.fetch_add(1, std::memory_order_relaxed));
}

bool call_setup::may_coalesce(call_options const& options) const noexcept
{
    return settings_.coalescing.enabled && is_plain(options);
}

} // namespace postmark::detail
