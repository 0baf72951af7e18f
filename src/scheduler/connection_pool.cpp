// SPDX-License-Identifier: BSL-1.0

#include "scheduler/connection_pool.hpp"

#include "scheduler/backoff.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace postmark::scheduler {

connection_pool::connection_pool(pool_settings const& limits, retry_settings const& backoff, make_connection factory,
                                 random const& source)
    : limits_{limits}
    , backoff_{backoff}
    , make_connection_{std::move(factory)}
    , random_{source}
{
}

// ---------------------------------------------------------------------------------------------------------------------
// Connecting

void connection_pool::opened(connection& where, time_point now)
{
    --opening_;
    failures_ = 0;
    failures_forgiven_ = failures_ever_;
    not_before_ = {};
    auto const age = std::chrono::duration<double>(limits_.age_limit) * (0.9 + 0.2 * random_());
    where.replace_at_ = now + std::chrono::duration_cast<duration>(age);
}

void connection_pool::open_failed(connection& where, time_point now, actions& todo)
{
    forget(where, todo);
    ++failures_ever_;
    delay_next_attempt(now);
    // While a connection works, the service can be reached and the waiting calls will have their turn.
    if (is_connected()) {
        failures_forgiven_ = failures_ever_;
    }
}

void connection_pool::delay_next_attempt(time_point now)
{
    not_before_ = now + backoff(backoff_, ++failures_, random_());
}

/// What is over is forgotten, so that nobody is woken for it again.
void connection_pool::tick(time_point now) noexcept
{
    if (not_before_ <= now) {
        not_before_ = {};
    }
}

void connection_pool::grow(std::size_t wanted, time_point now, actions& todo)
{
    auto const may_open = [&] {
        return opening_ < wanted && opening_ < limits_.max_handshakes && now >= not_before_ &&
               (failures_ == 0 || opening_ == 0);
    };
    // A call that waits for a fresh connection takes the place of one that idles.
    if (may_open() && opening_ == 0 && connections_.size() >= limits_.max_connections && !idle_.empty()) {
        forget(*idle_.front(), todo);
    }
    while (may_open() && connections_.size() < limits_.max_connections) {
        try {
            idle_.reserve(connections_.size() + 1);
            connections_.push_back(make_connection_());
        } catch (std::bad_alloc const&) {
            // What the same event has decided so far is not lost for it; the calls wait on.
            return delay_next_attempt(now);
        }
        ++opening_;
        todo.connections.push_back(
            {.what = action::kind::open, .where = connections_.back().get(), .keep = connections_.back()});
    }
}

bool connection_pool::is_connected() const noexcept
{
    return std::any_of(connections_.begin(), connections_.end(), [](auto const& each) {
        return each->state_ == connection_state::busy || each->state_ == connection_state::idle;
    });
}

bool connection_pool::is_short_of_room(time_point now) const noexcept
{
    return opening_ == 0 && now >= not_before_ && connections_.size() >= limits_.max_connections;
}

time_point connection_pool::next_attempt() const noexcept
{
    return opening_ == 0 && not_before_ != time_point{} ? not_before_ : time_point::max();
}

unsigned connection_pool::failures_since(unsigned before) const noexcept
{
    return failures_ever_ - std::max(failures_forgiven_, before);
}

// ---------------------------------------------------------------------------------------------------------------------
// Use

bool connection_pool::is_usable(connection const& idle, time_point now) const noexcept
{
    return now - idle.idle_since_ <= limits_.idle_limit && now < idle.replace_at_;
}

connection* connection_pool::take_idle(time_point now, actions& todo)
{
    while (!idle_.empty()) {
        connection& where = *idle_.back();
        if (is_usable(where, now)) {
            idle_.pop_back();
            return &where;
        }
        forget(where, todo);
    }
    return nullptr;
}

void connection_pool::keep_idle(connection& where, time_point now, actions& todo)
{
    where.state_ = connection_state::idle;
    where.idle_since_ = now;
    idle_.push_back(&where);
    // The one that was unused for longest is the first to go; nobody else looks for it.
    connection& oldest = *idle_.front();
    if (!is_usable(oldest, now)) {
        forget(oldest, todo);
    }
}

void connection_pool::forget(connection& where, actions& todo)
{
    if (where.state_ == connection_state::opening) {
        --opening_;
    } else if (where.state_ == connection_state::idle) {
        std::erase(idle_, &where);
    }
    where.state_ = connection_state::gone;
    auto const found =
        std::find_if(connections_.begin(), connections_.end(), [&](auto const& each) { return each.get() == &where; });
    todo.connections.push_back({.what = action::kind::close, .where = &where, .keep = std::move(*found)});
    connections_.erase(found);
}

void connection_pool::close_idle(actions& todo)
{
    while (!idle_.empty()) {
        forget(*idle_.back(), todo);
    }
}

void connection_pool::close_opening(actions& todo)
{
    if (opening_ == 0) {
        return;
    }
    for (auto at = connections_.size(); at != 0; --at) {
        if (connections_[at - 1]->state_ == connection_state::opening) {
            forget(*connections_[at - 1], todo);
        }
    }
}

std::vector<std::shared_ptr<connection>> connection_pool::abandon() noexcept
{
    for (auto const& each : connections_) {
        each->state_ = connection_state::gone;
    }
    idle_.clear();
    opening_ = 0;
    return std::exchange(connections_, {});
}

std::shared_ptr<connection> const& connection_pool::find(connection const& where) const noexcept
{
    return *std::find_if(connections_.begin(), connections_.end(),
                         [&](auto const& each) { return each.get() == &where; });
}

} // namespace postmark::scheduler
