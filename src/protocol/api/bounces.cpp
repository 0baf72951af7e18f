// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include <postmark/api/bounces.hpp>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// One bounce

schema const& bounce::describe()
{
    static constexpr field fields[]{
        member<bounce, &bounce::id>("ID"),
        member<bounce, &bounce::type>("Type"),
        member<bounce, &bounce::type_code>("TypeCode"),
        member<bounce, &bounce::name>("Name"),
        member<bounce, &bounce::tag>("Tag"),
        member<bounce, &bounce::message_id>("MessageID"),
        member<bounce, &bounce::server_id>("ServerID"),
        member<bounce, &bounce::message_stream>("MessageStream"),
        member<bounce, &bounce::description>("Description"),
        member<bounce, &bounce::details>("Details"),
        member<bounce, &bounce::email>("Email"),
        member<bounce, &bounce::from>("From"),
        member<bounce, &bounce::bounced_at>("BouncedAt"),
        member<bounce, &bounce::dump_available>("DumpAvailable"),
        member<bounce, &bounce::inactive>("Inactive"),
        member<bounce, &bounce::can_activate>("CanActivate"),
        member<bounce, &bounce::subject>("Subject"),
        member<bounce, &bounce::content>("Content"),
    };
    static constexpr schema description = describe_type<bounce>("bounce", fields);
    return description;
}

// A page of bounces

schema const& bounces_reply::describe()
{
    static constexpr field fields[]{
        member<bounces_reply, &bounces_reply::total_count>("TotalCount"),
        member<bounces_reply, &bounces_reply::bounces>("Bounces"),
    };
    static constexpr schema description = describe_type<bounces_reply>("bounces_reply", fields);
    return description;
}

get_bounces::get_bounces(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_bounces::describe()
{
    static constexpr endpoint target{.path = "/bounces", .paging_limit = protocol::max_listed};
    static constexpr field fields[]{
        member<get_bounces, &get_bounces::count>("count", place::query),
        member<get_bounces, &get_bounces::offset>("offset", place::query),
        member<get_bounces, &get_bounces::type>("type", place::query),
        member<get_bounces, &get_bounces::inactive>("inactive", place::query),
        member<get_bounces, &get_bounces::email_filter>("emailFilter", place::query),
        member<get_bounces, &get_bounces::tag>("tag", place::query),
        member<get_bounces, &get_bounces::message_id>("messageID", place::query),
        member<get_bounces, &get_bounces::from_date>("fromdate", place::query),
        member<get_bounces, &get_bounces::to_date>("todate", place::query),
        member<get_bounces, &get_bounces::message_stream>("messagestream", place::query),
    };
    static constexpr schema description = describe_request("get_bounces", fields, target);
    return description;
}

// A bounce by its id

schema const& bounce_reply::describe()
{
    static constexpr field fields[]{member<bounce_reply, &bounce_reply::bounce>("", place::root)};
    static constexpr schema description = describe_type<bounce_reply>("bounce_reply", fields);
    return description;
}

get_bounce::get_bounce(std::int64_t bounce_id)
    : id{bounce_id}
{
}

schema const& get_bounce::describe()
{
    static constexpr endpoint target{http_method::get, "/bounces/{id}"};
    static constexpr field fields[]{member<get_bounce, &get_bounce::id>("id", place::path)};
    static constexpr schema description = describe_request("get_bounce", fields, target);
    return description;
}

// The source of a bounce

schema const& bounce_dump_reply::describe()
{
    static constexpr field fields[]{member<bounce_dump_reply, &bounce_dump_reply::body>("Body")};
    static constexpr schema description = describe_type<bounce_dump_reply>("bounce_dump_reply", fields);
    return description;
}

get_bounce_dump::get_bounce_dump(std::int64_t bounce_id)
    : id{bounce_id}
{
}

schema const& get_bounce_dump::describe()
{
    static constexpr endpoint target{http_method::get, "/bounces/{id}/dump"};
    static constexpr field fields[]{member<get_bounce_dump, &get_bounce_dump::id>("id", place::path)};
    static constexpr schema description = describe_request("get_bounce_dump", fields, target);
    return description;
}

// Tags

schema const& bounce_tags_reply::describe()
{
    static constexpr field fields[]{member<bounce_tags_reply, &bounce_tags_reply::tags>("", place::root)};
    static constexpr schema description = describe_type<bounce_tags_reply>("bounce_tags_reply", fields);
    return description;
}

schema const& get_bounce_tags::describe()
{
    static constexpr endpoint target{http_method::get, "/bounces/tags"};
    static constexpr schema description = describe_request("get_bounce_tags", {}, target);
    return description;
}

// Activation

schema const& activate_bounce_reply::describe()
{
    static constexpr field fields[]{
        member<activate_bounce_reply, &activate_bounce_reply::message>("Message"),
        member<activate_bounce_reply, &activate_bounce_reply::bounce>("Bounce"),
    };
    static constexpr schema description = describe_type<activate_bounce_reply>("activate_bounce_reply", fields);
    return description;
}

activate_bounce::activate_bounce(std::int64_t bounce_id)
    : id{bounce_id}
{
}

schema const& activate_bounce::describe()
{
    static constexpr endpoint target{http_method::put, "/bounces/{id}/activate"};
    static constexpr field fields[]{member<activate_bounce, &activate_bounce::id>("id", place::path)};
    static constexpr schema description = describe_request("activate_bounce", fields, target);
    return description;
}

// Counts

schema const& bounce_count::describe()
{
    static constexpr field fields[]{
        member<bounce_count, &bounce_count::name>("Name"),
        member<bounce_count, &bounce_count::count>("Count"),
        member<bounce_count, &bounce_count::type>("Type"),
    };
    static constexpr schema description = describe_type<bounce_count>("bounce_count", fields);
    return description;
}

schema const& delivery_stats_reply::describe()
{
    static constexpr field fields[]{
        member<delivery_stats_reply, &delivery_stats_reply::inactive_mails>("InactiveMails"),
        member<delivery_stats_reply, &delivery_stats_reply::bounces>("Bounces"),
    };
    static constexpr schema description = describe_type<delivery_stats_reply>("delivery_stats_reply", fields);
    return description;
}

schema const& get_delivery_stats::describe()
{
    static constexpr endpoint target{http_method::get, "/deliverystats"};
    static constexpr schema description = describe_request("get_delivery_stats", {}, target);
    return description;
}

} // namespace postmark
