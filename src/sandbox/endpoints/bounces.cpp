// SPDX-License-Identifier: BSL-1.0

// The endpoints of bounces.

#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <set>

namespace postmark::sandbox::detail {
namespace {

enum class bounce_view { listed, single };

void append_bounce(std::string& out, server_state const& server, bounce const& entry, bounce_view view)
{
    object_writer writer{out};
    if (view == bounce_view::listed) {
        writer.text("RecordType", "Bounce");
    }
    writer.number("ID", entry.id)
        .text("Type", entry.type->type)
        .number("TypeCode", entry.type->code)
        .text("Name", entry.type->name)
        .text("Tag", entry.tag)
        .text("MessageID", entry.message_id)
        .number("ServerID", server.id)
        .text("MessageStream", entry.stream)
        .text("Description", entry.type->description)
        .text("Details", entry.details)
        .text("Email", entry.email)
        .text("From", entry.from)
        .date("BouncedAt", entry.bounced_at, date_form::eastern_short)
        .flag("DumpAvailable", !entry.dump.empty())
        .flag("Inactive", entry.inactive)
        .flag("CanActivate", entry.can_activate)
        .text("Subject", entry.subject);
    if (view == bounce_view::single && !entry.dump.empty()) {
        writer.text("Content", entry.dump);
    }
}

/// The bounce that the path names; null when there is none.
bounce* find_bounce(call const& current)
{
    auto const number = parse_id(current.parameters.front());
    return number ? current.server->bounces.find(*number) : nullptr;
}

reply no_bounce(call const& current)
{
    if (current.parameters.front().empty()) {
        return make_refusal(400, 1002, "The id of a bounce is required.");
    }
    return make_refusal(422, 1001, "The bounce was not found.");
}

reply get_delivery_stats(call const& current)
{
    auto const& all = current.server->bounces.all();
    reply result;
    object_writer writer{result.body};
    writer.number("InactiveMails", static_cast<std::int64_t>(current.server->suppressions.size()));
    auto& out = writer.key("Bounces");
    out += '[';
    object_writer{out}
        .text("Name", "All")
        .text("Type", "All")
        .number("TypeCode", 0)
        .number("Count", static_cast<std::int64_t>(all.size()));
    for (auto const& type : bounce_types()) {
        auto const count =
            std::count_if(all.begin(), all.end(), [&](bounce const& entry) { return entry.type->code == type.code; });
        if (count == 0) {
            continue;
        }
        out += ',';
        object_writer{out}
            .text("Name", type.name)
            .text("Type", type.type)
            .number("TypeCode", type.code)
            .number("Count", count);
    }
    out += ']';
    writer.end();
    return result;
}

reply list_bounces(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values, search_limit);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 1000, wanted.problem);
    }
    auto const type = values.text("type");
    if (!type.empty() && !find_bounce_type(type)) {
        return make_refusal(422, 1000, "The 'type' parameter is not a known bounce type.");
    }
    auto const inactive = values.text("inactive");
    auto const stream = values.text_or("messagestream", "outbound");

    listing result{wanted};
    auto const& all = current.server->bounces.all();
    for (auto place = all.rbegin(); place != all.rend(); ++place) {
        auto const& entry = *place;
        if (entry.stream != stream || !wanted.covers(entry.bounced_at) ||
            (!type.empty() && entry.type != find_bounce_type(type)) ||
            (!inactive.empty() && entry.inactive != equals_ignoring_case(inactive, "true")) ||
            !contains_ignoring_case(entry.email, values.text("emailFilter")) ||
            (!values.text("tag").empty() && !equals_ignoring_case(entry.tag, values.text("tag"))) ||
            (!values.text("messageID").empty() && !equals_ignoring_case(entry.message_id, values.text("messageID")))) {
            continue;
        }
        if (auto* out = result.next()) {
            append_bounce(*out, *current.server, entry, bounce_view::listed);
        }
    }
    return result.finish("Bounces");
}

reply get_bounce_tags(call const& current)
{
    std::set<std::string> tags;
    for (auto const& entry : current.server->bounces.all()) {
        if (!entry.tag.empty()) {
            tags.insert(entry.tag);
        }
    }
    reply result;
    append_texts(result.body, std::vector<std::string>{tags.begin(), tags.end()});
    return result;
}

reply get_bounce(call const& current)
{
    auto const* found = find_bounce(current);
    if (!found) {
        return no_bounce(current);
    }
    reply result;
    append_bounce(result.body, *current.server, *found, bounce_view::single);
    return result;
}

reply get_bounce_dump(call const& current)
{
    auto const* found = find_bounce(current);
    if (!found) {
        return no_bounce(current);
    }
    reply result{200, "{}"};
    if (!found->dump.empty()) {
        result.body.clear();
        object_writer{result.body}.text("Body", found->dump);
    }
    return result;
}

reply activate_bounce(call const& current)
{
    auto* found = find_bounce(current);
    if (!found) {
        return no_bounce(current);
    }
    if (!found->can_activate) {
        return make_refusal(422, 1003, "This type of bounce cannot be activated.");
    }
    found->inactive = false;
    current.server->suppressions.remove(found->stream, found->email);
    reply result;
    object_writer writer{result.body};
    writer.text("Message", "OK");
    append_bounce(writer.key("Bounce"), *current.server, *found, bounce_view::single);
    writer.end();
    return result;
}

constexpr endpoint rows[] = {
    {"GET", "/deliverystats", get_delivery_stats},  {"GET", "/bounces", list_bounces},
    {"GET", "/bounces/tags", get_bounce_tags},      {"GET", "/bounces/{id}", get_bounce},
    {"GET", "/bounces/{id}/dump", get_bounce_dump}, {"PUT", "/bounces/{id}/activate", activate_bounce},
};

} // namespace

std::span<endpoint const> bounce_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
