// SPDX-License-Identifier: BSL-1.0

#include "client/coalesced_request.hpp"
#include "client/engine.hpp"
#include "client/failure_text.hpp"
#include "client/pooled_connection.hpp"
#include "client/reply_status.hpp"

#include <new>
#include <optional>
#include <span>
#include <utility>

namespace postmark::detail {

// What the scheduler decides about connections, and what they report: the part of the engine that calls the transport.

void engine::on_opened(pooled_connection& conn, bool resumed)
{
    auto const now = scheduler::clock::now();
    // Read before the connection may be put to use, on another thread.
    auto const duration = now - conn.began_at;
    handle(true, [&](scheduler::actions& out) {
        bool const opened = decide_into(out, now, [&](scheduler::actions& decided) {
            if (conn.state() == scheduler::connection_state::opening) {
                scheduler_.opened(conn, now, decided);
            }
        });
        if (opened && reporter_) {
            report(reporter::describe_connected(conn, {}, resumed, duration));
        }
    });
}

void engine::on_open_failed(pooled_connection& conn, transport::failure const& failure)
{
    handle(true, [&](scheduler::actions& out) { report_open_failure(conn, failure, true, out); });
}

void engine::on_replied(pooled_connection& conn, transport::reply const& reply)
{
    // A call that is alone in its request stays on its connection until the scheduler learns of the reply. Several have
    // to be pinned.
    if (conn.is_coalesced()) {
        std::lock_guard const lock{mutex_};
        if (context_ended_) {
            return;
        }
        scheduler_.pin(conn);
    }
    std::span<scheduler::reply_status const> statuses;
    std::optional<scheduler::exchange_failure> unreadable;
    try {
        statuses = conn.request.read(reply, conn.calls());
    } catch (...) {
        // A reply type of the program threw, or there is no memory. The calls end all the same.
        scheduler::exchange_failure& failure = unreadable.emplace();
        failure.error = errc::malformed_reply;
        failure.written = reply.written;
        failure.replaced_reply = true;
        failure.replied = true;
        failure.detail = describe_current("the reply could not be read");
    }
    handle(true, [&](scheduler::actions& out) {
        if (reporter_) {
            attempt_event event = reporter::describe_attempt(conn, {});
            event.http_status = reply.status;
            event.reply_bytes = reply.body.size();
            report(event);
        }
        auto const now = scheduler::clock::now();
        decide_into(out, now, [&](scheduler::actions& decided) {
            if (conn.state() != scheduler::connection_state::busy) {
                // The process was forked: this one's copy of the exchange has ended already.
                return;
            }
            if (unreadable) {
                scheduler_.exchange_failed(conn, std::move(*unreadable), now, decided);
            } else {
                scheduler_.replied(conn, statuses, {.written = reply.written, .reusable = reply.reusable}, now,
                                   decided);
            }
        });
    });
}

void engine::on_exchange_failed(pooled_connection& conn, transport::failure const& failure)
{
    handle(true, [&](scheduler::actions& out) { report_failure(conn, failure, true, out); });
}

void engine::on_due(scheduler::time_point when)
{
    std::lock_guard const lock{mutex_};
    if (scheduler_.outstanding() != 0) {
        arm_timer(when);
    }
}

/// Executes decisions, and those that follow from them.
void engine::execute(scheduler::actions& out, bool in_place)
{
    for (;;) {
        if (std::exchange(out.flush, false)) {
            post_flush(out);
        }
        if (!out.has_action()) {
            return;
        }
        execute_one(out.next_action(), in_place, out);
    }
}

void engine::execute_one(scheduler::action const& action, bool in_place, scheduler::actions& out)
{
    auto& conn = pooled_connection::of(*action.conn);
    switch (action.kind) {
    case scheduler::action_kind::open: {
        auto const now = scheduler::clock::now();
        conn.began_at = now;
        if (auto const failure = conn.channel->open(now)) {
            report_open_failure(conn, *failure, in_place, out);
        }
        break;
    }
    case scheduler::action_kind::start:
        start(action, in_place, out);
        break;
    case scheduler::action_kind::abort: {
        // At its deadline a call is not late yet if its reply lies in the socket already.
        auto const mode = action.reason == scheduler::abort_reason::deadline ? transport::abort_mode::unless_replied
                                                                             : transport::abort_mode::at_once;
        if (auto const failure = conn.channel->abort(action.exchange, mode)) {
            report_failure(conn, *failure, in_place, out);
        }
        break;
    }
    case scheduler::action_kind::close:
        conn.channel->close();
        break;
    }
}

void engine::start(scheduler::action const& action, bool in_place, scheduler::actions& out)
{
    auto& conn = pooled_connection::of(*action.conn);
    if (conn.calls().empty()) {
        // The observer forked the process after the decision: the calls have ended in this one.
        return;
    }
    auto const now = scheduler::clock::now();
    conn.began_at = now;
    conn.request_bytes = 0;
    transport::exchange_request request;
    request.number = action.exchange;
    request.after_idling = action.after_idling;
    try {
        auto const contents = coalesced_request::write(conn.calls(), conn.scratch_buffer(), setup_);
        request.bytes = contents.bytes;
        request.reply_limit = contents.reply_limit;
        request.reply_timeout = contents.reply_timeout;
    } catch (...) {
        // There is no memory. The calls end all the same, so nothing here depends on any.
        transport::failure failure;
        failure.error = errc::write_failed;
        failure.detail = describe_current("the request could not be written");
        return report_failure(conn, failure, in_place, out);
    }
    if (request.bytes.empty()) {
        decide_into(out, now, [&](scheduler::actions& decided) {
            // A connection that was idle has not been checked, so it is not used again.
            scheduler_.nothing_to_send(conn, !action.after_idling, now, decided);
        });
        return;
    }
    conn.request_bytes = request.bytes.size();
    if (conn.is_coalesced()) {
        // The calls were pinned while they were written.
        bool aborted = false;
        decide_into(out, now, [&](scheduler::actions& decided) {
            scheduler_.unpin(conn, decided);
            aborted = conn.is_aborted();
        });
        if (aborted) {
            // All of them were cancelled meanwhile: the request does not leave.
            static_cast<void>(conn.channel->abort(request.number, transport::abort_mode::at_once));
        }
    }
    if (auto const failure = conn.channel->exchange(request, now)) {
        report_failure(conn, *failure, in_place, out);
    }
}

/// An exchange ended without a reply.
void engine::report_failure(pooled_connection& conn, transport::failure const& failure, bool in_place,
                            scheduler::actions& out)
{
    auto const now = scheduler::clock::now();
    scheduler::exchange_failure converted = exchange_failure_of(failure);
    attempt_event event;
    bool was_busy = false;
    decide_into(out, now, [&](scheduler::actions& into) {
        was_busy = conn.state() == scheduler::connection_state::busy;
        if (!was_busy) {
            return;
        }
        if (reporter_) {
            event = reporter::describe_attempt(conn, failure.error);
        }
        scheduler_.exchange_failed(conn, std::move(converted), now, into);
    });
    if (!was_busy || !reporter_) {
        return;
    }
    if (in_place) {
        report(event);
    } else {
        conn.defer_failure(event);
    }
}

/// A connection could not be opened.
void engine::report_open_failure(pooled_connection& conn, transport::failure const& failure, bool in_place,
                                 scheduler::actions& out)
{
    auto const now = scheduler::clock::now();
    scheduler::open_failure converted = open_failure_of(failure);
    bool was_opening = false;
    decide_into(out, now, [&](scheduler::actions& into) {
        was_opening = conn.state() == scheduler::connection_state::opening;
        if (was_opening) {
            scheduler_.open_failed(conn, std::move(converted), now, into);
        }
    });
    if (!was_opening || !reporter_) {
        return;
    }
    connected_event const event = reporter::describe_connected(conn, failure.error, false, now - conn.began_at);
    if (in_place) {
        report(event);
    } else {
        conn.defer_failure(event);
    }
}

} // namespace postmark::detail
