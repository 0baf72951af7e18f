// SPDX-License-Identifier: BSL-1.0

// The sandbox's own endpoints, for programs that cannot call the library.

#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/service.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <charconv>
#include <limits>
#include <stdexcept>

namespace postmark::sandbox {
namespace {

namespace json = boost::json;

void append_message(std::string& out, stored_message const& message)
{
    object_writer writer{out};
    writer.text("MessageID", message.message_id).text("Endpoint", message.endpoint).text("From", message.from);
    append_texts(writer.key("To"), message.to);
    append_texts(writer.key("Cc"), message.cc);
    append_texts(writer.key("Bcc"), message.bcc);
    writer.text("ReplyTo", message.reply_to)
        .text("Subject", message.subject)
        .text("TextBody", message.text)
        .text("HtmlBody", message.html)
        .text("Tag", message.tag)
        .text("MessageStream", message.message_stream);
    append_texts(writer.key("Metadata"), message.metadata);
    auto& headers = writer.key("Headers");
    headers += '[';
    for (auto const& entry : message.headers) {
        if (headers.back() != '[') {
            headers += ',';
        }
        object_writer{headers}.text("Name", entry.name).text("Value", entry.value);
    }
    headers += ']';
    auto& attachments = writer.key("Attachments");
    attachments += '[';
    for (auto const& entry : message.attachments) {
        if (attachments.back() != '[') {
            attachments += ',';
        }
        object_writer{attachments}
            .text("Name", entry.name)
            .text("ContentType", entry.content_type)
            .text("ContentID", entry.content_id)
            .number("Size", static_cast<std::int64_t>(entry.content.size()));
    }
    attachments += ']';
    writer.date("SubmittedAt", message.submitted_at, date_form::utc).flag("TestToken", message.test_token);
}

std::size_t number_or(std::string_view text, std::size_t otherwise)
{
    std::size_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return text.empty() || error != std::errc{} || end != text.data() + text.size() ? otherwise : value;
}

reply bad_request(std::string_view what)
{
    return make_refusal(400, 0, what);
}

} // namespace

reply service::control(request& incoming, route const& to)
{
    if (to.where == endpoint::control_stats) {
        return control_stats();
    }
    if (to.where == endpoint::control_messages && incoming.method == "GET") {
        return control_messages(to.query);
    }
    reply const done{200, "{}"};
    if (to.where == endpoint::control_messages) {
        messages_.clear();
        counts_.clear();
        return done;
    }
    if (to.where == endpoint::control_faults) {
        try {
            if (auto const delay = faults_.load(incoming.body)) {
                set_index_delay(*delay);
            }
        } catch (std::invalid_argument const& error) {
            return bad_request(error.what());
        }
        return done;
    }
    boost::system::error_code error;
    auto const value = json::parse(incoming.body, error);
    auto const* object = error ? nullptr : value.if_object();
    if (!object) {
        return bad_request("The body must be a JSON object.");
    }
    if (to.where == endpoint::control_suppressions) {
        auto const stream = text_member(*object, "MessageStream");
        bounces_.suppress(text_member(*object, "EmailAddress"), stream.empty() ? "outbound" : stream);
        return done;
    }
    auto const* id = find_member(*object, "TemplateId");
    if (!id || !id->is_int64()) {
        return bad_request("A template needs a number as its TemplateId.");
    }
    templates_.add(std::string{text_member(*object, "Alias")}, id->get_int64(),
                   std::string{text_member(*object, "Subject")}, std::string{text_member(*object, "HtmlBody")},
                   std::string{text_member(*object, "TextBody")});
    return done;
}

reply service::control_messages(std::string_view query) const
{
    query_values const values{query};
    auto const offset = number_or(values.text("offset"), 0);
    auto const count = number_or(values.text("count"), std::numeric_limits<std::size_t>::max());
    std::size_t position = 0;
    std::string items;
    messages_.for_each([&](record const& entry) {
        auto const here = position++;
        if (here < offset || here - offset >= count) {
            return;
        }
        if (!items.empty()) {
            items += ',';
        }
        append_message(items, messages_.expand(entry));
    });
    reply answer;
    {
        object_writer writer{answer.body};
        writer.number("TotalCount", static_cast<std::int64_t>(position));
        ((writer.key("Messages") += '[') += items) += ']';
    }
    return answer;
}

reply service::control_stats() const
{
    auto const now = counts_.snapshot();
    auto const number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
    reply answer;
    {
        object_writer writer{answer.body};
        writer.number("Connections", number(now.connections))
            .number("OpenConnections", number(now.open_connections))
            .number("Handshakes", number(now.handshakes))
            .number("ResumedHandshakes", number(now.resumed_handshakes))
            .number("Requests", number(now.requests))
            .number("Messages", number(now.messages))
            .number("Faults", number(now.faults));
        object_writer by_endpoint{writer.key("RequestsByEndpoint")};
        for (auto const& [path, count] : now.requests_by_endpoint) {
            by_endpoint.number(path, number(count));
        }
    }
    return answer;
}

} // namespace postmark::sandbox
