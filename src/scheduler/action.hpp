// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_ACTION_HPP
#define POSTMARK_SCHEDULER_ACTION_HPP

#include "scheduler/call.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace postmark::scheduler {

class connection;

enum class action_kind : std::uint8_t {
    /// Connect `conn`.
    open,
    /// Send the calls of `conn` as one request. The connection is pinned if they are several.
    start,
    /// End exchange number `exchange` of `conn`; what the connection then reports decides the outcome.
    abort,
    /// Close `conn`, which the scheduler has already forgotten.
    close,
};

/// Something that the client does with a connection, outside every lock.
struct action {
    action_kind kind = action_kind::open;
    connection* conn = nullptr;
    /// Keeps `conn` alive; null for `start`, since the scheduler keeps every busy connection.
    std::shared_ptr<connection> keep_alive{};
    std::uint64_t exchange = 0;
    /// `start`: the connection was idle and has to be checked before it is used.
    bool after_idling = false;
    /// `abort`: why the exchange is ended. `deadline` only if that is so for every call that still waits for it.
    abort_reason reason = abort_reason::none;
};

/// Links an action into `actions`. Each connection owns one node for each kind of action, so that a decision needs no
/// memory.
///
/// A node may still be linked into the actions of another thread when the scheduler makes its next decision. It is
/// never needed again before that:
/// - `open` and `close` happen once in the life of a connection;
/// - `abort` does too, because a connection whose exchange was aborted is not given another one, whatever that exchange
///   comes to;
/// - the next `start` is decided after the previous exchange has ended, and an exchange only ends after its `start` was
///   executed, which unlinks the node first.
class action_node : public boost::intrusive::list_base_hook<> {
    friend class actions;

    action value_;
};

/// What one or several events decided, in the order in which it has to be done.
class actions {
public:
    actions() = default;
    ~actions()
    {
        while (has_action()) {
            next_action();
        }
    }
    actions(actions const&) = delete;
    actions& operator=(actions const&) = delete;

    /// Whether an action is left to execute.
    [[nodiscard]] bool has_action() const noexcept { return !nodes_.empty(); }
    /// Takes the first action out. To be called before it is executed, which may lead to the next use of its node.
    action next_action() noexcept
    {
        action_node& first = nodes_.front();
        nodes_.pop_front();
        return std::move(first.value_);
    }
    /// Whether a connection begins to work, so that one of its timeouts begins to run.
    [[nodiscard]] bool begins_phase() const noexcept { return begins_phase_; }
    [[nodiscard]] bool empty() const noexcept { return nodes_.empty() && ended.empty() && !flush; }

    /// Appends an action.
    /// \param node the node of the connection for this kind of action
    void add(action_node& node, action&& value) noexcept
    {
        begins_phase_ |= value.kind == action_kind::open || value.kind == action_kind::start;
        node.value_ = std::move(value);
        nodes_.push_back(node);
    }

    /// The completed calls; `call::ended` says how. A list of the calls themselves, so that none is lost for want of
    /// memory.
    call_list ended;
    /// Post a call of `flush`: more calls may be submitted in this turn of the event loop.
    bool flush = false;

private:
    boost::intrusive::list<action_node, boost::intrusive::constant_time_size<false>> nodes_;
    bool begins_phase_ = false;
};

} // namespace postmark::scheduler

#endif
