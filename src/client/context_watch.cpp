// SPDX-License-Identifier: BSL-1.0

#include "client/context_watch.hpp"

#include "client/engine.hpp"

#include <utility>

namespace postmark::detail {

boost::asio::execution_context::id context_watch::id;

context_watch::context_watch(boost::asio::execution_context& context)
    : boost::asio::execution_context::service{context}
{
}

void context_watch::add(std::weak_ptr<engine> who)
{
    std::lock_guard const lock{mutex_};
    std::erase_if(engines_, [](auto const& each) { return each.expired(); });
    engines_.push_back(std::move(who));
}

void context_watch::shutdown()
{
    std::vector<std::weak_ptr<engine>> engines;
    {
        std::lock_guard const lock{mutex_};
        engines.swap(engines_);
    }
    for (auto const& each : engines) {
        if (auto const who = each.lock()) {
            who->abandon();
        }
    }
}

} // namespace postmark::detail
