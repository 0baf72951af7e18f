// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CALL_QUEUE_HPP
#define POSTMARK_SCHEDULER_CALL_QUEUE_HPP

#include "scheduler/call.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace postmark::scheduler {

/// The calls of one token that wait for a connection, in the order of their age, and until when the token is paused.
class token_queue : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    explicit token_queue(std::uint64_t token_id) noexcept
        : token_id_{token_id}
    {
    }
    ~token_queue() { waiting_.clear(); }
    token_queue(token_queue const&) = delete;
    token_queue& operator=(token_queue const&) = delete;

private:
    friend class call_queue;

    std::uint64_t token_id_;
    call_list waiting_;
    time_point paused_until_{};
    /// The registered calls with this token.
    std::size_t calls_ = 0;
};

/// The calls that wait: for a connection, in the order of their age; or for a point in time, after which they wait for
/// a connection again. The calls of one token can be paused together.
///
/// Only `register_call` allocates: what happens to a call later cannot fail.
class call_queue {
public:
    call_queue() = default;
    ~call_queue() { clear(); }
    call_queue(call_queue const&) = delete;
    call_queue& operator=(call_queue const&) = delete;

    /// Gives a call the queue of its token. To be called before it first waits.
    void register_call(call& call);
    /// To be called once the call is completed and does not wait.
    void unregister_call(call& call) noexcept;

    /// Adds a call at the place that its age gives it: a new call at the end or near it.
    void push(call& call) noexcept;
    /// Adds a call that was on a connection, whose place is near the front. Of several, the youngest is best put back
    /// first.
    void put_back(call& call) noexcept;
    /// Lets a call wait until a point in time; `wake` puts it back then.
    void pause(call& call, time_point until) noexcept;
    void remove(call& call) noexcept;
    /// Forgets all of them.
    void clear() noexcept;

    /// Before `until`, no call with the same token as this one is `next`.
    void pause_token(call const& call, time_point until) noexcept;
    /// Until when the token of a call is paused; the epoch if it is not.
    [[nodiscard]] static time_point paused_until(call const& call) noexcept { return call.token_queue_->paused_until_; }

    /// Ends the pauses that have expired. The queries below use the time of the last `wake`.
    /// \return whether a call waited for one of them
    bool wake(time_point now) noexcept;
    /// When `wake` is due; `time_point::max()`: never.
    [[nodiscard]] time_point next_due() const noexcept;

    /// The oldest call that a connection may take; null if there is none.
    /// \param fresh whether the connection was never used
    [[nodiscard]] call* next(bool fresh) noexcept;
    /// The call that a connection may take to find out whether the service replies, which may cost the call its
    /// certainty: the oldest one that is no part of a batch, since such a part may have hundreds of messages, or else
    /// the oldest one; null if there is none. Looks at a bounded number of calls.
    /// \param fresh whether the connection was never used
    [[nodiscard]] call* next_probe(bool fresh) noexcept;
    /// Removes the calls that can be coalesced with the first one, `first` included, oldest first.
    /// \param into empty, with capacity for one call at least
    void take(call& first, bool fresh, std::vector<call*>& into) noexcept;

    /// How many calls a connection could take now, but not more than `limit`.
    [[nodiscard]] std::size_t startable(std::size_t limit) const noexcept;
    [[nodiscard]] bool has_queued() const noexcept { return size_ != pausing_.size(); }
    /// How many calls wait, and how many bytes they hold.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Removes the calls that wait for a connection and fulfil a condition, oldest first.
    template <class Condition>
    [[nodiscard]] call_list remove_queued(Condition condition) noexcept
    {
        call_list found;
        for (auto& [token_id, queue] : token_queues_) {
            for (auto it = queue.waiting_.begin(); it != queue.waiting_.end();) {
                call& waiting = *it++;
                if (condition(std::as_const(waiting))) {
                    remove(waiting);
                    found.push_back(waiting);
                }
            }
        }
        found.sort(by_age{});
        return found;
    }

    /// Removes the calls with the same token as this one whose deadline comes before the end of its pause, oldest
    /// first.
    [[nodiscard]] call_list remove_shorter_lived(call const& call) noexcept;

private:
    struct by_age {
        bool operator()(call const& left, call const& right) const noexcept { return left.id_ < right.id_; }
    };
    struct by_oldest_call {
        bool operator()(token_queue const& left, token_queue const& right) const noexcept
        {
            return left.waiting_.front().id_ < right.waiting_.front().id_;
        }
    };
    struct by_end_of_pause {
        bool operator()(token_queue const& left, token_queue const& right) const noexcept
        {
            return left.paused_until_ < right.paused_until_;
        }
    };
    struct by_readiness {
        bool operator()(call const& left, call const& right) const noexcept
        {
            return left.ready_at_ != right.ready_at_ ? left.ready_at_ < right.ready_at_ : left.id_ < right.id_;
        }
    };
    using startable_set = boost::intrusive::set<token_queue, boost::intrusive::compare<by_oldest_call>,
                                                boost::intrusive::constant_time_size<false>>;
    using paused_set = boost::intrusive::multiset<token_queue, boost::intrusive::compare<by_end_of_pause>,
                                                  boost::intrusive::constant_time_size<false>>;
    using pausing_set =
        boost::intrusive::set<call, boost::intrusive::base_hook<pausing_hook>, boost::intrusive::compare<by_readiness>,
                              boost::intrusive::constant_time_size<true>>;

    void insert(call_list::iterator position, call& call) noexcept;
    void relink(token_queue& queue) noexcept;
    void erase_if_unused(token_queue const& queue) noexcept;

    /// By token. A queue exists while a call with its token is registered, and for as long as it is paused.
    std::unordered_map<std::uint64_t, token_queue> token_queues_;
    /// The queues with calls that a connection could take now.
    startable_set startable_;
    /// The paused queues with calls, and those without.
    paused_set paused_;
    paused_set paused_empty_;
    pausing_set pausing_;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace postmark::scheduler

#endif
