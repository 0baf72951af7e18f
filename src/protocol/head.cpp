// SPDX-License-Identifier: BSL-1.0

#include "protocol/head.hpp"

#include "model/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#ifndef POSTMARK_VERSION
#define POSTMARK_VERSION "unversioned"
#endif

namespace postmark::protocol {

namespace {

std::string_view method_name(http_method method) noexcept
{
    switch (method) {
    case http_method::get:
        return "GET";
    case http_method::post:
        return "POST";
    case http_method::put:
        return "PUT";
    case http_method::delete_:
        return "DELETE";
    case http_method::patch:
        return "PATCH";
    }
    return "GET";
}

bool is_token_char(char byte) noexcept
{
    return model::is_alphanumeric(byte) ||
           (byte != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(byte) != std::string_view::npos);
}

// Headers that frame the request, belong to the connection, or identify the caller. The library sets them.
constexpr std::array<std::string_view, 15> reserved_names{
    "Host",
    "Connection",
    "Accept",
    "Accept-Encoding",
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Transfer-Encoding",
    server_token_header,
    account_token_header,
};

/// Whether a segment of a path is `.` or `..`, percent-encoded or not.
bool is_dot_segment(std::string_view segment) noexcept
{
    std::size_t dots = 0;
    for (; !segment.empty(); ++dots) {
        if (segment.starts_with('.')) {
            segment.remove_prefix(1);
        } else if (segment.starts_with("%2e") || segment.starts_with("%2E")) {
            segment.remove_prefix(3);
        } else {
            return false;
        }
    }
    return dots == 1 || dots == 2;
}

/// Whether proxies and servers would take another path for the one of the target.
bool has_dot_segment(std::string_view target) noexcept
{
    std::string_view path = target.substr(0, target.find('?'));
    while (!path.empty()) {
        std::size_t const end = std::min(path.find('/'), path.size());
        if (is_dot_segment(path.substr(0, end))) {
            return true;
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return false;
}

bool is_reserved(std::string_view name) noexcept
{
    constexpr std::string_view proxy = "Proxy-";
    return std::ranges::any_of(reserved_names, [&](auto known) { return model::equal_ignoring_case(known, name); }) ||
           model::equal_ignoring_case(name.substr(0, proxy.size()), proxy);
}

bool has_line(std::string_view lines, std::string_view name) noexcept
{
    while (!lines.empty()) {
        if (lines.size() > name.size() && lines[name.size()] == ':' &&
            model::equal_ignoring_case(lines.substr(0, name.size()), name)) {
            return true;
        }
        std::size_t const line_end = lines.find('\n');
        lines.remove_prefix(line_end == std::string_view::npos ? lines.size() : line_end + 1);
    }
    return false;
}

} // namespace

std::string make_head_prefix(http_method method, std::string_view target, std::string_view host,
                             std::string_view token_header_name, std::string_view token, bool has_body,
                             std::string_view extra_lines)
{
    constexpr std::string_view version_and_host = " HTTP/1.1\r\nHost: ";
    constexpr std::string_view accept = "\r\nAccept: application/json\r\n";
    constexpr std::string_view user_agent = "User-Agent: postmark-cpp/" POSTMARK_VERSION "\r\n";
    constexpr std::string_view content_type = "Content-Type: application/json\r\n";

    std::string head;
    head.reserve(8 + target.size() + version_and_host.size() + host.size() + accept.size() + user_agent.size() +
                 content_type.size() + token_header_name.size() + token.size() + 4 + extra_lines.size());
    head += method_name(method);
    head += ' ';
    head += target;
    head += version_and_host;
    head += host;
    head += accept;
    if (!has_line(extra_lines, "User-Agent")) {
        head += user_agent;
    }
    if (has_body) {
        head += content_type;
    }
    if (!token_header_name.empty()) {
        append_header_line(head, token_header_name, token);
    }
    head += extra_lines;
    return head;
}

void append_header_line(std::string& lines, std::string_view name, std::string_view value)
{
    lines += name;
    lines += ": ";
    lines += value;
    lines += "\r\n";
}

std::string host_header(std::string_view host, std::uint16_t port, bool https)
{
    std::string value;
    if (host.find(':') != std::string_view::npos && !host.starts_with('[')) {
        // A zone ("fe80::1%eth0") means something on this machine only.
        value += '[';
        value += host.substr(0, host.find('%'));
        value += ']';
    } else {
        value = host;
    }
    if (port != (https ? 443 : 80)) {
        char digits[5];
        value += ':';
        value.append(digits, std::to_chars(digits, digits + sizeof digits, port).ptr);
    }
    return value;
}

bool is_header_value(std::string_view value) noexcept
{
    return std::ranges::none_of(value, [](char byte) { return model::is_control(byte) && byte != '\t'; });
}

std::string header_problem(std::string_view name, std::string_view value)
{
    if (name.empty()) {
        return "a header of the call has no name";
    }
    if (!std::ranges::all_of(name, is_token_char)) {
        // The name may hold any bytes here, so only those that headers may have are shown.
        std::string shown;
        for (char const byte : name.substr(0, 64)) {
            shown += is_token_char(byte) || byte == ' ' || byte == ':' ? byte : '?';
        }
        return "the name of the header \"" + shown + "\" holds a character that no header name may hold";
    }
    if (is_reserved(name)) {
        return "the header \"" + std::string{name} + "\" is set by the library and cannot be set for a call";
    }
    if (!is_header_value(value)) {
        return "the value of the header \"" + std::string{name} + "\" holds a line break or another control character";
    }
    return {};
}

std::string target_problem(std::string_view target)
{
    if (!target.starts_with('/')) {
        return "the target of the request does not begin with a slash";
    }
    if (!std::ranges::all_of(target, [](char byte) { return model::is_visible(byte) && byte != '#'; })) {
        return "the target of the request holds a character that must be percent-encoded";
    }
    if (has_dot_segment(target)) {
        return "the target of the request has a segment '.' or '..', which changes its path";
    }
    return {};
}

} // namespace postmark::protocol
