// SPDX-License-Identifier: BSL-1.0

#include "model/validation.hpp"
#include "protocol/message_schema.hpp"
#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/bulk.hpp>

#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// What is sent

schema const& bulk_message::describe()
{
    using type = bulk_message;
    static constexpr field fields[]{
        member<type, &type::to>("To"),
        member<type, &type::cc>("Cc"),
        member<type, &type::bcc>("Bcc"),
        member<type, &type::template_model>("TemplateModel", place::body, &protocol::json_object_codec),
        member<type, &type::metadata>("Metadata"),
        member<type, &type::headers>("Headers", place::body, &protocol::mail_headers_codec),
    };
    static constexpr schema description = describe_type<type>("bulk_message", fields);
    return description;
}

namespace {

/// What is wrong with one mail: it has no recipient, or a text from outside could add headers or recipients to it.
std::string check_message(bulk_message const& mail)
{
    protocol::request_check check;
    if (mail.to.empty()) {
        check.add("to: is empty");
    }
    check.add(model::check_addresses("to", mail.to));
    check.add(model::check_addresses("cc", mail.cc));
    check.add(model::check_addresses("bcc", mail.bcc));
    check.add(model::check_metadata("metadata", mail.metadata));
    check.add(model::check_headers("headers", mail.headers));
    check.is_json_object("template_model", mail.template_model);
    return check.take();
}

std::string check_bulk(send_bulk const& bulk)
{
    protocol::request_check check;
    check.is_set("from", bulk.from.address);
    check.add(model::check_address("from", bulk.from));
    check.add(model::check_addresses("reply_to", bulk.reply_to));
    check.add(model::check_text("subject", bulk.subject));
    check.add(model::check_text("tag", bulk.tag));
    check.add(model::check_text("message_stream", bulk.message_stream));
    check.add(model::check_text("template_alias", bulk.template_alias));
    check.add(model::check_metadata("metadata", bulk.metadata));
    check.add(model::check_headers("headers", bulk.headers));
    check.add(model::check_attachments("attachments", bulk.attachments));
    if (bulk.messages.empty()) {
        check.add("messages: is empty");
    }
    for (std::size_t index = 0; index != bulk.messages.size(); ++index) {
        if (std::string const problem = check_message(bulk.messages[index]); !problem.empty()) {
            check.add(protocol::element_problem("messages", index, problem));
            break;
        }
    }
    return check.take();
}

} // namespace

schema const& send_bulk::describe()
{
    using type = send_bulk;
    static constexpr endpoint target{
        .method = http_method::post, .path = "/email/bulk", .repeatable = false, .check = [](void const* request) {
            return check_bulk(*static_cast<type const*>(request));
        }};
    static constexpr field fields[]{
        member<type, &type::from>("From"),
        member<type, &type::reply_to>("ReplyTo"),
        member<type, &type::subject>("Subject"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::text>("TextBody"),
        member<type, &type::template_id>("TemplateId"),
        member<type, &type::template_alias>("TemplateAlias"),
        member<type, &type::inline_css>("InlineCss"),
        member<type, &type::tag>("Tag"),
        member<type, &type::metadata>("Metadata"),
        member<type, &type::message_stream>("MessageStream"),
        member<type, &type::track_opens>("TrackOpens"),
        member<type, &type::track_links>("TrackLinks"),
        member<type, &type::attachments>("Attachments", place::body, &protocol::sent_attachments_codec),
        member<type, &type::headers>("Headers", place::body, &protocol::mail_headers_codec),
        member<type, &type::messages>("Messages"),
    };
    static constexpr schema description = describe_request("send_bulk", fields, target);
    return description;
}

// How far it is

schema const& bulk_request::describe()
{
    using type = bulk_request;
    static constexpr field fields[]{
        member<type, &type::id>("Id"),
        member<type, &type::submitted_at>("SubmittedAt"),
        member<type, &type::status>("Status"),
        member<type, &type::total_messages>("TotalMessages"),
        member<type, &type::percentage_completed>("PercentageCompleted"),
        member<type, &type::released_count>("ReleasedCount"),
        member<type, &type::failed_count>("FailedCount"),
        member<type, &type::subject>("Subject"),
    };
    static constexpr schema description = describe_type<type>("bulk_request", fields);
    return description;
}

schema const& bulk_request_reply::describe()
{
    static constexpr field fields[]{protocol::whole<bulk_request_reply, bulk_request>()};
    static constexpr schema description = describe_type<bulk_request_reply>("bulk_request_reply", fields);
    return description;
}

get_bulk_request::get_bulk_request(std::string request_id)
    : id{std::move(request_id)}
{
}

schema const& get_bulk_request::describe()
{
    using type = get_bulk_request;
    static constexpr endpoint target{http_method::get, "/email/bulk/{id}"};
    static constexpr field fields[]{member<type, &type::id>("id", place::path)};
    static constexpr schema description = describe_request("get_bulk_request", fields, target);
    return description;
}

schema const& bulk_requests_reply::describe()
{
    using type = bulk_requests_reply;
    static constexpr field fields[]{
        member<type, &type::requests>("Requests"),
        member<type, &type::pagination_key>("PaginationKey"),
    };
    static constexpr schema description = describe_type<type>("bulk_requests_reply", fields);
    return description;
}

get_bulk_requests::get_bulk_requests(int page_size, std::string key)
    : count{page_size}
    , pagination_key{std::move(key)}
{
}

schema const& get_bulk_requests::describe()
{
    using type = get_bulk_requests;
    static constexpr endpoint target{http_method::get, "/email/bulk"};
    static constexpr field fields[]{
        member<type, &type::count>("count", place::query),
        member<type, &type::pagination_key>("paginationKey", place::query),
    };
    static constexpr schema description = describe_request("get_bulk_requests", fields, target);
    return description;
}

} // namespace postmark
