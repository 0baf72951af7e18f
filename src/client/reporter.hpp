// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_REPORTER_HPP
#define POSTMARK_CLIENT_REPORTER_HPP

#include "scheduler/call.hpp"

#include <postmark/observer.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

namespace postmark::detail {

class operation;
class pooled_connection;

/// Reports to the observer, if there is one.
///
/// An observer is called on the client's executor and under no lock. Where a decision is made elsewhere, its event is
/// deferred: space for it was reserved before the decision, so that deferring needs no memory. Thread-safe.
class reporter {
public:
    using event = std::variant<queued_event, connected_event, attempt_event>;

    explicit reporter(std::shared_ptr<observer> observer)
        : observer_{std::move(observer)}
    {
    }

    /// Whether there is an observer. Without one there is nothing to reserve, defer or report.
    explicit operator bool() const noexcept { return observer_ != nullptr; }

    /// Calls the observer.
    void report(event const& reported) const;
    void report_completed(operation const& op) const;

    /// Reserves space for one event. \throws std::bad_alloc
    void reserve();
    /// Gives the space for one event back.
    void release() noexcept;
    /// Keeps an event, in space that was reserved, until `report_deferred`.
    void defer(event const& deferred) noexcept;
    [[nodiscard]] bool has_deferred() const noexcept;
    void report_deferred();

    /// The result of an attempt to connect.
    [[nodiscard]] static connected_event describe_connected(pooled_connection const& conn, error_code error,
                                                            bool resumed, scheduler::duration duration);
    /// The result of the exchange under way.
    [[nodiscard]] static attempt_event describe_attempt(pooled_connection const& conn, error_code error);

private:
    std::shared_ptr<observer> observer_;
    mutable std::mutex mutex_;
    /// The deferred events begin at `first_`.
    std::vector<event> events_;
    std::size_t first_ = 0;
    std::size_t reserved_ = 0;
};

} // namespace postmark::detail

#endif
