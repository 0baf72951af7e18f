// SPDX-License-Identifier: BSL-1.0

#include "model/host.hpp"
#include "model/text.hpp"
#include "model/validation.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark {

namespace {

namespace json = boost::json;
using namespace model;

// A year, so that no point in time that is computed from a duration overflows.
constexpr std::chrono::milliseconds longest_duration = std::chrono::hours{24 * 365};

[[noreturn]] void fail(std::string_view key, std::string_view problem)
{
    throw boost::system::system_error{errc::invalid_configuration, std::string{key} + ": " + std::string{problem}};
}

// Environment and JSON are read by the same functions: a variable is a JSON string. Each takes the value over, or
// returns what is wrong; it never repeats the value, which may be secret.
using reader = std::string_view (*)(config&, json::value const&);

std::string_view read_flag(bool& flag, json::value const& value)
{
    auto const is_one_of = [](std::string_view text, std::initializer_list<std::string_view> words) {
        return std::ranges::any_of(words, [&](std::string_view word) { return equal_ignoring_case(text, word); });
    };
    if (auto const* const boolean = value.if_bool()) {
        flag = *boolean;
        return {};
    }
    if (auto const* const number = value.if_int64(); number && (*number == 0 || *number == 1)) {
        flag = *number == 1;
        return {};
    }
    if (auto const* const text = value.if_string()) {
        bool const yes = is_one_of(*text, {"true", "1", "yes", "on"});
        if (yes || is_one_of(*text, {"false", "0", "no", "off"})) {
            flag = yes;
            return {};
        }
    }
    return "expected true or false";
}

std::string_view read_token(secret& token, json::value const& value)
{
    auto const* const text = value.if_string();
    if (!text || text->empty() || !std::ranges::all_of(*text, is_visible)) {
        return "expected a token: visible ASCII characters";
    }
    token = secret{std::string_view{*text}};
    return {};
}

bool is_sound(mailbox const& value) noexcept
{
    return is_plausible_address(value.address) && !is_injected(value);
}

std::string_view read_sender(config& target, json::value const& value)
{
    constexpr std::string_view problem = "expected one address, with or without a name";
    auto const* const text = value.if_string();
    if (!text) {
        return problem;
    }
    mailbox sender{std::string_view{*text}};
    if (!is_sound(sender)) {
        return problem;
    }
    target.default_sender = std::move(sender);
    return {};
}

std::string_view read_reply_to(config& target, json::value const& value)
{
    constexpr std::string_view problem = "expected addresses, separated by commas";
    auto const* const text = value.if_string();
    if (!text) {
        return problem;
    }
    mailbox_list list{std::string_view{*text}};
    if (list.empty() || !std::ranges::all_of(list, is_sound)) {
        return problem;
    }
    target.default_reply_to = std::move(list);
    return {};
}

std::string_view read_headers(config& target, json::value const& value)
{
    constexpr std::string_view problem = R"(expected a JSON array of {"Name": "...", "Value": "..."})";
    if (auto const* const text = value.if_string()) {
        error_code error;
        auto const parsed = json::parse(*text, error);
        return error || parsed.is_string() ? problem : read_headers(target, parsed);
    }
    auto const* const array = value.if_array();
    if (!array) {
        return problem;
    }
    std::vector<mail_header> headers;
    for (auto const& item : *array) {
        auto const* const object = item.if_object();
        auto const* const name = object ? object->if_contains("Name") : nullptr;
        auto const* const content = object ? object->if_contains("Value") : nullptr;
        if (!name || !name->is_string() || !content || !content->is_string()) {
            return problem;
        }
        if (!is_header_name(name->get_string())) {
            return "expected names of mail headers: visible ASCII characters without a colon";
        }
        if (has_header_injection(content->get_string())) {
            return "expected values without CR, LF and NUL";
        }
        headers.emplace_back(std::string{name->get_string()}, std::string{content->get_string()});
    }
    target.default_headers = std::move(headers);
    return {};
}

std::string_view read_host(config& target, json::value const& value)
{
    auto const* const text = value.if_string();
    if (!text) {
        return "expected a host name or an IP address";
    }
    auto parsed = parse_host(*text);
    if (!parsed.problem.empty()) {
        return parsed.problem;
    }
    target.host = std::move(parsed.host);
    target.port = parsed.port.value_or(0);
    return {};
}

std::string_view read_ca_file(config& target, json::value const& value)
{
    auto const* const text = value.if_string();
    if (!text || text->find('\0') != json::string::npos) {
        return "expected the path of a PEM file";
    }
    target.tls.ca_file = *text;
    return {};
}

struct setting {
    std::string_view key;
    reader read;
    // Whether an empty text is an error. For the others it is the usual way to say "none".
    bool refuses_empty = false;
};

constexpr setting settings[] = {
    {"PYSTMARK_API_KEY", [](config& c, json::value const& value) { return read_token(c.api_key, value); }, true},
    {"PYSTMARK_ACCOUNT_KEY", [](config& c, json::value const& value) { return read_token(c.account_key, value); }},
    {"PYSTMARK_HTTPS", [](config& c, json::value const& value) { return read_flag(c.https, value); }},
    {"PYSTMARK_TEST_API", [](config& c, json::value const& value) { return read_flag(c.test_api, value); }},
    {"PYSTMARK_VERIFY_MESSAGES",
     [](config& c, json::value const& value) { return read_flag(c.verify_messages, value); }},
    {"PYSTMARK_DEFAULT_SENDER", read_sender},
    {"PYSTMARK_DEFAULT_REPLY_TO", read_reply_to},
    {"PYSTMARK_DEFAULT_HEADERS", read_headers},
    {"PYSTMARK_HOST", read_host, true},
    {"PYSTMARK_CA_FILE", read_ca_file},
};

void apply(config& target, setting const& entry, json::value const& value)
{
    auto const* const text = value.if_string();
    if (value.is_null() || (text && text->empty() && !entry.refuses_empty)) {
        return;
    }
    if (auto const problem = entry.read(target, value); !problem.empty()) {
        fail(entry.key, problem);
    }
}

/// The name and the value of the first of these variables that is set and not empty.
std::pair<char const*, std::string> first_set(char const* upper, char const* lower)
{
    for (auto const* const name : {upper, lower}) {
        if (auto const* const value = std::getenv(name); value && *value) {
            return {name, value};
        }
    }
    return {upper, {}};
}

std::string_view token_problem(secret const& token)
{
    return std::ranges::all_of(token.reveal(), is_visible) ? std::string_view{}
                                                           : "must be visible ASCII characters, without blanks";
}

std::string_view host_problem(std::string_view host)
{
    auto const parsed = parse_host(host);
    if (!parsed.problem.empty()) {
        return parsed.problem;
    }
    return parsed.host == host ? std::string_view{}
                               : "expected a host name or an IP address alone; the port is a field of its own";
}

struct named_duration {
    char const* field;
    std::chrono::milliseconds value;
    std::chrono::milliseconds least;
};

struct named_size {
    char const* field;
    std::size_t value;
};

} // namespace

config config::from_environment()
{
    config result;
    for (auto const& entry : settings) {
        if (auto const* const value = std::getenv(entry.key.data())) {
            apply(result, entry, json::value(value));
        }
    }

    auto [name, url] = first_set("HTTPS_PROXY", "https_proxy");
    if (!url.empty()) {
        if (auto const parsed = parse_proxy_url(url); !parsed.problem.empty()) {
            fail(name, parsed.problem);
        }
    }
    result.proxy = std::move(url);
    result.no_proxy = first_set("NO_PROXY", "no_proxy").second;
    return result;
}

config config::from_json(std::string_view text)
{
    error_code error;
    auto const parsed = json::parse(text, error);
    auto const* const object = parsed.if_object();
    if (error || !object) {
        fail("configuration", "expected a JSON object");
    }

    config result;
    for (auto const& [key, value] : *object) {
        auto const entry = std::ranges::find(settings, std::string_view{key}, &setting::key);
        if (entry != std::end(settings)) {
            apply(result, *entry, value);
        } else if (key.starts_with("PYSTMARK_")) {
            fail(std::string_view{key}, "no such setting");
        }
    }
    return result;
}

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
    auto const says = [](std::string_view field, std::string_view text) {
        return std::string{field} + ": " + std::string{text};
    };

    if (api_key.empty() && !test_api) {
        return says("api_key", "missing");
    }
    if (auto const text = token_problem(api_key); !text.empty()) {
        return says("api_key", text);
    }
    if (auto const text = token_problem(account_key); !text.empty()) {
        return says("account_key", text);
    }
    if (auto const text = host_problem(host); !text.empty()) {
        return says("host", text);
    }
    if (!proxy.empty()) {
        if (auto const parsed = parse_proxy_url(proxy); !parsed.problem.empty()) {
            return says("proxy", parsed.problem);
        }
    }

    constexpr std::string_view injected = "must not contain CR, LF or NUL";
    if (default_sender && is_injected(*default_sender)) {
        return says("default_sender", injected);
    }
    if (std::ranges::any_of(default_reply_to, is_injected)) {
        return says("default_reply_to", injected);
    }
    for (auto const& header : default_headers) {
        if (has_header_injection(header.name) || has_header_injection(header.value)) {
            return says("default_headers", injected);
        }
    }

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
            return says(field, "must be at least 1");
        }
    }

    using std::chrono::milliseconds;
    for (auto const& [field, value, least] : {
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
        if (value < least) {
            return says(field, least > milliseconds{0} ? "must be positive" : "must not be negative");
        }
        if (value > longest_duration) {
            return says(field, "must not be longer than a year");
        }
    }
    return {};
}

} // namespace postmark
