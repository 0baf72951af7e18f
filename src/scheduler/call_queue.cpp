// SPDX-License-Identifier: BSL-1.0

#include "scheduler/call_queue.hpp"

#include "scheduler/request_limits.hpp"

#include <algorithm>
#include <iterator>
#include <new>

namespace postmark::scheduler {

void call_queue::register_call(call& call)
{
    token_queue& queue = token_queues_.try_emplace(call.policy.token_id, call.policy.token_id).first->second;
    call.token_queue_ = &queue;
    ++queue.calls_;
}

void call_queue::unregister_call(call& call) noexcept
{
    token_queue& queue = *std::exchange(call.token_queue_, nullptr);
    --queue.calls_;
    erase_if_unused(queue);
}

/// The queue of number 0, the configured token, is never erased, since it is used all the time.
void call_queue::erase_if_unused(token_queue const& queue) noexcept
{
    if (queue.token_id_ != 0 && queue.calls_ == 0 && queue.paused_until_ == time_point{}) {
        token_queues_.erase(queue.token_id_);
    }
}

/// Links a queue into the right set after its oldest call or its pause has changed.
void call_queue::relink(token_queue& queue) noexcept
{
    // The only queue from which calls can start keeps its place, whichever of its calls is the oldest.
    bool const can_start = queue.paused_until_ == time_point{} && !queue.waiting_.empty();
    if (can_start && !startable_.empty() && &*startable_.begin() == &queue && &*startable_.rbegin() == &queue) {
        return;
    }
    if (queue.is_linked()) {
        queue.unlink();
    }
    if (queue.paused_until_ != time_point{}) {
        (queue.waiting_.empty() ? paused_empty_ : paused_).insert(queue);
    } else if (!queue.waiting_.empty()) {
        startable_.insert(queue);
    }
}

void call_queue::insert(call_list::iterator position, call& call) noexcept
{
    token_queue& queue = *call.token_queue_;
    call.state_ = call_state::queued;
    queue.waiting_.insert(position, call);
    if (&queue.waiting_.front() == &call) {
        relink(queue);
    }
    ++size_;
    bytes_ += call.policy.bytes;
}

void call_queue::push(call& call) noexcept
{
    call_list& waiting = call.token_queue_->waiting_;
    auto position = waiting.end();
    // Calls may be submitted in another order than they were registered in.
    while (position != waiting.begin() && std::prev(position)->id_ > call.id_) {
        --position;
    }
    insert(position, call);
}

void call_queue::put_back(call& call) noexcept
{
    call_list& waiting = call.token_queue_->waiting_;
    insert(std::find_if(waiting.begin(), waiting.end(), [&](auto const& other) { return other.id_ > call.id_; }), call);
}

void call_queue::pause(call& call, time_point until) noexcept
{
    call.ready_at_ = until;
    call.state_ = call_state::pausing;
    pausing_.insert(call);
    ++size_;
    bytes_ += call.policy.bytes;
}

void call_queue::remove(call& call) noexcept
{
    if (call.state_ == call_state::pausing) {
        pausing_.erase(pausing_.iterator_to(call));
    } else {
        token_queue& queue = *call.token_queue_;
        bool const oldest = &queue.waiting_.front() == &call;
        queue.waiting_.erase(queue.waiting_.iterator_to(call));
        if (oldest) {
            relink(queue);
        }
    }
    --size_;
    bytes_ -= call.policy.bytes;
}

void call_queue::clear() noexcept
{
    pausing_.clear();
    startable_.clear();
    paused_.clear();
    paused_empty_.clear();
    token_queues_.clear();
    size_ = bytes_ = 0;
}

void call_queue::pause_token(call const& call, time_point until) noexcept
{
    token_queue& queue = *call.token_queue_;
    if (until > queue.paused_until_) {
        queue.paused_until_ = until;
        relink(queue);
    }
}

bool call_queue::wake(time_point now) noexcept
{
    bool const any = next_due() <= now;
    if (!any && (paused_empty_.empty() || paused_empty_.begin()->paused_until_ > now)) {
        return false;
    }
    for (paused_set* const paused : {&paused_, &paused_empty_}) {
        while (!paused->empty() && paused->begin()->paused_until_ <= now) {
            token_queue& queue = *paused->begin();
            queue.paused_until_ = {};
            relink(queue);
            erase_if_unused(queue);
        }
    }
    call_list ready;
    while (!pausing_.empty() && pausing_.begin()->ready_at_ <= now) {
        call& first = *pausing_.begin();
        remove(first);
        ready.push_back(first);
    }
    ready.sort(by_age{});
    while (!ready.empty()) {
        call& youngest = ready.back();
        ready.pop_back();
        put_back(youngest);
    }
    return any;
}

time_point call_queue::next_due() const noexcept
{
    time_point const due = pausing_.empty() ? time_point::max() : pausing_.begin()->ready_at_;
    return paused_.empty() ? due : std::min(due, paused_.begin()->paused_until_);
}

call* call_queue::next(bool fresh) noexcept
{
    call* oldest = nullptr;
    for (token_queue& queue : startable_) {
        if (oldest != nullptr && queue.waiting_.front().id_ > oldest->id_) {
            break;
        }
        auto const found = std::find_if(queue.waiting_.begin(), queue.waiting_.end(),
                                        [&](call const& waiting) { return fresh || !waiting.history_.needs_fresh; });
        if (found != queue.waiting_.end() && (oldest == nullptr || found->id_ < oldest->id_)) {
            oldest = &*found;
        }
    }
    return oldest;
}

call* call_queue::next_probe(bool fresh) noexcept
{
    constexpr std::size_t max_scanned = 1000;

    call* oldest = nullptr;
    std::size_t scanned = 0;
    for (token_queue& queue : startable_) {
        if (scanned >= max_scanned || (oldest != nullptr && queue.waiting_.front().id_ > oldest->id_)) {
            break;
        }
        for (call& waiting : queue.waiting_) {
            if (++scanned > max_scanned) {
                break;
            }
            if (!waiting.policy.part_of_accepted && (fresh || !waiting.history_.needs_fresh)) {
                oldest = oldest == nullptr || waiting.id_ < oldest->id_ ? &waiting : oldest;
                break;
            }
        }
    }
    return oldest != nullptr ? oldest : next(fresh);
}

void call_queue::take(call& first, bool fresh, std::vector<call*>& into) noexcept
{
    // Bound the scan: calls that cannot be coalesced may be in between.
    constexpr std::size_t max_scanned = 4 * max_messages_per_request;

    into.push_back(&first);
    call_list& waiting = first.token_queue_->waiting_;
    if (first.policy.coalesce_group != 0) {
        std::size_t bytes = first.policy.bytes;
        std::size_t scanned = 0;
        for (auto it = std::next(waiting.iterator_to(first));
             it != waiting.end() && into.size() < first.max_coalesced_ && ++scanned <= max_scanned; ++it) {
            bool const fits = it->policy.coalesce_group == first.policy.coalesce_group &&
                              it->max_coalesced_ == first.max_coalesced_ && (fresh || !it->history_.needs_fresh) &&
                              bytes + it->policy.bytes <= max_bytes_per_request;
            if (!fits) {
                continue;
            }
            try {
                into.push_back(&*it);
            } catch (std::bad_alloc const&) {
                // Out of memory: send the calls collected so far.
                break;
            }
            bytes += it->policy.bytes;
        }
    }
    for (call* const taken : into) {
        remove(*taken);
    }
}

std::size_t call_queue::startable(std::size_t limit) const noexcept
{
    std::size_t count = 0;
    for (token_queue const& queue : startable_) {
        for (auto it = queue.waiting_.begin(); it != queue.waiting_.end() && count < limit; ++it) {
            ++count;
        }
        if (count >= limit) {
            break;
        }
    }
    return count;
}

call_list call_queue::remove_shorter_lived(call const& call) noexcept
{
    token_queue const* const queue = call.token_queue_;
    call_list found;
    auto const check = [&](auto& calls) {
        for (auto it = calls.begin(); it != calls.end();) {
            auto& other = *it++;
            if (other.token_queue_ == queue && other.policy.deadline <= queue->paused_until_) {
                remove(other);
                found.push_back(other);
            }
        }
    };
    check(call.token_queue_->waiting_);
    check(pausing_);
    found.sort(by_age{});
    return found;
}

} // namespace postmark::scheduler
