#include "dispatch/call_queue.hpp"

#include "dispatch/request_limits.hpp"

#include <algorithm>

namespace postmark::dispatch {

void call_queue::insert(lane& where, call_list::iterator place, call& subject)
{
    where.queue.insert(place, subject);
    subject.state_ = call_state::queued;
    count(subject);
}

void call_queue::count(call const& subject) noexcept
{
    ++size_;
    bytes_ += subject.terms.bytes;
}

void call_queue::push(call& subject)
{
    lane& where = lanes_[subject.terms.token];
    insert(where, where.queue.end(), subject);
}

void call_queue::put_back(call& subject)
{
    lane& where = lanes_[subject.terms.token];
    insert(
        where,
        std::find_if(where.queue.begin(), where.queue.end(), [&](call const& each) { return each.id_ > subject.id_; }),
        subject);
}

void call_queue::pause(call& subject, time_point until)
{
    pausing_.emplace(std::pair{until, subject.id_}, &subject);
    subject.ready_at_ = until;
    subject.state_ = call_state::pausing;
    count(subject);
}

void call_queue::remove(call& subject)
{
    if (subject.state_ == call_state::pausing) {
        pausing_.erase({subject.ready_at_, subject.id_});
    } else {
        call_list& queue = lanes_.find(subject.terms.token)->second.queue;
        queue.erase(queue.iterator_to(subject));
        drop_if_idle(subject.terms.token);
    }
    --size_;
    bytes_ -= subject.terms.bytes;
}

void call_queue::clear() noexcept
{
    for (auto& [token, each] : lanes_)
        each.queue.clear();
    lanes_.clear();
    pausing_.clear();
    size_ = bytes_ = 0;
}

/// The lane of those that name no token stays, since it is used all the time.
void call_queue::drop_if_idle(std::uint64_t token)
{
    auto const found = lanes_.find(token);
    if (token != 0 && found->second.queue.empty() && found->second.paused_until == time_point{})
        lanes_.erase(found);
}

void call_queue::pause_token(std::uint64_t token, time_point until)
{
    time_point& paused = lanes_[token].paused_until;
    paused = std::max(paused, until);
}

time_point call_queue::paused_until(std::uint64_t token) const noexcept
{
    auto const found = lanes_.find(token);
    return found == lanes_.end() ? time_point{} : found->second.paused_until;
}

void call_queue::wake(time_point now)
{
    std::vector<call*> ready;
    while (!pausing_.empty() && pausing_.begin()->first.first <= now) {
        ready.push_back(pausing_.begin()->second);
        pausing_.erase(pausing_.begin());
    }
    std::sort(ready.begin(), ready.end(), [](call const* one, call const* other) { return one->id_ > other->id_; });
    for (call* const each : ready) {
        --size_;
        bytes_ -= each->terms.bytes;
        put_back(*each);
    }
    for (auto each = lanes_.begin(); each != lanes_.end();) {
        std::uint64_t const token = each->first;
        if (each->second.paused_until <= now)
            each->second.paused_until = {};
        ++each;
        drop_if_idle(token);
    }
}

time_point call_queue::next_due() const noexcept
{
    time_point due = pausing_.empty() ? time_point::max() : pausing_.begin()->first.first;
    for (auto const& [token, each] : lanes_) {
        if (!each.queue.empty() && each.paused_until != time_point{})
            due = std::min(due, each.paused_until);
    }
    return due;
}

call* call_queue::next(bool fresh, time_point now) const
{
    call const* oldest = nullptr;
    for (auto const& [token, each] : lanes_) {
        if (each.paused_until > now)
            continue;
        auto const found = std::find_if(each.queue.begin(), each.queue.end(),
                                        [&](call const& subject) { return fresh || !subject.needs_fresh_; });
        if (found != each.queue.end() && (oldest == nullptr || found->id_ < oldest->id_))
            oldest = &*found;
    }
    return const_cast<call*>(oldest);
}

void call_queue::take(call& first, bool fresh, std::vector<call*>& into)
{
    // What cannot share stands between those that can; nobody looks for company without end.
    constexpr std::size_t most_looked_at = 4 * most_messages_a_request;

    into.push_back(&first);
    call_list& queue = lanes_.find(first.terms.token)->second.queue;
    if (first.terms.shares != 0) {
        std::size_t bytes = first.terms.bytes;
        std::size_t looked_at = 0;
        for (auto at = std::next(queue.iterator_to(first));
             at != queue.end() && into.size() < first.share_limit_ && ++looked_at <= most_looked_at; ++at) {
            bool const fits = at->terms.shares == first.terms.shares && at->share_limit_ == first.share_limit_ &&
                              (fresh || !at->needs_fresh_) && bytes + at->terms.bytes <= most_bytes_a_request;
            if (!fits)
                continue;
            bytes += at->terms.bytes;
            into.push_back(&*at);
        }
    }
    for (call* const each : into) {
        queue.erase(queue.iterator_to(*each));
        --size_;
        bytes_ -= each->terms.bytes;
    }
    drop_if_idle(first.terms.token);
}

std::size_t call_queue::startable(time_point now, std::size_t needed) const noexcept
{
    std::size_t count = 0;
    for (auto const& [token, each] : lanes_) {
        if (each.paused_until <= now)
            count += each.queue.size();
        if (count >= needed)
            break;
    }
    return count;
}

std::vector<call*> call_queue::find_shorter_lived(std::uint64_t token, time_point until)
{
    std::vector<call*> found;
    if (auto const own = lanes_.find(token); own != lanes_.end()) {
        for (call& each : own->second.queue) {
            if (each.terms.deadline <= until)
                found.push_back(&each);
        }
    }
    for (auto const& [place, each] : pausing_) {
        if (each->terms.token == token && each->terms.deadline <= until)
            found.push_back(each);
    }
    return found;
}

} // namespace postmark::dispatch
