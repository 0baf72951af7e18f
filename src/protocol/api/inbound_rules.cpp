// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/inbound_rules.hpp>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

schema const& inbound_rule::describe()
{
    static constexpr field fields[]{
        member<inbound_rule, &inbound_rule::id>("ID"),
        member<inbound_rule, &inbound_rule::rule>("Rule"),
    };
    static constexpr schema description = describe_type<inbound_rule>("inbound_rule", fields);
    return description;
}

schema const& inbound_rules_reply::describe()
{
    using type = inbound_rules_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::inbound_rules>("InboundRules"),
    };
    static constexpr schema description = describe_type<type>("inbound_rules_reply", fields);
    return description;
}

get_inbound_rules::get_inbound_rules(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_inbound_rules::describe()
{
    using type = get_inbound_rules;
    static constexpr endpoint target{http_method::get, "/triggers/inboundrules"};
    static constexpr field fields[]{
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
    };
    static constexpr schema description = describe_request("get_inbound_rules", fields, target);
    return description;
}

schema const& inbound_rule_reply::describe()
{
    static constexpr field fields[]{protocol::whole<inbound_rule_reply, inbound_rule>()};
    static constexpr schema description = describe_type<inbound_rule_reply>("inbound_rule_reply", fields);
    return description;
}

schema const& create_inbound_rule::describe()
{
    using type = create_inbound_rule;
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/triggers/inboundrules",
                                     .repeatable = false,
                                     .check = [](void const* request) {
                                         protocol::request_check check;
                                         check.is_set("rule", static_cast<type const*>(request)->rule);
                                         return check.take();
                                     }};
    static constexpr field fields[]{member<type, &type::rule>("Rule")};
    static constexpr schema description = describe_request("create_inbound_rule", fields, target);
    return description;
}

delete_inbound_rule::delete_inbound_rule(std::int64_t rule_id)
    : id{rule_id}
{
}

schema const& delete_inbound_rule::describe()
{
    using type = delete_inbound_rule;
    static constexpr endpoint target{http_method::delete_, "/triggers/inboundrules/{id}"};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("delete_inbound_rule", fields, target);
    return description;
}

} // namespace postmark
