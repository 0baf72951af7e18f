// SPDX-License-Identifier: BSL-1.0

// The sandbox's own endpoints, for programs that cannot call the library.

#include "sandbox/control.hpp"

#include "sandbox/object_reader.hpp"
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
    writer.text("MessageID", message.message_id)
        .number("ServerID", message.server_id)
        .text("Endpoint", message.endpoint)
        .text("From", message.from);
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

reply list_messages(call const& current)
{
    query_values const values{current.query};
    auto const offset = number_or(values.text("offset"), 0);
    auto const count = number_or(values.text("count"), std::numeric_limits<std::size_t>::max());
    auto const& messages = current.state.messages;
    page wanted;
    wanted.offset = offset;
    wanted.count = count;
    listing result{wanted};
    messages.for_each([&](record const& entry) {
        if (auto* out = result.next()) {
            append_message(*out, messages.expand(entry));
        }
    });
    return result.finish("Messages");
}

reply clear_messages(call const& current)
{
    current.state.forget_messages();
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

/// The servers that a control request concerns: the one with its `ServerID`, else all.
std::vector<server_state*> concerned_servers(call const& current, request_body const& body)
{
    if (!body->has("ServerID")) {
        return current.state.account.servers();
    }
    auto* server = current.state.account.find_server(body->id("ServerID").value_or(0));
    return server ? std::vector{server} : std::vector<server_state*>{};
}

reply add_suppression(call const& current)
{
    request_body const body{current};
    auto const address = body->text("EmailAddress");
    auto const stream = body->text("MessageStream");
    auto const servers = concerned_servers(current, body);
    if (body.problem()) {
        return bad_request(body.problem()->message);
    }
    if (!address || servers.empty()) {
        return bad_request("A suppression needs an EmailAddress, and the ServerID must be that of a server.");
    }
    for (auto* server : servers) {
        server->suppressions.add(stream.value_or("outbound"), *address, "HardBounce", "Recipient");
    }
    return done();
}

reply add_template(call const& current)
{
    request_body const body{current};
    auto const id = body->number("TemplateId");
    auto const alias = body->text("Alias").value_or(std::string{});
    auto const subject = body->text("Subject").value_or(std::string{});
    auto const html = body->text("HtmlBody").value_or(std::string{});
    auto const text = body->text("TextBody").value_or(std::string{});
    auto const servers = concerned_servers(current, body);
    if (body.problem()) {
        return bad_request(body.problem()->message);
    }
    if (!id || servers.empty()) {
        return bad_request("A template needs a number as its TemplateId, and the ServerID must be that of a server.");
    }
    for (auto* server : servers) {
        server->templates.add(alias, *id, subject, html, text);
    }
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
