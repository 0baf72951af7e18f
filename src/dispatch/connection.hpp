#ifndef POSTMARK_DISPATCH_CONNECTION_HPP
#define POSTMARK_DISPATCH_CONNECTION_HPP

#include "dispatch/call.hpp"

#include <cstdint>

namespace postmark::dispatch {

enum class connection_state : std::uint8_t { opening, idle, busy, gone };

/// The dispatcher's part of a connection: whether it can take a call. The client derives the rest from it.
class connection {
public:
    connection() = default;
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    virtual ~connection() = default;

    [[nodiscard]] connection_state state() const noexcept { return state_; }
    /// The call that is on it; null unless busy.
    [[nodiscard]] call* current() const noexcept { return current_; }
    /// Counts the exchanges; tells a late abort from a timely one.
    [[nodiscard]] std::uint64_t exchange() const noexcept { return exchange_; }

private:
    friend class dispatcher;

    call* current_ = nullptr;
    std::uint64_t exchange_ = 0;
    time_point idle_since_{};
    time_point replace_at_{};
    connection_state state_ = connection_state::opening;
};

} // namespace postmark::dispatch

#endif
