// SPDX-License-Identifier: BSL-1.0

#include "sandbox/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace postmark::sandbox::detail {
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t buffer_size = 32U * 1024;

} // namespace

session::session(stream connection, world& state, bool keep_requests)
    : stream_{std::move(connection)}
    , state_{state}
    , keep_requests_{keep_requests}
    , number_{state.counts.connection_opened()}
    , buffer_(buffer_size)
    , idle_timer_{stream_.socket().get_executor()}
{
}

session::~session()
{
    state_.counts.connection_closed();
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
    auto const planned = state_.faults.on_connection(number_);
    if (planned) {
        state_.counts.fault_played(name_of(planned->kind));
        if (planned->kind == action::refuse_connection) {
            stream_.reset();
            co_return false;
        }
        if (planned->kind == action::close_in_handshake) {
            co_await close_in_handshake(planned->reset);
            co_return false;
        }
    }
    if (planned && planned->kind == action::greeting) {
        bool const open = co_await greet(*planned);
        co_return open;
    }
    bool const ready = co_await shake_hands();
    if (ready && planned) {
        stream_.reset();
        co_return false;
    }
    co_return ready;
}

asio::awaitable<bool> session::shake_hands()
{
    if (!stream_.encrypted()) {
        co_return true;
    }
    for (auto state = stream_.handshake(); state != progress::done; state = stream_.handshake()) {
        if (state == progress::closed || !co_await wait(state)) {
            co_return false;
        }
    }
    state_.counts.handshake_done(stream_.resumed(), stream_.server_name());
    co_return true;
}

asio::awaitable<void> session::close_in_handshake(bool reset)
{
    if (!co_await wait(progress::want_read)) {
        co_return;
    }
    // The received bytes must be read, else even an orderly close becomes a reset.
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
    if (!to.is_control) {
        // In this order: a test that waits for the count may change the faults.
        planned = state_.faults.on_request(to.path, number_);
        state_.counts.request_received(to.target);
        if (planned) {
            state_.counts.fault_played(name_of(planned->kind));
        }
    }
    if (planned && !co_await play_before(*planned)) {
        co_return false;
    }
    if (!reader_->is_done()) {
        reader_->limit_body(to.target ? to.target->body_limit : message_limit);
        if (incoming.expects_continue && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) {
            co_return false;
        }
        if (!co_await read_body(planned.get())) {
            co_return false;
        }
    }
    if (keep_requests_ && !to.is_control) {
        keep(incoming);
    }

    bool const close = !reader_->keep_alive();
    if (!planned) {
        auto outgoing = detail::serve(state_, incoming, to);
        // Not with a fault, which has the body as text in mind.
        if (incoming.accepts_gzip) {
            compress(outgoing);
        }
        co_return co_await send_reply(outgoing, nullptr, close);
    }
    bool completed = false;
    bool const continues = co_await play_after(*planned, to, completed);
    if (completed || !continues) {
        co_return continues;
    }
    auto substitute = replacement(*planned, to);
    reply outgoing = substitute ? std::move(*substitute) : detail::serve(state_, incoming, to);
    spoil_body(outgoing, *planned);
    if (planned->kind == action::delay) {
        co_await sleep(planned->pause);
    }
    bool const open = co_await send_reply(outgoing, planned.get(), close);
    if (open && planned->kind == action::close_when_idle) {
        idle_fault_ = planned;
    }
    co_return open;
}

asio::awaitable<bool> session::read_head()
{
    reader_.emplace(keep_requests_);
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
            co_await reply_and_linger(make_page(400));
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
    bool const slow = planned && planned->kind == action::slow_read;
    auto const piece =
        slow ? static_cast<std::size_t>(std::clamp<std::int64_t>(planned->bytes.value_or(256), 1, 32768)) : buffer_size;
    if (slow) {
        // Otherwise the kernel would receive the whole request, however slowly it is read here.
        boost::system::error_code ignored;
        stream_.socket().set_option(asio::socket_base::receive_buffer_size{4096}, ignored);
    }
    bool const cut = planned && planned->kind == action::reset_during_request;
    while (!reader_->is_done()) {
        if (cut && reader_->value().body_size >= static_cast<std::size_t>(planned->bytes.value_or(1))) {
            break;
        }
        boost::system::error_code error = http::error::need_more;
        if (begin_ != end_) {
            auto size = std::min(end_ - begin_, piece);
            // The rest of the body must stay unread until the reset.
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
            co_await reply_and_linger(make_page(400));
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

asio::awaitable<bool> session::fill(std::size_t limit)
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
        auto const state = stream_.read(buffer_.data() + end_, std::min(limit, buffer_.size() - end_), count);
        if (state == progress::done) {
            end_ += count;
            co_return true;
        }
        if (state == progress::closed) {
            co_return false;
        }
        bool const ready = co_await wait(state);
        if (!ready) {
            co_return false;
        }
    }
}

asio::awaitable<bool> session::wait(progress direction)
{
    boost::system::error_code error;
    auto const event =
        direction == progress::want_read ? stream::socket_type::wait_read : stream::socket_type::wait_write;
    co_await stream_.socket().async_wait(event, asio::redirect_error(asio::use_awaitable, error));
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

void session::keep(request const& incoming)
{
    received_request kept;
    kept.method = incoming.method;
    kept.target = incoming.target;
    kept.headers = incoming.headers;
    kept.body_size = incoming.body_size;
    kept.connection = number_;
    state_.counts.keep_request(std::move(kept));
}

} // namespace postmark::sandbox::detail
