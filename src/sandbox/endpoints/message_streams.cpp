// SPDX-License-Identifier: BSL-1.0

// The endpoints of message streams.

#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <array>

namespace postmark::sandbox::detail {
namespace {

constexpr std::size_t stream_limit = 10;

void append_stream(std::string& out, server_state const& server, message_stream const& stream)
{
    object_writer writer{out};
    writer.text("ID", stream.id)
        .number("ServerID", server.id)
        .text("Name", stream.name)
        .text_or_null("Description", stream.description)
        .text("MessageStreamType", stream.type)
        .date("CreatedAt", stream.created_at, date_form::eastern_short)
        .date_or_null("UpdatedAt", stream.updated_at, date_form::eastern_short)
        .date_or_null("ArchivedAt", stream.archived_at, date_form::eastern_short)
        .date_or_null("ExpectedPurgeDate", stream.purged_at(), date_form::eastern_short);
    object_writer{writer.key("SubscriptionManagementConfiguration")}.text("UnsubscribeHandlingType",
                                                                          stream.unsubscribe_handling);
}

reply reply_with(call const& current, message_stream const& stream)
{
    reply result;
    append_stream(result.body, *current.server, stream);
    return result;
}

message_stream* find_stream(call const& current)
{
    return current.server->streams.find(current.parameters.front());
}

reply no_stream()
{
    return make_refusal(422, 1226, "The message stream for the provided 'ID' was not found.");
}

std::size_t active_count(server_state const& server)
{
    auto const& all = server.streams.all();
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](message_stream const& entry) { return !entry.archived_at; }));
}

refusal too_many_streams()
{
    return {1225, "A server is limited to " + std::to_string(stream_limit) + " message streams."};
}

/// Whether a name of a type is the one that was asked for; empty and `All` ask for every type.
bool is_wanted(std::string_view wanted, std::string_view type)
{
    return wanted.empty() || equals_ignoring_case(wanted, "All") || equals_ignoring_case(wanted, type);
}

constexpr std::array<std::string_view, 3> stream_types{"Transactional", "Inbound", "Broadcasts"};

reply list_streams(call const& current)
{
    query_values const values{current.query};
    auto const type = values.text("MessageStreamType");
    if (std::ranges::none_of(stream_types, [&](std::string_view name) { return is_wanted(type, name); })) {
        return make_refusal(422, 1221, "The 'MessageStreamType' value is invalid.");
    }
    bool const with_archived = equals_ignoring_case(values.text("IncludeArchivedStreams"), "true");
    listing result;
    for (auto const& stream : current.server->streams.all()) {
        if (is_wanted(type, stream.type) && (with_archived || !stream.archived_at)) {
            append_stream(*result.next(), *current.server, stream);
        }
    }
    return result.finish("MessageStreams");
}

reply get_stream(call const& current)
{
    auto const* stream = find_stream(current);
    return stream ? reply_with(current, *stream) : no_stream();
}

/// Reads `SubscriptionManagementConfiguration`; absent leaves the handling as it is.
std::optional<refusal> read_handling(request_body const& body, message_stream& stream)
{
    auto const configuration = body->object("SubscriptionManagementConfiguration");
    auto const handling = configuration ? configuration->text("UnsubscribeHandlingType") : std::nullopt;
    if (body.problem()) {
        return body.problem();
    }
    if (!handling) {
        return std::nullopt;
    }
    static constexpr std::array<std::string_view, 3> known{"None", "Postmark", "Custom"};
    auto const* const found =
        std::ranges::find_if(known, [&](std::string_view name) { return equals_ignoring_case(name, *handling); });
    if (found == known.end()) {
        return refusal{1240, "The 'UnsubscribeHandlingType' value is invalid: it must be None, Postmark or Custom."};
    }
    if (*found == "Custom") {
        return refusal{1238, "The account is not approved for custom handling of unsubscribe requests."};
    }
    if ((stream.type == "Broadcasts" && *found == "None") || (stream.type == "Inbound" && *found != "None")) {
        return refusal{1239, "The handling of unsubscribe requests is not supported by this type of stream."};
    }
    stream.unsubscribe_handling = *found;
    return std::nullopt;
}

/// Reads what can be changed of a stream; absent leaves it as it is.
std::optional<refusal> read_fields(request_body const& body, message_stream& stream)
{
    if (auto name = body->text("Name")) {
        stream.name = std::move(*name);
    }
    if (auto description = body->text("Description")) {
        stream.description = std::move(*description);
    }
    if (auto refused = read_handling(body, stream)) {
        return refused;
    }
    if (trim(stream.name).empty()) {
        return refusal{1223, "The 'Name' of a message stream is required."};
    }
    if (utf16_length(stream.name) > 100) {
        return refusal{1224, "The 'Name' of a message stream is limited to 100 characters."};
    }
    if (utf16_length(stream.description) > 1000) {
        return refusal{1231, "The 'Description' of a message stream is limited to 1000 characters."};
    }
    if (stream.description.find_first_of("<>") != std::string::npos) {
        return refusal{1234, "The 'Description' of a message stream must not hold HTML."};
    }
    return std::nullopt;
}

std::optional<refusal> check_id(server_state const& server, std::string_view id)
{
    if (id.empty()) {
        return refusal{1222, "The 'ID' of a message stream is required."};
    }
    if (id.starts_with("pm-")) {
        return refusal{1233, "The 'ID' of a message stream must not start with 'pm-'."};
    }
    if (id == "all") {
        return refusal{1237, "The 'ID' of the message stream is reserved."};
    }
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
    if (id.size() > 30 || letters.find(id.front()) == std::string_view::npos ||
        id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string_view::npos) {
        return refusal{1227, "The 'ID' of a message stream starts with a letter and has up to 30 lower-case letters, "
                             "digits, '-' and '_'."};
    }
    if (server.streams.find(id)) {
        return refusal{1230, "A message stream with the ID '" + std::string{id} + "' exists already."};
    }
    return std::nullopt;
}

reply create_stream(call const& current)
{
    request_body const body{current};
    auto const id = body->text("ID").value_or(std::string{});
    auto const type = body->text("MessageStreamType").value_or(std::string{});
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (auto const refused = check_id(*current.server, id)) {
        return make_refusal(*refused);
    }
    auto const* const known =
        std::ranges::find_if(stream_types, [&](std::string_view name) { return equals_ignoring_case(name, type); });
    if (known == stream_types.end()) {
        return make_refusal(422, 1221,
                            "The 'MessageStreamType' value is invalid: it must be Transactional or Broadcasts.");
    }
    message_stream made;
    made.id = id;
    made.type = *known;
    made.unsubscribe_handling = made.type == "Broadcasts" ? "Postmark" : "None";
    made.created_at = std::chrono::system_clock::now();
    if (auto const refused = read_fields(body, made)) {
        return make_refusal(*refused);
    }
    if (made.type == "Inbound") {
        return make_refusal(422, 1228, "A server has one inbound stream, and it exists already.");
    }
    if (active_count(*current.server) >= stream_limit) {
        return make_refusal(too_many_streams());
    }
    return reply_with(current, current.server->streams.add(std::move(made)));
}

reply edit_stream(call const& current)
{
    auto* stream = find_stream(current);
    if (!stream) {
        return no_stream();
    }
    request_body const body{current};
    auto changed = *stream;
    if (auto const refused = read_fields(body, changed)) {
        return make_refusal(*refused);
    }
    changed.updated_at = std::chrono::system_clock::now();
    *stream = std::move(changed);
    return reply_with(current, *stream);
}

reply archive_stream(call const& current)
{
    auto* stream = find_stream(current);
    if (!stream) {
        return no_stream();
    }
    if (stream->is_default && stream->type != "Broadcasts") {
        return make_refusal(422, 1229, "The default transactional stream and the inbound stream cannot be archived.");
    }
    if (!stream->archived_at) {
        stream->archived_at = std::chrono::system_clock::now();
    }
    reply result;
    object_writer writer{result.body};
    writer.text("ID", stream->id)
        .number("ServerID", current.server->id)
        .date_or_null("ExpectedPurgeDate", stream->purged_at(), date_form::eastern_short)
        .end();
    return result;
}

reply unarchive_stream(call const& current)
{
    auto* stream = find_stream(current);
    if (!stream) {
        return no_stream();
    }
    if (stream->archived_at) {
        if (*stream->purged_at() <= std::chrono::system_clock::now()) {
            return make_refusal(422, 1232, "The message stream cannot be restored: its purge date has passed.");
        }
        if (active_count(*current.server) >= stream_limit) {
            return make_refusal(too_many_streams());
        }
        stream->archived_at.reset();
    }
    return reply_with(current, *stream);
}

constexpr endpoint rows[] = {
    {"GET", "/message-streams", list_streams},
    {"GET", "/message-streams/{id}", get_stream},
    {"POST", "/message-streams", create_stream},
    {"PATCH", "/message-streams/{id}", edit_stream},
    {"POST", "/message-streams/{id}/archive", archive_stream},
    {"POST", "/message-streams/{id}/unarchive", unarchive_stream},
};

} // namespace

std::span<endpoint const> message_stream_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
