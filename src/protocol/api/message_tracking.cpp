// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include <postmark/api/message_tracking.hpp>

#include <array>
#include <type_traits>
#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// What opens and clicks have in common

schema const& software_info::describe()
{
    using type = software_info;
    static constexpr field fields[]{
        member<type, &type::name>("Name"),
        member<type, &type::company>("Company"),
        member<type, &type::family>("Family"),
    };
    static constexpr schema description = describe_type<type>("software_info", fields);
    return description;
}

schema const& geo_info::describe()
{
    using type = geo_info;
    static constexpr field fields[]{
        member<type, &type::country_iso_code>("CountryISOCode"),
        member<type, &type::country>("Country"),
        member<type, &type::region_iso_code>("RegionISOCode"),
        member<type, &type::region>("Region"),
        member<type, &type::city>("City"),
        member<type, &type::zip>("Zip"),
        member<type, &type::coords>("Coords"),
        member<type, &type::ip>("IP"),
    };
    static constexpr schema description = describe_type<type>("geo_info", fields);
    return description;
}

namespace {

template <class C>
constexpr std::array event_fields{
    member<C, &tracking_event::message_id>("MessageID"),
    member<C, &tracking_event::recipient>("Recipient"),
    member<C, &tracking_event::message_stream>("MessageStream"),
    member<C, &tracking_event::received_at>("ReceivedAt"),
    member<C, &tracking_event::tag>("Tag"),
    member<C, &tracking_event::user_agent>("UserAgent"),
    member<C, &tracking_event::client>("Client"),
    member<C, &tracking_event::os>("OS"),
    member<C, &tracking_event::platform>("Platform"),
    member<C, &tracking_event::geo>("Geo"),
};

constexpr field query_fields[]{
    member<tracking_query, &tracking_query::count>("count", place::query),
    member<tracking_query, &tracking_query::offset>("offset", place::query),
    member<tracking_query, &tracking_query::recipient>("recipient", place::query),
    member<tracking_query, &tracking_query::tag>("tag", place::query),
    member<tracking_query, &tracking_query::client_name>("client_name", place::query),
    member<tracking_query, &tracking_query::client_company>("client_company", place::query),
    member<tracking_query, &tracking_query::client_family>("client_family", place::query),
    member<tracking_query, &tracking_query::os_name>("os_name", place::query),
    member<tracking_query, &tracking_query::os_family>("os_family", place::query),
    member<tracking_query, &tracking_query::os_company>("os_company", place::query),
    member<tracking_query, &tracking_query::platform>("platform", place::query),
    member<tracking_query, &tracking_query::country>("country", place::query),
    member<tracking_query, &tracking_query::region>("region", place::query),
    member<tracking_query, &tracking_query::city>("city", place::query),
    member<tracking_query, &tracking_query::message_stream>("messagestream", place::query),
    member<tracking_query, &tracking_query::from_date>("fromdate", place::query),
    member<tracking_query, &tracking_query::to_date>("todate", place::query),
};

/// The description of a list of opens or clicks. One table serves both: each request is nothing but its base, so that a
/// pointer to it is a pointer to its base, too.
template <class Request>
constexpr schema describe_list(std::string_view name, endpoint const& target) noexcept
{
    static_assert(std::is_base_of_v<tracking_query, Request> && std::is_standard_layout_v<Request> &&
                  sizeof(Request) == sizeof(tracking_query));
    return describe_request(name, query_fields, target);
}

} // namespace

// Opens

schema const& message_open::describe()
{
    using type = message_open;
    static constexpr std::array own_fields{
        member<type, &type::read_seconds>("ReadSeconds"),
        member<type, &type::first_open>("FirstOpen"),
    };
    static constexpr auto fields = protocol::join(event_fields<type>, own_fields);
    static constexpr schema description = describe_type<type>("message_open", fields);
    return description;
}

schema const& message_opens_reply::describe()
{
    using type = message_opens_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::opens>("Opens"),
    };
    static constexpr schema description = describe_type<type>("message_opens_reply", fields);
    return description;
}

get_message_opens::get_message_opens(int page_size, int first)
{
    count = page_size;
    offset = first;
}

schema const& get_message_opens::describe()
{
    static constexpr endpoint target{.path = "/messages/outbound/opens", .paging_limit = protocol::max_listed};
    static constexpr schema description = describe_list<get_message_opens>("get_message_opens", target);
    return description;
}

get_opens_of_message::get_opens_of_message(std::string id)
    : message_id{std::move(id)}
{
}

schema const& get_opens_of_message::describe()
{
    using type = get_opens_of_message;
    static constexpr endpoint target{.path = "/messages/outbound/opens/{message_id}",
                                     .paging_limit = protocol::max_listed};
    static constexpr field fields[]{
        member<type, &type::message_id>("message_id", place::path),
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
    };
    static constexpr schema description = describe_request("get_opens_of_message", fields, target);
    return description;
}

// Clicks

schema const& message_click::describe()
{
    using type = message_click;
    static constexpr std::array own_fields{
        member<type, &type::click_location>("ClickLocation"),
        member<type, &type::original_link>("OriginalLink"),
    };
    static constexpr auto fields = protocol::join(event_fields<type>, own_fields);
    static constexpr schema description = describe_type<type>("message_click", fields);
    return description;
}

schema const& message_clicks_reply::describe()
{
    using type = message_clicks_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::clicks>("Clicks"),
    };
    static constexpr schema description = describe_type<type>("message_clicks_reply", fields);
    return description;
}

get_message_clicks::get_message_clicks(int page_size, int first)
{
    count = page_size;
    offset = first;
}

// The service does not state whether the limit on count and offset holds for clicks.
schema const& get_message_clicks::describe()
{
    static constexpr endpoint target{
        .path = "/messages/outbound/clicks", .paging_limit = protocol::max_listed, .is_limit_documented = false};
    static constexpr schema description = describe_list<get_message_clicks>("get_message_clicks", target);
    return description;
}

get_clicks_of_message::get_clicks_of_message(std::string id)
    : message_id{std::move(id)}
{
}

schema const& get_clicks_of_message::describe()
{
    using type = get_clicks_of_message;
    static constexpr endpoint target{.path = "/messages/outbound/clicks/{message_id}",
                                     .paging_limit = protocol::max_listed,
                                     .is_limit_documented = false};
    static constexpr field fields[]{
        member<type, &type::message_id>("message_id", place::path),
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
    };
    static constexpr schema description = describe_request("get_clicks_of_message", fields, target);
    return description;
}

} // namespace postmark
