// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEDULER_CONNECTION_POOL_HPP
#define POSTMARK_SCHEDULER_CONNECTION_POOL_HPP

#include "scheduler/action.hpp"
#include "scheduler/connection.hpp"

#include <postmark/config.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace postmark::scheduler {

/// The connections that there are. Decides when one is opened, which one is used next, and when one has to go; which calls
/// they carry is for others to say.
class connection_pool {
public:
    using make_connection = std::function<std::shared_ptr<connection>()>;
    /// From [0, 1).
    using random = std::function<double()>;

    /// \param backoff the pauses between attempts to connect
    connection_pool(pool_settings const& limits, retry_settings const& backoff, make_connection factory,
                    random const& source);

    // Events. Each appends what is to be done.
    void opened(connection& where, time_point now);
    void open_failed(connection& where, time_point now, actions& todo);
    /// Time has passed.
    void tick(time_point now) noexcept;

    /// Opens more connections.
    /// \param wanted for how many calls
    void grow(std::size_t wanted, time_point now, actions& todo);
    /// The connection that was used last, of those that idle and may still be used; null if there is none.
    [[nodiscard]] connection* take_idle(time_point now, actions& todo);
    /// Offers those that idle, the one used last first; `use` says whether it has taken the connection.
    template <class Use>
    void offer_idle(time_point now, actions& todo, Use use)
    {
        for (std::size_t left = idle_.size(); left != 0; --left) {
            connection& where = *idle_[left - 1];
            if (!is_usable(where, now)) {
                forget(where, todo);
            } else if (use(where)) {
                std::erase(idle_, &where);
            }
        }
    }
    /// There is nothing to do for the connection.
    void keep_idle(connection& where, time_point now, actions& todo);
    /// The connection is no longer the pool's; the client closes it.
    void forget(connection& where, actions& todo);

    void close_idle(actions& todo);
    void close_opening(actions& todo);
    /// Hands all of them out and forgets them; what they still report concerns nobody.
    [[nodiscard]] std::vector<std::shared_ptr<connection>> abandon() noexcept;

    // Facts.
    [[nodiscard]] std::vector<std::shared_ptr<connection>> const& connections() const noexcept { return connections_; }
    [[nodiscard]] std::shared_ptr<connection> const& find(connection const& where) const noexcept;
    [[nodiscard]] bool has_idle() const noexcept { return !idle_.empty(); }
    [[nodiscard]] bool has_opening() const noexcept { return opening_ != 0; }
    /// Whether a connection works, so that the service can be reached.
    [[nodiscard]] bool is_connected() const noexcept;
    /// Whether another connection could be opened if one of these went.
    [[nodiscard]] bool is_short_of_room(time_point now) const noexcept;
    /// When the next attempt to connect may be made, if nothing but time is waited for; else `time_point::max()`.
    [[nodiscard]] time_point next_attempt() const noexcept;

    /// How often connecting has failed so far.
    [[nodiscard]] unsigned failures() const noexcept { return failures_ever_; }
    /// How often connecting has failed in a row, since there were so many failures in all.
    [[nodiscard]] unsigned failures_since(unsigned before) const noexcept;

private:
    [[nodiscard]] bool is_usable(connection const& idle, time_point now) const noexcept;
    void delay_next_attempt(time_point now);

    pool_settings limits_;
    retry_settings backoff_;
    make_connection make_connection_;
    random random_;

    std::vector<std::shared_ptr<connection>> connections_;
    /// Always with room for all of them.
    std::vector<connection*> idle_;
    std::size_t opening_ = 0;
    /// Failures to connect since the last success.
    unsigned failures_ = 0;
    /// Since the beginning, and how many of them no call pays for any more: the service could be reached since.
    unsigned failures_ever_ = 0;
    unsigned failures_forgiven_ = 0;
    time_point not_before_{};
};

} // namespace postmark::scheduler

#endif
