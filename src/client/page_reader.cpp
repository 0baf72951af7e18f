// SPDX-License-Identifier: BSL-1.0

#include "client/api_call.hpp"
#include "client/engine.hpp"
#include "client/failure_text.hpp"
#include "protocol/listing.hpp"

#include <postmark/detail/page_reader.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <utility>

namespace postmark::detail {

class page_reader {
public:
    page_reader(std::shared_ptr<engine> owner, erased_listing&& requests, call_options&& each_call)
        : client{std::move(owner)}
        , listing{std::move(requests)}
        , options{std::move(each_call)}
        , page{listing.make_reply()}
    {
    }

    std::shared_ptr<engine> const client;
    erased_listing const listing;
    call_options const options;
    protocol::listing_progress progress;
    /// The last reply.
    erased_reply page;
    /// Whether a call has not completed. Taken before anything else is read: the call before may be completing on
    /// another thread.
    std::atomic<bool> is_reading{false};
};

namespace {

/// One request for a page. It is the object of the call, so that the call needs no handler of its own type.
struct page_call {
    page_call() = default;
    page_call(page_call const&) = delete;
    page_call& operator=(page_call const&) = delete;
    /// A call that is destroyed, and not completed, lets the reader ask again.
    ~page_call()
    {
        if (reader != nullptr) {
            reader->is_reading = false;
        }
    }

    /// Null if the reader is not affected, or no longer.
    std::shared_ptr<page_reader> reader;
    erased_reply page;

    static void reset(void* call)
    {
        erased_reply const& page = static_cast<page_call*>(call)->page;
        page.reset(page.object.get());
    }
};

/// Takes a reply over. Called on the handler's executor, right before the handler.
/// \returns whether there is a page
bool take_page(page_call& call, error_code& error)
{
    if (call.reader == nullptr) {
        return false;
    }
    // Lets the next call begin, at the end of this function.
    page_call finished;
    finished.reader = std::move(call.reader);
    page_reader& reader = *finished.reader;
    reader.page = call.page;
    if (error) {
        return false;
    }
    try {
        return protocol::advance_page(*reader.listing.description, reader.listing.request.get(),
                                      *reader.page.description, reader.page.described, reader.progress);
    } catch (std::bad_alloc const&) {
        // There is no memory for the key of the next page.
        error = errc::reply_too_large;
        reader.page.common->detail = describe_current("the page could not be stored");
        return false;
    }
}

/// Completes a call for a page.
struct complete_page {
    void operator()(page_handler&& inner, error_code error, std::shared_ptr<void> const& object) const
    {
        page_call& call = *static_cast<page_call*>(object.get());
        bool const has_page = take_page(call, error);
        std::move(inner)(error, has_page, *call.page.common);
    }
};

} // namespace

std::shared_ptr<page_reader> make_page_reader(std::shared_ptr<engine> const& engine, erased_listing&& listing,
                                              call_options&& options)
{
    return std::make_shared<page_reader>(engine, std::move(listing), std::move(options));
}

void start_page(std::shared_ptr<page_reader> const& reader, bool same_executor, page_handler&& handler)
{
    page_reader& self = *reader;
    auto const& client = self.client;
    schema const& description = *self.listing.description;
    void* const request = self.listing.request.get();

    auto call = std::make_shared<page_call>();
    call->page = self.listing.make_reply();
    reply_handler completion{adapt<complete_page>(std::move(handler))};
    bool const is_alone = !self.is_reading.exchange(true);
    if (is_alone) {
        call->reader = reader;
        if (self.progress.ended) {
            call->reader.reset();
            self.is_reading = false;
            return complete_unsent(client, std::move(call), same_executor, std::move(completion));
        }
    }

    erased_reply reply;
    reply.common = call->page.common;
    reply.description = call->page.description;
    reply.described = call->page.described;
    reply.reset = page_call::reset;
    api_request prepared;
    if (is_alone) {
        protocol::fit_page(description, request);
        prepared = protocol::prepare(description, request);
        reply.max_elements = protocol::max_elements(description, request);
    } else {
        prepared.problem = "async_next: the last call has not completed";
    }
    reply.object = std::move(call);
    start_call(client, std::move(prepared), std::move(reply), call_options{self.options}, same_executor,
               std::move(completion));
}

void const* last_page(page_reader const& reader) noexcept
{
    return reader.page.object.get();
}

std::int64_t total_of(page_reader const& reader) noexcept
{
    return reader.progress.total;
}

bool is_truncated(page_reader const& reader) noexcept
{
    return reader.progress.truncated;
}

executor const& executor_of(page_reader const& reader) noexcept
{
    return reader.client->get_executor();
}

} // namespace postmark::detail
