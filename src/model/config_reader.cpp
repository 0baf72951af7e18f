// SPDX-License-Identifier: BSL-1.0

#include "model/host.hpp"
#include "model/text.hpp"
#include "model/token.hpp"
#include "model/validation.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
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

/// Blanks and line breaks: what editors, shells and secret stores leave at the ends of a value.
constexpr std::string_view blanks = " \t\r\n";

[[noreturn]] void fail(std::string_view key, std::string_view problem)
{
    throw boost::system::system_error{errc::invalid_configuration, std::string{key} + ": " + std::string{problem}};
}

// Environment and JSON are read by the same functions: a variable is a JSON string. Each function stores the value in the
// configuration, or returns what was expected; it never repeats the value, which may be secret.
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
    if (!text || text->empty()) {
        return "expected a token";
    }
    if (auto const problem = check_token(*text); !problem.empty()) {
        return problem;
    }
    token = secret{std::string_view{*text}};
    return {};
}

/// An address that the service takes, and a name that cannot end a header.
bool is_sound(mailbox const& value) noexcept
{
    return is_plausible_address(value.address) && !has_header_injection(value.name);
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
    // Whether an empty text is an error. For the other settings it means that the setting is not set.
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

/// Reads one setting. Blanks at the ends of a text do not count.
void apply(config& target, setting const& entry, json::value const& value)
{
    if (value.is_null()) {
        return;
    }
    json::value trimmed;
    json::value const* source = &value;
    if (auto const* const text = value.if_string()) {
        std::string_view const content = trim(*text, blanks);
        if (content.empty() && !entry.refuses_empty) {
            return;
        }
        if (content.size() != text->size()) {
            trimmed = json::string{content};
            source = &trimmed;
        }
    }
    if (auto const problem = entry.read(target, *source); !problem.empty()) {
        fail(entry.key, problem);
    }
}

/// A variable of the environment; the value is empty if it is not set.
struct variable {
    char const* name;
    std::string value;
};

/// The first of two variables that is set and not empty.
variable first_set(char const* upper, char const* lower)
{
    for (auto const* const name : {upper, lower}) {
        if (auto const* const value = std::getenv(name)) {
            if (auto const content = trim(value, blanks); !content.empty()) {
                return {name, std::string{content}};
            }
        }
    }
    return {upper, {}};
}

/// Reads the proxy and the hosts that go without. A proxy that this client cannot use is an error only if it would be used.
void read_proxy(config& target)
{
    target.no_proxy = first_set("NO_PROXY", "no_proxy").value;
    auto proxy = first_set("HTTPS_PROXY", "https_proxy");
    if (!proxy.value.empty() && !bypasses_proxy(target.host, target.no_proxy)) {
        if (auto const parsed = parse_proxy_url(proxy.value); !parsed.problem.empty()) {
            if (target.https) {
                fail(proxy.name, parsed.problem);
            }
            // These variables are about HTTPS only.
            return;
        }
    }
    target.proxy = std::move(proxy.value);
}

} // namespace

config config::from_environment()
{
    config result;
    for (auto const& entry : settings) {
        if (auto const* const value = std::getenv(entry.key.data())) {
            apply(result, entry, json::value(value));
        }
    }

    read_proxy(result);
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

} // namespace postmark
