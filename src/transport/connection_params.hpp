// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_CONNECTION_PARAMS_HPP
#define POSTMARK_TRANSPORT_CONNECTION_PARAMS_HPP

#include "transport/process_identity.hpp"
#include "transport/tls_context.hpp"

#include <postmark/config.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace postmark::transport {

/// The HTTP proxy that has to open a tunnel.
struct proxy_params {
    std::string host;
    std::uint16_t port = 0;
    /// Value of `Proxy-Authorization`; empty: the header is left out.
    std::string authorization{};
};

/// What the connections of a client have learned about their peer. Thread-safe.
class peer_traits {
public:
    using endpoint = boost::asio::ip::tcp::endpoint;

    /// Whether a connection was ever ended after a reply that did not announce it.
    [[nodiscard]] bool ends_unannounced() const noexcept { return ends_unannounced_.load(std::memory_order_relaxed); }
    void note_unannounced_end() noexcept { ends_unannounced_.store(true, std::memory_order_relaxed); }

    /// The address that failed last after it had accepted a connection. The next opening begins with its successor.
    [[nodiscard]] std::optional<endpoint> failed_address() const
    {
        std::lock_guard const lock{mutex_};
        return failed_address_;
    }
    void note_failed_address(endpoint const& address)
    {
        std::lock_guard const lock{mutex_};
        failed_address_ = address;
    }

private:
    std::atomic<bool> ends_unannounced_{false};
    mutable std::mutex mutex_;
    std::optional<endpoint> failed_address_;
};

/// Where and how connections are made; the same for all connections of a client.
struct connection_params {
    std::string host;
    std::uint16_t port = 0;
    std::optional<proxy_params> proxy{};
    /// Null: no TLS.
    std::shared_ptr<tls_context> tls{};
    timeout_settings timeouts{};
    process_identity process{};
    mutable peer_traits traits{};
};

} // namespace postmark::transport

#endif
