// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SESSION_HPP
#define POSTMARK_SANDBOX_SESSION_HPP

#include "sandbox/faults.hpp"
#include "sandbox/framing.hpp"
#include "sandbox/monitor.hpp"
#include "sandbox/request_reader.hpp"
#include "sandbox/router.hpp"
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

namespace postmark::sandbox {

/// What all connections share.
struct shared_parts {
    service& mail;
    monitor& counts;
    fault_plan& faults;
    bool keep_requests;
};

/// One connection: reads requests, has them answered, and plays the faults that were planned for it.
class session : public std::enable_shared_from_this<session> {
public:
    session(stream connection, shared_parts const& shared);
    session(session&&) = delete;
    ~session();

    /// Runs until the connection ends; keeps itself alive.
    void start();

    /// Closes the connection if it waits for a request. To be called on the connection's executor.
    void close_if_idle();

    [[nodiscard]] auto get_executor() { return stream_.socket().get_executor(); }

private:
    using milliseconds = std::chrono::milliseconds;

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<bool> establish();
    boost::asio::awaitable<void> close_in_handshake(bool reset);
    boost::asio::awaitable<bool> serve();

    boost::asio::awaitable<bool> read_head();
    boost::asio::awaitable<bool> read_body(fault const* planned);
    boost::asio::awaitable<bool> fill(std::size_t most);
    boost::asio::awaitable<bool> wait(progress what);
    boost::asio::awaitable<void> sleep(milliseconds duration);

    /// Faults before and right after the request; false when the connection is over. `answered` says whether that was
    /// all that the request gets.
    boost::asio::awaitable<bool> play_before(fault const& planned);
    boost::asio::awaitable<bool> play_after(fault const& planned, route const& to, bool& answered);
    /// The answer that the fault has in place of the service's, if it has one.
    [[nodiscard]] std::optional<reply> replacement(fault const& planned, route const& to);

    boost::asio::awaitable<bool> answer(reply& what, fault const* planned, bool close);
    boost::asio::awaitable<bool> write(std::string_view bytes);
    boost::asio::awaitable<bool> write_slowly(std::string_view bytes, fault const& planned);
    /// Answers and closes, and reads on meanwhile: unread bytes would turn the end into a reset that can destroy the
    /// answer on its way.
    boost::asio::awaitable<void> answer_and_linger(reply what);
    boost::asio::awaitable<void> wait_for_peer_to_leave(bool reading);

    void close(bool close_notify);
    void arm_idle_limit(milliseconds duration);
    void disarm_idle_limit();
    void remember(request const& incoming);

    stream stream_;
    shared_parts const& shared_;
    std::uint64_t number_;
    std::vector<char> buffer_;
    std::size_t begin_{0};
    std::size_t end_{0};
    std::optional<request_reader> reader_;
    boost::asio::steady_timer idle_timer_;
    std::uint64_t idle_generation_{0};
    /// How to end the connection if no request comes; null: keep it open.
    std::shared_ptr<fault const> idle_fault_;
    bool idle_{false};
};

} // namespace postmark::sandbox

#endif
