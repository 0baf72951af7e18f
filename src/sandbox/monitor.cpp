// SPDX-License-Identifier: BSL-1.0

#include "sandbox/monitor.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {

std::uint64_t monitor::connection_opened()
{
    std::uint64_t number = 0;
    change([&] {
        number = ++last_connection_;
        ++counts_.connections;
        ++counts_.open_connections;
    });
    return number;
}

void monitor::connection_closed()
{
    change([&] { --counts_.open_connections; });
}

void monitor::handshake_done(bool resumed, std::string server_name)
{
    change([&] {
        ++counts_.handshakes;
        if (resumed) {
            ++counts_.resumed_handshakes;
        }
        counts_.server_name = std::move(server_name);
    });
}

void monitor::request_received(endpoint const* target)
{
    change([&] {
        ++counts_.requests;
        ++by_endpoint_[index_of(target)];
    });
}

void monitor::keep_request(received_request request)
{
    std::lock_guard const lock{mutex_};
    requests_.push_back(std::move(request));
}

void monitor::messages_accepted(std::uint64_t count)
{
    change([&] { counts_.messages += count; });
}

void monitor::fault_played(std::string_view name)
{
    change([&] {
        ++counts_.faults;
        ++counts_.faults_by_action[std::string{name}];
    });
}

statistics monitor::snapshot_locked() const
{
    statistics result = counts_;
    auto const& table = all_endpoints();
    for (std::size_t index = 0; index < by_endpoint_.size(); ++index) {
        if (by_endpoint_[index] != 0) {
            // Several methods can share a path.
            result.requests_by_endpoint[std::string{index < table.size() ? table[index].path : "other"}] +=
                by_endpoint_[index];
        }
    }
    return result;
}

statistics monitor::snapshot() const
{
    std::lock_guard const lock{mutex_};
    return snapshot_locked();
}

std::vector<received_request> monitor::requests() const
{
    std::lock_guard const lock{mutex_};
    return requests_;
}

void monitor::clear()
{
    change([&] {
        auto const open = counts_.open_connections;
        counts_ = {};
        counts_.open_connections = open;
        std::fill(by_endpoint_.begin(), by_endpoint_.end(), 0);
        requests_.clear();
    });
}

bool monitor::wait_until(std::function<bool(statistics const&)> const& condition,
                         std::chrono::milliseconds timeout) const
{
    std::unique_lock lock{mutex_};
    ++waiting_;
    bool const result = changed_.wait_for(lock, timeout, [&] { return condition(snapshot_locked()); });
    --waiting_;
    return result;
}

} // namespace postmark::sandbox::detail
