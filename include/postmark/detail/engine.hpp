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
/// The boundary between the templates of `client.hpp` and the compiled library: handlers are type-erased here, once.

namespace postmark::detail {

/// The implementation of a client. Compiled, and shared by everything that the client initiated.
class engine;

using executor = boost::asio::any_io_executor;
/// The receipt is passed by reference on its way to the handler, which saves moving it; the handler takes a value.
using send_handler = boost::asio::any_completion_handler<void(error_code, receipt&&)>;
using batch_handler = boost::asio::any_completion_handler<void(error_code, std::vector<receipt>)>;
using drain_handler = boost::asio::any_completion_handler<void(error_code)>;
/// Takes the reply that was filled through an `erased_reply`.
using reply_handler = boost::asio::any_completion_handler<void(error_code, std::shared_ptr<void>)>;

/// A reply whose type only the template that made it knows.
struct erased_reply {
    std::shared_ptr<void> object;
    api_reply* common = nullptr;
    /// How the reply is read: by its description, or else by `read`, to which `object` is passed.
    schema const* description = nullptr;
    void* described = nullptr;
    /// Elements that an array of the reply may have at most.
    std::size_t max_elements = 0;
    /// \return false if the JSON does not hold such a reply; `problem` may say why
    bool (*read)(void* object, std::string_view json, std::string& problem) = nullptr;
    /// Makes the reply empty again, for the next attempt.
    void (*reset)(void* object) = nullptr;
};

std::shared_ptr<engine> make_engine(executor executor, config settings);
executor const& executor_of(engine const& engine) noexcept;
void shut_down(std::shared_ptr<engine> const& engine) noexcept;
void cancel(std::shared_ptr<engine> const& engine);
void close_idle(std::shared_ptr<engine> const& engine);

// Each of these throws std::bad_alloc if there is no memory; the handler is never called then.

/// \param same_executor the handler's executor is the client's, so that the handler is called without a dispatch
void start_send(std::shared_ptr<engine> const& engine, message&& msg, call_options&& options, bool same_executor,
                send_handler&& handler);
void start_batch(std::shared_ptr<engine> const& engine, std::vector<message>&& messages, call_options&& options,
                 bool same_executor, batch_handler&& handler);
void start_call(std::shared_ptr<engine> const& engine, api_request&& request, erased_reply&& reply,
                call_options&& options, bool same_executor, reply_handler&& handler);
void start_drain(std::shared_ptr<engine> const& engine, std::optional<std::chrono::milliseconds> timeout,
                 bool same_executor, drain_handler&& handler);

/// Whether the executor of a handler is the client's.
template <class Handler>
bool has_executor(Handler const& handler, executor const& client_executor)
{
    auto const& associated = boost::asio::get_associated_executor(handler, client_executor);
    using associated_executor = std::remove_cvref_t<decltype(associated)>;
    if constexpr (std::is_same_v<associated_executor, executor>) {
        return associated == client_executor;
    } else if constexpr (std::is_convertible_v<associated_executor const&, executor>) {
        // Not by a conversion to `executor`, which may need memory.
        auto const* const target = client_executor.template target<associated_executor>();
        return target != nullptr && *target == associated;
    } else {
        return false;
    }
}

/// Base of all initiations: the engine, and the executor that Asio's adapters ask for.
struct initiation_base {
    using executor_type = executor;
    executor_type get_executor() const noexcept { return executor_of(*engine_); }

    std::shared_ptr<engine> engine_;
};

struct initiate_send : initiation_base {
    template <class Handler>
    void operator()(Handler&& handler, message&& msg, call_options&& options) const
    {
        bool const same_executor = has_executor(handler, executor_of(*engine_));
        start_send(engine_, std::move(msg), std::move(options), same_executor,
                   send_handler{std::forward<Handler>(handler)});
    }

    /// For a deferred operation, which may be initiated more than once.
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
        bool const same_executor = has_executor(handler, executor_of(*engine_));
        start_batch(engine_, std::move(messages), std::move(options), same_executor,
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
        bool const same_executor = has_executor(handler, executor_of(*engine_));
        start_drain(engine_, timeout, same_executor, drain_handler{std::forward<Handler>(handler)});
    }
};

/// A request, and the reply to it.
template <class Request>
struct typed_call {
    explicit typed_call(Request&& value)
        : request{std::move(value)}
    {
        reset();
    }

    /// Makes the reply empty again.
    void reset()
    {
        reply = {};
        if constexpr (requires { request.expect(reply); }) {
            request.expect(reply);
        }
    }

    Request request;
    typename Request::reply_type reply;
};

/// Gives the reply its type again on the way to the caller's handler.
template <class Request>
struct restore_type {
    template <class Handler>
    void operator()(Handler&& inner, error_code error, std::shared_ptr<void> const& call) const
    {
        std::forward<Handler>(inner)(error, std::move(static_cast<typed_call<Request>*>(call.get())->reply));
    }
};

struct initiate_call : initiation_base {
    template <class Handler, class Request>
    void operator()(Handler&& handler, Request request, call_options options) const
    {
        using call_type = typed_call<Request>;
        bool const same_executor = has_executor(handler, executor_of(*engine_));
        erased_reply erased;
        api_request prepared;
        if constexpr (described<Request>) {
            prepared = protocol::prepare(Request::describe(), &request);
            erased.max_elements = protocol::max_elements(Request::describe(), &request);
        } else {
            prepared = request.prepare();
        }
        auto object = std::make_shared<call_type>(std::move(request));
        auto& reply = object->reply;
        erased.common = &reply;
        if constexpr (requires(std::string problem) { reply.read(std::string_view{}, problem); }) {
            erased.read = [](void* call, std::string_view json, std::string& problem) {
                return static_cast<call_type*>(call)->reply.read(json, problem);
            };
        } else if constexpr (requires { reply.read(std::string_view{}); }) {
            erased.read = [](void* call, std::string_view json, std::string&) {
                return static_cast<call_type*>(call)->reply.read(json);
            };
        } else {
            erased.description = &Request::reply_type::describe();
            erased.described = &reply;
        }
        erased.reset = [](void* call) { static_cast<call_type*>(call)->reset(); };
        erased.object = std::move(object);
        start_call(engine_, std::move(prepared), std::move(erased), std::move(options), same_executor,
                   reply_handler{adapt<restore_type<Request>>(std::forward<Handler>(handler))});
    }
};

} // namespace postmark::detail

#endif
