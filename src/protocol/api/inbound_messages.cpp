// SPDX-License-Identifier: BSL-1.0

#include "protocol/message_schema.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/inbound_messages.hpp>

#include <array>
#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// A page of inbound messages

schema const& inbound_attachment::describe()
{
    using type = inbound_attachment;
    static constexpr field fields[]{
        member<type, &type::name>("Name"),
        member<type, &type::content_type>("ContentType"),
        member<type, &type::content_length>("ContentLength"),
        member<type, &type::content_id>("ContentID"),
    };
    static constexpr schema description = describe_type<type>("inbound_attachment", fields);
    return description;
}

namespace {

/// The fields of an inbound message, which is part of a page or of its details.
template <class C>
constexpr std::array message_fields{
    member<C, &inbound_message::message_id>("MessageID"),
    member<C, &inbound_message::message_stream>("MessageStream"),
    member<C, &inbound_message::from>("From"),
    member<C, &inbound_message::from_name>("FromName"),
    member<C, &inbound_message::from_full>("FromFull"),
    member<C, &inbound_message::to>("To"),
    member<C, &inbound_message::to_full>("ToFull"),
    member<C, &inbound_message::cc>("Cc"),
    member<C, &inbound_message::cc_full>("CcFull"),
    member<C, &inbound_message::bcc>("Bcc"),
    member<C, &inbound_message::bcc_full>("BccFull"),
    member<C, &inbound_message::reply_to>("ReplyTo"),
    member<C, &inbound_message::original_recipient>("OriginalRecipient"),
    member<C, &inbound_message::subject>("Subject"),
    member<C, &inbound_message::date>("Date"),
    member<C, &inbound_message::mailbox_hash>("MailboxHash"),
    member<C, &inbound_message::tag>("Tag"),
    member<C, &inbound_message::status>("Status"),
    member<C, &inbound_message::attachments>("Attachments"),
};

} // namespace

schema const& inbound_message::describe()
{
    static constexpr schema description =
        describe_type<inbound_message>("inbound_message", message_fields<inbound_message>);
    return description;
}

schema const& inbound_messages_reply::describe()
{
    using type = inbound_messages_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::inbound_messages>("InboundMessages"),
    };
    static constexpr schema description = describe_type<type>("inbound_messages_reply", fields);
    return description;
}

get_inbound_messages::get_inbound_messages(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_inbound_messages::describe()
{
    using type = get_inbound_messages;
    static constexpr endpoint target{.path = "/messages/inbound", .paging_limit = protocol::max_listed};
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
        member<type, &type::mailbox_hash>("mailboxhash", place::query),
    };
    static constexpr schema description = describe_request("get_inbound_messages", fields, target);
    return description;
}

// Details of an inbound message

schema const& inbound_message_details_reply::describe()
{
    using type = inbound_message_details_reply;
    static constexpr std::array own_fields{
        member<type, &type::text>("TextBody"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::headers>("Headers", place::body, &protocol::mail_headers_codec),
        member<type, &type::blocked_reason>("BlockedReason"),
    };
    static constexpr auto fields = protocol::join(message_fields<type>, own_fields);
    static constexpr schema description = describe_type<type>("inbound_message_details_reply", fields);
    return description;
}

get_inbound_message_details::get_inbound_message_details(std::string id)
    : message_id{std::move(id)}
{
}

schema const& get_inbound_message_details::describe()
{
    using type = get_inbound_message_details;
    static constexpr endpoint target{http_method::get, "/messages/inbound/{message_id}/details"};
    static constexpr field fields[]{member<type, &type::message_id>("message_id", place::path)};
    static constexpr schema description = describe_request("get_inbound_message_details", fields, target);
    return description;
}

// Delivery of an inbound message

bypass_inbound_message::bypass_inbound_message(std::string id)
    : message_id{std::move(id)}
{
}

schema const& bypass_inbound_message::describe()
{
    using type = bypass_inbound_message;
    static constexpr endpoint target{http_method::put, "/messages/inbound/{message_id}/bypass"};
    static constexpr field fields[]{member<type, &type::message_id>("message_id", place::path)};
    static constexpr schema description = describe_request("bypass_inbound_message", fields, target);
    return description;
}

retry_inbound_message::retry_inbound_message(std::string id)
    : message_id{std::move(id)}
{
}

schema const& retry_inbound_message::describe()
{
    using type = retry_inbound_message;
    // Each time the service may post the message to the program.
    static constexpr endpoint target{http_method::put, "/messages/inbound/{message_id}/retry", false};
    static constexpr field fields[]{member<type, &type::message_id>("message_id", place::path)};
    static constexpr schema description = describe_request("retry_inbound_message", fields, target);
    return description;
}

} // namespace postmark
