// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/messages.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// A page of outbound messages

namespace {

// The service documents the attachments as file names; one of its descriptions and an SDK have objects.
constexpr protocol::codec file_names_codec = protocol::list_codec<std::string>(&protocol::file_name_codec);

/// The fields of an outbound message, which is part of a page or of its details.
template <class C>
constexpr std::array message_fields{
    member<C, &outbound_message::message_id>("MessageID"),
    member<C, &outbound_message::message_stream>("MessageStream"),
    member<C, &outbound_message::to>("To"),
    member<C, &outbound_message::cc>("Cc"),
    member<C, &outbound_message::bcc>("Bcc"),
    member<C, &outbound_message::recipients>("Recipients"),
    member<C, &outbound_message::received_at>("ReceivedAt"),
    member<C, &outbound_message::from>("From"),
    member<C, &outbound_message::subject>("Subject"),
    member<C, &outbound_message::tag>("Tag"),
    member<C, &outbound_message::attachments>("Attachments", place::body, &file_names_codec),
    member<C, &outbound_message::status>("Status"),
    member<C, &outbound_message::track_opens>("TrackOpens"),
    member<C, &outbound_message::track_links>("TrackLinks"),
    member<C, &outbound_message::metadata>("Metadata"),
    member<C, &outbound_message::sandboxed>("Sandboxed"),
};

} // namespace

schema const& outbound_message::describe()
{
    static constexpr schema description =
        describe_type<outbound_message>("outbound_message", message_fields<outbound_message>);
    return description;
}

schema const& outbound_messages_reply::describe()
{
    using type = outbound_messages_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::messages>("Messages"),
    };
    static constexpr schema description = describe_type<type>("outbound_messages_reply", fields);
    return description;
}

get_outbound_messages::get_outbound_messages(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_outbound_messages::describe()
{
    using type = get_outbound_messages;
    static constexpr endpoint target{
        .path = "/messages/outbound",
        .check =
            [](void const* request) {
                auto const& query = *static_cast<type const*>(request);
                if (query.metadata_key.empty() == query.metadata_value.empty()) {
                    return std::string{};
                }
                return std::string{query.metadata_key.empty() ? "metadata_key: is empty" : "metadata_value: is empty"};
            },
        .paging_limit = protocol::max_listed,
    };
    static constexpr field fields[]{
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
        member<type, &type::recipient>("recipient", place::query),
        member<type, &type::from_email>("fromemail", place::query),
        member<type, &type::subject>("subject", place::query),
        member<type, &type::tag>("tag", place::query),
        member<type, &type::status>("status", place::query),
        member<type, &type::from_date>("fromdate", place::query),
        member<type, &type::to_date>("todate", place::query),
        member<type, &type::message_stream>("messagestream", place::query),
        member<type, &type::metadata_key>("metadata_key", place::query_key),
        member<type, &type::metadata_value>("metadata_", place::query),
    };
    static constexpr schema description = describe_request("get_outbound_messages", fields, target);
    return description;
}

// Details of an outbound message

schema const& message_event::describe()
{
    static constexpr field fields[]{
        member<message_event, &message_event::recipient>("Recipient"),
        member<message_event, &message_event::type>("Type"),
        member<message_event, &message_event::received_at>("ReceivedAt"),
        member<message_event, &message_event::details>("Details"),
    };
    static constexpr schema description = describe_type<message_event>("message_event", fields);
    return description;
}

schema const& outbound_message_details_reply::describe()
{
    using type = outbound_message_details_reply;
    static constexpr std::array own_fields{
        member<type, &type::text>("TextBody"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::body>("Body"),
        member<type, &type::message_events>("MessageEvents"),
    };
    static constexpr auto fields = protocol::join(message_fields<type>, own_fields);
    static constexpr schema description = describe_type<type>("outbound_message_details_reply", fields);
    return description;
}

get_outbound_message_details::get_outbound_message_details(std::string id)
    : message_id{std::move(id)}
{
}

schema const& get_outbound_message_details::describe()
{
    using type = get_outbound_message_details;
    static constexpr endpoint target{http_method::get, "/messages/outbound/{message_id}/details"};
    static constexpr field fields[]{member<type, &type::message_id>("message_id", place::path)};
    static constexpr schema description = describe_request("get_outbound_message_details", fields, target);
    return description;
}

// The source of an outbound message

schema const& message_dump_reply::describe()
{
    static constexpr field fields[]{member<message_dump_reply, &message_dump_reply::body>("Body")};
    static constexpr schema description = describe_type<message_dump_reply>("message_dump_reply", fields);
    return description;
}

get_outbound_message_dump::get_outbound_message_dump(std::string id)
    : message_id{std::move(id)}
{
}

schema const& get_outbound_message_dump::describe()
{
    using type = get_outbound_message_dump;
    static constexpr endpoint target{http_method::get, "/messages/outbound/{message_id}/dump"};
    static constexpr field fields[]{member<type, &type::message_id>("message_id", place::path)};
    static constexpr schema description = describe_request("get_outbound_message_dump", fields, target);
    return description;
}

// The search for a stamp

find_stamped::find_stamped(std::string value, std::string stream)
    : stamp{std::move(value)}
    , message_stream{std::move(stream)}
{
}

schema const& find_stamped::describe()
{
    using type = find_stamped;
    // A service that applies the filter only partly puts other messages first, so more than one is asked for.
    static constexpr endpoint target{
        .path = "/messages/outbound?count=10&offset=0", .max_elements = 10, .check = [](void const* request) {
            return static_cast<type const*>(request)->stamp.empty()
                       ? std::string{"stamp: the receipt has none; see config::stamp_messages"}
                       : std::string{};
        }};
    static constexpr field fields[]{
        member<type, &type::message_stream>("messagestream", place::query),
        member<type, &type::stamp>("metadata_postmark-stamp", place::query),
    };
    static constexpr schema description = describe_request("find_stamped", fields, target);
    return description;
}

schema const& reconciliation::describe()
{
    using type = reconciliation;
    // For comparing and printing; `read` interprets the reply.
    static constexpr field fields[]{
        member<type, &type::stamp>("stamp"),
        member<type, &type::found>("found"),
        member<type, &type::message_id>("message_id"),
        member<type, &type::asked_at>("asked_at"),
    };
    static constexpr schema description = describe_type<type>("reconciliation", fields);
    return description;
}

namespace {

using metadata_map = std::map<std::string, std::string>;

/// The metadata of a message in a search result. A key that is missing says nothing; null says that the message has
/// none.
struct found_metadata {
    bool is_given = false;
    metadata_map values;
};

constexpr protocol::codec found_metadata_codec() noexcept
{
    protocol::codec value = *protocol::codec_of<metadata_map>::get();
    value.reads_null = true;
    value.read = [](protocol::codec const&, protocol::read_state& state, boost::json::value const& json, void* object) {
        auto& metadata = *static_cast<found_metadata*>(object);
        metadata.is_given = true;
        protocol::codec const& values = *protocol::codec_of<metadata_map>::get();
        return protocol::is_null(json) || values.read(values, state, json, &metadata.values);
    };
    return value;
}

/// A message in a search result.
struct found_message {
    std::string message_id;
    found_metadata metadata;

    static schema const& describe()
    {
        static constexpr protocol::codec metadata_codec = found_metadata_codec();
        static constexpr field fields[]{
            member<found_message, &found_message::message_id>("MessageID"),
            member<found_message, &found_message::metadata>("Metadata", place::body, &metadata_codec),
        };
        static constexpr schema description = describe_type<found_message>("found_message", fields);
        return description;
    }
};

/// A page of a search result.
struct found_messages {
    std::int64_t total_count = 0;
    std::optional<std::vector<found_message>> messages;

    static schema const& describe()
    {
        static constexpr field fields[]{
            member<found_messages, &found_messages::total_count>("TotalCount"),
            member<found_messages, &found_messages::messages>("Messages"),
        };
        static constexpr schema description = describe_type<found_messages>("found_messages", fields);
        return description;
    }
};

/// Whether a message of a search result is the one that has the stamp.
bool has_stamp(found_message const& candidate, std::string_view stamp, bool is_only_one)
{
    if (candidate.message_id.empty()) {
        return false;
    }
    if (!candidate.metadata.is_given) {
        // A service that leaves the metadata out is believed to have applied the filter if it found one message only.
        return is_only_one;
    }
    return std::ranges::any_of(candidate.metadata.values, [&](auto const& entry) {
        return model::equal_ignoring_case(entry.first, protocol::stamp_key) && entry.second == stamp;
    });
}

} // namespace

bool reconciliation::read(std::string_view json, std::string& problem)
{
    found_messages page;
    protocol::read_state state;
    state.max_elements = find_stamped::describe().endpoint->max_elements;
    if (!protocol::read(found_messages::describe(), json, &page, problem, std::move(state))) {
        return false;
    }
    if (!page.messages) {
        problem = "Messages: expected an array of objects";
        return false;
    }
    asked_at = std::chrono::system_clock::now();
    bool const is_only_one = page.total_count == 1 && page.messages->size() == 1;
    auto const match = std::ranges::find_if(
        *page.messages, [&](found_message const& candidate) { return has_stamp(candidate, stamp, is_only_one); });
    if (match != page.messages->end()) {
        message_id = std::move(match->message_id);
        found = true;
    }
    return true;
}

} // namespace postmark
