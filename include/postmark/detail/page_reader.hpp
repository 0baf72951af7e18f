// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_DETAIL_PAGE_READER_HPP
#define POSTMARK_DETAIL_PAGE_READER_HPP

#include <postmark/detail/adapted_handler.hpp>
#include <postmark/detail/engine.hpp>
#include <postmark/detail/throw_on_error.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

/// \file
/// The boundary between the templates of `pages.hpp` and the compiled library.

namespace postmark::detail {

/// The requests and replies of a listing, whose types only the template that made them knows.
struct erased_listing {
    /// The request for the page that comes next.
    std::shared_ptr<void> request;
    schema const* description = nullptr;
    /// Makes an empty reply.
    erased_reply (*make_reply)() = nullptr;
};

/// What a `pages` object shares with the call that it has begun. Compiled.
class page_reader;

/// Takes the error, whether there is a page, and the members that every reply has.
using page_handler = boost::asio::any_completion_handler<void(error_code, bool, api_reply const&)>;

std::shared_ptr<page_reader> make_page_reader(std::shared_ptr<engine> const& engine, erased_listing&& listing,
                                              call_options&& options);
/// Asks for the next page.
/// \throws std::bad_alloc; the handler is never called then
void start_page(std::shared_ptr<page_reader> const& reader, bool same_executor, page_handler&& handler);
/// The last reply, of the type that `erased_listing::make_reply` makes.
[[nodiscard]] void const* last_page(page_reader const& reader) noexcept;
[[nodiscard]] std::int64_t total_of(page_reader const& reader) noexcept;
[[nodiscard]] bool is_truncated(page_reader const& reader) noexcept;
[[nodiscard]] executor const& executor_of(page_reader const& reader) noexcept;

/// An empty reply of a described type.
template <class Reply>
erased_reply make_erased_reply()
{
    auto object = std::make_shared<Reply>();
    erased_reply erased;
    erased.common = object.get();
    erased.description = &Reply::describe();
    erased.described = object.get();
    erased.reset = [](void* reply) { *static_cast<Reply*>(reply) = Reply{}; };
    erased.object = std::move(object);
    return erased;
}

/// Calls a handler that does not want the reply.
struct drop_reply {
    template <class Handler>
    void operator()(Handler&& inner, error_code error, bool has_page, api_reply const&) const
    {
        std::forward<Handler>(inner)(error, has_page);
    }
};

/// Turns an error into an exception with all details.
struct throw_page_error {
    template <class Handler>
    void operator()(Handler&& inner, error_code error, bool has_page, api_reply const& reply) const
    {
        std::forward<Handler>(inner)(error ? make_exception(error, api_reply{reply}) : std::exception_ptr{}, has_page);
    }
};

template <class Adapter>
struct initiate_page {
    using executor_type = executor;
    executor_type get_executor() const noexcept { return executor_of(*reader); }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        bool const same_executor = has_executor(handler, executor_of(*reader));
        start_page(reader, same_executor, page_handler{adapt<Adapter>(std::forward<Handler>(handler))});
    }

    std::shared_ptr<page_reader> reader;
};

} // namespace postmark::detail

#endif
