// SPDX-License-Identifier: BSL-1.0

#include "transport/connector.hpp"

#include "transport/byte_stream.hpp"

#include <algorithm>
#include <fcntl.h>

namespace postmark::transport {

namespace {

std::string describe(boost::asio::ip::tcp::endpoint const& address)
{
    std::string const host = address.address().to_string();
    return (address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(address.port());
}

} // namespace

void connector::set_addresses(std::vector<tcp::endpoint> addresses, std::optional<tcp::endpoint> const& failed)
{
    address_count_ = addresses.size();
    if (addresses.empty()) {
        return;
    }
    bool const first_is_v6 = addresses.front().address().is_v6();
    auto const other = std::stable_partition(addresses.begin(), addresses.end(), [&](tcp::endpoint const& address) {
        return address.address().is_v6() == first_is_v6;
    });
    auto one = addresses.begin();
    auto two = other;
    while (one != other || two != addresses.end()) {
        if (one != other) {
            addresses_.push_back(*one++);
        }
        if (two != addresses.end()) {
            addresses_.push_back(*two++);
        }
    }
    if (failed) {
        auto const found = std::find(addresses_.begin(), addresses_.end(), *failed);
        if (found != addresses_.end()) {
            std::rotate(addresses_.begin(), found + 1, addresses_.end());
        }
    }
}

bool connector::open_next(boost::asio::any_io_executor const& executor)
{
    tcp::endpoint const address = addresses_[next_];
    auto socket = std::make_unique<tcp::socket>(executor);
    boost::system::error_code error;
    socket->open(address.protocol(), error);
    if (error) {
        ++next_;
        note_cause(address, error.message());
        return false;
    }
    // A program that is started from this one must not hold the connection open. Asio cannot ask for it when it makes
    // the socket, so that a `fork` and `exec` of another thread may just come between the two calls.
    static_cast<void>(::fcntl(socket->native_handle(), F_SETFD, FD_CLOEXEC));
    attempts_.push_back({address, std::move(socket)});
    ++next_;
    return true;
}

void connector::on_failed(std::size_t number, boost::system::error_code error)
{
    --pending_;
    note_cause(attempts_[number].address, error.message());
    attempts_[number].socket.reset();
}

connector::tcp::socket connector::take(std::size_t number)
{
    tcp::socket taken = std::move(*attempts_[number].socket);
    attempts_[number].socket.reset();
    // Addresses whose attempts are cut short come first when the connector goes on.
    for (attempt& other : attempts_) {
        if (other.socket) {
            addresses_[--next_] = other.address;
            other.socket.reset();
        }
    }
    pending_ = 0;
    return taken;
}

void connector::cancel() noexcept
{
    next_ = addresses_.size();
    pending_ = 0;
    for (attempt& pending : attempts_) {
        pending.socket.reset();
    }
}

void connector::detach_after_fork(bool context_notified) noexcept
{
    for (attempt& pending : attempts_) {
        if (pending.socket) {
            close_inherited(*pending.socket, context_notified);
        }
    }
    cancel();
}

void connector::note_cause(tcp::endpoint const& address, std::string const& cause)
{
    causes_ += (causes_.empty() ? "" : "; ") + describe(address) + ": " + cause;
}

} // namespace postmark::transport
