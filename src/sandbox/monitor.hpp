// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MONITOR_HPP
#define POSTMARK_SANDBOX_MONITOR_HPP

#include "sandbox/request.hpp"
#include "sandbox/router.hpp"

#include <postmark/sandbox.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// Counts events, and wakes the threads that wait for a count.
class monitor {
public:
    /// Returns the number of the connection, from 1.
    std::uint64_t connection_opened();
    void connection_closed();
    void handshake_done(bool resumed, std::string server_name);
    /// Counts a request to an endpoint; null: to none.
    void request_received(endpoint const* target);
    void keep_request(received_request request);
    void messages_accepted(std::uint64_t count);
    void fault_played(std::string_view name);

    [[nodiscard]] statistics snapshot() const;
    [[nodiscard]] std::vector<received_request> requests() const;

    /// Resets all counts except that of open connections.
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
    /// By `index_of`; the map of `statistics` is made when it is asked for.
    std::vector<std::uint64_t> by_endpoint_ = std::vector<std::uint64_t>(all_endpoints().size() + 1);
    std::vector<received_request> requests_;
};

} // namespace postmark::sandbox::detail

#endif
