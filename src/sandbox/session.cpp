// SPDX-License-Identifier: BSL-1.0

#include "sandbox/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace postmark::sandbox {
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t buffer_size = 32U * 1024;

} // namespace

session::session(stream connection, shared_parts const& shared)
    : stream_{std::move(connection)}
    , shared_{shared}
    , number_{shared.counts.connection_opened()}
    , buffer_(buffer_size)
    , idle_timer_{stream_.socket().get_executor()}
{
}

session::~session()
{
    shared_.counts.connection_closed();
}

void session::start()
{
    asio::co_spawn(
        get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

asio::awaitable<void> session::run()
{
    auto const self = shared_from_this();
    if (!co_await establish()) {
        co_return;
    }
    while (co_await serve()) {
    }
    stream_.close();
}

asio::awaitable<bool> session::establish()
{
    auto const planned = shared_.faults.on_connection(number_);
    if (planned) {
        shared_.counts.fault_played(name_of(planned->what));
        if (planned->what == action::refuse_connection) {
            stream_.reset();
            co_return false;
        }
        if (planned->what == action::close_in_handshake) {
            co_await close_in_handshake(planned->reset);
            co_return false;
        }
    }
    if (stream_.encrypted()) {
        for (auto state = stream_.handshake(); state != progress::done; state = stream_.handshake()) {
            if (state == progress::closed || !co_await wait(state)) {
                co_return false;
            }
        }
        shared_.counts.handshake_done(stream_.resumed(), stream_.server_name());
    }
    if (planned) {
        stream_.reset();
        co_return false;
    }
    co_return true;
}

asio::awaitable<void> session::close_in_handshake(bool reset)
{
    if (!co_await wait(progress::want_read)) {
        co_return;
    }
    // What was received must be taken out, else even an orderly close becomes a reset.
    boost::system::error_code error;
    while (!error) {
        stream_.socket().read_some(asio::buffer(buffer_), error);
    }
    if (reset) {
        stream_.reset();
    } else {
        stream_.close();
    }
}

asio::awaitable<bool> session::serve()
{
    if (!co_await read_head()) {
        co_return false;
    }
    auto& incoming = reader_->value();
    auto const to = find_route(incoming.method, incoming.target);
    std::shared_ptr<fault const> planned;
    if (!is_control(to.where)) {
        // In this order: whoever waits for the count may change the faults.
        planned = shared_.faults.on_request(to.path, number_);
        shared_.counts.request_seen(to.where);
        if (planned) {
            shared_.counts.fault_played(name_of(planned->what));
        }
    }
    if (planned && !co_await play_before(*planned)) {
        co_return false;
    }
    if (!reader_->is_done()) {
        reader_->limit_body(service::body_limit(to));
        if (incoming.expects_continue && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) {
            co_return false;
        }
        if (!co_await read_body(planned.get())) {
            co_return false;
        }
    }
    if (shared_.keep_requests && !is_control(to.where)) {
        remember(incoming);
    }

    bool const close = !reader_->keep_alive();
    if (!planned) {
        auto outgoing = shared_.mail.handle(incoming, to);
        co_return co_await answer(outgoing, nullptr, close);
    }
    bool answered = false;
    bool const goes_on = co_await play_after(*planned, to, answered);
    if (answered || !goes_on) {
        co_return goes_on;
    }
    auto instead = replacement(*planned, to);
    reply outgoing = instead ? std::move(*instead) : shared_.mail.handle(incoming, to);
    spoil_body(outgoing, *planned);
    if (planned->what == action::delay) {
        co_await sleep(planned->pause);
    }
    bool const open = co_await answer(outgoing, planned.get(), close);
    if (open && planned->what == action::close_when_idle) {
        idle_fault_ = planned;
    }
    co_return open;
}

asio::awaitable<bool> session::read_head()
{
    reader_.emplace(shared_.keep_requests);
    if (idle_fault_) {
        arm_idle_limit(idle_fault_->pause);
    }
    while (!reader_->is_header_done()) {
        boost::system::error_code error = http::error::need_more;
        if (begin_ != end_) {
            begin_ += reader_->put(asio::const_buffer{buffer_.data() + begin_, end_ - begin_}, error);
        }
        if (!error) {
            continue;
        }
        if (error != http::error::need_more) {
            co_await answer_and_linger(make_page(400));
            co_return false;
        }
        idle_ = begin_ == end_ && !reader_->got_some();
        bool const more = co_await fill(buffer_size);
        bool const was_idle = std::exchange(idle_, false);
        if (!more) {
            if (was_idle && idle_fault_ && idle_fault_->reset) {
                stream_.reset();
            } else if (was_idle) {
                close(!idle_fault_ || idle_fault_->close_notify);
            }
            co_return false;
        }
    }
    disarm_idle_limit();
    co_return true;
}

asio::awaitable<bool> session::read_body(fault const* planned)
{
    bool const slow = planned && planned->what == action::slow_read;
    auto const piece =
        slow ? static_cast<std::size_t>(std::clamp<std::int64_t>(planned->bytes.value_or(256), 1, 32768)) : buffer_size;
    if (slow) {
        // Without this the kernel would take the whole request however slowly it is read here.
        boost::system::error_code ignored;
        stream_.socket().set_option(asio::socket_base::receive_buffer_size{4096}, ignored);
    }
    bool const cut = planned && planned->what == action::reset_during_request;
    while (!reader_->is_done()) {
        if (cut && reader_->value().body_size >= static_cast<std::size_t>(planned->bytes.value_or(1))) {
            break;
        }
        boost::system::error_code error = http::error::need_more;
        if (begin_ != end_) {
            auto size = std::min(end_ - begin_, piece);
            // The rest of the body stays unread where a reset is to come.
            if (cut) {
                size = std::min(size, static_cast<std::size_t>(planned->bytes.value_or(1)));
            }
            begin_ += reader_->put(asio::const_buffer{buffer_.data() + begin_, size}, error);
        }
        if (!error) {
            if (slow) {
                co_await sleep(planned->pause);
            }
            continue;
        }
        if (error != http::error::need_more) {
            co_await answer_and_linger(make_page(400));
            co_return false;
        }
        if (!co_await fill(piece)) {
            co_return false;
        }
    }
    if (cut) {
        stream_.reset();
    }
    co_return !cut;
}

asio::awaitable<bool> session::fill(std::size_t most)
{
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (end_ == buffer_.size()) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    for (;;) {
        std::size_t count = 0;
        auto const state = stream_.read(buffer_.data() + end_, std::min(most, buffer_.size() - end_), count);
        if (state == progress::done) {
            end_ += count;
            co_return true;
        }
        if (state == progress::closed) {
            co_return false;
        }
        boost::system::error_code error;
        auto const direction =
            state == progress::want_read ? stream::socket_type::wait_read : stream::socket_type::wait_write;
        co_await stream_.socket().async_wait(direction, asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            co_return false;
        }
    }
}

asio::awaitable<bool> session::wait(progress what)
{
    boost::system::error_code error;
    auto const direction =
        what == progress::want_read ? stream::socket_type::wait_read : stream::socket_type::wait_write;
    co_await stream_.socket().async_wait(direction, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

asio::awaitable<void> session::sleep(milliseconds duration)
{
    if (duration.count() == 0) {
        co_return;
    }
    asio::steady_timer timer{get_executor(), duration};
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<bool> session::write(std::string_view bytes)
{
    while (!bytes.empty()) {
        std::size_t count = 0;
        auto const state = stream_.write(bytes.data(), bytes.size(), count);
        if (state == progress::closed) {
            co_return false;
        }
        if (state == progress::done) {
            bytes.remove_prefix(count);
        } else if (!co_await wait(state)) {
            co_return false;
        }
    }
    co_return true;
}

void session::close(bool close_notify)
{
    if (close_notify) {
        stream_.send_close_notify();
    }
    stream_.close();
}

void session::close_if_idle()
{
    if (!idle_) {
        return;
    }
    boost::system::error_code ignored;
    stream_.socket().cancel(ignored);
}

void session::arm_idle_limit(milliseconds duration)
{
    idle_timer_.expires_after(duration);
    auto const generation = ++idle_generation_;
    idle_timer_.async_wait([self = shared_from_this(), generation](boost::system::error_code error) {
        if (!error && generation == self->idle_generation_) {
            self->close_if_idle();
        }
    });
}

void session::disarm_idle_limit()
{
    if (!idle_fault_) {
        return;
    }
    ++idle_generation_;
    idle_timer_.cancel();
    idle_fault_.reset();
}

void session::remember(request const& incoming)
{
    seen_request seen;
    seen.method = incoming.method;
    seen.target = incoming.target;
    seen.headers = incoming.headers;
    seen.body_size = incoming.body_size;
    seen.connection = number_;
    shared_.counts.keep_request(std::move(seen));
}

} // namespace postmark::sandbox
