// SPDX-License-Identifier: BSL-1.0

#include "client/drain.hpp"
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
        detail::destroy(engine_);
        engine_ = std::move(other.engine_);
    }
    return *this;
}

client::~client()
{
    detail::destroy(engine_);
}

namespace detail {

std::shared_ptr<engine> make_engine(executor where, config settings)
{
    auto made = std::make_shared<engine>(std::move(where), std::move(settings));
    made->begin();
    return made;
}

executor const& executor_of(engine const& client) noexcept
{
    return client.home();
}

void destroy(std::shared_ptr<engine> const& client) noexcept
{
    // A client that was moved from has nothing to end.
    if (client) {
        client->destroy();
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

void start_drain(std::shared_ptr<engine> const& client, std::optional<std::chrono::milliseconds> timeout, bool at_home,
                 drain_handler&& handler)
{
    auto deadline = scheduler::time_point::max();
    if (timeout) {
        deadline = deadline_after(*timeout, scheduler::clock::now());
    }
    auto subject = std::make_unique<drain_operation>(
        client->next_drain_id(), deadline, caller<drain_handler>{std::move(handler), at_home, client->home()});
    subject->handler.when_cancelled(
        [weak = client->weak_from_this(), id = subject->id](boost::asio::cancellation_type) {
            if (auto const who = weak.lock()) {
                who->cancel_drain(id);
            }
        });
    client->drain(std::move(subject));
}

} // namespace detail
} // namespace postmark
