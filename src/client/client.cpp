// SPDX-License-Identifier: BSL-1.0

#include "client/bound_handler.hpp"
#include "client/drains.hpp"
#include "client/engine.hpp"

#include <postmark/client.hpp>

#include <utility>

namespace postmark {

http_header::http_header(std::string header, std::string content)
    : name{std::move(header)}
    , value{std::move(content)}
{
}

client::client(executor_type executor, config settings)
    : engine_{detail::make_engine(std::move(executor), std::move(settings))}
{
}

client& client::operator=(client&& other) noexcept
{
    if (this != &other) {
        detail::shut_down(engine_);
        engine_ = std::move(other.engine_);
    }
    return *this;
}

client::~client()
{
    detail::shut_down(engine_);
}

namespace detail {

std::shared_ptr<engine> make_engine(executor client_executor, config settings)
{
    auto made = std::make_shared<engine>(std::move(client_executor), std::move(settings));
    made->attach_to_context();
    return made;
}

executor const& executor_of(engine const& client) noexcept
{
    return client.get_executor();
}

void shut_down(std::shared_ptr<engine> const& client) noexcept
{
    // A client that was moved from has no engine.
    if (client) {
        client->shut_down();
    }
}

void cancel(std::shared_ptr<engine> const& client)
{
    client->cancel_all();
}

void close_idle(std::shared_ptr<engine> const& client)
{
    client->close_idle();
}

void start_drain(std::shared_ptr<engine> const& client, std::optional<std::chrono::milliseconds> timeout,
                 bool same_executor, drain_handler&& handler)
{
    auto deadline = scheduler::time_point::max();
    if (timeout) {
        deadline = deadline_after(*timeout, scheduler::clock::now());
    }
    drains::drain_list one;
    drain_operation& drain =
        one.emplace_back(client->next_drain_id(), deadline,
                         bound_handler<drain_handler>{std::move(handler), same_executor, client->get_executor()});
    drain.handler.on_cancel([weak = client->weak_from_this(), id = drain.id](boost::asio::cancellation_type) {
        if (auto const owner = weak.lock()) {
            owner->cancel_drain(id);
        }
    });
    client->drain(std::move(one));
}

} // namespace detail
} // namespace postmark
