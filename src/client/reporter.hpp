// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_REPORTER_HPP
#define POSTMARK_CLIENT_REPORTER_HPP

#include "scheduler/call.hpp"

#include <postmark/observer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace postmark::detail {

class link;
class operation;

/// Tells the observer, if there is one.
class reporter {
public:
    explicit reporter(std::shared_ptr<observer> who)
        : observer_{std::move(who)}
    {
    }

    /// Where nobody listens, nobody need collect what would be told.
    explicit operator bool() const noexcept { return observer_ != nullptr; }

    void queued(queued_event const& event) const { observer_->on_queued(event); }
    void attempt(attempt_event const& event) const { observer_->on_attempt(event); }
    void connected(connected_event const& event) const { observer_->on_connected(event); }
    void completed(operation const& subject) const;

    /// What became of an attempt to connect.
    [[nodiscard]] static connected_event describe_connected(link const& where, error_code error, bool resumed,
                                                            scheduler::duration took);
    /// What became of the exchange under way.
    [[nodiscard]] static attempt_event describe_attempt(link const& where, error_code error);

private:
    std::shared_ptr<observer> observer_;
};

} // namespace postmark::detail

#endif
