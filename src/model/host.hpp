// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_HOST_HPP
#define POSTMARK_MODEL_HOST_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::model {

[[nodiscard]] std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) noexcept;

/// Without brackets and without a zone.
[[nodiscard]] std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) noexcept;

struct host_port {
    /// A name or an address, never in brackets.
    std::string host;
    std::optional<std::uint16_t> port;
    /// What is wrong with the text, which it does not repeat; empty if nothing is.
    std::string_view problem;
};

/// `name`, `name:port`, `1.2.3.4`, `1.2.3.4:port`, `::1`, `[::1]`, `[::1]:port`.
[[nodiscard]] host_port parse_host(std::string_view text);

struct proxy_address {
    std::string host;
    std::uint16_t port = 0;
    std::string user;
    std::string password;
    /// What is wrong with the text, which it does not repeat: it may hold a password. Empty if nothing is.
    std::string_view problem;
};

/// `http://user:password@host:port`, of which only the host is needed. The port is 80 where it is not given.
[[nodiscard]] proxy_address parse_proxy_url(std::string_view text);

/// Whether a host is reached directly: loopback always is, and what the list names with its subdomains.
/// \param host     a name or an address, with or without brackets
/// \param no_proxy entries separated by commas or blanks; `*` stands for every host, ports are ignored
[[nodiscard]] bool bypasses_proxy(std::string_view host, std::string_view no_proxy) noexcept;

} // namespace postmark::model

#endif
