// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_COALESCED_REQUEST_HPP
#define POSTMARK_CLIENT_COALESCED_REQUEST_HPP

#include "client/call_setup.hpp"
#include "client/operation.hpp"
#include "protocol/request_bytes.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace postmark::detail {

/// The values of `call_policy::coalesce_group`: sends of one kind may share a request.
inline constexpr std::uint8_t plain_group = 1;
inline constexpr std::uint8_t template_group = 2;

/// The request of one exchange: one call of any kind, or several single sends in one batch. Belongs to a connection.
class coalesced_request {
public:
    /// \throws std::bad_alloc; nothing that is needed for one call is allocated later
    coalesced_request()
    {
        receipts_.reserve(1);
        statuses_.reserve(1);
    }

    /// The bytes to send, and what the transport has to know of the reply.
    struct contents {
        std::string_view bytes;
        std::size_t reply_limit = 0;
        std::chrono::milliseconds reply_timeout{};
    };

    /// Puts the request together.
    /// \param buffer used if the calls do not hold the request as it is sent
    /// \param calls  one call, or several that may share a request
    [[nodiscard]] static contents write(std::span<scheduler::call* const> calls, protocol::request_bytes& buffer,
                                        call_setup const& setup);

    /// Stores the reply in the calls.
    /// \param calls null for a call that was cancelled meanwhile
    /// \return one status for each call, or one for all of them
    [[nodiscard]] std::span<scheduler::reply_status const> read(transport::reply const& reply,
                                                                std::span<scheduler::call* const> calls);

private:
    void read_batch(transport::reply const& reply, std::span<scheduler::call* const> calls);

    std::vector<receipt*> receipts_;
    std::vector<scheduler::reply_status> statuses_;
};

} // namespace postmark::detail

#endif
