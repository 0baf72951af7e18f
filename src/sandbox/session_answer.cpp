// SPDX-License-Identifier: BSL-1.0

// The half of a session that answers, and spoils the answer where that was planned.

#include "sandbox/session.hpp"

#include <algorithm>

namespace postmark::sandbox {
namespace asio = boost::asio;

namespace {

/// Where to cut `size` bytes: never all of them, and half of them where nothing is said.
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
    switch (planned->what) {
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

} // namespace

asio::awaitable<bool> session::play_before(fault const& planned)
{
    switch (planned.what) {
    case action::reset_before_request:
        stream_.reset();
        co_return false;
    case action::stall:
        if (!planned.before) {
            co_return true;
        }
        co_await wait_for_peer_to_leave(false);
        co_return false;
    case action::early_reply: {
        auto page = make_page(planned.status);
        if (planned.body) {
            page.body = *planned.body;
            page.content_type = "application/json; charset=utf-8";
        }
        if (!planned.content_type.empty()) {
            page.content_type = planned.content_type;
        }
        page.headers = planned.headers;
        co_await answer_and_linger(std::move(page));
        co_return false;
    }
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

asio::awaitable<bool> session::play_after(fault const& planned, route const& to, bool& answered)
{
    switch (planned.what) {
    case action::reset_after_request:
    case action::close_after_request:
    case action::stall:
    case action::raw:
        break;
    default:
        co_return true;
    }
    answered = true;
    bool open = false;
    if (planned.accept) {
        (void)shared_.mail.handle(reader_->value(), to);
    }
    if (planned.what == action::stall) {
        co_await wait_for_peer_to_leave(true);
    } else if (planned.what == action::raw) {
        open = co_await write(*planned.body) && planned.keep;
    } else if (planned.what == action::reset_after_request) {
        stream_.reset();
    }
    if (!open && stream_.socket().is_open()) {
        close(planned.close_notify);
    }
    co_return open;
}

std::optional<reply> session::replacement(fault const& planned, route const& to)
{
    if (planned.what != action::status) {
        return std::nullopt;
    }
    if (planned.accept) {
        (void)shared_.mail.handle(reader_->value(), to);
    }
    reply instead = make_page(planned.status);
    if (planned.body) {
        instead.body = *planned.body;
        instead.content_type = instead.body.starts_with('{') || instead.body.starts_with('[')
                                   ? "application/json; charset=utf-8"
                                   : "text/html";
    }
    if (!planned.content_type.empty()) {
        instead.content_type = planned.content_type;
    }
    instead.headers = planned.headers;
    return instead;
}

asio::awaitable<bool> session::answer(reply& what, fault const* planned, bool close_after)
{
    auto const how = framing_of(planned, close_after);
    auto const bytes = to_bytes(what, how);
    if (!planned) {
        if (!co_await write(bytes)) {
            co_return false;
        }
        if (how.close) {
            close(true);
        }
        co_return !how.close;
    }
    std::string_view outgoing{bytes};
    switch (planned->what) {
    case action::interim: {
        auto const first = interim_bytes(planned->status, planned->headers);
        if (!co_await write(first)) {
            co_return false;
        }
        break;
    }
    case action::reset_during_reply:
        co_await write(outgoing.substr(0, cut_position(outgoing.size(), planned->bytes)));
        stream_.reset();
        co_return false;
    case action::truncate_reply:
        co_await write(outgoing.substr(0, cut_position(outgoing.size(), planned->bytes)));
        close(planned->close_notify);
        co_return false;
    case action::no_length:
        if (planned->bytes) {
            outgoing = outgoing.substr(0, cut_position(outgoing.size(), planned->bytes));
        }
        break;
    case action::slow_reply:
        if (!co_await write_slowly(outgoing, *planned)) {
            co_return false;
        }
        outgoing = {};
        break;
    case action::extra_bytes: {
        auto const more = bytes + *planned->body;
        if (!co_await write(more)) {
            co_return false;
        }
        outgoing = {};
        break;
    }
    default:
        break;
    }
    if (!co_await write(outgoing)) {
        co_return false;
    }
    if (how.close || how.no_length) {
        close(planned->close_notify);
        co_return false;
    }
    if (planned->what == action::close_when_idle && planned->pause.count() == 0) {
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

asio::awaitable<void> session::answer_and_linger(reply what)
{
    framing how;
    how.close = true;
    auto const bytes = to_bytes(what, how);
    if (!co_await write(bytes)) {
        co_return;
    }
    stream_.send_close_notify();
    stream_.shutdown_send();
    co_await wait_for_peer_to_leave(true);
}

asio::awaitable<void> session::wait_for_peer_to_leave(bool reading)
{
    // A variable, not a condition that awaits: GCC 12 lays out the frame of a coroutine wrongly when a condition awaits
    // and the coroutine has no local variable (GCC bug 106188).
    bool open = true;
    while (open) {
        begin_ = end_ = 0;
        if (reading) {
            open = co_await fill(buffer_.size());
        } else {
            // Nothing is read here, so nothing else tells that the peer went away.
            co_await sleep(milliseconds{20});
            open = !stream_.peer_is_gone();
        }
    }
    stream_.close();
}

} // namespace postmark::sandbox
