// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_CONTEXT_WATCH_HPP
#define POSTMARK_CLIENT_CONTEXT_WATCH_HPP

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace postmark::detail {

class engine;

/// Lets go of the sockets and timers of every client of an execution context when that ends, so that a client may outlive
/// its context.
class context_watch : public boost::asio::execution_context::service {
public:
    using key_type = context_watch;
    static boost::asio::execution_context::id id;

    explicit context_watch(boost::asio::execution_context& context);

    void add(std::weak_ptr<engine> who);

private:
    void shutdown() override;

    std::mutex mutex_;
    std::vector<std::weak_ptr<engine>> engines_;
};

} // namespace postmark::detail

#endif
