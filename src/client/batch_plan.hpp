// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_BATCH_PLAN_HPP
#define POSTMARK_CLIENT_BATCH_PLAN_HPP

#include "client/send_endpoint.hpp"
#include "protocol/request_bytes.hpp"

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace postmark::detail {

/// Number of a message in a batch.
using message_index = std::uint32_t;

/// One request of a batch. One without messages is a ticket: it takes messages when a connection is free for it.
struct batch_chunk {
    send_endpoint endpoint{};
    std::vector<message_index> members{};
    /// Where each message ends in the body.
    std::vector<std::size_t> ends{};
    protocol::request_bytes request{};
};

/// Which messages of a batch go into which request. Pure bookkeeping: not thread-safe.
class batch_plan {
public:
    explicit batch_plan(std::size_t message_count)
        : refused_whole_(message_count, false)
    {
    }

    /// Adds a message, in order.
    void add(message_index message, bool uses_template);

    /// The next request to submit: a part of one that was refused as a whole, or a ticket for messages that no other
    /// ticket can take.
    [[nodiscard]] std::optional<batch_chunk> next_chunk();
    /// The opposite of `next_chunk`, for a request that was not submitted after all.
    void put_back(batch_chunk&& chunk) noexcept;

    /// The messages that a ticket may take: at most as many as one request can hold, maybe none.
    [[nodiscard]] std::span<message_index const> available(send_endpoint endpoint) const noexcept;
    /// A ticket has taken the first `count` of the available messages.
    void take(send_endpoint endpoint, std::size_t count) noexcept;
    /// A ticket ended without messages.
    void return_ticket(send_endpoint endpoint) noexcept;

    /// Whether a message was taken.
    [[nodiscard]] bool has_begun() const noexcept;
    /// Whether every message was taken.
    [[nodiscard]] bool all_taken() const noexcept;

    /// Calls `drop(message_index)` for the messages that are not in a request under way; they count as taken then.
    template <class Drop>
    void drop_unsent(Drop drop)
    {
        for (group& one : groups_) {
            for (; one.left() != 0; ++one.next) {
                drop(one.members[one.next]);
            }
        }
        for (batch_chunk const& half : halves_) {
            for (message_index const message : half.members) {
                drop(message);
            }
        }
        halves_.clear();
    }

    /// Splits a request that was refused as a whole, to find the messages that are to blame. Its halves are sent next.
    /// \param head everything up to the length
    /// \return false if there is no memory, or one message only: `mark_refused` is all that is left
    [[nodiscard]] bool split(batch_chunk const& refused, std::string_view head) noexcept;
    /// The messages of a request got one refusal for all of them.
    void mark_refused(batch_chunk const& refused) noexcept;

    /// What the batch completes with: the error of the first message that was refused with its whole request, not sent,
    /// or unknown.
    [[nodiscard]] error_code result(std::span<receipt const> receipts) const noexcept;

private:
    /// The messages for one endpoint.
    struct group {
        send_endpoint endpoint{};
        std::vector<message_index> members{};
        std::size_t next = 0;
        /// Tickets that have not taken their messages yet.
        std::size_t tickets = 0;

        [[nodiscard]] std::size_t left() const noexcept { return members.size() - next; }
    };

    [[nodiscard]] group& group_of(send_endpoint endpoint) noexcept
    {
        return groups_[endpoint == send_endpoint::template_batch ? 1 : 0];
    }
    [[nodiscard]] group const& group_of(send_endpoint endpoint) const noexcept
    {
        return groups_[endpoint == send_endpoint::template_batch ? 1 : 0];
    }

    std::array<group, 2> groups_{group{send_endpoint::plain_batch}, group{send_endpoint::template_batch}};
    /// Parts of requests that were refused as a whole; the last one is sent first.
    std::vector<batch_chunk> halves_;
    std::vector<bool> refused_whole_;
};

} // namespace postmark::detail

#endif
