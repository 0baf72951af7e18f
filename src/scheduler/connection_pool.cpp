// SPDX-License-Identifier: BSL-1.0

#include "scheduler/connection_pool.hpp"

#include "scheduler/backoff.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <string_view>
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

void connection_pool::opened(connection& conn, time_point now) noexcept
{
    --opening_;
    forgiven_failures_ = total_failures_;
    auto const age = std::chrono::duration<double>(limits_.age_limit) * (0.9 + 0.2 * random_());
    conn.replace_at_ = now + std::chrono::duration_cast<duration>(age);
}

void connection_pool::open_failed(connection& conn, std::string_view detail, time_point now, actions& out) noexcept
{
    forget(conn, out);
    ++total_failures_;
    delay_next_attempt(now, backoff(backoff_, failures_ + 1, random_()));
    keep_text(detail);
    last_was_no_reply_ = false;
    // While a connection works, the service can be reached and the waiting calls will have their turn.
    if (is_connected()) {
        forgiven_failures_ = total_failures_;
    }
}

void connection_pool::replied(connection& conn) noexcept
{
    if (!std::exchange(conn.proven_, true)) {
        failures_ = 0;
        silent_ = false;
        not_before_ = {};
    }
}

void connection_pool::no_reply(connection& conn, std::string_view detail, time_point now) noexcept
{
    conn.proven_ = false;
    keep_text(detail);
    last_was_no_reply_ = silent_ = true;
    // The waiting calls are not charged: the attempt was that of another call.
    forgiven_failures_ = ++total_failures_;
    // Connections that end during a pause began before it, and ended for the same reason.
    if (failures_ == 0 || now >= not_before_) {
        delay_next_attempt(now, outage_pause(failures_ + 1));
    }
}

void connection_pool::began(connection& conn, time_point now) noexcept
{
    conn.began_at_ = now;
    conn.probes_until_ = {};
    if (conn.proven_) {
        return;
    }
    conn.probes_until_ = now + probe_patience;
    if (silent_) {
        // The probes that have brought no reply yet count like failures.
        auto const pending = std::count_if(connections_.begin(), connections_.end(), [&](auto const& other) {
            return other.get() != &conn && other->state_ == connection_state::busy && !other->proven_;
        });
        conn.probes_until_ += outage_pause(failures_ + static_cast<unsigned>(pending));
    }
}

/// The pause after a number of failures of which at least one was a connection without a reply. Settings without pauses
/// are meant for repetitions that cost nothing.
duration connection_pool::outage_pause(unsigned failures) const noexcept
{
    constexpr auto shortest = std::chrono::duration_cast<std::chrono::milliseconds>(min_outage_pause);
    retry_settings retry = backoff_;
    retry.first_delay = std::max(retry.first_delay, shortest);
    retry.max_delay = std::max(retry.max_delay, shortest);
    return std::max(min_outage_pause, backoff(retry, failures, random_()));
}

void connection_pool::delay_next_attempt(time_point now, duration pause) noexcept
{
    ++failures_;
    last_failure_ = now;
    not_before_ = now + pause;
}

void connection_pool::keep_text(std::string_view text) noexcept
{
    try {
        last_failure_text_ = text;
    } catch (std::bad_alloc const&) {
        // Out of memory: leave the text empty.
        last_failure_text_.clear();
    }
}

/// Clears what has expired, so that the timer is not armed for it again.
void connection_pool::tick(time_point now) noexcept
{
    if (not_before_ <= now) {
        not_before_ = {};
    }
    if (!silent_) {
        return;
    }
    for (auto const& conn : connections_) {
        if (conn->probes_until_ <= now) {
            conn->probes_until_ = {};
        }
    }
}

void connection_pool::hurry(time_point deadline) noexcept
{
    if (deadline <= not_before_ && !last_was_no_reply_) {
        not_before_ = std::min(not_before_, last_failure_ + duration{backoff_.first_delay});
    }
}

bool connection_pool::may_open(time_point now) const noexcept
{
    return opening_ < limits_.max_handshakes && now >= not_before_ &&
           (failures_ == 0 || (opening_ == 0 && !(silent_ && (now < probes_until() || has_fresh_idle()))));
}

void connection_pool::grow(std::size_t wanted, time_point now, actions& out) noexcept
{
    auto const may_grow = [&] { return opening_ < wanted && may_open(now); };
    // A call that waits for a fresh connection takes the place of one that idles.
    if (opening_ == 0 && connections_.size() >= limits_.max_connections && !idle_.empty() && may_grow()) {
        forget(*idle_.front(), out);
    }
    while (connections_.size() < limits_.max_connections && may_grow()) {
        try {
            // First all memory: a connection that was made has to be closed.
            idle_.reserve(connections_.size() + 1);
            connections_.reserve(connections_.size() + 1);
            connections_.push_back(make_connection_());
        } catch (std::exception const& error) {
            // The other decisions of the event stand, and the calls wait for the next attempt.
            last_was_no_reply_ = false;
            keep_text(error.what());
            return delay_next_attempt(now, backoff(backoff_, failures_ + 1, random_()));
        }
        ++opening_;
        connection& conn = *connections_.back();
        out.add(conn.node(action_kind::open),
                {.kind = action_kind::open, .conn = &conn, .keep_alive = connections_.back()});
    }
}

bool connection_pool::is_connected() const noexcept
{
    return std::any_of(connections_.begin(), connections_.end(), [](auto const& conn) {
        return conn->state_ == connection_state::busy || conn->state_ == connection_state::idle;
    });
}

/// Whether an idle connection can take the next probe. One that was used before cannot: some calls need a fresh one.
bool connection_pool::has_fresh_idle() const noexcept
{
    return std::any_of(idle_.begin(), idle_.end(), [](auto const* conn) { return conn->exchange_ == 0; });
}

/// Until when a probe keeps others back; the past or the epoch if none does.
time_point connection_pool::probes_until() const noexcept
{
    time_point until{};
    for (auto const& conn : connections_) {
        if (conn->state_ == connection_state::busy && !conn->proven_) {
            until = std::max(until, conn->probes_until_);
        }
    }
    return until;
}

/// Until when the next attempt to connect or to probe has to wait.
time_point connection_pool::waits_until() const noexcept
{
    return silent_ ? std::max(not_before_, probes_until()) : not_before_;
}

bool connection_pool::may_probe(connection const& conn, time_point now) const noexcept
{
    return !silent_ || conn.proven_ || now >= probes_until();
}

bool connection_pool::may_start(connection const& conn, time_point now) const noexcept
{
    return may_probe(conn, now) && (!is_probe(conn) || now >= not_before_);
}

bool connection_pool::could_open_if_one_closed(time_point now) const noexcept
{
    return opening_ == 0 && connections_.size() >= limits_.max_connections && may_open(now);
}

time_point connection_pool::next_attempt() const noexcept
{
    bool const waits_for_time = opening_ == 0 || !idle_.empty();
    time_point const until = waits_until();
    return waits_for_time && until != time_point{} ? until : time_point::max();
}

unsigned connection_pool::failures_since(unsigned before) const noexcept
{
    return total_failures_ - std::max(forgiven_failures_, before);
}

std::string connection_pool::waiting_text(unsigned before) const noexcept
{
    if (failures_ == 0) {
        return {};
    }
    try {
        if (total_failures_ != before) {
            return last_failure_text_;
        }
        std::string text = opening_ == 0 ? "not tried: " : "";
        text += last_was_no_reply_ ? "the last connection brought no reply" : "connecting had failed before";
        return last_failure_text_.empty() ? text : text + ": " + last_failure_text_;
    } catch (std::bad_alloc const&) {
        return {};
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Use

bool connection_pool::is_usable(connection const& idle, time_point now) const noexcept
{
    return now - idle.idle_since_ <= limits_.idle_limit && now < idle.replace_at_;
}

connection* connection_pool::take_idle(time_point now, actions& out) noexcept
{
    for (std::size_t left = idle_.size(); left != 0; --left) {
        connection& conn = *idle_[left - 1];
        if (!is_usable(conn, now)) {
            forget(conn, out);
        } else if (may_start(conn, now)) {
            std::erase(idle_, &conn);
            return &conn;
        }
    }
    return nullptr;
}

void connection_pool::keep_idle(connection& conn, time_point now, actions& out) noexcept
{
    conn.state_ = connection_state::idle;
    conn.idle_since_ = now;
    idle_.push_back(&conn);
    // Only the connection that was unused for longest can have expired, and nothing else looks at it while others are
    // used.
    connection& oldest = *idle_.front();
    if (!is_usable(oldest, now)) {
        forget(oldest, out);
    }
}

void connection_pool::forget(connection& conn, actions& out) noexcept
{
    if (conn.state_ == connection_state::opening) {
        --opening_;
    } else if (conn.state_ == connection_state::idle) {
        std::erase(idle_, &conn);
    }
    conn.state_ = connection_state::gone;
    auto const found =
        std::find_if(connections_.begin(), connections_.end(), [&](auto const& other) { return other.get() == &conn; });
    out.add(conn.node(action_kind::close),
            {.kind = action_kind::close, .conn = &conn, .keep_alive = std::move(*found)});
    connections_.erase(found);
}

void connection_pool::close_idle(actions& out) noexcept
{
    while (!idle_.empty()) {
        forget(*idle_.back(), out);
    }
}

void connection_pool::close_opening(actions& out) noexcept
{
    if (opening_ == 0) {
        return;
    }
    for (auto left = connections_.size(); left != 0; --left) {
        if (connections_[left - 1]->state_ == connection_state::opening) {
            forget(*connections_[left - 1], out);
        }
    }
}

std::vector<std::shared_ptr<connection>> connection_pool::abandon() noexcept
{
    for (auto const& conn : connections_) {
        conn->state_ = connection_state::gone;
    }
    idle_.clear();
    opening_ = 0;
    return std::exchange(connections_, {});
}

std::shared_ptr<connection> const& connection_pool::find(connection const& conn) const noexcept
{
    return *std::find_if(connections_.begin(), connections_.end(),
                         [&](auto const& other) { return other.get() == &conn; });
}

} // namespace postmark::scheduler
