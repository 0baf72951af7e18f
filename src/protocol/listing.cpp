// SPDX-License-Identifier: BSL-1.0

#include "protocol/listing.hpp"

#include "model/text.hpp"
#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

namespace postmark::protocol {

namespace {

/// A field whose member is a text; null if the description has none with this key.
field const* find_text(schema const& description, std::string_view key)
{
    auto const found = std::ranges::find_if(description.fields, [&](field const& candidate) {
        return candidate.type == &string_codec && model::equal_ignoring_case(candidate.key, key);
    });
    return found == description.fields.end() ? nullptr : &*found;
}

std::string_view text_of(field const* text, void const* object)
{
    return text == nullptr ? std::string_view{} : std::string_view{*static_cast<std::string const*>(text->at(object))};
}

/// Where the page of a request lies: the members `count` and `offset`, both null if it has no such members.
struct page_position {
    page_position(schema const& description, void* request)
        : count{const_cast<int*>(find_query_number(description, request, "count"))}
        , offset{const_cast<int*>(find_query_number(description, request, "offset"))}
    {
        if (count == nullptr || offset == nullptr) {
            count = offset = nullptr;
        }
    }

    explicit operator bool() const noexcept { return count != nullptr; }

    int* count;
    int* offset;
};

/// The number of elements of a page: of the first list in it.
std::size_t count_elements(schema const& description, void const* page)
{
    auto const list = std::ranges::find_if(description.fields, [](field const& candidate) {
        return candidate.type->access != nullptr && candidate.type->access->at != nullptr;
    });
    return list == description.fields.end() ? 0 : list->type->access->size(list->at(page));
}

std::int64_t total_of(schema const& description, void const* page)
{
    auto const total = std::ranges::find_if(description.fields, [](field const& candidate) {
        return candidate.key == "TotalCount" && candidate.type == &int64_codec;
    });
    return total == description.fields.end() ? 0 : *static_cast<std::int64_t const*>(total->at(page));
}

} // namespace

void fit_page(schema const& description, void* request)
{
    std::int64_t const limit = description.endpoint->paging_limit;
    page_position const position{description, request};
    if (limit == 0 || !position) {
        return;
    }
    // What is wrong without the limit, too, stays wrong.
    if (*position.offset >= 0 && *position.offset < limit && *position.count <= static_cast<int>(max_page_size)) {
        *position.count = static_cast<int>(std::min<std::int64_t>(*position.count, limit - *position.offset));
    }
}

bool advance_page(schema const& description, void* request, schema const& page_description, void const* page,
                  listing_progress& progress)
{
    std::size_t const elements = count_elements(page_description, page);
    progress.total = total_of(page_description, page);
    if (field const* const key = find_text(description, "paginationKey")) {
        // A key that leads back to its page leads nowhere.
        std::string_view const next = text_of(find_text(page_description, "PaginationKey"), page);
        progress.ended = next.empty() || next == text_of(key, request);
        if (!progress.ended) {
            *static_cast<std::string*>(const_cast<void*>(key->at(request))) = next;
        }
        return elements != 0 || !progress.ended;
    }
    page_position const position{description, request};
    if (!position) {
        progress.ended = true;
        return true;
    }
    // A page may be shorter than was asked for, and yet not be the last one. Where the service leaves the total out,
    // a full page may have another one after it.
    std::int64_t const limit = description.endpoint->paging_limit;
    std::int64_t const end = limit != 0 ? limit : std::numeric_limits<int>::max();
    std::int64_t const next = *position.offset + static_cast<std::int64_t>(elements);
    bool const is_full = elements >= static_cast<std::size_t>(*position.count);
    bool const has_more = progress.total > next || (progress.total == 0 && is_full);
    *position.offset = static_cast<int>(std::min(next, end));
    progress.truncated = limit != 0 && progress.total > limit;
    progress.ended = elements == 0 || !has_more || next >= end;
    return elements != 0;
}

} // namespace postmark::protocol
