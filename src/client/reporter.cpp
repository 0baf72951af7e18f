// SPDX-License-Identifier: BSL-1.0

#include "client/reporter.hpp"

#include "client/operation.hpp"
#include "client/pooled_connection.hpp"

namespace postmark::detail {

namespace {

std::chrono::microseconds in_microseconds(scheduler::duration time)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(time);
}

} // namespace

connected_event reporter::describe_connected(link const& where, error_code error, bool resumed,
                                             scheduler::duration took)
{
    connected_event event;
    event.connection = where.number();
    event.error = error;
    event.duration = in_microseconds(took);
    event.resumed = resumed;
    return event;
}

void reporter::completed(operation const& subject) const
{
    completed_event event;
    event.call = subject.id();
    event.error = subject.result();
    event.attempts = subject.attempts();
    event.duration = in_microseconds(scheduler::clock::now() - subject.submitted_at);
    observer_->on_completed(event);
}

attempt_event reporter::describe_attempt(link const& where, error_code error)
{
    attempt_event event;
    for (scheduler::call const* const each : where.calls()) {
        if (each != nullptr) {
            event.call = each->id();
            break;
        }
    }
    event.connection = where.number();
    event.error = error;
    event.request_bytes = where.request_bytes;
    event.duration = in_microseconds(scheduler::clock::now() - where.began_at);
    return event;
}

} // namespace postmark::detail
