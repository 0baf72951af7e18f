#ifndef POSTMARK_DISPATCH_CALL_QUEUE_HPP
#define POSTMARK_DISPATCH_CALL_QUEUE_HPP

#include "dispatch/call.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace postmark::dispatch {

/// The calls that wait: for a connection, in the order of their age; or for a time to come, after which they wait for a
/// connection again. Calls with one token can be held back together.
class call_queue {
public:
    call_queue() = default;
    ~call_queue() { clear(); }
    call_queue(call_queue const&) = delete;
    call_queue& operator=(call_queue const&) = delete;

    /// A new call: behind all others.
    void push(call& subject);
    /// A call that was on a connection takes the place that its age gives it, which is near the front. Of several, the
    /// youngest is best put back first.
    void put_back(call& subject);
    /// Lets a call wait for a time; `wake` puts it back then.
    void pause(call& subject, time_point until);
    void remove(call& subject);
    /// Forgets all of them.
    void clear() noexcept;

    /// No call with this token is `next` before then.
    void pause_token(std::uint64_t token, time_point until);
    [[nodiscard]] time_point paused_until(std::uint64_t token) const noexcept;

    /// Ends the pauses that are over.
    void wake(time_point now);
    /// When `wake` is due; `time_point::max()`: never.
    [[nodiscard]] time_point next_due() const noexcept;

    /// The oldest call that may go on a connection now; null if there is none.
    /// \param fresh whether the connection is one that was never used
    [[nodiscard]] call* next(bool fresh, time_point now) const;
    /// Takes the calls out that can share a request with the first one, `first` included, oldest first.
    void take(call& first, bool fresh, std::vector<call*>& into);

    /// How many could go on a connection now; not counted further than needed.
    [[nodiscard]] std::size_t startable(time_point now, std::size_t needed) const noexcept;
    [[nodiscard]] bool has_queued() const noexcept { return size_ != pausing_.size(); }
    /// How many wait, and what they hold.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// The calls that wait for a connection and fulfil a condition.
    template <class Condition>
    [[nodiscard]] std::vector<call*> find_queued(Condition condition)
    {
        std::vector<call*> found;
        for (auto& [token, each] : lanes_) {
            for (call& subject : each.queue) {
                if (condition(std::as_const(subject)))
                    found.push_back(&subject);
            }
        }
        return found;
    }

    /// The calls with this token that would not outlast a wait until then.
    [[nodiscard]] std::vector<call*> find_shorter_lived(std::uint64_t token, time_point until);

private:
    using call_list = boost::intrusive::list<call, boost::intrusive::constant_time_size<true>>;

    /// The calls of one token that wait for a connection. Not there while there is nothing to say.
    struct lane {
        call_list queue{};
        time_point paused_until{};
    };

    void insert(lane& where, call_list::iterator place, call& subject);
    void drop_if_idle(std::uint64_t token);
    void count(call const& subject) noexcept;

    std::unordered_map<std::uint64_t, lane> lanes_;
    /// By when it is over, then by age.
    std::map<std::pair<time_point, std::uint64_t>, call*> pausing_;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace postmark::dispatch

#endif
