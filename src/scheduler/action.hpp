// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_ACTION_HPP
#define POSTMARK_SCHEDULER_ACTION_HPP

#include "scheduler/call.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <memory>

namespace postmark::scheduler {

class connection;

/// Something that the client is to do with a connection, outside every lock.
struct action {
    enum class kind : std::uint8_t {
        /// Connect `where`.
        open,
        /// Put the calls of `where` on it. It is held if they are several.
        start,
        /// End exchange number `exchange` of `where`; what it reports decides the outcome.
        abort,
        /// Close `where`, which the call_scheduler has already forgotten.
        close,
    };

    kind what;
    connection* where = nullptr;
    /// `where` itself, kept alive; null for `start`, since the call_scheduler keeps what is busy.
    std::shared_ptr<connection> keep{};
    std::uint64_t exchange = 0;
    /// `start`: the connection has idled and is to be looked at first.
    bool after_idling = false;
};

/// What one or several events decided, in the order in which it is to be done.
struct actions {
    boost::container::small_vector<action, 4> connections;
    /// The calls that are over, each as its `end` says. A list that needs no memory: none of them may be lost.
    call_list ended;
    /// Call `flush` when whoever is about to submit more has done so.
    bool flush = false;
    /// A drain is over.
    bool drained = false;

    [[nodiscard]] bool empty() const noexcept { return connections.empty() && ended.empty() && !flush && !drained; }
};

} // namespace postmark::scheduler

#endif
