// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_OPERATION_HPP
#define POSTMARK_CLIENT_OPERATION_HPP

#include "protocol/request_bytes.hpp"
#include "scheduler/call.hpp"
#include "scheduler/call_scheduler.hpp"
#include "transport/connection.hpp"

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace postmark::detail {

class coalescible_send;

/// One API call: the bytes of its request, what its reply means, and its completion handler.
///
/// Belongs to the engine from `engine::submit` to `complete`, which ends its life.
class operation : public scheduler::call {
public:
    operation() = default;
    virtual ~operation() = default;

    /// The operation that a call of the scheduler is. Every call that the client submits is one.
    [[nodiscard]] static operation& of(scheduler::call& call) noexcept { return static_cast<operation&>(call); }
    /// Destroys operations without calling their handlers.
    static void destroy(scheduler::call_list& operations) noexcept
    {
        operations.clear_and_dispose([](scheduler::call* call) { delete &of(*call); });
    }

    /// This operation as one that may share its request, or null.
    [[nodiscard]] virtual coalescible_send* as_coalescible() noexcept { return nullptr; }

    /// The bytes to send, which the operation may put together in `buffer`. They are not moved before the exchange has
    /// ended. Empty: there is nothing left to send.
    [[nodiscard]] virtual std::string_view prepare(protocol::request_bytes& buffer) = 0;

    /// Stores what a complete reply says.
    /// \return what the scheduler has to know of it
    [[nodiscard]] virtual scheduler::reply_status interpret(transport::reply const& reply) = 0;

    /// The call failed; the content of an earlier reply does not count any more.
    /// \param detail if it is empty, nothing is thrown
    virtual void fail(errc error, std::string const& detail) = 0;

    /// What the call completes with.
    [[nodiscard]] virtual error_code result() const noexcept = 0;

    /// Calls the completion handler. To be called on the client's executor, under no lock.
    virtual void complete(std::unique_ptr<operation> self) = 0;

    /// Bytes that a reply may have at most.
    std::size_t reply_limit = 0;
    std::chrono::milliseconds reply_timeout{};
    scheduler::time_point submitted_at{};
};

/// A single send, which may be alone in its request or share it with others.
class coalescible_send : public operation {
public:
    [[nodiscard]] coalescible_send* as_coalescible() noexcept final { return this; }

    /// Its message, which is the same in the request of a single send and in a batch.
    [[nodiscard]] virtual std::string_view message_json() const noexcept = 0;
    /// The receipt that a reply is read into.
    [[nodiscard]] virtual receipt& reply_receipt() = 0;
};

} // namespace postmark::detail

#endif
