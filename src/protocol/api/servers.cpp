// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"
#include "protocol/server_fields.hpp"

#include <postmark/api/servers.hpp>

#include <array>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// A page of servers

schema const& servers_reply::describe()
{
    using type = servers_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::servers>("Servers"),
    };
    static constexpr schema description = describe_type<type>("servers_reply", fields);
    return description;
}

get_servers::get_servers(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_servers::describe()
{
    using type = get_servers;
    static constexpr endpoint target{.path = "/servers", .token = token_kind::account};
    static constexpr field fields[]{
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
        member<type, &type::name>("name", place::query),
    };
    static constexpr schema description = describe_request("get_servers", fields, target);
    return description;
}

// One server

get_server::get_server(std::int64_t server_id)
    : id{server_id}
{
}

schema const& get_server::describe()
{
    static constexpr endpoint target{.path = "/servers/{id}", .token = token_kind::account};
    static constexpr field fields[]{member<get_server, &get_server::id>("id", place::path)};
    static constexpr schema description = describe_request("get_server", fields, target);
    return description;
}

schema const& create_server::describe()
{
    using type = create_server;
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/servers",
                                     .repeatable = false,
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         auto const& created = *static_cast<type const*>(request);
                                         protocol::request_check check;
                                         check.is_set("name", created.name);
                                         protocol::check_settings(check, created);
                                         return check.take();
                                     }};
    static constexpr std::array own_fields{member<type, &type::delivery_type>("DeliveryType")};
    static constexpr auto fields = protocol::join(protocol::server_setting_fields<type>, own_fields);
    static constexpr schema description = describe_request("create_server", fields, target);
    return description;
}

edit_server::edit_server(std::int64_t server_id)
    : id{server_id}
{
}

schema const& edit_server::describe()
{
    using type = edit_server;
    static constexpr endpoint target{.method = http_method::put,
                                     .path = "/servers/{id}",
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         protocol::request_check check;
                                         protocol::check_settings(check, *static_cast<type const*>(request));
                                         return check.take();
                                     }};
    static constexpr std::array own_fields{member<type, &type::id>("id", place::path)};
    static constexpr auto fields = protocol::join(own_fields, protocol::server_setting_fields<type>);
    static constexpr schema description = describe_request("edit_server", fields, target);
    return description;
}

delete_server::delete_server(std::int64_t server_id)
    : id{server_id}
{
}

schema const& delete_server::describe()
{
    static constexpr endpoint target{
        .method = http_method::delete_, .path = "/servers/{id}", .token = token_kind::account};
    static constexpr field fields[]{member<delete_server, &delete_server::id>("id", place::path)};
    static constexpr schema description = describe_request("delete_server", fields, target);
    return description;
}

} // namespace postmark
