// SPDX-License-Identifier: BSL-1.0

#include "protocol/listing.hpp"
#include "protocol/schema.hpp"

#include <postmark/api.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace postmark;
using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::listing_progress;
using protocol::member;
using protocol::place;

namespace {

/// A page of a listing.
struct page_reply : api_reply {
    page_reply() = default;
    page_reply(std::int64_t total, std::size_t elements, std::string key = {})
        : total_count{total}
        , pagination_key{std::move(key)}
        , items(elements)
    {
    }
    static schema const& describe()
    {
        static constexpr field fields[]{
            member<page_reply, &page_reply::total_count>("TotalCount"),
            member<page_reply, &page_reply::pagination_key>("PaginationKey"),
            member<page_reply, &page_reply::items>("Items"),
        };
        static constexpr schema description = describe_type<page_reply>("page_reply", fields);
        return description;
    }

    std::int64_t total_count = 0;
    std::string pagination_key;
    std::vector<std::string> items;
};

/// A request for a page, whose keys have the case of another group of the service.
template <std::int64_t Limit>
struct get_items {
    using reply_type = page_reply;

    get_items() = default;
    explicit get_items(int page_size, int first = 0)
        : count{page_size}
        , offset{first}
    {
    }
    static schema const& describe()
    {
        using type = get_items;
        static constexpr endpoint target{.path = "/items", .paging_limit = Limit};
        static constexpr field fields[]{
            member<type, &type::count>("Count", place::query),
            member<type, &type::offset>("Offset", place::query),
        };
        static constexpr schema description = describe_request("get_items", fields, target);
        return description;
    }

    int count = 500;
    int offset = 0;
};

using by_offset = get_items<0>;
using by_window = get_items<10'000>;

/// A request for the page that a key leads to.
struct by_key {
    using reply_type = page_reply;

    by_key() = default;
    static schema const& describe()
    {
        using type = by_key;
        static constexpr endpoint target{.path = "/items"};
        static constexpr field fields[]{
            member<type, &type::count>("count", place::query),
            member<type, &type::pagination_key>("paginationKey", place::query),
        };
        static constexpr schema description = describe_request("by_key", fields, target);
        return description;
    }

    int count = 500;
    std::string pagination_key;
};

/// A request for a listing that is not divided into pages.
struct get_all {
    using reply_type = page_reply;

    get_all() = default;
    static schema const& describe()
    {
        static constexpr endpoint target{.path = "/items"};
        static constexpr schema description = describe_request("get_all", {}, target);
        return description;
    }
};

template <class Request>
bool advance(Request& request, page_reply const& page, listing_progress& progress)
{
    return protocol::advance_page(Request::describe(), &request, page_reply::describe(), &page, progress);
}

template <class Request>
Request fitted(Request request)
{
    protocol::fit_page(Request::describe(), &request);
    return request;
}

/// Checks that a page with one of three elements is followed by another page.
template <class Request, class Reply, class Element>
void check_further_page(std::vector<Element> Reply::*elements)
{
    Request request;
    Reply page;
    page.total_count = 3;
    (page.*elements).resize(1);
    listing_progress progress;
    BOOST_TEST(protocol::advance_page(Request::describe(), &request, Reply::describe(), &page, progress));
    BOOST_TEST(progress.total == 3);
    BOOST_TEST(!progress.ended);
    BOOST_TEST(request.offset == 1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_listing)

BOOST_AUTO_TEST_CASE(a_page_ends_at_the_limit_of_the_service)
{
    BOOST_TEST(fitted(by_window{500, 9'500}).count == 500);
    BOOST_TEST(fitted(by_window{500, 9'501}).count == 499);
    BOOST_TEST(fitted(by_window{500, 9'999}).count == 1);
    BOOST_TEST(fitted(by_offset{500, 9'999}).count == 500);
    // Requests that are wrong stay wrong.
    BOOST_TEST(protocol::prepare(fitted(by_window{500, 10'000})).problem != "");
    BOOST_TEST(protocol::prepare(fitted(by_window{501, 9'999})).problem != "");
    BOOST_TEST(protocol::prepare(fitted(by_window{1, -1})).problem != "");
}

BOOST_AUTO_TEST_CASE(pages_follow_each_other)
{
    by_window request{2};
    listing_progress progress;
    BOOST_TEST(advance(request, {5, 2}, progress));
    BOOST_TEST(progress.total == 5);
    BOOST_TEST(!progress.ended);
    BOOST_TEST(request.offset == 2);
    // A page that is shorter than was asked for is followed by what comes after it.
    BOOST_TEST(advance(request, {5, 1}, progress));
    BOOST_TEST(!progress.ended);
    BOOST_TEST(request.offset == 3);
    BOOST_TEST(advance(request, {5, 2}, progress));
    BOOST_TEST(progress.ended);
    BOOST_TEST(!progress.truncated);
}

BOOST_AUTO_TEST_CASE(the_last_page_may_be_empty)
{
    by_offset request{2};
    listing_progress progress;
    BOOST_TEST(!advance(request, {0, 0}, progress));
    BOOST_TEST(progress.ended);

    // Elements may vanish while their listing is read.
    progress = {};
    BOOST_TEST(advance(request, {4, 2}, progress));
    BOOST_TEST(!advance(request, {4, 0}, progress));
    BOOST_TEST(progress.ended);
}

BOOST_AUTO_TEST_CASE(without_a_total_a_full_page_may_have_another_one_after_it)
{
    by_offset request{2};
    listing_progress progress;
    BOOST_TEST(advance(request, {0, 2}, progress));
    BOOST_TEST(!progress.ended);
    BOOST_TEST(advance(request, {0, 1}, progress));
    BOOST_TEST(progress.ended);
    BOOST_TEST(progress.total == 0);
}

BOOST_AUTO_TEST_CASE(the_limit_of_the_service_cuts_a_listing)
{
    by_window request{500, 9'500};
    listing_progress progress;
    BOOST_TEST(advance(request, {10'001, 500}, progress));
    BOOST_TEST(progress.ended);
    BOOST_TEST(progress.truncated);

    request = by_window{500, 9'500};
    BOOST_TEST(advance(request, {10'000, 500}, progress));
    BOOST_TEST(progress.ended);
    BOOST_TEST(!progress.truncated);

    // It is known from the first page on.
    request = by_window{500};
    progress = {};
    BOOST_TEST(advance(request, {10'001, 500}, progress));
    BOOST_TEST(!progress.ended);
    BOOST_TEST(progress.truncated);

    by_offset endless{500, 9'500};
    progress = {};
    BOOST_TEST(advance(endless, {10'001, 500}, progress));
    BOOST_TEST(!progress.ended);
    BOOST_TEST(!progress.truncated);
}

BOOST_AUTO_TEST_CASE(a_key_leads_to_the_next_page)
{
    by_key request;
    listing_progress progress;
    BOOST_TEST(advance(request, {0, 500, "second"}, progress));
    BOOST_TEST(!progress.ended);
    BOOST_TEST(request.pagination_key == "second");
    // A page without elements is a page if another one follows.
    BOOST_TEST(advance(request, {0, 0, "third"}, progress));
    BOOST_TEST(request.pagination_key == "third");
    // A key that leads back to its page leads nowhere.
    auto again = request;
    auto end = progress;
    BOOST_TEST(advance(again, {0, 1, "third"}, end));
    BOOST_TEST(end.ended);
    BOOST_TEST(advance(request, {0, 1}, progress));
    BOOST_TEST(progress.ended);
    progress = {};
    BOOST_TEST(!advance(request, {0, 0}, progress));
    BOOST_TEST(progress.ended);
}

BOOST_AUTO_TEST_CASE(a_listing_without_pages_is_one_page)
{
    get_all request;
    listing_progress progress;
    BOOST_TEST(advance(request, {7, 0}, progress));
    BOOST_TEST(progress.ended);
    BOOST_TEST(progress.total == 7);
    BOOST_TEST((fitted(request) == request));
}

BOOST_AUTO_TEST_CASE(listings_with_a_limit)
{
    auto const limit_of = [](schema const& description) { return description.endpoint->paging_limit; };
    BOOST_TEST(limit_of(get_bounces::describe()) == 10'000);
    BOOST_TEST(limit_of(get_outbound_messages::describe()) == 10'000);
    BOOST_TEST(limit_of(get_inbound_messages::describe()) == 10'000);
    BOOST_TEST(limit_of(get_message_opens::describe()) == 10'000);
    BOOST_TEST(limit_of(get_opens_of_message::describe()) == 10'000);
    BOOST_TEST(limit_of(get_message_clicks::describe()) == 10'000);
    BOOST_TEST(limit_of(get_clicks_of_message::describe()) == 10'000);
    BOOST_TEST(limit_of(get_servers::describe()) == 0);
    BOOST_TEST(limit_of(get_domains::describe()) == 0);
    BOOST_TEST(limit_of(get_sender_signatures::describe()) == 0);
    BOOST_TEST(limit_of(get_inbound_rules::describe()) == 0);
    BOOST_TEST(limit_of(get_templates::describe()) == 0);
}

BOOST_AUTO_TEST_CASE(every_listing_of_the_library_has_further_pages)
{
    check_further_page<get_bounces>(&bounces_reply::bounces);
    check_further_page<get_outbound_messages>(&outbound_messages_reply::messages);
    check_further_page<get_inbound_messages>(&inbound_messages_reply::inbound_messages);
    check_further_page<get_message_opens>(&message_opens_reply::opens);
    check_further_page<get_opens_of_message>(&message_opens_reply::opens);
    check_further_page<get_message_clicks>(&message_clicks_reply::clicks);
    check_further_page<get_clicks_of_message>(&message_clicks_reply::clicks);
    check_further_page<get_servers>(&servers_reply::servers);
    check_further_page<get_domains>(&domains_reply::domains);
    check_further_page<get_sender_signatures>(&sender_signatures_reply::sender_signatures);
    check_further_page<get_inbound_rules>(&inbound_rules_reply::inbound_rules);
    check_further_page<get_templates>(&templates_reply::templates);

    get_bulk_requests request;
    bulk_requests_reply page;
    page.requests.resize(1);
    page.pagination_key = "next";
    listing_progress progress;
    BOOST_TEST(protocol::advance_page(get_bulk_requests::describe(), &request, bulk_requests_reply::describe(), &page,
                                      progress));
    BOOST_TEST(!progress.ended);
    BOOST_TEST(request.pagination_key == "next");
}

BOOST_AUTO_TEST_CASE(the_largest_offset_is_the_end)
{
    by_offset request{500, 2'147'483'646};
    listing_progress progress;
    BOOST_TEST(advance(request, {4'000'000'000, 2}, progress));
    BOOST_TEST(progress.ended);
    BOOST_TEST(request.offset == 2'147'483'647);
}

BOOST_AUTO_TEST_SUITE_END()
