// SPDX-License-Identifier: BSL-1.0

#include "scheduler/call_queue.hpp"

#include "scheduler/request_limits.hpp"

#include <algorithm>
#include <new>

namespace postmark::scheduler {

void call_queue::admit(call& subject)
{
    lane& where = lanes_.try_emplace(subject.terms.token, subject.terms.token).first->second;
    subject.lane_ = &where;
    ++where.calls_;
}

void call_queue::dismiss(call& subject) noexcept
{
    lane& where = *std::exchange(subject.lane_, nullptr);
    --where.calls_;
    drop_if_idle(where);
}

/// The lane of those that name no token stays, since it is used all the time.
void call_queue::drop_if_idle(lane const& where) noexcept
{
    if (where.token_ != 0 && where.calls_ == 0 && where.paused_until_ == time_point{}) {
        lanes_.erase(where.token_);
    }
}

/// Puts a lane where it belongs after its oldest call or its pause has changed.
void call_queue::settle(lane& where) noexcept
{
    if (where.is_linked()) {
        where.unlink();
    }
    if (where.paused_until_ != time_point{}) {
        (where.queue_.empty() ? quiet_ : held_back_).insert(where);
    } else if (!where.queue_.empty()) {
        startable_.insert(where);
    }
}

void call_queue::insert(call_list::iterator place, call& subject) noexcept
{
    lane& where = *subject.lane_;
    subject.state_ = call_state::queued;
    where.queue_.insert(place, subject);
    if (&where.queue_.front() == &subject) {
        settle(where);
    }
    ++size_;
    bytes_ += subject.terms.bytes;
}

void call_queue::push(call& subject) noexcept
{
    insert(subject.lane_->queue_.end(), subject);
}

void call_queue::put_back(call& subject) noexcept
{
    call_list& queue = subject.lane_->queue_;
    insert(std::find_if(queue.begin(), queue.end(), [&](call const& each) { return each.id_ > subject.id_; }), subject);
}

void call_queue::pause(call& subject, time_point until) noexcept
{
    subject.ready_at_ = until;
    subject.state_ = call_state::pausing;
    pausing_.insert(subject);
    ++size_;
    bytes_ += subject.terms.bytes;
}

void call_queue::remove(call& subject) noexcept
{
    if (subject.state_ == call_state::pausing) {
        pausing_.erase(pausing_.iterator_to(subject));
    } else {
        lane& where = *subject.lane_;
        bool const oldest = &where.queue_.front() == &subject;
        where.queue_.erase(where.queue_.iterator_to(subject));
        if (oldest) {
            settle(where);
        }
    }
    --size_;
    bytes_ -= subject.terms.bytes;
}

void call_queue::clear() noexcept
{
    pausing_.clear();
    startable_.clear();
    held_back_.clear();
    quiet_.clear();
    lanes_.clear();
    size_ = bytes_ = 0;
}

void call_queue::pause_token(call const& subject, time_point until) noexcept
{
    lane& where = *subject.lane_;
    if (until > where.paused_until_) {
        where.paused_until_ = until;
        settle(where);
    }
}

bool call_queue::wake(time_point now) noexcept
{
    bool const any = next_due() <= now;
    for (paused_lane_set* const paused : {&held_back_, &quiet_}) {
        while (!paused->empty() && paused->begin()->paused_until_ <= now) {
            lane& where = *paused->begin();
            where.paused_until_ = {};
            settle(where);
            drop_if_idle(where);
        }
    }
    call_list ready;
    while (!pausing_.empty() && pausing_.begin()->ready_at_ <= now) {
        call& subject = *pausing_.begin();
        remove(subject);
        ready.push_back(subject);
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
    time_point const pause = pausing_.empty() ? time_point::max() : pausing_.begin()->ready_at_;
    return held_back_.empty() ? pause : std::min(pause, held_back_.begin()->paused_until_);
}

call* call_queue::next(bool fresh) noexcept
{
    call* oldest = nullptr;
    for (lane& each : startable_) {
        if (oldest != nullptr && each.queue_.front().id_ > oldest->id_) {
            break;
        }
        auto const found = std::find_if(each.queue_.begin(), each.queue_.end(),
                                        [&](call const& subject) { return fresh || !subject.needs_fresh_; });
        if (found != each.queue_.end() && (oldest == nullptr || found->id_ < oldest->id_)) {
            oldest = &*found;
        }
    }
    return oldest;
}

void call_queue::take(call& first, bool fresh, std::vector<call*>& into) noexcept
{
    // What cannot share stands between those that can; nobody looks for company without end.
    constexpr std::size_t most_looked_at = 4 * most_messages_a_request;

    into.push_back(&first);
    call_list& queue = first.lane_->queue_;
    if (first.terms.shares != 0) {
        std::size_t bytes = first.terms.bytes;
        std::size_t looked_at = 0;
        for (auto at = std::next(queue.iterator_to(first));
             at != queue.end() && into.size() < first.share_limit_ && ++looked_at <= most_looked_at; ++at) {
            bool const fits = at->terms.shares == first.terms.shares && at->share_limit_ == first.share_limit_ &&
                              (fresh || !at->needs_fresh_) && bytes + at->terms.bytes <= most_bytes_a_request;
            if (!fits) {
                continue;
            }
            try {
                into.push_back(&*at);
            } catch (std::bad_alloc const&) {
                // Company is not worth a failure.
                break;
            }
            bytes += at->terms.bytes;
        }
    }
    for (call* const each : into) {
        remove(*each);
    }
}

std::size_t call_queue::startable(std::size_t needed) const noexcept
{
    std::size_t count = 0;
    for (lane const& each : startable_) {
        for (auto at = each.queue_.begin(); at != each.queue_.end() && count < needed; ++at) {
            ++count;
        }
        if (count >= needed) {
            break;
        }
    }
    return count;
}

call_list call_queue::remove_shorter_lived(call const& subject) noexcept
{
    lane const* const where = subject.lane_;
    call_list found;
    auto const check = [&](auto& calls) {
        for (auto at = calls.begin(); at != calls.end();) {
            call& each = *at++;
            if (each.lane_ == where && each.terms.deadline <= where->paused_until_) {
                remove(each);
                found.push_back(each);
            }
        }
    };
    check(subject.lane_->queue_);
    check(pausing_);
    found.sort(by_age{});
    return found;
}

} // namespace postmark::scheduler
