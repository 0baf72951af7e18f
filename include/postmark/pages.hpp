// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PAGES_HPP
#define POSTMARK_PAGES_HPP

#include <postmark/client.hpp>
#include <postmark/detail/page_reader.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace postmark {

/// Reads a listing to its end, page by page.
///
/// \code
/// postmark::pages all{client, postmark::get_bounces{}};
/// while (co_await all.async_next()) {
///     for (postmark::bounce const& bounce : all.page().bounces) { }
/// }
/// \endcode
///
/// The first page is the one that the request asks for, and `count` is the size of each page; 500 is the most that the
/// service returns. Where the service returns the first 10,000 elements only (bounces, messages, opens, clicks), the
/// last page ends there. The service counts anew for every page: elements that come or go while a listing is read can
/// be missing or be read twice. No page is asked for twice, except after an error. A request whose reply is not divided
/// into pages has one page.
///
/// \par Errors
/// As those of `client::async_call`. After an error, cancellation included, the next `async_next` asks for the same
/// page again.
///
/// \par Thread safety
/// Different objects may be used by different threads at once, one object by one thread at a time. The object changes
/// on the handler's executor, right before the handler is called: while a page is being read, no other thread may call
/// `page`, `total` or `truncated`.
///
/// \par Lifetime
/// The object may be moved, assigned to and destroyed while a page is being read; the call completes all the same. The
/// client may be moved or destroyed first: a page that is asked for after its end completes with `errc::client_closed`.
/// An object that was moved from can only be destroyed or assigned to.
template <class Request>
class pages {
    static_assert(described<Request>, "pages are for the listings of this library");
    static_assert(
        !requires(Request request, typename Request::reply_type reply) { request.expect(reply); },
        "what this request expects of its reply needs client::async_call");

public:
    /// The request for a page.
    using request_type = Request;
    /// A page.
    using reply_type = typename Request::reply_type;
    using executor_type = client::executor_type;

    /// Nothing is asked for before `async_next`.
    /// \param client  sends the requests
    /// \param request asks for the first page
    /// \param options for each request; `timeout` is that of one page
    pages(postmark::client& client, Request request, call_options options = {})
        : reader_{detail::make_page_reader(client.engine_,
                                           {std::make_shared<Request>(std::move(request)), &Request::describe(),
                                            &detail::make_erased_reply<reply_type>},
                                           std::move(options))}
    {
    }

    pages(pages&&) noexcept = default;
    pages& operator=(pages&&) noexcept = default;
    ~pages() = default;

    /// The client's executor.
    [[nodiscard]] executor_type get_executor() const noexcept { return detail::executor_of(*reader_); }

    /// Reads the next page. Must not be called before the last call has completed: it then ends with
    /// `errc::invalid_message`.
    /// \par Completion signature
    /// `void(error_code, bool)`: whether there is a page. There is none after the last one, for which nothing is asked,
    /// and none in an empty listing. Honours the executor, the allocator and the cancellation slot of the handler as
    /// `client` does.
    template <BOOST_ASIO_COMPLETION_TOKEN_FOR(void(error_code, bool)) Token>
    auto async_next(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code, bool)>(
            detail::initiate_page<detail::drop_reply>{reader_}, token);
    }

    /// Reads the next page, for `co_await` without a token.
    /// \copydetails async_next(Token&&)
    /// \throws call_error
    [[nodiscard]] boost::asio::awaitable<bool> async_next()
    {
        return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(std::exception_ptr, bool)>(
            detail::initiate_page<detail::throw_page_error>{reader_}, boost::asio::use_awaitable);
    }

    /// The last reply: the page, if there is one; after an error what is known of the failure (`http_status`,
    /// `api_code`, `detail`), without elements; after the last page still that. The reference is valid until the next
    /// `async_next` completes.
    [[nodiscard]] reply_type const& page() const noexcept
    {
        return *static_cast<reply_type const*>(detail::last_page(*reader_));
    }

    /// The number of elements that match, on all pages, as the last page gave it; 0 before the first page, and where
    /// the service does not say.
    [[nodiscard]] std::int64_t total() const noexcept { return detail::total_of(*reader_); }

    /// Whether the service's limit of 10,000 elements cuts the listing: more elements match than can be read. Known
    /// from the first page on.
    [[nodiscard]] bool truncated() const noexcept { return detail::is_truncated(*reader_); }

private:
    std::shared_ptr<detail::page_reader> reader_;
};

} // namespace postmark

#endif
