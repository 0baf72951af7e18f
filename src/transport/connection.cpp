// SPDX-License-Identifier: BSL-1.0

#include "transport/connection.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <string>

namespace postmark::transport {

namespace asio = boost::asio;

namespace {

template <class... Handlers>
struct overloaded : Handlers... {
    using Handlers::operator()...;
};
template <class... Handlers>
overloaded(Handlers...) -> overloaded<Handlers...>;

/// The text of an exception, or nothing for want of memory: that something failed is what counts.
std::string describe(std::exception const& error) noexcept
{
    try {
        return error.what();
    } catch (std::bad_alloc const&) {
        return {};
    }
}

failure closed_meanwhile()
{
    return {.error = errc::write_failed, .not_started = true, .detail = "the connection was closed meanwhile"};
}

} // namespace

connection::connection(asio::any_io_executor executor, std::shared_ptr<connection_params const> params,
                       std::shared_ptr<connection_events> events)
    : executor_{std::move(executor)}
    , params_{std::move(params)}
    , process_{params_->process.current()}
    , events_{std::move(events)}
{
}

// ---------------------------------------------------------------------------------------------------------------------
// Opening

std::optional<failure> connection::open(time_point now)
{
    event result;
    std::shared_ptr<connection_events> events;
    {
        std::lock_guard const lock{mutex_};
        if (state_ != state::created || has_forked()) {
            return std::nullopt;
        }
        state_ = state::opening;
        try {
            opener_ = std::make_unique<opener>(*params_);
            opener_->start(now);
            result = continue_opening({});
        } catch (std::exception const& error) {
            result = fail_with(error);
        }
        events = share_events();
    }
    if (auto* const failed = std::get_if<open_failed_event>(&result)) {
        return std::move(failed->cause);
    }
    deliver(*events, result);
    return std::nullopt;
}

/// Does what the opener asks for, until it waits for something.
connection::event connection::continue_opening(opener::outcome outcome)
{
    for (;;) {
        if (auto* const failed = std::get_if<failure>(&outcome)) {
            open_failed_event result{std::move(*failed)};
            close_socket();
            return result;
        }
        if (stream_ != opener_->stream()) {
            if (stream_) {
                stream_->close();
                given_up_.push_back(std::move(stream_));
            }
            stream_ = opener_->stream();
            ++stream_number_;
            receiving_ = waiting_writable_ = late_ = false;
        }
        if (auto* const opened = std::get_if<opener::opened>(&outcome)) {
            return become_open(*opened);
        }
        if (opener_->needs_lookup()) {
            look_up();
        }
        if (!opener_->needs_attempt()) {
            break;
        }
        try_next_address();
        if (opener_->attempts().is_pending()) {
            break;
        }
        outcome = opener_->on_attempt_missing();
    }
    wait_for_stream();
    return announce_deadline();
}

void connection::look_up()
{
    resolver_ = std::make_unique<tcp::resolver>(executor_);
    resolver_->async_resolve(
        opener_->lookup_host(), std::to_string(opener_->lookup_port()), tcp::resolver::numeric_service,
        [self = shared_from_this()](boost::system::error_code error, tcp::resolver::results_type const& results) {
            self->run_step([&]() -> event {
                if (self->state_ != state::opening) {
                    return {};
                }
                std::vector<tcp::endpoint> addresses;
                for (auto const& entry : results) {
                    addresses.push_back(entry.endpoint());
                }
                return self->continue_opening(self->opener_->on_resolved(error, std::move(addresses)));
            });
        });
}

void connection::try_next_address()
{
    opener_->attempts().try_next(executor_, clock::now(),
                                 [self = shared_from_this()](boost::system::error_code error, std::size_t attempt) {
                                     self->run_step([&]() -> event {
                                         if (self->state_ != state::opening) {
                                             return {};
                                         }
                                         return self->continue_opening(self->opener_->on_connected(error, attempt));
                                     });
                                 });
}

connection::event connection::become_open(opener::opened opened)
{
    exchange_.emplace(*stream_, params_->traits, params_->timeouts.write_stall);
    state_ = state::open;
    opener_.reset();
    resolver_.reset();
    return opened;
}

// ---------------------------------------------------------------------------------------------------------------------
// An exchange

std::optional<failure> connection::exchange(exchange_request const& request, time_point now)
{
    std::lock_guard const lock{mutex_};
    if (has_forked()) {
        detach(false);
        return closed_meanwhile();
    }
    if (state_ != state::open || abort_pending_ == request.number) {
        close_socket();
        events_.reset();
        return closed_meanwhile();
    }
    try {
        if (auto failed = exchange_->start(request, now)) {
            close_socket();
            events_.reset();
            return failed;
        }
        wait_for_stream();
    } catch (std::exception const& error) {
        failure failed = exchange_->fail_with(errc::connection_lost, describe(error));
        reset_connection();
        events_.reset();
        return failed;
    }
    return std::nullopt;
}

connection::event connection::continue_exchange(exchange_outcome outcome)
{
    if (auto* const failed = std::get_if<failure>(&outcome)) {
        event result{std::in_place_type<failure>, std::move(*failed)};
        reset_connection();
        return result;
    }
    if (auto const* const replied = std::get_if<reply>(&outcome)) {
        if (!replied->written) {
            // What had not left before the reply must not leave after it.
            reset_connection();
        }
        expiring_ = false;
        return *replied;
    }
    wait_for_stream();
    return {};
}

std::optional<failure> connection::abort(std::uint64_t number, abort_mode mode)
{
    std::lock_guard const lock{mutex_};
    if (has_forked()) {
        detach(false);
        return std::nullopt;
    }
    if (state_ == state::closed) {
        return std::nullopt;
    }
    if (!exchange_ || number > exchange_->number()) {
        abort_pending_ = number;
        return std::nullopt;
    }
    if (!exchange_->is_active() || number != exchange_->number()) {
        return std::nullopt;
    }
    if (mode == abort_mode::unless_replied && receiving_) {
        // The handler of the receive decides: bytes may have been received already.
        late_ = expiring_ = true;
        stream_->cancel();
        return std::nullopt;
    }
    failure cause = exchange_->fail_with(errc::cancelled_in_flight, {});
    reset_connection();
    events_.reset();
    return cause;
}

// ---------------------------------------------------------------------------------------------------------------------
// The stream

/// Waits for what the present phase needs.
void connection::wait_for_stream()
{
    bool const opening = state_ == state::opening;
    if (opening ? opener_->wants_receive() : exchange_->is_active()) {
        arm_receive();
    }
    if (opening ? opener_->wants_writable() : exchange_->wants_writable()) {
        arm_writable();
    }
}

void connection::arm_receive()
{
    if (receiving_) {
        return;
    }
    reply_parser& parser = state_ == state::opening ? opener_->parser() : exchange_->parser();
    stream_->async_receive(stream_->input_buffer(parser), [self = shared_from_this(), number = stream_number_](
                                                              boost::system::error_code error, std::size_t size) {
        self->run_step(
            [&]() -> event { return number == self->stream_number_ ? self->on_received(error, size) : event{}; });
    });
    receiving_ = true;
}

void connection::arm_writable()
{
    if (waiting_writable_) {
        return;
    }
    stream_->async_wait_writable([self = shared_from_this(), number = stream_number_](boost::system::error_code) {
        self->run_step([&]() -> event { return number == self->stream_number_ ? self->on_writable() : event{}; });
    });
    waiting_writable_ = true;
}

connection::event connection::on_received(boost::system::error_code error, std::size_t size)
{
    receiving_ = false;
    bool const late = std::exchange(late_, false);
    bool const cancelled = late && error == asio::error::operation_aborted;
    if (state_ == state::opening) {
        opener::outcome outcome;
        if (!cancelled) {
            outcome = error ? opener_->on_receive_error(error) : opener_->on_received(size);
        }
        if (!late || outcome.index() != 0 || stream_ != opener_->stream()) {
            return continue_opening(std::move(outcome));
        }
        return on_late(late_at_);
    }
    if (state_ != state::open || !exchange_->is_active()) {
        return {};
    }
    exchange_outcome outcome;
    if (!cancelled) {
        outcome = error ? exchange_->on_receive_error(error) : exchange_->on_received(size);
    }
    if (!late || outcome.index() != 0) {
        return continue_exchange(std::move(outcome));
    }
    return on_late(late_at_);
}

connection::event connection::on_writable()
{
    waiting_writable_ = false;
    // After a time limit nothing is written before what was received is known.
    if (late_) {
        return {};
    }
    if (state_ == state::opening) {
        return continue_opening(opener_->on_writable());
    }
    if (state_ == state::open) {
        exchange_->on_writable();
        wait_for_stream();
    }
    return {};
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

time_point connection::next_deadline() const noexcept
{
    // Once a time limit is being carried out, its end is an event of its own.
    if (late_) {
        return time_point::max();
    }
    switch (state_) {
    case state::opening:
        return opener_->deadline();
    case state::open:
        return exchange_->deadline();
    case state::created:
    case state::closed:
        break;
    }
    return time_point::max();
}

time_point connection::deadline()
{
    std::lock_guard const lock{mutex_};
    return next_deadline();
}

void connection::tick(time_point now)
{
    run_step([&] { return on_tick(now); });
}

connection::event connection::on_tick(time_point now)
{
    if (now < next_deadline()) {
        return {};
    }
    if (state_ == state::opening && opener_->is_attempt_due(now)) {
        try_next_address();
        return announce_deadline();
    }
    if (!receiving_) {
        return on_late(now);
    }
    // The event loop itself may be what is late, so what lies in the socket is read first. The pending receive may have
    // taken a part of that already: its handler decides.
    late_ = true;
    late_at_ = now;
    stream_->cancel();
    return {};
}

/// A time limit has passed, and nothing is being received.
connection::event connection::on_late(time_point now)
{
    if (state_ == state::opening) {
        return continue_opening(opener_->on_timeout(now));
    }
    if (state_ != state::open || !exchange_->is_active()) {
        return {};
    }
    event result = continue_exchange(expiring_ ? exchange_->expire() : exchange_->on_timeout(now));
    return result.index() == 0 ? announce_deadline() : std::move(result);
}

// ---------------------------------------------------------------------------------------------------------------------
// The end

void connection::close()
{
    std::lock_guard const lock{mutex_};
    if (has_forked()) {
        detach(false);
        return;
    }
    if (state_ == state::open && !exchange_->is_active()) {
        stream_->send_closing_alert();
    }
    close_socket();
    events_.reset();
}

void connection::detach_after_fork(bool context_notified) noexcept
{
    std::lock_guard const lock{mutex_};
    detach(context_notified);
}

void connection::detach(bool context_notified) noexcept
{
    if (state_ == state::closed) {
        return;
    }
    if (opener_) {
        opener_->attempts().detach_after_fork(context_notified);
        if (opener_->stream() && opener_->stream() != stream_) {
            opener_->stream()->detach_after_fork(context_notified);
        }
    }
    if (stream_) {
        stream_->detach_after_fork(context_notified);
    }
    close_socket();
    events_.reset();
}

/// Something failed that is not expected to: memory, or a thread that Asio wants for a look-up.
connection::event connection::fail_with(std::exception const& error)
{
    if (state_ == state::opening) {
        failure cause = opener_ ? opener_->fail_with(describe(error))
                                : failure{.error = errc::connect_failed, .detail = describe(error)};
        close_socket();
        return open_failed_event{std::move(cause)};
    }
    if (state_ == state::open && exchange_->is_active()) {
        return continue_exchange(exchange_->fail_with(errc::connection_lost, describe(error)));
    }
    return {};
}

/// Ends an exchange that has not ended.
void connection::reset_connection() noexcept
{
    if (stream_) {
        stream_->reset();
    }
    close_socket();
}

void connection::close_socket() noexcept
{
    state_ = state::closed;
    late_ = false;
    if (resolver_) {
        resolver_->cancel();
    }
    if (opener_) {
        opener_->attempts().cancel();
    }
    if (stream_) {
        stream_->close();
    }
}

/// Takes a step with the lock held, and then, without it, reports what came of it.
template <class Step>
void connection::run_step(Step step)
{
    event result;
    std::shared_ptr<connection_events> events;
    {
        std::lock_guard const lock{mutex_};
        if (has_forked()) {
            detach(false);
            return;
        }
        if (state_ == state::closed) {
            return;
        }
        try {
            result = step();
        } catch (std::exception const& error) {
            result = fail_with(error);
        }
        if (result.index() == 0) {
            return;
        }
        events = share_events();
    }
    deliver(*events, result);
}

/// The receiver of events, which a closed connection lets go: it owns the connection.
std::shared_ptr<connection_events> connection::share_events() noexcept
{
    return state_ == state::closed ? std::move(events_) : events_;
}

void connection::deliver(connection_events& events, event const& result)
{
    std::visit(overloaded{[](std::monostate) {}, [&](deadline_event const& deadline) { events.due(deadline.when); },
                          [&](opener::opened const& opened) { events.opened(opened.resumed); },
                          [&](open_failed_event const& failed) { events.open_failed(failed.cause); },
                          [&](reply const& complete) { events.replied(complete); },
                          [&](failure const& cause) { events.exchange_failed(cause); }},
               result);
}

} // namespace postmark::transport
