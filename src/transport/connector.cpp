// SPDX-License-Identifier: BSL-1.0

#include "transport/connector.hpp"

#include <algorithm>

namespace postmark::transport {

namespace {

std::string describe(boost::asio::ip::tcp::endpoint const& address)
{
    std::string const host = address.address().to_string();
    return (address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(address.port());
}

} // namespace

void connector::set_addresses(std::vector<tcp::endpoint> addresses)
{
    if (addresses.empty()) {
        return;
    }
    bool const first_is_v6 = addresses.front().address().is_v6();
    auto const other = std::stable_partition(addresses.begin(), addresses.end(), [&](tcp::endpoint const& each) {
        return each.address().is_v6() == first_is_v6;
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
}

void connector::failed(std::size_t index, boost::system::error_code error)
{
    --pending_;
    if (!causes_.empty()) {
        causes_ += "; ";
    }
    causes_ += describe(addresses_[index]) + ": " + error.message();
    sockets_[index].reset();
}

connector::tcp::socket connector::take(std::size_t index)
{
    tcp::socket taken = std::move(*sockets_[index]);
    cancel();
    return taken;
}

void connector::cancel()
{
    next_ = addresses_.size();
    for (auto const& each : sockets_) {
        boost::system::error_code ignored;
        if (each) {
            each->close(ignored);
        }
    }
}

} // namespace postmark::transport
