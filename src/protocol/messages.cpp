// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/query.hpp"

#include <postmark/api/messages.hpp>

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>

#include <algorithm>

namespace postmark {

namespace {

/// Objects with an address and a name, or the text of a mailbox.
void read_mailboxes(protocol::field_reader& fields, std::string_view key, std::vector<mailbox>& list)
{
    auto const* array = fields.find_array(key);
    if (array == nullptr) {
        return;
    }
    for (auto const& element : *array) {
        if (auto const* text = element.if_string()) {
            list.emplace_back(std::string_view{text->data(), text->size()});
            continue;
        }
        mailbox& value = list.emplace_back();
        protocol::field_reader parts{element};
        parts.read("Email", value.address);
        parts.read("Name", value.name);
        if (!parts.good()) {
            fields.mark_bad();
        }
    }
}

/// File names, or objects that hold one.
void read_attachments(protocol::field_reader& fields, std::vector<std::string>& names)
{
    auto const* array = fields.find_array("Attachments");
    if (array == nullptr) {
        return;
    }
    for (auto const& element : *array) {
        std::string& name = names.emplace_back();
        if (protocol::to_text(element, name)) {
            continue;
        }
        protocol::field_reader file{element};
        file.read("Name", name);
        if (!file.good()) {
            fields.mark_bad();
        }
    }
}

void read_events(protocol::field_reader& fields, std::vector<message_event>& events)
{
    auto const* array = fields.find_array("MessageEvents");
    if (array == nullptr) {
        return;
    }
    events.reserve(array->size());
    for (auto const& element : *array) {
        message_event& event = events.emplace_back();
        protocol::field_reader parts{element};
        parts.read("Recipient", event.recipient);
        parts.read("Type", event.type);
        parts.read("ReceivedAt", event.received_at);
        parts.read("Details", event.details);
        if (!parts.good()) {
            fields.mark_bad();
        }
    }
}

} // namespace

get_outbound_message_details::get_outbound_message_details(std::string id)
    : message_id{std::move(id)}
{
}

api_request get_outbound_message_details::prepare() const
{
    api_request request{http_method::get, "/messages/outbound/" + percent_encode(message_id) + "/details"};
    if (message_id.empty()) {
        request.problem = "message_id: is empty";
    }
    return request;
}

bool outbound_message_details_reply::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    if (!parsed) {
        return false;
    }
    protocol::field_reader fields{*parsed};
    fields.read("MessageID", message_id);
    fields.read("MessageStream", message_stream);
    read_mailboxes(fields, "To", to);
    read_mailboxes(fields, "Cc", cc);
    read_mailboxes(fields, "Bcc", bcc);
    fields.read("Recipients", recipients);
    fields.read("ReceivedAt", received_at);
    fields.read("From", from);
    fields.read("Subject", subject);
    fields.read("Tag", tag);
    read_attachments(fields, attachments);
    fields.read("Status", status);
    fields.read("TrackOpens", track_opens);
    fields.read("TrackLinks", track_links);
    fields.read("Metadata", metadata);
    fields.read("Sandboxed", sandboxed);
    fields.read("TextBody", text_body);
    fields.read("HtmlBody", html_body);
    fields.read("Body", body);
    read_events(fields, message_events);
    return fields.good();
}

find_stamped::find_stamped(std::string value, std::string stream)
    : stamp{std::move(value)}
    , message_stream{std::move(stream)}
{
}

api_request find_stamped::prepare() const
{
    protocol::query query{"/messages/outbound"};
    query.add("count", std::int64_t{1})
        .add("offset", std::int64_t{0})
        .add("messagestream", message_stream)
        .add("metadata_" + std::string{protocol::stamp_key}, stamp);
    api_request request{http_method::get, query.target()};
    if (stamp.empty()) {
        request.problem = "stamp: the receipt has none; see config::stamp_messages";
    }
    return request;
}

bool reconciliation::read(std::string_view json)
{
    auto const parsed = protocol::parse_json(json);
    if (!parsed) {
        return false;
    }
    asked_at = std::chrono::system_clock::now();
    protocol::field_reader fields{*parsed};
    auto const* messages = fields.find_array("Messages");
    if (messages == nullptr) {
        return false;
    }
    for (auto const& each : *messages) {
        protocol::field_reader item{each};
        std::map<std::string, std::string> metadata;
        std::string id;
        item.read("MessageID", id);
        protocol::field_reader{each}.read("Metadata", metadata);
        if (!item.good()) {
            fields.mark_bad();
            break;
        }
        // A search that does not know the filter, or knows it only by halves, finds others, too. One that does not tell the
        // metadata is taken at its word.
        bool const is_other =
            !stamp.empty() && protocol::field_reader{each}.find("Metadata") != nullptr &&
            std::ranges::none_of(metadata, [&](auto const& entry) {
                return model::equal_ignoring_case(entry.first, protocol::stamp_key) && entry.second == stamp;
            });
        if (id.empty() || is_other) {
            continue;
        }
        message_id = std::move(id);
        found = true;
        break;
    }
    return fields.good();
}

} // namespace postmark
