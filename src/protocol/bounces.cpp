// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_fields.hpp"
#include "protocol/query.hpp"

#include <postmark/api/bounces.hpp>

#include <boost/json/array.hpp>

namespace postmark {

namespace {

std::string bounce_path(std::int64_t id)
{
    return "/bounces/" + std::to_string(id);
}

bool read_bounce(boost::json::value const& json, bounce& value)
{
    protocol::field_reader fields{json};
    fields.read("ID", value.id);
    fields.read("Type", value.type);
    fields.read("TypeCode", value.type_code);
    fields.read("Name", value.name);
    fields.read("Tag", value.tag);
    fields.read("MessageID", value.message_id);
    fields.read("ServerID", value.server_id);
    fields.read("MessageStream", value.message_stream);
    fields.read("Description", value.description);
    fields.read("Details", value.details);
    fields.read("Email", value.email);
    fields.read("From", value.from);
    fields.read("BouncedAt", value.bounced_at);
    fields.read("DumpAvailable", value.dump_available);
    fields.read("Inactive", value.inactive);
    fields.read("CanActivate", value.can_activate);
    fields.read("Subject", value.subject);
    fields.read("Content", value.content);
    return fields.good();
}

} // namespace

get_bounces::get_bounces(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

api_request get_bounces::prepare() const
{
    return {http_method::get, protocol::query{"/bounces"}
                                  .add("count", std::int64_t{count})
                                  .add("offset", std::int64_t{offset})
                                  .add("type", type)
                                  .add("inactive", inactive)
                                  .add("emailFilter", email_filter)
                                  .add("tag", tag)
                                  .add("messageID", message_id)
                                  .add("fromdate", from_date)
                                  .add("todate", to_date)
                                  .add("messagestream", message_stream)
                                  .target()};
}

bool bounces_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    if (!parsed) {
        return false;
    }
    protocol::field_reader fields{*parsed};
    fields.read("TotalCount", total_count);
    if (auto const* list = fields.find_array("Bounces")) {
        bounces.reserve(list->size());
        for (auto const& element : *list) {
            if (!read_bounce(element, bounces.emplace_back())) {
                return false;
            }
        }
    }
    return fields.good();
}

get_bounce::get_bounce(std::int64_t bounce_id)
    : id{bounce_id}
{
}

api_request get_bounce::prepare() const
{
    return {http_method::get, bounce_path(id)};
}

bool bounce_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    return parsed && read_bounce(*parsed, bounce);
}

get_bounce_dump::get_bounce_dump(std::int64_t bounce_id)
    : id{bounce_id}
{
}

api_request get_bounce_dump::prepare() const
{
    return {http_method::get, bounce_path(id) + "/dump"};
}

bool bounce_dump_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    if (!parsed) {
        return false;
    }
    protocol::field_reader fields{*parsed};
    fields.read("Body", body);
    return fields.good();
}

api_request get_bounce_tags::prepare() const
{
    return {http_method::get, "/bounces/tags"};
}

bool bounce_tags_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    return parsed && parsed->is_array() && protocol::read_texts(parsed->get_array(), tags);
}

activate_bounce::activate_bounce(std::int64_t bounce_id)
    : id{bounce_id}
{
}

api_request activate_bounce::prepare() const
{
    return {http_method::put, bounce_path(id) + "/activate"};
}

bool activate_bounce_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    if (!parsed) {
        return false;
    }
    protocol::field_reader fields{*parsed};
    fields.read("Message", message);
    auto const* value = fields.find("Bounce");
    return fields.good() && (value == nullptr || read_bounce(*value, bounce));
}

api_request get_delivery_stats::prepare() const
{
    return {http_method::get, "/deliverystats"};
}

bool delivery_stats_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    if (!parsed) {
        return false;
    }
    protocol::field_reader fields{*parsed};
    fields.read("InactiveMails", inactive_mails);
    if (auto const* list = fields.find_array("Bounces")) {
        bounces.reserve(list->size());
        for (auto const& element : *list) {
            bounce_count& entry = bounces.emplace_back();
            protocol::field_reader entry_fields{element};
            entry_fields.read("Name", entry.name);
            entry_fields.read("Count", entry.count);
            entry_fields.read("Type", entry.type);
            if (!entry_fields.good()) {
                return false;
            }
        }
    }
    return fields.good();
}

} // namespace postmark
