// SPDX-License-Identifier: BSL-1.0

// The endpoints of opens and clicks.

#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

enum class kind { open, click };

std::deque<engagement> const& events_of(server_state const& server, kind wanted)
{
    return wanted == kind::open ? server.events.opens() : server.events.clicks();
}

void append_agent(std::string& out, agent const& entry)
{
    object_writer{out}.text("Name", entry.name).text("Company", entry.company).text("Family", entry.family);
}

void append_engagement(std::string& out, engagement const& entry, kind shown)
{
    object_writer writer{out};
    writer.text("RecordType", shown == kind::open ? "Open" : "Click")
        .text("MessageID", entry.message_id)
        .text("MessageStream", entry.stream)
        .text("Recipient", entry.recipient)
        .date("ReceivedAt", entry.at, date_form::eastern)
        .text("Tag", entry.tag)
        .text("UserAgent", entry.user_agent)
        .text("Platform", entry.platform);
    append_agent(writer.key("Client"), entry.client);
    append_agent(writer.key("OS"), entry.system);
    append_texts(writer.key("Geo"), entry.place);
    if (shown == kind::click) {
        writer.text("ClickLocation", entry.location).text("OriginalLink", entry.link);
        return;
    }
    writer.flag("FirstOpen", entry.first);
    if (entry.read_seconds) {
        writer.number("ReadSeconds", *entry.read_seconds);
    }
}

/// Which events a search lists. A parameter that is not given, or empty, is met by all.
class engagement_filter {
public:
    explicit engagement_filter(query_values const& values)
        : values_{values}
        , stream_{values.text_or("messagestream", "outbound")}
    {
    }

    [[nodiscard]] bool matches(engagement const& entry) const
    {
        auto const of_place = [&](std::string const& key) {
            auto const found = entry.place.find(key);
            return found == entry.place.end() ? std::string_view{} : std::string_view{found->second};
        };
        return equals_ignoring_case(entry.stream, stream_) && is_met("recipient", entry.recipient) &&
               is_met("tag", entry.tag) && is_met("client_name", entry.client.name) &&
               is_met("client_company", entry.client.company) && is_met("client_family", entry.client.family) &&
               is_met("os_name", entry.system.name) && is_met("os_company", entry.system.company) &&
               is_met("os_family", entry.system.family) && is_met("platform", entry.platform) &&
               (is_met("country", of_place("Country")) || is_met("country", of_place("CountryISOCode"))) &&
               (is_met("region", of_place("Region")) || is_met("region", of_place("RegionISOCode"))) &&
               is_met("city", of_place("City"));
    }

private:
    [[nodiscard]] bool is_met(std::string_view name, std::string_view value) const
    {
        auto const wanted = values_.text(name);
        return wanted.empty() || equals_ignoring_case(wanted, value);
    }

    query_values const& values_;
    std::string_view stream_;
};

/// Lists the first event of each recipient, or of each recipient and link, the newest first: the service keeps no
/// others.
template <class Condition>
reply list_events(call const& current, kind wanted, Condition const& condition)
{
    query_values const values{current.query};
    auto const part = read_page(values, search_limit);
    if (!part.problem.empty()) {
        return make_refusal(422, 700, part.problem);
    }
    listing result{part};
    auto const& all = events_of(*current.server, wanted);
    for (auto place = all.rbegin(); place != all.rend(); ++place) {
        if (!place->first || !part.covers(place->at) || !condition(*place, values)) {
            continue;
        }
        if (auto* out = result.next()) {
            append_engagement(*out, *place, wanted);
        }
    }
    return result.finish(wanted == kind::open ? "Opens" : "Clicks");
}

template <kind Wanted>
reply list_all(call const& current)
{
    return list_events(current, Wanted, [](engagement const& entry, query_values const& values) {
        return engagement_filter{values}.matches(entry);
    });
}

template <kind Wanted>
reply list_of_message(call const& current)
{
    auto const& id = current.parameters.front();
    bool known = false;
    current.state.messages.find(
        id, [&](record const& entry) { known = entry.server == current.server && !entry.how.test_token; });
    if (!known) {
        return make_refusal(422, 701, "This message was not found.");
    }
    return list_events(current, Wanted, [&](engagement const& entry, query_values const&) {
        return equals_ignoring_case(entry.message_id, id);
    });
}

constexpr endpoint rows[] = {
    {"GET", "/messages/outbound/opens", list_all<kind::open>},
    {"GET", "/messages/outbound/opens/{id}", list_of_message<kind::open>},
    {"GET", "/messages/outbound/clicks", list_all<kind::click>},
    {"GET", "/messages/outbound/clicks/{id}", list_of_message<kind::click>},
};

} // namespace

std::span<endpoint const> engagement_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
