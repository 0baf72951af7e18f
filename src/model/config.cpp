// SPDX-License-Identifier: BSL-1.0

#include "model/host.hpp"
#include "model/input_error.hpp"
#include "model/limits.hpp"
#include "model/token.hpp"
#include "model/validation.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace postmark {

namespace {

using namespace model;
using std::chrono::milliseconds;

input_error invalid(std::string_view field, std::string_view text)
{
    return {errc::invalid_configuration, std::string{field} + ": " + std::string{text}};
}

input_error check_tokens(config const& settings)
{
    if (settings.api_key.empty() && !settings.test_api) {
        return invalid("api_key", "missing");
    }
    if (auto const text = check_token(settings.api_key.reveal()); !text.empty()) {
        return invalid("api_key", text);
    }
    if (auto const text = check_token(settings.account_key.reveal()); !text.empty()) {
        return invalid("account_key", text);
    }
    return {};
}

input_error check_hosts(config const& settings)
{
    auto const parsed = parse_host(settings.host);
    if (!parsed.problem.empty()) {
        return invalid("host", parsed.problem);
    }
    if (parsed.host != settings.host) {
        return invalid("host", "expected a host name or an IP address alone; the port is a field of its own");
    }
    if (!settings.proxy.empty() && !bypasses_proxy(settings.host, settings.no_proxy)) {
        if (auto const proxy = parse_proxy_url(settings.proxy); !proxy.problem.empty()) {
            return invalid("proxy", proxy.problem);
        }
    }
    return {};
}

input_error check_sizes(config const& settings)
{
    struct named_size {
        char const* field;
        std::size_t value;
    };
    auto const& [pool, retry, limits] = std::tie(settings.pool, settings.retry, settings.limits);
    for (auto const& [field, value] : {
             named_size{"pool.max_connections", pool.max_connections},
             {"pool.max_handshakes", pool.max_handshakes},
             {"retry.attempts", retry.attempts},
             {"limits.queued_requests", limits.queued_requests},
             {"limits.queued_bytes", limits.queued_bytes},
             {"limits.reply_bytes", limits.reply_bytes},
             {"limits.large_reply_bytes", limits.large_reply_bytes},
         }) {
        if (value == 0) {
            return invalid(field, "must be at least 1");
        }
    }
    return {};
}

input_error check_durations(config const& settings)
{
    struct named_duration {
        char const* field;
        milliseconds value;
        milliseconds min;
    };
    auto const& [timeouts, pool, retry] = std::tie(settings.timeouts, settings.pool, settings.retry);
    for (auto const& [field, value, min] : {
             named_duration{"timeouts.resolve", timeouts.resolve, milliseconds{1}},
             {"timeouts.connect", timeouts.connect, milliseconds{1}},
             {"timeouts.handshake", timeouts.handshake, milliseconds{1}},
             {"timeouts.write_stall", timeouts.write_stall, milliseconds{1}},
             {"timeouts.reply", timeouts.reply, milliseconds{1}},
             {"timeouts.batch_reply", timeouts.batch_reply, milliseconds{1}},
             {"timeouts.call", timeouts.call, milliseconds{1}},
             {"timeouts.batch_call", timeouts.batch_call, milliseconds{1}},
             {"pool.idle_limit", pool.idle_limit, milliseconds{0}},
             {"pool.age_limit", pool.age_limit, milliseconds{0}},
             {"retry.first_delay", retry.first_delay, milliseconds{0}},
             {"retry.max_delay", retry.max_delay, milliseconds{0}},
         }) {
        if (value < min) {
            return invalid(field, min > milliseconds{0} ? "must be positive" : "must not be negative");
        }
        if (value > max_duration) {
            return invalid(field, "must not be longer than a year");
        }
    }
    return {};
}

input_error check_defaults(config const& settings)
{
    return check_injection({settings.default_sender, settings.default_reply_to, settings.default_headers});
}

} // namespace

std::uint16_t config::effective_port() const noexcept
{
    constexpr std::uint16_t https_port = 443;
    constexpr std::uint16_t http_port = 80;
    if (port != 0) {
        return port;
    }
    return https ? https_port : http_port;
}

std::string config::problem() const
{
    for (auto const check : {check_tokens, check_hosts, check_defaults, check_sizes, check_durations}) {
        if (auto problem = check(*this)) {
            return std::move(problem.text);
        }
    }
    return {};
}

} // namespace postmark
