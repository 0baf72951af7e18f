// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_DETAIL_ENGINE_HPP
#define POSTMARK_DETAIL_ENGINE_HPP

#include <postmark/api/request.hpp>
#include <postmark/call_options.hpp>
#include <postmark/detail/adapted_handler.hpp>
#include <postmark/error_code.hpp>
#include <postmark/message.hpp>
#include <postmark/receipt.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// \file
/// The line between the templates of `client.hpp` and the compiled library: handlers are erased here, once.

namespace postmark::detail {

/// What is behind a client. Compiled, and shared with everything that was initiated.
class engine;

using executor = boost::asio::any_io_executor;
/// Passes a reference on its way, which saves moving a receipt; to whoever completes, it is a value.
using send_handler = boost::asio::any_completion_handler<void(error_code, receipt&&)>;
using batch_handler = boost::asio::any_completion_handler<void(error_code, std::vector<receipt>)>;
using drain_handler = boost::asio::any_completion_handler<void(error_code)>;
/// Takes the reply that was filled through an `erased_reply`.
using reply_handler = boost::asio::any_completion_handler<void(error_code, std::shared_ptr<void>)>;

/// A reply whose type only the caller knows.
struct erased_reply {
    std::shared_ptr<void> object;
    api_reply* common = nullptr;
    /// How the reply is read: by its description, or else by `read`, to which `object` is passed.
    schema const* description = nullptr;
    void* described = nullptr;
    std::size_t max_elements = 0;
    bool (*read)(void* object, std::string_view json, std::string& problem) = nullptr;
    /// Makes it as if it were new, for the next attempt.
    void (*reset)(void* object) = nullptr;
};

std::shared_ptr<engine> make_engine(executor executor, config settings);
executor const& executor_of(engine const& engine) noexcept;
void destroy(std::shared_ptr<engine> const& engine) noexcept;
void cancel(std::shared_ptr<engine> const& engine);
void close_idle(std::shared_ptr<engine> const& engine);

/// \param at_home the handler's executor is the client's, so that a completion needs no detour
void start_send(std::shared_ptr<engine> const& engine, message&& msg, call_options&& options, bool at_home,
                send_handler&& handler);
void start_batch(std::shared_ptr<engine> const& engine, std::vector<message>&& messages, call_options&& options,
                 bool at_home, batch_handler&& handler);
void start_call(std::shared_ptr<engine> const& engine, api_request&& request, erased_reply&& reply,
                call_options&& options, bool at_home, reply_handler&& handler);
void start_drain(std::shared_ptr<engine> const& engine, std::optional<std::chrono::milliseconds> timeout, bool at_home,
                 drain_handler&& handler);

template <class Handler>
bool is_at_home(Handler const& handler, executor const& home) noexcept
{
    auto const associated = boost::asio::get_associated_executor(handler, home);
    if constexpr (std::is_convertible_v<decltype(associated) const&, executor>) {
        return executor{associated} == home;
    } else {
        return false;
    }
}

/// What every initiation shares: the engine, and the executor by which Asio's adapters find their way.
struct initiation_base {
    using executor_type = executor;
    executor_type get_executor() const noexcept { return executor_of(*engine_); }

    std::shared_ptr<engine> engine_;
};

struct initiate_send : initiation_base {
    template <class Handler>
    void operator()(Handler&& handler, message&& msg, call_options&& options) const
    {
        bool const at_home = is_at_home(handler, executor_of(*engine_));
        start_send(engine_, std::move(msg), std::move(options), at_home, send_handler{std::forward<Handler>(handler)});
    }

    /// A deferred operation that may be initiated again.
    template <class Handler>
    void operator()(Handler&& handler, message const& msg, call_options const& options) const
    {
        (*this)(std::forward<Handler>(handler), message{msg}, call_options{options});
    }
};

struct initiate_batch : initiation_base {
    template <class Handler>
    void operator()(Handler&& handler, std::vector<message>&& messages, call_options&& options) const
    {
        bool const at_home = is_at_home(handler, executor_of(*engine_));
        start_batch(engine_, std::move(messages), std::move(options), at_home,
                    batch_handler{std::forward<Handler>(handler)});
    }

    template <class Handler>
    void operator()(Handler&& handler, std::vector<message> const& messages, call_options const& options) const
    {
        (*this)(std::forward<Handler>(handler), std::vector<message>{messages}, call_options{options});
    }
};

struct initiate_drain : initiation_base {
    template <class Handler>
    void operator()(Handler&& handler, std::optional<std::chrono::milliseconds> timeout) const
    {
        bool const at_home = is_at_home(handler, executor_of(*engine_));
        start_drain(engine_, timeout, at_home, drain_handler{std::forward<Handler>(handler)});
    }
};

/// A request, and the reply that is filled for it.
template <class Request>
struct asked_reply {
    explicit asked_reply(Request&& what)
        : request{std::move(what)}
    {
        renew();
    }

    /// Makes the reply as if it were new.
    void renew()
    {
        reply = {};
        if constexpr (requires { request.expect(reply); }) {
            request.expect(reply);
        }
    }

    Request request;
    typename Request::reply_type reply;
};

/// Gives the reply its type back on the way to the caller's handler.
template <class Request>
struct restore_type {
    template <class Handler>
    void operator()(Handler&& inner, error_code error, std::shared_ptr<void> const& asked) const
    {
        std::forward<Handler>(inner)(error, std::move(static_cast<asked_reply<Request>*>(asked.get())->reply));
    }
};

struct initiate_call : initiation_base {
    template <class Handler, class Request>
    void operator()(Handler&& handler, Request request, call_options options) const
    {
        using asked = asked_reply<Request>;
        bool const at_home = is_at_home(handler, executor_of(*engine_));
        erased_reply erased;
        api_request prepared;
        if constexpr (described<Request>) {
            prepared = protocol::prepare(Request::describe(), &request);
            erased.max_elements = protocol::max_elements(Request::describe(), &request);
        } else {
            prepared = request.prepare();
        }
        auto object = std::make_shared<asked>(std::move(request));
        auto& reply = object->reply;
        erased.common = &reply;
        if constexpr (requires(std::string problem) { reply.read(std::string_view{}, problem); }) {
            erased.read = [](void* what, std::string_view json, std::string& problem) {
                return static_cast<asked*>(what)->reply.read(json, problem);
            };
        } else if constexpr (requires { reply.read(std::string_view{}); }) {
            erased.read = [](void* what, std::string_view json, std::string&) {
                return static_cast<asked*>(what)->reply.read(json);
            };
        } else {
            erased.description = &Request::reply_type::describe();
            erased.described = &reply;
        }
        erased.reset = [](void* what) { static_cast<asked*>(what)->renew(); };
        erased.object = std::move(object);
        start_call(engine_, std::move(prepared), std::move(erased), std::move(options), at_home,
                   reply_handler{adapt<restore_type<Request>>(std::forward<Handler>(handler))});
    }
};

} // namespace postmark::detail

#endif
