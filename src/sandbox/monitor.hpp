// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MONITOR_HPP
#define POSTMARK_SANDBOX_MONITOR_HPP

#include "sandbox/request.hpp"
#include "sandbox/router.hpp"

#include <postmark/sandbox.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

/// Counts what happens, and wakes those who wait for it.
class monitor {
public:
    /// Returns the number of the connection, from 1.
    std::uint64_t connection_opened();
    void connection_closed();
    void handshake_done(bool resumed, std::string server_name);
    void request_seen(endpoint where);
    void keep_request(seen_request request);
    void messages_accepted(std::uint64_t count);
    void fault_played(std::string_view name);

    [[nodiscard]] statistics snapshot() const;
    [[nodiscard]] std::vector<seen_request> requests() const;

    /// Forgets everything but the connections that are open.
    void clear();

    bool wait_until(std::function<bool(statistics const&)> const& condition, std::chrono::milliseconds timeout) const;

private:
    template <class Change>
    void change(Change&& apply)
    {
        std::lock_guard const lock{mutex_};
        apply();
        if (waiting_ != 0) {
            changed_.notify_all();
        }
    }

    [[nodiscard]] statistics snapshot_locked() const;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable unsigned waiting_{0};
    std::uint64_t last_connection_{0};
    statistics counts_;
    /// By endpoint; becomes a map only when somebody asks.
    std::array<std::uint64_t, static_cast<std::size_t>(endpoint::count_of_endpoints)> by_endpoint_{};
    std::vector<seen_request> requests_;
};

} // namespace postmark::sandbox

#endif
