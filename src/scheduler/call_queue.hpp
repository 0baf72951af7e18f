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

/// The calls of one token: those that wait for a connection, in the order of their age, and until when all of them are held
/// back.
class lane : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    explicit lane(std::uint64_t token) noexcept
        : token_{token}
    {
    }
    ~lane() { queue_.clear(); }
    lane(lane const&) = delete;
    lane& operator=(lane const&) = delete;

private:
    friend class call_queue;

    std::uint64_t token_;
    call_list queue_;
    time_point paused_until_{};
    /// The calls with this token that are not over.
    std::size_t calls_ = 0;
};

/// The calls that wait: for a connection, in the order of their age; or for a time to come, after which they wait for a
/// connection again. Calls with one token can be held back together.
///
/// Only `admit` allocates for a call: what happens to one later cannot fail.
class call_queue {
public:
    call_queue() = default;
    ~call_queue() { clear(); }
    call_queue(call_queue const&) = delete;
    call_queue& operator=(call_queue const&) = delete;

    /// Makes a call known, from before it first waits until `dismiss`.
    void admit(call& subject);
    /// The call is over and does not wait.
    void dismiss(call& subject) noexcept;

    /// A new call: behind all others.
    void push(call& subject) noexcept;
    /// A call that was on a connection takes the place that its age gives it, which is near the front. Of several, the
    /// youngest is best put back first.
    void put_back(call& subject) noexcept;
    /// Lets a call wait for a time; `wake` puts it back then.
    void pause(call& subject, time_point until) noexcept;
    void remove(call& subject) noexcept;
    /// Forgets all of them.
    void clear() noexcept;

    /// No call with the same token as this one is `next` before then.
    void pause_token(call const& subject, time_point until) noexcept;
    /// Until when the calls with the same token as this one are held back; the epoch if they are not.
    [[nodiscard]] static time_point paused_until(call const& subject) noexcept { return subject.lane_->paused_until_; }

    /// Ends the pauses that are over. What is asked below goes by the last time that was told here.
    /// \return whether one was that a call waited for
    bool wake(time_point now) noexcept;
    /// When `wake` is due; `time_point::max()`: never.
    [[nodiscard]] time_point next_due() const noexcept;

    /// The oldest call that may go on a connection; null if there is none.
    /// \param fresh whether the connection is one that was never used
    [[nodiscard]] call* next(bool fresh) noexcept;
    /// Takes the calls out that can share a request with the first one, `first` included, oldest first.
    /// \param into empty, with room for one call at least
    void take(call& first, bool fresh, std::vector<call*>& into) noexcept;

    /// How many could go on a connection now; not counted further than needed.
    [[nodiscard]] std::size_t startable(std::size_t needed) const noexcept;
    [[nodiscard]] bool has_queued() const noexcept { return size_ != pausing_.size(); }
    /// How many wait, and what they hold.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Takes out the calls that wait for a connection and fulfil a condition, oldest first.
    template <class Condition>
    [[nodiscard]] call_list remove_queued(Condition condition) noexcept
    {
        call_list found;
        for (auto& [token, each] : lanes_) {
            for (auto at = each.queue_.begin(); at != each.queue_.end();) {
                call& subject = *at++;
                if (condition(std::as_const(subject))) {
                    remove(subject);
                    found.push_back(subject);
                }
            }
        }
        found.sort(by_age{});
        return found;
    }

    /// Takes out the calls with the same token as this one that would not outlast its pause, oldest first.
    [[nodiscard]] call_list remove_shorter_lived(call const& subject) noexcept;

private:
    struct by_age {
        bool operator()(call const& one, call const& other) const noexcept { return one.id_ < other.id_; }
    };
    struct by_oldest_call {
        bool operator()(lane const& one, lane const& other) const noexcept
        {
            return one.queue_.front().id_ < other.queue_.front().id_;
        }
    };
    struct by_end_of_pause {
        bool operator()(lane const& one, lane const& other) const noexcept
        {
            return one.paused_until_ < other.paused_until_;
        }
    };
    struct by_readiness {
        bool operator()(call const& one, call const& other) const noexcept
        {
            return one.ready_at_ != other.ready_at_ ? one.ready_at_ < other.ready_at_ : one.id_ < other.id_;
        }
    };
    using lane_set = boost::intrusive::set<lane, boost::intrusive::compare<by_oldest_call>,
                                           boost::intrusive::constant_time_size<false>>;
    using paused_lane_set = boost::intrusive::multiset<lane, boost::intrusive::compare<by_end_of_pause>,
                                                       boost::intrusive::constant_time_size<false>>;
    using pausing_set =
        boost::intrusive::set<call, boost::intrusive::base_hook<pausing_hook>, boost::intrusive::compare<by_readiness>,
                              boost::intrusive::constant_time_size<true>>;

    void insert(call_list::iterator place, call& subject) noexcept;
    void settle(lane& where) noexcept;
    void drop_if_idle(lane const& where) noexcept;

    /// By token. A lane stays while a call has its token, or for as long as it is paused.
    std::unordered_map<std::uint64_t, lane> lanes_;
    /// The lanes with calls that could go on a connection now.
    lane_set startable_;
    /// The paused lanes: those with calls, and those without.
    paused_lane_set held_back_;
    paused_lane_set quiet_;
    pausing_set pausing_;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace postmark::scheduler

#endif
