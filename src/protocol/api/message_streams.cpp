// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/message_streams.hpp>

#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// Parts and replies

subscription_management_configuration::subscription_management_configuration(std::string type)
    : unsubscribe_handling_type{std::move(type)}
{
}

schema const& subscription_management_configuration::describe()
{
    using type = subscription_management_configuration;
    static constexpr field fields[]{member<type, &type::unsubscribe_handling_type>("UnsubscribeHandlingType")};
    static constexpr schema description = describe_type<type>("subscription_management_configuration", fields);
    return description;
}

schema const& message_stream::describe()
{
    using type = message_stream;
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::server_id>("ServerID"),
        member<type, &type::name>("Name"),
        member<type, &type::description>("Description"),
        member<type, &type::message_stream_type>("MessageStreamType"),
        member<type, &type::created_at>("CreatedAt"),
        member<type, &type::updated_at>("UpdatedAt"),
        member<type, &type::archived_at>("ArchivedAt"),
        member<type, &type::expected_purge_date>("ExpectedPurgeDate"),
        member<type, &type::subscription_management_configuration>("SubscriptionManagementConfiguration"),
    };
    static constexpr schema description = describe_type<type>("message_stream", fields);
    return description;
}

schema const& message_stream_reply::describe()
{
    static constexpr field fields[]{protocol::whole<message_stream_reply, message_stream>()};
    static constexpr schema description = describe_type<message_stream_reply>("message_stream_reply", fields);
    return description;
}

schema const& message_streams_reply::describe()
{
    using type = message_streams_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::message_streams>("MessageStreams"),
    };
    static constexpr schema description = describe_type<type>("message_streams_reply", fields);
    return description;
}

schema const& archived_message_stream_reply::describe()
{
    using type = archived_message_stream_reply;
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::server_id>("ServerID"),
        member<type, &type::expected_purge_date>("ExpectedPurgeDate"),
    };
    static constexpr schema description = describe_type<type>("archived_message_stream_reply", fields);
    return description;
}

// Requests

schema const& get_message_streams::describe()
{
    using type = get_message_streams;
    static constexpr endpoint target{http_method::get, "/message-streams"};
    static constexpr field fields[]{
        member<type, &type::message_stream_type>("MessageStreamType", place::query),
        member<type, &type::include_archived_streams>("IncludeArchivedStreams", place::query),
    };
    static constexpr schema description = describe_request("get_message_streams", fields, target);
    return description;
}

get_message_stream::get_message_stream(std::string stream)
    : id{std::move(stream)}
{
}

schema const& get_message_stream::describe()
{
    using type = get_message_stream;
    static constexpr endpoint target{http_method::get, "/message-streams/{id}"};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("get_message_stream", fields, target);
    return description;
}

schema const& create_message_stream::describe()
{
    using type = create_message_stream;
    static constexpr endpoint target{
        .method = http_method::post, .path = "/message-streams", .repeatable = false, .check = [](void const* request) {
            auto const& created = *static_cast<type const*>(request);
            protocol::request_check check;
            check.is_set("id", created.id);
            check.is_set("name", created.name);
            check.is_set("message_stream_type", created.message_stream_type);
            return check.take();
        }};
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::name>("Name"),
        member<type, &type::message_stream_type>("MessageStreamType"),
        member<type, &type::description>("Description"),
        member<type, &type::subscription_management_configuration>("SubscriptionManagementConfiguration"),
    };
    static constexpr schema description = describe_request("create_message_stream", fields, target);
    return description;
}

edit_message_stream::edit_message_stream(std::string stream)
    : id{std::move(stream)}
{
}

schema const& edit_message_stream::describe()
{
    using type = edit_message_stream;
    static constexpr endpoint target{http_method::patch, "/message-streams/{id}"};
    static constexpr field fields[]{
        member<type, &type::id>("id", place::path),
        member<type, &type::name>("Name"),
        member<type, &type::description>("Description"),
        member<type, &type::subscription_management_configuration>("SubscriptionManagementConfiguration"),
    };
    static constexpr schema description = describe_request("edit_message_stream", fields, target);
    return description;
}

archive_message_stream::archive_message_stream(std::string stream)
    : id{std::move(stream)}
{
}

schema const& archive_message_stream::describe()
{
    using type = archive_message_stream;
    static constexpr endpoint target{http_method::post, "/message-streams/{id}/archive", false};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("archive_message_stream", fields, target);
    return description;
}

unarchive_message_stream::unarchive_message_stream(std::string stream)
    : id{std::move(stream)}
{
}

schema const& unarchive_message_stream::describe()
{
    using type = unarchive_message_stream;
    static constexpr endpoint target{http_method::post, "/message-streams/{id}/unarchive", false};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("unarchive_message_stream", fields, target);
    return description;
}

} // namespace postmark
