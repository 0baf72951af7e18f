// SPDX-License-Identifier: BSL-1.0

#include "model/host.hpp"

#include "model/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

namespace postmark::model {

namespace {

constexpr std::size_t max_name_length = 253;
constexpr std::size_t max_label_length = 63;

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) noexcept
{
    Number number{};
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc{} || rest != end) {
        return {};
    }
    return number;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept
{
    auto const port = parse_number<std::uint16_t>(text, 10);
    return port == 0 ? std::nullopt : port;
}

bool is_name(std::string_view text) noexcept
{
    if (text.empty() || text.size() > max_name_length) {
        return false;
    }
    std::string_view label;
    for (std::size_t start = 0; start <= text.size(); start += label.size() + 1) {
        label = text.substr(start, text.find('.', start) - start);
        if (label.empty() || label.size() > max_label_length || label.front() == '-' || label.back() == '-') {
            return false;
        }
        if (!std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; })) {
            return false;
        }
    }
    // Every resolver takes a text that ends in a number for an address, some for an unexpected one: 127.1, 010.0.0.1.
    return !std::ranges::all_of(label, is_digit) || parse_ipv4(text).has_value();
}

std::string_view without_brackets(std::string_view host) noexcept
{
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        return host.substr(1, host.size() - 2);
    }
    return host;
}

bool is_within(std::string_view host, std::string_view domain) noexcept
{
    if (host.size() < domain.size() || !equal_ignoring_case(host.substr(host.size() - domain.size()), domain)) {
        return false;
    }
    return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

using ip_address = std::array<std::uint8_t, 16>;

// ::ffff:0:0/96, by which IPv4 addresses are written as IPv6 addresses.
constexpr ip_address v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned v4_mapped_bits = 96;

/// Reads an IPv4 or IPv6 address, the former in its IPv6 form.
std::optional<ip_address> parse_ip(std::string_view text) noexcept
{
    if (auto const v4 = parse_ipv4(text)) {
        auto address = v4_mapped;
        std::ranges::copy(*v4, address.begin() + v4_mapped_bits / 8);
        return address;
    }
    return parse_ipv6(text);
}

/// Whether two addresses agree in their first bits.
bool share_prefix(ip_address const& left, ip_address const& right, unsigned bits) noexcept
{
    auto const bytes = bits / 8;
    if (!std::equal(left.begin(), left.begin() + bytes, right.begin())) {
        return false;
    }
    auto const rest = bits % 8;
    return rest == 0 || (left[bytes] ^ right[bytes]) >> (8 - rest) == 0;
}

bool is_v4(ip_address const& address) noexcept
{
    return share_prefix(address, v4_mapped, v4_mapped_bits);
}

bool is_loopback(std::string_view host) noexcept
{
    if (auto const address = parse_ip(host)) {
        constexpr ip_address v6_loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        return *address == v6_loopback || (is_v4(*address) && (*address)[v4_mapped_bits / 8] == 127);
    }
    return is_within(host, "localhost");
}

/// Whether an address is the entry, or in it if the entry is a block of addresses.
bool matches_address(ip_address const& address, std::string_view entry) noexcept
{
    auto const slash = entry.find('/');
    auto const first = parse_ip(entry.substr(0, slash));
    if (!first || is_v4(*first) != is_v4(address)) {
        return false;
    }
    if (slash == std::string_view::npos) {
        return address == *first;
    }
    bool const written_as_v4 = entry.substr(0, slash).find(':') == std::string_view::npos;
    unsigned const offset = written_as_v4 ? v4_mapped_bits : 0;
    auto const bits = parse_number<std::uint8_t>(entry.substr(slash + 1), 10);
    return bits && *bits <= 128 - offset && share_prefix(address, *first, *bits + offset);
}

bool matches(std::string_view host, std::string_view entry) noexcept
{
    if (entry == "*") {
        return true;
    }

    if (entry.starts_with('[')) {
        entry = entry.substr(1, entry.find(']') - 1);
    } else if (entry.find(':') == entry.rfind(':')) {
        entry = entry.substr(0, entry.find(':'));
    }
    if (auto const address = parse_ip(host)) {
        return matches_address(*address, entry);
    }

    if (entry.starts_with("*.")) {
        entry.remove_prefix(1);
    }
    if (entry.starts_with('.')) {
        entry.remove_prefix(1);
    }
    return !entry.empty() && is_within(host, entry);
}

std::optional<std::string> percent_decode(std::string_view text)
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            auto const digits = text.substr(i + 1, 2);
            auto const byte = digits.size() == 2 ? parse_number<std::uint8_t>(digits, 16) : std::nullopt;
            if (!byte) {
                return {};
            }
            c = static_cast<char>(*byte);
            i += 2;
        }
        if (is_control(c)) {
            return {};
        }
        decoded += c;
    }
    return decoded;
}

} // namespace

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) noexcept
{
    std::array<std::uint8_t, 4> bytes{};
    std::size_t start = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto const end = i + 1 < bytes.size() ? text.find('.', start) : text.size();
        if (end == std::string_view::npos) {
            return {};
        }
        auto const part = text.substr(start, end - start);
        auto const byte = parse_number<std::uint8_t>(part, 10);
        // Some programs read a number with a leading zero as octal.
        if (!byte || (part.size() > 1 && part.front() == '0')) {
            return {};
        }
        bytes[i] = *byte;
        start = std::min(end + 1, text.size());
    }
    return bytes;
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) noexcept
{
    constexpr std::size_t group_count = 8;
    std::array<std::uint16_t, group_count> groups{};
    std::size_t count = 0;
    std::optional<std::size_t> gap;
    std::size_t position = 0;

    if (text.starts_with("::")) {
        gap = 0;
        position = 2;
    }
    while (position < text.size()) {
        auto const end = std::min(text.find(':', position), text.size());
        auto const part = text.substr(position, end - position);
        if (end == text.size() && part.find('.') != std::string_view::npos) {
            auto const v4 = parse_ipv4(part);
            if (!v4 || count + 2 > group_count) {
                return {};
            }
            groups[count++] = static_cast<std::uint16_t>((*v4)[0] << 8 | (*v4)[1]);
            groups[count++] = static_cast<std::uint16_t>((*v4)[2] << 8 | (*v4)[3]);
            break;
        }
        auto const group = part.size() <= 4 ? parse_number<std::uint16_t>(part, 16) : std::nullopt;
        if (!group || count == group_count) {
            return {};
        }
        groups[count++] = *group;
        if (end == text.size()) {
            break;
        }
        position = end + 1;
        if (position == text.size()) {
            return {};
        }
        if (text[position] == ':') {
            if (gap) {
                return {};
            }
            gap = count;
            ++position;
        }
    }
    if (gap ? count == group_count : count != group_count) {
        return {};
    }

    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < count; ++i) {
        auto const target = i < gap.value_or(count) ? i : group_count - count + i;
        bytes[2 * target] = static_cast<std::uint8_t>(groups[i] >> 8);
        bytes[2 * target + 1] = static_cast<std::uint8_t>(groups[i] & 0xff);
    }
    return bytes;
}

host_port parse_host(std::string_view text)
{
    auto const failed = [](std::string_view problem) { return host_port{{}, {}, problem}; };

    if (text.empty()) {
        return failed("expected a host name or an IP address, found nothing");
    }
    if (!std::ranges::all_of(text, is_visible)) {
        return failed("expected a host name or an IP address, without blanks, control or non-ASCII characters");
    }
    if (text.find_first_of("/?#@\\") != std::string_view::npos) {
        return failed("expected a host name or an IP address, not a URL");
    }

    bool const bracketed = text.front() == '[';
    auto host = text;
    std::optional<std::string_view> port_text;
    if (bracketed) {
        auto const end = text.find(']');
        if (end == std::string_view::npos) {
            return failed("expected a closing bracket after the IPv6 address");
        }
        host = text.substr(1, end - 1);
        auto const rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') {
            return failed("expected nothing but a port after the IPv6 address");
        }
        if (!rest.empty()) {
            port_text = rest.substr(1);
        }
    } else if (auto const colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
        host = text.substr(0, colon);
        port_text = text.substr(colon + 1);
    }

    bool const is_v6 = bracketed || host.find(':') != std::string_view::npos;
    if (is_v6 ? !parse_ipv6(host) : !is_name(host)) {
        return failed(is_v6 ? "expected a valid IPv6 address" : "expected a valid host name or IP address");
    }

    std::optional<std::uint16_t> port;
    if (port_text && !(port = parse_port(*port_text))) {
        return failed("expected a port from 1 to 65535");
    }
    return {std::string{host}, port, {}};
}

proxy_address parse_proxy_url(std::string_view text)
{
    auto const failed = [](std::string_view problem) { return proxy_address{{}, 0, {}, {}, problem}; };
    constexpr std::uint16_t default_port = 80;

    if (auto const scheme_end = text.find("://"); scheme_end != std::string_view::npos) {
        if (!equal_ignoring_case(text.substr(0, scheme_end), "http")) {
            return failed("expected the URL of an HTTP proxy, http://host:port");
        }
        text.remove_prefix(scheme_end + 3);
    }
    if (text.ends_with('/')) {
        text.remove_suffix(1);
    }

    proxy_address address;
    if (auto const at = text.rfind('@'); at != std::string_view::npos) {
        auto const login = text.substr(0, at);
        auto const colon = std::min(login.find(':'), login.size());
        auto user = percent_decode(login.substr(0, colon));
        auto password = percent_decode(login.substr(std::min(colon + 1, login.size())));
        // In the Proxy-Authorization header, the first colon ends the user.
        if (!user || !password || user->find(':') != std::string::npos ||
            login.find_first_of("/?#") != std::string_view::npos) {
            return failed("expected a user and a password, percent-encoded, before the host of the proxy");
        }
        address.user = std::move(*user);
        address.password = std::move(*password);
        text.remove_prefix(at + 1);
    }

    auto target = parse_host(text);
    if (!target.problem.empty()) {
        return failed("expected the URL of an HTTP proxy, http://host:port");
    }
    address.host = std::move(target.host);
    address.port = target.port.value_or(default_port);
    return address;
}

bool bypasses_proxy(std::string_view host, std::string_view no_proxy) noexcept
{
    host = without_brackets(host);
    if (is_loopback(host)) {
        return true;
    }

    constexpr std::string_view separators = ", \t";
    auto start = no_proxy.find_first_not_of(separators);
    while (start != std::string_view::npos) {
        auto const end = std::min(no_proxy.find_first_of(separators, start), no_proxy.size());
        if (matches(host, no_proxy.substr(start, end - start))) {
            return true;
        }
        start = no_proxy.find_first_not_of(separators, end);
    }
    return false;
}

} // namespace postmark::model
