// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_DETAIL_THROW_ON_ERROR_HPP
#define POSTMARK_DETAIL_THROW_ON_ERROR_HPP

#include <postmark/api/request.hpp>
#include <postmark/detail/adapted_handler.hpp>
#include <postmark/error.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace postmark::detail {

inline std::exception_ptr make_exception(error_code, receipt&& value)
{
    return std::make_exception_ptr(send_error{std::move(value)});
}

inline std::exception_ptr make_exception(error_code error, std::vector<receipt>&& values)
{
    return std::make_exception_ptr(batch_error{error, std::move(values)});
}

inline std::exception_ptr make_exception(error_code error, api_reply&& value)
{
    return std::make_exception_ptr(call_error{error, value.api_code, std::move(value.detail)});
}

/// Turns (error, value) into (exception, value), so that an awaiting coroutine gets an exception with all details.
template <class Value>
struct throw_on_error {
    template <class Handler>
    void operator()(Handler&& inner, error_code error, Value&& value) const
    {
        if (error) {
            std::forward<Handler>(inner)(make_exception(error, std::move(value)), Value{});
        } else {
            std::forward<Handler>(inner)(std::exception_ptr{}, std::move(value));
        }
    }
};

/// Initiates the operation with a handler that takes an exception.
template <class Initiation, class Value>
struct throwing_initiation {
    Initiation inner;

    template <class Handler, class... Arguments>
    void operator()(Handler&& handler, Arguments&&... arguments)
    {
        std::move(inner)(adapt<throw_on_error<Value>>(std::forward<Handler>(handler)),
                         std::forward<Arguments>(arguments)...);
    }
};

/// The awaitable that an operation returns without a token.
template <class Value, class Initiation, class... Arguments>
boost::asio::awaitable<Value> awaitable_of(Initiation initiation, Arguments... arguments)
{
    return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(std::exception_ptr, Value)>(
        throwing_initiation<Initiation, Value>{std::move(initiation)}, boost::asio::use_awaitable,
        std::move(arguments)...);
}

} // namespace postmark::detail

#endif
