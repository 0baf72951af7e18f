// SPDX-License-Identifier: BSL-1.0

#include "client/context_service.hpp"

#include "client/engine.hpp"

#include <utility>

namespace postmark::detail {

boost::asio::execution_context::id context_service::id;

context_service::context_service(boost::asio::execution_context& context)
    : boost::asio::execution_context::service{context}
{
}

void context_service::add(std::weak_ptr<engine> client)
{
    std::lock_guard const lock{mutex_};
    std::erase_if(clients_, [](auto const& known) { return known.expired(); });
    clients_.push_back(std::move(client));
}

void context_service::shutdown()
{
    std::vector<std::weak_ptr<engine>> clients;
    {
        std::lock_guard const lock{mutex_};
        clients.swap(clients_);
    }
    for (auto const& known : clients) {
        if (auto const client = known.lock()) {
            client->on_context_shutdown();
        }
    }
}

void context_service::notify_fork(boost::asio::execution_context::fork_event event)
{
    if (event != boost::asio::execution_context::fork_child) {
        return;
    }
    std::vector<std::weak_ptr<engine>> clients;
    {
        std::lock_guard const lock{mutex_};
        clients = clients_;
    }
    for (auto const& known : clients) {
        if (auto const client = known.lock()) {
            client->on_fork();
        }
    }
}

} // namespace postmark::detail
