// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_CONNECTOR_HPP
#define POSTMARK_TRANSPORT_CONNECTOR_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postmark::transport {

/// Connects to the first address that answers: one attempt after the other, the next one started when the last has
/// failed or has not succeeded for a while (RFC 8305). After a success it can go on with the addresses that are left,
/// should that one turn out to be of no use. Guarded by its owner's mutex.
class connector {
public:
    using tcp = boost::asio::ip::tcp;
    using time_point = std::chrono::steady_clock::time_point;

    /// How long an attempt is alone before the next address is tried beside it.
    static constexpr std::chrono::milliseconds stagger{250};

    /// Takes the addresses, IPv6 and IPv4 by turns, the family of the first one first.
    /// \param failed the address that was of no use the last time: its successor comes first, and it comes last
    void set_addresses(std::vector<tcp::endpoint> addresses, std::optional<tcp::endpoint> const& failed);

    /// Whether an address is left that was not tried.
    [[nodiscard]] bool has_more() const noexcept { return next_ != addresses_.size(); }
    [[nodiscard]] bool is_pending() const noexcept { return pending_ != 0; }
    /// How many addresses there were, at first.
    [[nodiscard]] std::size_t address_count() const noexcept { return address_count_; }
    /// When the next address is due beside the pending ones; `time_point::max()` if there is none.
    [[nodiscard]] time_point next_due() const noexcept { return has_more() ? next_due_ : time_point::max(); }

    /// Starts the attempt at the next address for which a socket can be had. Without one, nothing is pending.
    /// \param handler called with (error, number of the attempt); copied
    template <class Handler>
    void try_next(boost::asio::any_io_executor const& executor, time_point now, Handler const& handler)
    {
        while (has_more()) {
            std::size_t const number = attempts_.size();
            if (!open_next(executor)) {
                continue;
            }
            attempts_[number].socket->async_connect(
                attempts_[number].address,
                [handler, number](boost::system::error_code error) { handler(error, number); });
            ++pending_;
            next_due_ = now + stagger;
            return;
        }
    }

    /// The attempt has ended without success.
    void on_failed(std::size_t number, boost::system::error_code error);
    /// Whether the attempt was ended because another one succeeded.
    [[nodiscard]] bool is_cancelled(std::size_t number) const noexcept { return !attempts_[number].socket; }
    [[nodiscard]] tcp::endpoint const& address(std::size_t number) const noexcept { return attempts_[number].address; }
    /// The attempt has succeeded: hands out its socket and ends the others, whose addresses are left for later.
    [[nodiscard]] tcp::socket take(std::size_t number);
    void cancel() noexcept;
    /// In the child of a fork; see `close_inherited`.
    void detach_after_fork(bool context_notified) noexcept;

    /// Adds to `causes` why an address was of no use.
    void note_cause(tcp::endpoint const& address, std::string const& cause);
    /// Why the attempts so far have failed, as diagnostic text.
    [[nodiscard]] std::string const& causes() const noexcept { return causes_; }

private:
    struct attempt {
        tcp::endpoint address;
        /// Null once the attempt has ended.
        std::unique_ptr<tcp::socket> socket;
    };

    [[nodiscard]] bool open_next(boost::asio::any_io_executor const& executor);

    /// Those from `next_` on were not tried.
    std::vector<tcp::endpoint> addresses_;
    std::size_t next_ = 0;
    std::size_t address_count_ = 0;
    std::vector<attempt> attempts_;
    std::size_t pending_ = 0;
    time_point next_due_{};
    std::string causes_;
};

} // namespace postmark::transport

#endif
