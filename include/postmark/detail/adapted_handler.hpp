// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_DETAIL_ADAPTED_HANDLER_HPP
#define POSTMARK_DETAIL_ADAPTED_HANDLER_HPP

#include <boost/asio/associator.hpp>

#include <type_traits>
#include <utility>

namespace postmark::detail {

/// A handler with other arguments than the inner one: `Adapter{}(inner, arguments...)` converts them and calls it.
template <class Handler, class Adapter>
struct adapted_handler {
    Handler inner;

    template <class... Arguments>
    void operator()(Arguments&&... arguments)
    {
        Adapter{}(std::move(inner), std::forward<Arguments>(arguments)...);
    }
};

template <class Adapter, class Handler>
adapted_handler<std::decay_t<Handler>, Adapter> adapt(Handler&& handler)
{
    return {std::forward<Handler>(handler)};
}

} // namespace postmark::detail

// Passes on the executor, the allocator and the cancellation slot of the inner handler.
template <template <class, class> class Associator, class Handler, class Adapter, class Default>
struct boost::asio::associator<Associator, postmark::detail::adapted_handler<Handler, Adapter>, Default>
    : Associator<Handler, Default> {
    using adapted = postmark::detail::adapted_handler<Handler, Adapter>;

    static auto get(adapted const& handler) noexcept { return Associator<Handler, Default>::get(handler.inner); }

    static auto get(adapted const& handler, Default const& fallback) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner, fallback);
    }
};

#endif
