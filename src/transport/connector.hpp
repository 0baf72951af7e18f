// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_CONNECTOR_HPP
#define POSTMARK_TRANSPORT_CONNECTOR_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postmark::transport {

/// Connects to the first address that answers: one attempt after the other, the next one begun when the last has failed or
/// has not succeeded for a while (RFC 8305). Guarded by its owner's mutex.
class connector {
public:
    using tcp = boost::asio::ip::tcp;
    using time_point = std::chrono::steady_clock::time_point;

    /// How long an attempt is alone before the next address is tried beside it.
    static constexpr std::chrono::milliseconds stagger{250};

    /// Takes the addresses, IPv6 and IPv4 by turns, the family of the first one first.
    void set_addresses(std::vector<tcp::endpoint> addresses);

    [[nodiscard]] bool has_more() const noexcept { return next_ != addresses_.size(); }
    [[nodiscard]] bool is_pending() const noexcept { return pending_ != 0; }
    /// When the next address is due; `time_point::max()` if there is none.
    [[nodiscard]] time_point next_due() const noexcept { return has_more() ? next_due_ : time_point::max(); }

    /// Begins the attempt at the next address.
    /// \param handler called with (error, index of the attempt)
    template <class Handler>
    void try_next(boost::asio::any_io_executor const& executor, time_point now, Handler handler)
    {
        std::size_t const index = next_;
        sockets_.resize(index);
        sockets_.push_back(std::make_unique<tcp::socket>(executor));
        sockets_[index]->async_connect(
            addresses_[index],
            [handler = std::move(handler), index](boost::system::error_code error) mutable { handler(error, index); });
        ++next_;
        ++pending_;
        next_due_ = now + stagger;
    }

    /// The attempt has failed.
    void failed(std::size_t index, boost::system::error_code error);
    /// The attempt has succeeded: hands out its socket and ends the others.
    [[nodiscard]] tcp::socket take(std::size_t index);
    void cancel();

    /// What became of the attempts so far, for people.
    [[nodiscard]] std::string const& causes() const noexcept { return causes_; }

private:
    std::vector<tcp::endpoint> addresses_;
    std::vector<std::unique_ptr<tcp::socket>> sockets_;
    std::size_t next_ = 0;
    std::size_t pending_ = 0;
    time_point next_due_{};
    std::string causes_;
};

} // namespace postmark::transport

#endif
