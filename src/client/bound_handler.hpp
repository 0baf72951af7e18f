// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_BOUND_HANDLER_HPP
#define POSTMARK_CLIENT_BOUND_HANDLER_HPP

#include <postmark/detail/engine.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace postmark::detail {

/// A completion handler and its executor. It is invoked inline if its executor is the client's, else dispatched to its
/// own executor, whose context is kept running until then.
template <class Handler>
class bound_handler {
public:
    /// \param same_executor     the handler's executor is the client's
    /// \param client_executor   empty once the context has ended: the handler is never called then
    bound_handler(Handler&& handler, bool same_executor, executor const& client_executor)
        : handler_{std::move(handler)}
    {
        if (!same_executor && client_executor) {
            other_executor_ = std::make_unique<boost::asio::any_completion_executor>(boost::asio::prefer(
                boost::asio::get_associated_executor(handler_, boost::asio::any_completion_executor{client_executor}),
                boost::asio::execution::outstanding_work.tracked));
        }
    }

    [[nodiscard]] bool has_cancellation_slot() const noexcept
    {
        return boost::asio::get_associated_cancellation_slot(handler_).is_connected();
    }

    /// Installs a function in the handler's cancellation slot, if there is one.
    /// \param on_cancel called with the `cancellation_type` of a signal
    template <class OnCancel>
    void on_cancel(OnCancel on_cancel)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) {
            slot.template emplace<OnCancel>(std::move(on_cancel));
            has_slot_ = true;
        }
    }

    /// Calls the handler. To be called on the client's executor.
    ///
    /// A handler with an executor of its own is dispatched there, for which Asio needs memory from the handler's
    /// allocator. Where there is none, the handler is destroyed without having been called, and the exception goes to
    /// the caller of `run` as one of the handler would.
    /// \throws what the handler throws; std::bad_alloc
    template <class... Arguments>
    void operator()(Arguments&&... arguments) &&
    {
        if (!other_executor_) {
            return std::move(*this).invoke(std::forward<Arguments>(arguments)...);
        }
        auto const other_executor = std::move(other_executor_);
        auto const allocator = boost::asio::get_associated_allocator(handler_);
        boost::asio::dispatch(
            *other_executor,
            boost::asio::bind_allocator(
                allocator, [self = std::move(*this),
                            ... values = std::decay_t<Arguments>(std::forward<Arguments>(arguments))]() mutable {
                    std::move(self).invoke(std::move(values)...);
                }));
    }

private:
    template <class... Arguments>
    void invoke(Arguments&&... arguments) &&
    {
        // A signal that is emitted later does not concern this call.
        if (has_slot_) {
            boost::asio::get_associated_cancellation_slot(handler_).clear();
        }
        Handler handler{std::move(handler_)};
        std::move(handler)(std::forward<Arguments>(arguments)...);
    }

    Handler handler_;
    /// Null if it is the client's. Allocated apart: most handlers have none, and many calls may wait.
    std::unique_ptr<boost::asio::any_completion_executor> other_executor_;
    bool has_slot_ = false;
};

} // namespace postmark::detail

#endif
