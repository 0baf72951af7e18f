// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_POOLED_CONNECTION_HPP
#define POSTMARK_CLIENT_POOLED_CONNECTION_HPP

#include "client/coalesced_request.hpp"
#include "client/engine.hpp"
#include "protocol/request_bytes.hpp"
#include "scheduler/connection.hpp"
#include "transport/connection.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace postmark::detail {

/// Ties what the dispatcher knows of a connection to the connection itself.
///
/// The engine, the link and the connection hold each other until the connection is closed, which lets go of the link.
class link final : public scheduler::connection, public transport::connection_events {
public:
    link(std::shared_ptr<engine> owner, std::uint64_t number)
        : engine_{std::move(owner)}
        , number_{number}
    {
    }

    void opened(bool resumed) override { engine_->on_opened(*this, resumed); }
    void open_failed(transport::failure const& cause) override { engine_->on_open_failed(*this, cause); }
    void replied(transport::reply const& said) override { engine_->on_replied(*this, said); }
    void exchange_failed(transport::failure const& cause) override { engine_->on_exchange_failed(*this, cause); }
    void due(scheduler::time_point when) override { engine_->on_due(when); }

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

    /// Where a request is put together that does not lie ready: one of several calls, or of a short single send. Its memory is
    /// used again.
    [[nodiscard]] protocol::request_bytes& room()
    {
        // What one unusually large request made larger than this does not stay.
        constexpr std::size_t kept = std::size_t{1} << 20;
        if (room_.memory() > kept) {
            room_.release();
        }
        return room_;
    }

    std::shared_ptr<transport::connection> wire;
    /// When the opening, or the exchange under way, began.
    scheduler::time_point began_at{};
    /// Bytes of the request that is under way.
    std::size_t request_bytes = 0;
    /// The request under way, if it is made of several calls.
    coalesced_request shared;

private:
    std::shared_ptr<engine> engine_;
    std::uint64_t number_;
    protocol::request_bytes room_;
};

} // namespace postmark::detail

#endif
