// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_OPERATION_HPP
#define POSTMARK_CLIENT_OPERATION_HPP

#include "protocol/request_bytes.hpp"
#include "scheduler/call.hpp"
#include "scheduler/call_scheduler.hpp"
#include "transport/connection.hpp"

#include <postmark/detail/engine.hpp>
#include <postmark/error_code.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace postmark::detail {

/// One request on its way to one answer: the dispatcher's part, the bytes, what the answer means, and who wants to know.
///
/// Belongs to the engine from `submit` to `complete`, which ends its life.
class operation : public scheduler::call {
public:
    operation() = default;
    virtual ~operation() = default;

    /// The bytes to send, which the operation may put together in `room`. They stay where they are until the exchange is over.
    /// Empty: there is nothing left to send.
    [[nodiscard]] virtual std::string_view prepare(postmark::protocol::request_bytes& room) = 0;

    /// Takes what a complete answer says, and says what it means.
    [[nodiscard]] virtual scheduler::reply_status interpret(transport::reply const& said) = 0;

    /// The call came to nothing; what an answer said before does not count any more.
    /// \param detail if it is empty, nothing is thrown
    virtual void fail(errc error, std::string const& detail) = 0;

    /// What the call completes with.
    [[nodiscard]] virtual error_code result() const noexcept = 0;

    /// Tells whoever wants to know. Called on the client's executor, under no lock.
    virtual void complete(std::unique_ptr<operation> self) = 0;

    std::size_t reply_limit = 0;
    std::chrono::milliseconds reply_timeout{};
    scheduler::time_point submitted_at{};
};

/// The exception that is being handled, for people, as far as memory allows; to be called where one was caught.
/// \param what what came to nothing because of it
[[nodiscard]] std::string describe_current(std::string_view what) noexcept;

/// A caller's handler, and how to reach it: called in place if it is at home on the client's executor, else by way of its
/// own, whose context is kept running meanwhile.
template <class Handler>
class caller {
public:
    caller(Handler&& handler, bool at_home, executor const& home)
        : handler_{std::move(handler)}
        , at_home_{at_home}
    {
        // Once the context has ended there is no home, and no handler is called any more.
        if (!home) {
            at_home_ = true;
        }
        if (!at_home_) {
            elsewhere_ = std::make_unique<boost::asio::any_completion_executor>(boost::asio::prefer(
                boost::asio::get_associated_executor(handler_, boost::asio::any_completion_executor{home}),
                boost::asio::execution::outstanding_work.tracked));
        }
    }

    /// \param on_cancel called with the `cancellation_type` of a signal
    /// \return where it stands until the handler is called; null if nobody can cancel
    template <class OnCancel>
    OnCancel* when_cancelled(OnCancel on_cancel)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) {
            return nullptr;
        }
        has_slot_ = true;
        return &slot.template emplace<OnCancel>(std::move(on_cancel));
    }

    /// Calls the handler. To be called on the client's executor.
    template <class... Arguments>
    static void call(caller&& self, Arguments&&... arguments)
    {
        if (self.at_home_) {
            return invoke(std::move(self), std::forward<Arguments>(arguments)...);
        }
        auto const elsewhere = std::move(self.elsewhere_);
        auto const allocator = boost::asio::get_associated_allocator(self.handler_);
        boost::asio::dispatch(
            *elsewhere, boost::asio::bind_allocator(
                            allocator, [held = std::move(self), ... values = std::decay_t<Arguments>(
                                                                    std::forward<Arguments>(arguments))]() mutable {
                                invoke(std::move(held), std::move(values)...);
                            }));
    }

private:
    template <class... Arguments>
    static void invoke(caller&& self, Arguments&&... arguments)
    {
        // A signal that comes later is not for this call.
        if (self.has_slot_) {
            boost::asio::get_associated_cancellation_slot(self.handler_).clear();
        }
        Handler handler{std::move(self.handler_)};
        std::move(handler)(std::forward<Arguments>(arguments)...);
    }

    Handler handler_;
    /// Apart, since most handlers are at home and many calls may wait.
    std::unique_ptr<boost::asio::any_completion_executor> elsewhere_;
    bool at_home_;
    bool has_slot_ = false;
};

} // namespace postmark::detail

#endif
