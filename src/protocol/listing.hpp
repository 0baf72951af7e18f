// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_LISTING_HPP
#define POSTMARK_PROTOCOL_LISTING_HPP

#include <postmark/schema.hpp>

#include <cstdint>

/// \file
/// Reading a listing page by page. The description of a request says how: by its parameters `count` and `offset`, and
/// `endpoint::paging_limit`; or by its parameter `paginationKey`, for which the reply has a value; a request without
/// such parameters has one page.

namespace postmark::protocol {

/// How far a listing has been read.
struct listing_progress {
    /// The number of elements that match, on all pages, as the last reply gave it.
    std::int64_t total = 0;
    /// Whether more elements match than the service returns.
    bool truncated = false;
    /// Whether there is no further page.
    bool ended = false;
};

/// Makes the page that a request asks for end at the limit of the service, if it would end after it.
void fit_page(schema const& description, void* request);

/// Makes the request one for the page after a page that was read.
/// \param request the request that the page is the reply to
/// \param page    a reply, of the type that `page_description` describes
/// \returns whether the page counts as one: false for one without elements that is the last
bool advance_page(schema const& description, void* request, schema const& page_description, void const* page,
                  listing_progress& progress);

} // namespace postmark::protocol

#endif
