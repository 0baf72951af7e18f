// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_HOST_HPP
#define POSTMARK_MODEL_HOST_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::model {

/// Reads four decimal numbers without leading zeros, separated by dots.
[[nodiscard]] std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) noexcept;

/// Reads an IPv6 address without brackets and without a zone.
[[nodiscard]] std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) noexcept;

/// A host with its port.
struct host_port {
    /// A name or an address, never in brackets.
    std::string host;
    /// Not set if the text has none.
    std::optional<std::uint16_t> port;
    /// What is wrong with the text, which it does not repeat; empty if nothing is.
    std::string_view problem;
};

/// Reads `name`, `name:port`, `1.2.3.4`, `1.2.3.4:port`, `::1`, `[::1]`, `[::1]:port`.
[[nodiscard]] host_port parse_host(std::string_view text);

/// The parts of the URL of a proxy.
struct proxy_address {
    std::string host;
    std::uint16_t port = 0;
    /// User and password, decoded; empty if the URL has none.
    std::string user;
    std::string password;
    /// What is wrong with the text, which it does not repeat: it may hold a password. Empty if nothing is.
    std::string_view problem;
};

/// Reads `http://user:password@host:port`, of which only the host is required. The port is 80 where it is not given.
[[nodiscard]] proxy_address parse_proxy_url(std::string_view text);

/// Whether a host is reached without the proxy: loopback always is, and so are the hosts of the list.
/// \param host     a name or an address, with or without brackets
/// \param no_proxy entries separated by commas or blanks: a name (with its subdomains), an address, a block of addresses
///                 (`10.0.0.0/8`, `fd00::/8`), or `*` for every host; ports are ignored
[[nodiscard]] bool bypasses_proxy(std::string_view host, std::string_view no_proxy) noexcept;

} // namespace postmark::model

#endif
