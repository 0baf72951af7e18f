// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_CONTEXT_SERVICE_HPP
#define POSTMARK_CLIENT_CONTEXT_SERVICE_HPP

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace postmark::detail {

class engine;

/// Tells the clients of an execution context what happens to it: it ends, or its process has forked. So a client may
/// outlive its context, and the child of a fork does not use the parent's connections.
class context_service : public boost::asio::execution_context::service {
public:
    using key_type = context_service;
    static boost::asio::execution_context::id id;

    explicit context_service(boost::asio::execution_context& context);

    void add(std::weak_ptr<engine> client);

private:
    void shutdown() override;
    void notify_fork(boost::asio::execution_context::fork_event event) override;

    std::mutex mutex_;
    std::vector<std::weak_ptr<engine>> clients_;
};

} // namespace postmark::detail

#endif
