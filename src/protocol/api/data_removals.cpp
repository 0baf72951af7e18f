// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/data_removals.hpp>

#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

schema const& data_removal_reply::describe()
{
    using type = data_removal_reply;
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::status>("Status"),
    };
    static constexpr schema description = describe_type<type>("data_removal_reply", fields);
    return description;
}

create_data_removal::create_data_removal(std::string by, std::string recipient)
    : requested_by{std::move(by)}
    , requested_for{std::move(recipient)}
{
}

schema const& create_data_removal::describe()
{
    using type = create_data_removal;
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/data-removals",
                                     .repeatable = false,
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         auto const& created = *static_cast<type const*>(request);
                                         protocol::request_check check;
                                         check.is_set("requested_by", created.requested_by);
                                         check.is_set("requested_for", created.requested_for);
                                         return check.take();
                                     }};
    static constexpr field fields[]{
        member<type, &type::requested_by>("RequestedBy"),
        member<type, &type::requested_for>("RequestedFor"),
        member<type, &type::notify_when_completed>("NotifyWhenCompleted"),
    };
    static constexpr schema description = describe_request("create_data_removal", fields, target);
    return description;
}

get_data_removal::get_data_removal(std::int64_t removal_id)
    : id{removal_id}
{
}

schema const& get_data_removal::describe()
{
    using type = get_data_removal;
    static constexpr endpoint target{http_method::get, "/data-removals/{id}", true, token_kind::account};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("get_data_removal", fields, target);
    return description;
}

} // namespace postmark
