// SPDX-License-Identifier: BSL-1.0

// The part of a session that sends replies, and spoils them where a fault says so.

#include "sandbox/session.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace asio = boost::asio;

namespace {

/// The position at which to cut `size` bytes: always before the last one, and in the middle by default.
std::size_t cut_position(std::size_t size, std::optional<std::int64_t> wanted)
{
    auto const whole = static_cast<std::int64_t>(size);
    auto const position = wanted ? (*wanted < 0 ? whole + *wanted : *wanted) : whole / 2;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(position, 0, whole - 1));
}

framing framing_of(fault const* planned, bool close)
{
    framing how;
    how.close = close;
    if (!planned) {
        return how;
    }
    switch (planned->kind) {
    case action::connection_close:
        how.close = true;
        break;
    case action::status:
        how.close = close || !planned->keep;
        break;
    case action::chunked:
        how.chunked = true;
        how.extensions = planned->extensions;
        how.trailers = planned->trailers;
        how.chunk_size = static_cast<std::size_t>(std::max<std::int64_t>(0, planned->bytes.value_or(0)));
        break;
    case action::no_length:
        how.no_length = true;
        break;
    default:
        break;
    }
    return how;
}

/// The reply that a script spells out.
reply scripted_reply(fault const& planned)
{
    reply result = make_page(planned.status);
    if (planned.body) {
        result.body = *planned.body;
        bool const is_json = result.body.starts_with('{') || result.body.starts_with('[');
        result.content_type = is_json ? "application/json; charset=utf-8" : "text/html";
    }
    if (!planned.content_type.empty()) {
        result.content_type = planned.content_type;
    }
    result.headers = planned.headers;
    return result;
}

} // namespace

asio::awaitable<bool> session::greet(fault const& planned)
{
    std::string const bytes = to_bytes(scripted_reply(planned), framing{});
    std::size_t written = 0;
    if (stream_.encrypted()) {
        for (;;) {
            auto const state = stream_.handshake_with_greeting(bytes, written);
            if (state == progress::done) {
                break;
            }
            if (state == progress::closed || !co_await wait(state)) {
                co_return false;
            }
        }
        bool const ready = co_await shake_hands();
        if (!ready) {
            co_return false;
        }
    }
    co_return co_await write(std::string_view{bytes}.substr(written));
}

asio::awaitable<bool> session::play_before(fault const& planned)
{
    switch (planned.kind) {
    case action::reset_before_request:
        stream_.reset();
        co_return false;
    case action::stall:
        if (!planned.before) {
            co_return true;
        }
        co_await wait_until_peer_closes(false);
        co_return false;
    case action::early_reply:
        co_await reply_and_linger(scripted_reply(planned), planned.read_rest);
        co_return false;
    case action::reset_during_request:
        // A request without a body has nothing left to read.
        if (reader_->is_done()) {
            stream_.reset();
            co_return false;
        }
        co_return true;
    default:
        co_return true;
    }
}

asio::awaitable<bool> session::play_after(fault const& planned, route const& to, bool& completed)
{
    switch (planned.kind) {
    case action::reset_after_request:
    case action::close_after_request:
    case action::stall:
    case action::raw:
        break;
    default:
        co_return true;
    }
    completed = true;
    bool open = false;
    if (planned.accept) {
        (void)detail::serve(state_, reader_->value(), to);
    }
    if (planned.kind == action::stall) {
        co_await wait_until_peer_closes(true);
    } else if (planned.kind == action::raw) {
        open = co_await write(*planned.body) && planned.keep;
    } else if (planned.kind == action::reset_after_request) {
        stream_.reset();
    }
    if (!open && stream_.socket().is_open()) {
        close(planned.close_notify);
    }
    co_return open;
}

std::optional<reply> session::replacement(fault const& planned, route const& to)
{
    if (planned.kind != action::status) {
        return std::nullopt;
    }
    if (planned.accept) {
        (void)detail::serve(state_, reader_->value(), to);
    }
    return scripted_reply(planned);
}

asio::awaitable<bool> session::send_reply(reply const& outgoing, fault const* planned, bool close_after)
{
    auto const how = framing_of(planned, close_after);
    auto const bytes = to_bytes(outgoing, how);
    if (!planned) {
        if (!co_await write(bytes)) {
            co_return false;
        }
        if (how.close) {
            close(true);
        }
        co_return !how.close;
    }
    std::string_view rest{bytes};
    switch (planned->kind) {
    case action::interim: {
        auto const first = interim_bytes(planned->status, planned->headers);
        if (!co_await write(first)) {
            co_return false;
        }
        break;
    }
    case action::reset_during_reply:
        co_await write(rest.substr(0, cut_position(rest.size(), planned->bytes)));
        stream_.reset();
        co_return false;
    case action::truncate_reply:
        co_await write(rest.substr(0, cut_position(rest.size(), planned->bytes)));
        close(planned->close_notify);
        co_return false;
    case action::no_length:
        if (planned->bytes) {
            rest = rest.substr(0, cut_position(rest.size(), planned->bytes));
        }
        break;
    case action::slow_reply:
        if (!co_await write_slowly(rest, *planned)) {
            co_return false;
        }
        rest = {};
        break;
    case action::extra_bytes: {
        // In one piece with the reply, or late.
        auto const surplus = planned->pause.count() == 0 ? bytes + *planned->body : *planned->body;
        if (planned->pause.count() != 0) {
            if (!co_await write(bytes)) {
                co_return false;
            }
            co_await sleep(planned->pause);
        }
        if (!co_await write(surplus)) {
            co_return false;
        }
        rest = {};
        break;
    }
    default:
        break;
    }
    if (!co_await write(rest)) {
        co_return false;
    }
    if (how.close || how.no_length) {
        close(planned->close_notify);
        co_return false;
    }
    if (planned->kind == action::close_when_idle && planned->pause.count() == 0) {
        if (planned->reset) {
            stream_.reset();
        } else {
            close(planned->close_notify);
        }
        co_return false;
    }
    co_return true;
}

asio::awaitable<bool> session::write_slowly(std::string_view bytes, fault const& planned)
{
    auto const piece = static_cast<std::size_t>(std::max<std::int64_t>(1, planned.bytes.value_or(1)));
    while (!bytes.empty()) {
        if (!co_await write(bytes.substr(0, piece))) {
            co_return false;
        }
        bytes.remove_prefix(std::min(piece, bytes.size()));
        co_await sleep(planned.pause);
    }
    co_return true;
}

asio::awaitable<void> session::reply_and_linger(reply outgoing, bool reading)
{
    framing how;
    how.close = true;
    auto const bytes = to_bytes(outgoing, how);
    if (!co_await write(bytes)) {
        co_return;
    }
    stream_.send_close_notify();
    stream_.shutdown_send();
    co_await wait_until_peer_closes(reading);
}

asio::awaitable<void> session::wait_until_peer_closes(bool reading)
{
    // A variable, not a condition that awaits: GCC 12 lays out the frame of a coroutine wrongly when a condition awaits
    // and the coroutine has no local variable (GCC bug 106188).
    bool open = true;
    while (open) {
        begin_ = end_ = 0;
        if (reading) {
            open = co_await fill(buffer_.size());
        } else {
            // Without a read, only polling shows that the peer has closed.
            co_await sleep(milliseconds{20});
            open = !stream_.peer_is_gone();
        }
    }
    stream_.close();
}

} // namespace postmark::sandbox::detail
