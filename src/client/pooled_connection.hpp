// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_POOLED_CONNECTION_HPP
#define POSTMARK_CLIENT_POOLED_CONNECTION_HPP

#include "client/coalesced_request.hpp"
#include "client/engine.hpp"
#include "protocol/request_bytes.hpp"
#include "scheduler/connection.hpp"
#include "transport/connection.hpp"

#include <boost/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace postmark::detail {

/// A connection of the pool: what the scheduler knows of it, and the transport's connection.
///
/// The engine, this and the transport's connection own each other until the connection is closed: then the transport
/// lets go of its events, which are this.
class pooled_connection final : public scheduler::connection, public transport::connection_events {
public:
    /// \throws std::bad_alloc
    pooled_connection(std::shared_ptr<engine> owner, std::uint64_t number)
        : engine_{std::move(owner)}
        , number_{number}
    {
        engine_->event_reporter().reserve();
        has_reserved_event_ = true;
    }
    ~pooled_connection() override
    {
        if (has_reserved_event_) {
            engine_->event_reporter().release();
        }
    }

    /// The client's part of a connection of the scheduler. All connections that the client makes are of this type.
    [[nodiscard]] static pooled_connection& of(scheduler::connection& conn) noexcept
    {
        BOOST_ASSERT(dynamic_cast<pooled_connection*>(&conn) != nullptr);
        return static_cast<pooled_connection&>(conn);
    }

    void opened(bool resumed) override { engine_->on_opened(*this, resumed); }
    void open_failed(transport::failure const& failure) override { engine_->on_open_failed(*this, failure); }
    void replied(transport::reply const& reply) override { engine_->on_replied(*this, reply); }
    void exchange_failed(transport::failure const& failure) override { engine_->on_exchange_failed(*this, failure); }
    void due(scheduler::time_point when) override { engine_->on_due(when); }

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

    /// Where requests are put together that no call holds as they are sent: those of several calls, and short single
    /// sends. Its memory is used again.
    [[nodiscard]] protocol::request_bytes& scratch_buffer()
    {
        // The memory of one unusually large request is not kept.
        constexpr std::size_t max_kept = std::size_t{1} << 20;
        if (scratch_buffer_.memory() > max_kept) {
            scratch_buffer_.release();
        }
        return scratch_buffer_;
    }

    /// Defers the one event of this connection that may have to be deferred: that it failed.
    void defer_failure(reporter::event const& event) noexcept
    {
        if (std::exchange(has_reserved_event_, false)) {
            engine_->event_reporter().defer(event);
        }
    }

    /// The transport's connection. Not a member of the base class: that one knows nothing of sockets.
    std::shared_ptr<transport::connection> channel;
    /// When the opening, or the current exchange, began.
    scheduler::time_point began_at{};
    /// Bytes of the current request.
    std::size_t request_bytes = 0;
    /// The current request.
    coalesced_request request;

private:
    std::shared_ptr<engine> engine_;
    std::uint64_t number_;
    bool has_reserved_event_ = false;
    protocol::request_bytes scratch_buffer_;
};

} // namespace postmark::detail

#endif
