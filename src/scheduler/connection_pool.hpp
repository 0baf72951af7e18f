// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CONNECTION_POOL_HPP
#define POSTMARK_SCHEDULER_CONNECTION_POOL_HPP

#include "scheduler/action.hpp"
#include "scheduler/connection.hpp"

#include <postmark/config.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::scheduler {

/// The connections of a client. Decides when one is opened, which one is used next, and when one is closed; which calls
/// they carry is decided elsewhere.
///
/// **Outages.** What counts is whether the service replies, not whether something accepts connections: a balancer
/// without a service behind it accepts them, too. A connection that ends before its first reply counts like one that
/// could not be opened. After a failure of either kind, and until a connection gets its first reply:
/// - attempts are separated by pauses that grow (backoff);
/// - one connection at a time is opened.
///
/// After a connection that ended before its first reply, moreover:
/// - one connection at a time is given a call, which probes the service; the other calls wait. A probe without a reply
///   keeps others back for two seconds and a backoff: it may be a slow request, or the service may accept requests and
///   reply to none;
/// - connections that are proven, because their last exchange brought a reply, work on. There are at most
///   `max_connections` of them, and each of them either brings another reply or ends.
///
/// So an outage makes the call of each probe unknown, and not every call that waits.
class connection_pool {
public:
    using make_connection = std::function<std::shared_ptr<connection>()>;
    /// From [0, 1).
    using random = std::function<double()>;

    /// \param backoff the pauses between attempts to connect
    connection_pool(pool_settings const& limits, retry_settings const& backoff, make_connection factory,
                    random const& source);

    /// For how long a probe keeps others back, and how long a call has to wait at least for its deadline to say
    /// something about the service.
    static constexpr duration probe_patience = std::chrono::seconds{2};
    /// The shortest pause after a connection that brought no reply: each attempt may make a call unknown.
    static constexpr duration min_outage_pause = std::chrono::milliseconds{100};

    // Events. Those that need more than a change of state append actions.
    void opened(connection& conn, time_point now) noexcept;
    void open_failed(connection& conn, std::string_view detail, time_point now, actions& out) noexcept;
    /// The service replied.
    void replied(connection& conn) noexcept;
    /// An exchange ended without a reply of the service.
    void no_reply(connection& conn, std::string_view detail, time_point now) noexcept;
    /// An exchange begins.
    void began(connection& conn, time_point now) noexcept;
    /// Time has passed.
    void tick(time_point now) noexcept;
    /// A new call begins to wait. A pause is there to hold back repetitions, so where the call would not live to its
    /// end, the pause is cut to `retry.first_delay`. That bounds the attempts, whatever the number of such calls; a
    /// call asks once, so that its own failure is followed by the whole pause. The pause after a connection that
    /// brought no reply is not cut, because a probe may cost a call its certainty and a failed connect does not.
    void hurry(time_point deadline) noexcept;

    /// Whether one more connection may be opened, if need be in place of an idle one. `grow` has no effect
    /// otherwise.
    [[nodiscard]] bool can_grow() const noexcept
    {
        return connections_.size() < limits_.max_connections || !idle_.empty();
    }
    /// Opens more connections.
    /// \param wanted for how many calls
    void grow(std::size_t wanted, time_point now, actions& out) noexcept;
    /// Takes the idle connection that was used last, of those that may be used; null if there is none.
    [[nodiscard]] connection* take_idle(time_point now, actions& out) noexcept;
    /// Offers the idle connections that may be used, the one used last first; `use` says whether it has taken it.
    template <class Use>
    void offer_idle(time_point now, actions& out, Use use) noexcept
    {
        for (std::size_t left = idle_.size(); left != 0; --left) {
            connection& conn = *idle_[left - 1];
            if (!is_usable(conn, now)) {
                forget(conn, out);
            } else if (may_start(conn, now) && use(conn)) {
                std::erase(idle_, &conn);
            }
        }
    }
    /// No call is there for the connection.
    void keep_idle(connection& conn, time_point now, actions& out) noexcept;
    /// The connection leaves the pool; the client closes it.
    void forget(connection& conn, actions& out) noexcept;

    void close_idle(actions& out) noexcept;
    void close_opening(actions& out) noexcept;
    /// Hands all connections out and forgets them; what they still report is ignored.
    [[nodiscard]] std::vector<std::shared_ptr<connection>> abandon() noexcept;

    // Facts.
    [[nodiscard]] std::vector<std::shared_ptr<connection>> const& connections() const noexcept { return connections_; }
    [[nodiscard]] std::shared_ptr<connection> const& find(connection const& conn) const noexcept;
    [[nodiscard]] bool has_idle() const noexcept { return !idle_.empty(); }
    /// Whether a connection works, so that the service can be reached.
    [[nodiscard]] bool is_connected() const noexcept;
    /// Whether a connection that has just been opened may be given a call: unless another one probes the service.
    [[nodiscard]] bool may_probe(connection const& conn, time_point now) const noexcept;
    /// Whether the next call of a connection probes the service, so that it is to be alone in its request.
    [[nodiscard]] bool is_probe(connection const& conn) const noexcept { return silent_ && !conn.proven_; }
    /// Whether the end of an exchange at the deadline of its calls says that the service does not reply. During an
    /// outage it does after any time: the next probe would follow at once otherwise.
    [[nodiscard]] bool is_silence(connection const& conn, time_point now) const noexcept
    {
        return silent_ || now - conn.began_at_ >= probe_patience;
    }
    /// Whether a free connection may be given a call: a probe, moreover, waits for the end of the pause.
    [[nodiscard]] bool may_start(connection const& conn, time_point now) const noexcept;
    /// Whether another connection could be opened if one of these was closed.
    [[nodiscard]] bool could_open_if_one_closed(time_point now) const noexcept;
    /// When the next attempt to connect or to probe may be made, if nothing but time is waited for; else
    /// `time_point::max()`.
    [[nodiscard]] time_point next_attempt() const noexcept;

    /// Whether a pause has ended, or a probe no longer keeps others back, and `tick` has not come yet.
    [[nodiscard]] bool pause_has_expired(time_point now) const noexcept
    {
        time_point const until = waits_until();
        return until != time_point{} && until <= now;
    }

    /// How often connecting has failed so far.
    [[nodiscard]] unsigned failures() const noexcept { return total_failures_; }
    /// How often connecting has failed in a row since `failures` was `before`.
    [[nodiscard]] unsigned failures_since(unsigned before) const noexcept;
    /// Why a call waits in vain, as diagnostic text; empty if not for want of a connection, or without memory.
    /// \param before `failures` when the call began to wait
    [[nodiscard]] std::string waiting_text(unsigned before) const noexcept;

private:
    [[nodiscard]] bool is_usable(connection const& idle, time_point now) const noexcept;
    [[nodiscard]] bool has_fresh_idle() const noexcept;
    [[nodiscard]] time_point probes_until() const noexcept;
    [[nodiscard]] time_point waits_until() const noexcept;
    [[nodiscard]] bool may_open(time_point now) const noexcept;
    [[nodiscard]] duration outage_pause(unsigned failures) const noexcept;
    void delay_next_attempt(time_point now, duration pause) noexcept;
    void keep_text(std::string_view text) noexcept;

    pool_settings limits_;
    retry_settings backoff_;
    make_connection make_connection_;
    random random_;

    std::vector<std::shared_ptr<connection>> connections_;
    /// Always has capacity for all of them.
    std::vector<connection*> idle_;
    std::size_t opening_ = 0;
    /// Failures since the last first reply of a connection, and whether a connection ended without one since.
    unsigned failures_ = 0;
    bool silent_ = false;
    /// Failures in all, and how many of them no waiting call is charged with any more: the service could be reached
    /// since.
    unsigned total_failures_ = 0;
    unsigned forgiven_failures_ = 0;
    /// The end of the pause; the epoch if there is none.
    time_point not_before_{};
    time_point last_failure_{};
    /// The cause of the last failure, and whether a connection brought no reply rather than could not be opened.
    std::string last_failure_text_;
    bool last_was_no_reply_ = false;
};

} // namespace postmark::scheduler

#endif
