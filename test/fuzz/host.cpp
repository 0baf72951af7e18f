// SPDX-License-Identifier: BSL-1.0

#include "model/host.hpp"

#include "fuzz.hpp"

#include <postmark/api/request.hpp>

#include <arpa/inet.h>
#include <string>

using namespace postmark;
using namespace postmark::model;
using fuzz::require;

namespace {

/// The operating system reads addresses in the same way.
template <class Bytes>
void compare(int family, std::string const& text, std::optional<Bytes> const& parsed)
{
    Bytes expected{};
    // `inet_pton` stops at the first zero byte.
    bool const good = text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), expected.data()) == 1;
    require(good == parsed.has_value() && (!good || *parsed == expected));
}

std::string join(std::string const& host, std::uint16_t port)
{
    bool const bracketed = host.find(':') != std::string::npos;
    return (bracketed ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

} // namespace

// The input: a host or the URL of a proxy on a line, then hosts that go without the proxy.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto no_proxy = fuzz::as_text(data, size);
    std::string const text{fuzz::take_line(no_proxy)};
    compare(AF_INET, text, parse_ipv4(text));
    compare(AF_INET6, text, parse_ipv6(text));

    if (auto const parsed = parse_host(text); parsed.problem.empty()) {
        auto const again = parse_host(join(parsed.host, parsed.port.value_or(1)));
        require(again.problem.empty() && again.host == parsed.host && again.port == parsed.port.value_or(1));
        require(parse_host(parsed.host).host == parsed.host && parsed.port != 0);
        require(bypasses_proxy(parsed.host, parsed.host) && bypasses_proxy(parsed.host, "other, *"));
        if (parse_ipv4(parsed.host)) {
            require(bypasses_proxy(parsed.host, parsed.host + "/32") && bypasses_proxy(parsed.host, "0.0.0.0/0"));
        }
    }
    if (auto const proxy = parse_proxy_url(text); proxy.problem.empty()) {
        auto const login = percent_encode(proxy.user) + ':' + percent_encode(proxy.password) + '@';
        auto const again = parse_proxy_url("http://" + login + join(proxy.host, proxy.port) + '/');
        require(again.problem.empty() && again.host == proxy.host && again.port == proxy.port);
        require(again.user == proxy.user && again.password == proxy.password && again.port != 0);
    }
    require(bypasses_proxy("localhost", no_proxy) && bypasses_proxy("[::1]", no_proxy));
    if (bypasses_proxy(text, no_proxy)) {
        require(bypasses_proxy(text, "other.example," + std::string{no_proxy}));
    }
    return 0;
}
