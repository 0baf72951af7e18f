// SPDX-License-Identifier: BSL-1.0

// The sandbox's own endpoints, for programs that cannot call the library.

#include "sandbox/json_text.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <charconv>
#include <limits>
#include <stdexcept>

namespace postmark::sandbox::detail {
namespace {

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

reply bad_request(std::string_view reason)
{
    return make_refusal(400, 0, reason);
}

reply done()
{
    return {200, "{}"};
}

/// The body as an object; null when it is none.
boost::json::value parse_body(call const& current)
{
    boost::system::error_code error;
    auto value = parse_json(current.incoming.body, error);
    return error || !value.is_object() ? boost::json::value{} : std::move(value);
}

reply no_object()
{
    return bad_request("The body must be a JSON object.");
}

reply list_messages(call const& current)
{
    query_values const values{current.query};
    auto const offset = number_or(values.text("offset"), 0);
    auto const count = number_or(values.text("count"), std::numeric_limits<std::size_t>::max());
    auto const& messages = current.state.messages;
    std::size_t total = 0;
    std::string items;
    messages.for_each([&](record const& entry) {
        auto const position = total++;
        if (position < offset || position - offset >= count) {
            return;
        }
        if (!items.empty()) {
            items += ',';
        }
        append_message(items, messages.expand(entry));
    });
    reply result;
    append_listing(result.body, total, "Messages", items);
    return result;
}

reply clear_messages(call const& current)
{
    current.state.messages.clear();
    current.state.counts.clear();
    return done();
}

reply get_stats(call const& current)
{
    auto const now = current.state.counts.snapshot();
    auto const number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
    reply result;
    object_writer writer{result.body};
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
    by_endpoint.end();
    writer.end();
    return result;
}

reply set_faults(call const& current)
{
    try {
        if (auto const delay = current.state.faults.load(current.incoming.body)) {
            current.state.set_index_delay(*delay);
        }
    } catch (std::invalid_argument const& error) {
        return bad_request(error.what());
    }
    return done();
}

reply add_suppression(call const& current)
{
    auto const body = parse_body(current);
    auto const* object = body.if_object();
    if (!object) {
        return no_object();
    }
    auto const stream = text_member(*object, "MessageStream");
    current.state.bounces.suppress(text_member(*object, "EmailAddress"), stream.empty() ? "outbound" : stream);
    return done();
}

reply add_template(call const& current)
{
    auto const body = parse_body(current);
    auto const* object = body.if_object();
    if (!object) {
        return no_object();
    }
    auto const* id = find_member(*object, "TemplateId");
    if (!id || !id->is_int64()) {
        return bad_request("A template needs a number as its TemplateId.");
    }
    current.state.templates.add(
        std::string{text_member(*object, "Alias")}, id->get_int64(), std::string{text_member(*object, "Subject")},
        std::string{text_member(*object, "HtmlBody")}, std::string{text_member(*object, "TextBody")});
    return done();
}

constexpr endpoint rows[] = {
    {"GET", "/__sandbox/messages", list_messages, access::control},
    {"DELETE", "/__sandbox/messages", clear_messages, access::control},
    {"GET", "/__sandbox/stats", get_stats, access::control},
    {"PUT", "/__sandbox/faults", set_faults, access::control, batch_limit},
    {"POST", "/__sandbox/suppressions", add_suppression, access::control},
    {"POST", "/__sandbox/templates", add_template, access::control},
};

} // namespace

std::span<endpoint const> control_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
