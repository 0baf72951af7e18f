// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_OPENER_HPP
#define POSTMARK_TRANSPORT_OPENER_HPP

#include "transport/byte_stream.hpp"
#include "transport/connection_params.hpp"
#include "transport/connector.hpp"
#include "transport/failure.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace postmark::transport {

/// Opens a connection to the service: looks up its addresses, connects to one, has the proxy open a tunnel, shakes
/// hands.
///
/// An address that accepts a connection and then is of no use gives way to the next one. The opener never waits: after
/// each step its owner does for it what `needs_lookup`, `needs_attempt`, `wants_receive` and `wants_writable` ask for.
class opener {
public:
    using tcp = boost::asio::ip::tcp;
    using time_point = std::chrono::steady_clock::time_point;

    /// The stream can be used.
    struct opened {
        bool resumed = false;
    };
    /// What came of a step; nothing if opening goes on.
    using outcome = std::variant<std::monostate, opened, failure>;

    /// How long an address may say nothing during its handshake while another one is left.
    static constexpr std::chrono::milliseconds max_silence{1000};

    explicit opener(connection_params const& params)
        : params_{params}
    {
    }

    void start(time_point now);
    [[nodiscard]] outcome on_resolved(boost::system::error_code error, std::vector<tcp::endpoint> addresses);
    [[nodiscard]] outcome on_connected(boost::system::error_code error, std::size_t attempt);
    /// No attempt is pending: the next address is tried, or opening has failed.
    [[nodiscard]] outcome on_attempt_missing();
    /// So many bytes were put into the stream's input buffer.
    [[nodiscard]] outcome on_received(std::size_t size);
    [[nodiscard]] outcome on_receive_error(boost::system::error_code error);
    [[nodiscard]] outcome on_writable();
    /// A time limit has passed. What lies in the socket came in time, and is read first; nothing must be pending on the
    /// stream.
    [[nodiscard]] outcome on_timeout(time_point now);
    /// Describes the end of the opening by something that happened elsewhere.
    [[nodiscard]] failure fail_with(std::string detail) const;

    [[nodiscard]] std::string const& lookup_host() const noexcept;
    [[nodiscard]] std::uint16_t lookup_port() const noexcept;
    /// The addresses have to be looked up, or the next one be tried; asked once after each step.
    [[nodiscard]] bool needs_lookup() noexcept { return std::exchange(needs_lookup_, false); }
    [[nodiscard]] bool needs_attempt() noexcept { return std::exchange(needs_attempt_, false); }
    [[nodiscard]] bool wants_receive() const noexcept { return has_stream_phase(); }
    [[nodiscard]] bool wants_writable() const noexcept { return wants_writable_; }
    /// The next time at which something is to be done: a further attempt (`is_attempt_due`), or `on_timeout`.
    [[nodiscard]] time_point deadline() const noexcept;
    [[nodiscard]] bool is_attempt_due(time_point now) const noexcept
    {
        return phase_ == phase::connecting && now < deadline_ && connector_.next_due() <= now;
    }

    [[nodiscard]] connector& attempts() noexcept { return connector_; }
    /// Null before an address has accepted a connection; another one for each address.
    [[nodiscard]] std::shared_ptr<byte_stream> const& stream() const noexcept { return stream_; }
    [[nodiscard]] reply_parser& parser() noexcept { return parser_; }

private:
    enum class phase : std::uint8_t { resolving, connecting, tunnelling, handshaking };

    [[nodiscard]] bool has_stream_phase() const noexcept
    {
        return phase_ == phase::tunnelling || phase_ == phase::handshaking;
    }
    void connect(std::vector<tcp::endpoint> addresses, time_point now);
    [[nodiscard]] outcome start_tunnel(time_point now);
    [[nodiscard]] outcome on_tunnel_read(read_status status, boost::system::error_code error);
    [[nodiscard]] outcome on_tunnel_reply();
    [[nodiscard]] outcome start_handshake(time_point now);
    [[nodiscard]] outcome step_handshake();
    write_status flush();
    void limit_silence(time_point now, std::chrono::milliseconds limit) noexcept;
    void note_progress(time_point now) noexcept;
    [[nodiscard]] outcome try_other_address(errc error, std::string detail);
    [[nodiscard]] failure give_up(errc error, std::string detail) const;

    connection_params const& params_;
    phase phase_ = phase::resolving;
    time_point deadline_ = time_point::max();
    /// When the present address gives way to the next one, if there is one.
    time_point gives_way_at_ = time_point::max();
    /// The end of all handshakes together, once one has begun.
    std::optional<time_point> handshakes_end_;
    connector connector_;
    tcp::endpoint address_;
    std::shared_ptr<byte_stream> stream_;
    reply_parser parser_;
    std::size_t received_ = 0;
    /// How the addresses that had accepted a connection failed; the certificate alone only if it was nothing else.
    std::optional<errc> failed_as_;
    bool needs_lookup_ = false;
    bool needs_attempt_ = false;
    bool wants_writable_ = false;
};

} // namespace postmark::transport

#endif
