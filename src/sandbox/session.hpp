// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SESSION_HPP
#define POSTMARK_SANDBOX_SESSION_HPP

#include "sandbox/faults.hpp"
#include "sandbox/framing.hpp"
#include "sandbox/request_reader.hpp"
#include "sandbox/service.hpp"
#include "sandbox/stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// One connection: reads requests, serves them, and plays the faults that were planned for it.
class session : public std::enable_shared_from_this<session> {
public:
    session(stream connection, world& state, bool keep_requests);
    session(session&&) = delete;
    ~session();

    /// Runs until the connection ends. The object keeps itself alive until then.
    void start();

    /// Closes the connection if it waits for a request. Must be called on the connection's executor.
    void close_if_idle();

    [[nodiscard]] auto get_executor() { return stream_.socket().get_executor(); }

private:
    using milliseconds = std::chrono::milliseconds;

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> establish();
    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<void> close_in_handshake(bool reset);
    boost::asio::awaitable<bool> greet(fault const& planned);
    boost::asio::awaitable<bool> serve();

    boost::asio::awaitable<bool> read_head();
    boost::asio::awaitable<bool> read_body(fault const* planned);
    boost::asio::awaitable<bool> fill(std::size_t limit);
    boost::asio::awaitable<bool> wait(progress direction);
    boost::asio::awaitable<void> sleep(milliseconds duration);

    /// Plays faults that come before the request was read, or right after it. False: the connection has ended.
    /// `completed` becomes true when the request gets no other reply.
    boost::asio::awaitable<bool> play_before(fault const& planned);
    boost::asio::awaitable<bool> play_after(fault const& planned, route const& to, bool& completed);
    /// The reply that the fault puts in place of that of the service, if it does.
    [[nodiscard]] std::optional<reply> replacement(fault const& planned, route const& to);

    boost::asio::awaitable<bool> send_reply(reply const& outgoing, fault const* planned, bool close);
    boost::asio::awaitable<bool> write(std::string_view bytes);
    boost::asio::awaitable<bool> write_slowly(std::string_view bytes, fault const& planned);
    /// Sends a reply and announces the end, then waits until the peer has closed. It reads meanwhile unless `reading`
    /// is false: unread bytes turn a close into a reset, which can destroy the reply on its way.
    boost::asio::awaitable<void> reply_and_linger(reply outgoing, bool reading = true);
    boost::asio::awaitable<void> wait_until_peer_closes(bool reading);

    void close(bool close_notify);
    void arm_idle_limit(milliseconds duration);
    void disarm_idle_limit();
    void keep(request const& incoming);

    stream stream_;
    world& state_;
    bool const keep_requests_;
    std::uint64_t number_;
    std::vector<char> buffer_;
    std::size_t begin_{0};
    std::size_t end_{0};
    std::optional<request_reader> reader_;
    boost::asio::steady_timer idle_timer_;
    std::uint64_t idle_generation_{0};
    /// How to end the connection when no request comes; null: it stays open.
    std::shared_ptr<fault const> idle_fault_;
    bool idle_{false};
};

} // namespace postmark::sandbox::detail

#endif
