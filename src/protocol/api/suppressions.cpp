// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/suppressions.hpp>

#include <algorithm>
#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// The suppressions of a stream

schema const& suppression::describe()
{
    using type = suppression;
    static constexpr field fields[]{
        member<type, &type::email_address>("EmailAddress"),
        member<type, &type::suppression_reason>("SuppressionReason"),
        member<type, &type::origin>("Origin"),
        member<type, &type::created_at>("CreatedAt"),
    };
    static constexpr schema description = describe_type<type>("suppression", fields);
    return description;
}

schema const& suppressions_reply::describe()
{
    using type = suppressions_reply;
    static constexpr field fields[]{member<type, &type::suppressions>("Suppressions")};
    static constexpr schema description = describe_type<type>("suppressions_reply", fields);
    return description;
}

get_suppressions::get_suppressions(std::string stream)
    : message_stream{std::move(stream)}
{
}

schema const& get_suppressions::describe()
{
    using type = get_suppressions;
    // The list has no pages. A million elements take about 100 MB even if the reply says nothing of them.
    static constexpr endpoint target{.path = "/message-streams/{message_stream}/suppressions/dump",
                                     .max_elements = 1'000'000};
    static constexpr field fields[]{
        member<type, &type::message_stream>("message_stream", place::path),
        member<type, &type::suppression_reason>("SuppressionReason", place::query),
        member<type, &type::origin>("Origin", place::query),
        member<type, &type::from_date>("fromdate", place::query),
        member<type, &type::to_date>("todate", place::query),
        member<type, &type::email_address>("EmailAddress", place::query),
    };
    static constexpr schema description = describe_request("get_suppressions", fields, target);
    return description;
}

// Changes

suppressed_address::suppressed_address(std::string address)
    : email_address{std::move(address)}
{
}

suppressed_address::suppressed_address(std::string_view address)
    : email_address{address}
{
}

suppressed_address::suppressed_address(char const* address)
    : email_address{address}
{
}

schema const& suppressed_address::describe()
{
    using type = suppressed_address;
    static constexpr field fields[]{member<type, &type::email_address>("EmailAddress", place::required)};
    static constexpr schema description = describe_type<type>("suppressed_address", fields);
    return description;
}

schema const& suppression_change::describe()
{
    using type = suppression_change;
    static constexpr field fields[]{
        member<type, &type::email_address>("EmailAddress"),
        member<type, &type::status>("Status"),
        member<type, &type::message>("Message"),
    };
    static constexpr schema description = describe_type<type>("suppression_change", fields);
    return description;
}

schema const& suppression_changes_reply::describe()
{
    using type = suppression_changes_reply;
    static constexpr field fields[]{member<type, &type::suppressions>("Suppressions")};
    static constexpr schema description = describe_type<type>("suppression_changes_reply", fields);
    return description;
}

namespace {

constexpr std::size_t max_changes = 50;

std::string check_changes(std::vector<suppressed_address> const& addresses)
{
    protocol::request_check check;
    check.has_size("suppressions", addresses.size(), max_changes);
    auto const empty = std::ranges::find(addresses, std::string{}, &suppressed_address::email_address);
    if (empty != addresses.end()) {
        auto const index = static_cast<std::size_t>(empty - addresses.begin());
        check.add(protocol::element_problem("suppressions", index, "email_address: is empty"));
    }
    return check.take();
}

} // namespace

create_suppressions::create_suppressions(std::string stream)
    : message_stream{std::move(stream)}
{
}

schema const& create_suppressions::describe()
{
    using type = create_suppressions;
    static constexpr endpoint target{
        .method = http_method::post,
        .path = "/message-streams/{message_stream}/suppressions",
        .max_elements = max_changes,
        .check = [](void const* request) { return check_changes(static_cast<type const*>(request)->suppressions); }};
    static constexpr field fields[]{
        member<type, &type::message_stream>("message_stream", place::path),
        member<type, &type::suppressions>("Suppressions"),
    };
    static constexpr schema description = describe_request("create_suppressions", fields, target);
    return description;
}

delete_suppressions::delete_suppressions(std::string stream)
    : message_stream{std::move(stream)}
{
}

schema const& delete_suppressions::describe()
{
    using type = delete_suppressions;
    static constexpr endpoint target{
        .method = http_method::post,
        .path = "/message-streams/{message_stream}/suppressions/delete",
        .max_elements = max_changes,
        .check = [](void const* request) { return check_changes(static_cast<type const*>(request)->suppressions); }};
    static constexpr field fields[]{
        member<type, &type::message_stream>("message_stream", place::path),
        member<type, &type::suppressions>("Suppressions"),
    };
    static constexpr schema description = describe_request("delete_suppressions", fields, target);
    return description;
}

} // namespace postmark
