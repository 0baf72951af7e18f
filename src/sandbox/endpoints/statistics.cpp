// SPDX-License-Identifier: BSL-1.0

// The endpoints of statistics. They are computed from what the server holds: its messages, bounces, opens and clicks.

#include "sandbox/mail_links.hpp"
#include "sandbox/mail_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>

namespace postmark::sandbox::detail {
namespace {

/// What a request counts.
class selection {
public:
    explicit selection(call const& current)
        : state_{current.state}
        , server_{*current.server}
        , values_{current.query}
        , dates_{read_dates(values_)}
    {
    }

    [[nodiscard]] std::optional<refusal> problem() const
    {
        if (!dates_.problem.empty()) {
            return refusal{900, dates_.problem};
        }
        if (dates_.from && dates_.until && *dates_.from > *dates_.until) {
            return refusal{1502, "The 'fromdate' parameter must not be after 'todate'."};
        }
        auto const stream = values_.text("messagestream");
        if (!stream.empty() && !server_.streams.find(stream)) {
            return refusal{1226, "The message stream for the provided 'ID' was not found."};
        }
        return std::nullopt;
    }

    /// Calls `visit(record, mail, count of recipients)` for each message. A message counts once for each recipient
    /// whose address was not suppressed.
    template <class Visitor>
    void for_each_message(Visitor const& visit) const
    {
        std::vector<address_view> recipients;
        state_.messages.for_each([&](record const& entry) {
            if (entry.server != &server_ || entry.how.test_token || !dates_.covers(entry.submitted_at)) {
                return;
            }
            parsed_mail const parsed{entry.json};
            auto const& message = parsed.fields();
            if (!holds(message.tag, message.message_stream())) {
                return;
            }
            recipients.clear();
            for (auto const list : {message.to, message.cc, message.bcc}) {
                split_addresses(list, recipients);
            }
            auto const skipped = server_.events.count_skipped([&] {
                std::string id;
                state_.messages.append_message_id(id, entry.number);
                return id;
            });
            visit(entry, message, static_cast<std::int64_t>(recipients.size() - skipped));
        });
    }

    template <class Visitor>
    void for_each_bounce(Visitor const& visit) const
    {
        for (auto const& entry : server_.bounces.all()) {
            if (dates_.covers(entry.bounced_at) && holds(entry.tag, entry.stream)) {
                visit(entry);
            }
        }
    }

    template <class Visitor>
    void for_each_open(Visitor const& visit) const
    {
        visit_all(server_.events.opens(), visit);
    }

    template <class Visitor>
    void for_each_click(Visitor const& visit) const
    {
        visit_all(server_.events.clicks(), visit);
    }

private:
    template <class Visitor>
    void visit_all(std::deque<engagement> const& list, Visitor const& visit) const
    {
        for (auto const& entry : list) {
            if (dates_.covers(entry.at) && holds(entry.tag, entry.stream)) {
                visit(entry);
            }
        }
    }

    [[nodiscard]] bool holds(std::string_view tag, std::string_view stream) const
    {
        auto const wanted_tag = values_.text("tag");
        auto const wanted_stream = values_.text("messagestream");
        return (wanted_tag.empty() || equals_ignoring_case(tag, wanted_tag)) &&
               (wanted_stream.empty() || equals_ignoring_case(stream, wanted_stream));
    }

    world& state_;
    server_state& server_;
    query_values const values_;
    page const dates_;
};

/// Counts by day and in all. A day without events is left out; of the others, and in all, the keys that are given here
/// are always there.
class daily_counts {
public:
    daily_counts(std::initializer_list<std::string_view> keys)
    {
        for (auto const key : keys) {
            zeros_.emplace(key, 0);
        }
        total_ = zeros_;
    }

    void add(time_point at, std::string_view key, std::int64_t count = 1)
    {
        std::string date;
        append_date(date, at, date_form::eastern);
        auto& day = days_.try_emplace(date.substr(0, 10), zeros_).first->second;
        day[std::string{key}] += count;
        total_[std::string{key}] += count;
    }

    [[nodiscard]] reply finish() const
    {
        reply result;
        object_writer writer{result.body};
        {
            array_writer days{writer.key("Days")};
            for (auto const& [date, counts] : days_) {
                object_writer day{days.next()};
                day.text("Date", date);
                write(day, counts);
            }
        }
        write(writer, total_);
        writer.end();
        return result;
    }

private:
    using counts_by_key = std::map<std::string, std::int64_t>;

    static void write(object_writer& writer, counts_by_key const& counts)
    {
        for (auto const& [key, count] : counts) {
            // Names of programs come from outside.
            std::string escaped;
            append_json_string(escaped, key);
            writer.number(std::string_view{escaped}.substr(1, escaped.size() - 2), count);
        }
    }

    counts_by_key zeros_;
    counts_by_key total_;
    std::map<std::string, counts_by_key> days_;
};

/// Fills the counts of one endpoint.
using counter = void (*)(selection const& from, daily_counts& into);

std::string_view or_unknown(std::string_view text)
{
    return text.empty() ? "Unknown" : text;
}

void count_sends(selection const& from, daily_counts& into)
{
    from.for_each_message([&](record const& entry, mail const&, std::int64_t recipients) {
        into.add(entry.submitted_at, "Sent", recipients);
    });
}

void count_bounces(selection const& from, daily_counts& into)
{
    from.for_each_bounce([&](bounce const& entry) {
        if (entry.type->type != "SpamComplaint") {
            into.add(entry.bounced_at, entry.type->type);
        }
    });
}

void count_complaints(selection const& from, daily_counts& into)
{
    from.for_each_bounce([&](bounce const& entry) {
        if (entry.type->type == "SpamComplaint") {
            into.add(entry.bounced_at, "SpamComplaint");
        }
    });
}

bool is_tracked(delivery const& how)
{
    return how.track_opens || how.track_links != link_tracking::none;
}

void count_tracked(selection const& from, daily_counts& into)
{
    from.for_each_message([&](record const& entry, mail const&, std::int64_t recipients) {
        if (is_tracked(entry.how)) {
            into.add(entry.submitted_at, "Tracked", recipients);
        }
    });
}

void count_opens(selection const& from, daily_counts& into)
{
    from.for_each_open([&](engagement const& entry) {
        into.add(entry.at, "Opens");
        into.add(entry.at, "Unique", entry.first ? 1 : 0);
    });
}

/// The service keeps programs, places and read times of the first opens only.
template <class Visitor>
void for_each_first_open(selection const& from, Visitor const& visit)
{
    from.for_each_open([&](engagement const& entry) {
        if (entry.first) {
            visit(entry);
        }
    });
}

void count_open_platforms(selection const& from, daily_counts& into)
{
    for_each_first_open(from, [&](engagement const& entry) { into.add(entry.at, or_unknown(entry.platform)); });
}

void count_open_clients(selection const& from, daily_counts& into)
{
    for_each_first_open(from, [&](engagement const& entry) {
        into.add(entry.at, or_unknown(entry.client.family.empty() ? entry.client.name : entry.client.family));
    });
}

void count_read_times(selection const& from, daily_counts& into)
{
    for_each_first_open(from, [&](engagement const& entry) {
        into.add(entry.at, !entry.read_seconds         ? "unknown"
                           : *entry.read_seconds >= 20 ? "20s+"
                                                       : std::to_string(*entry.read_seconds) + 's');
    });
}

void count_clicks(selection const& from, daily_counts& into)
{
    from.for_each_click([&](engagement const& entry) {
        into.add(entry.at, "Clicks");
        into.add(entry.at, "Unique", entry.first ? 1 : 0);
    });
}

void count_browsers(selection const& from, daily_counts& into)
{
    from.for_each_click([&](engagement const& entry) {
        into.add(entry.at, or_unknown(entry.client.family.empty() ? entry.client.name : entry.client.family));
    });
}

void count_click_platforms(selection const& from, daily_counts& into)
{
    from.for_each_click([&](engagement const& entry) {
        bool const known = entry.platform == "Desktop" || entry.platform == "Mobile";
        into.add(entry.at, known ? entry.platform : "Unknown");
    });
}

void count_locations(selection const& from, daily_counts& into)
{
    from.for_each_click([&](engagement const& entry) { into.add(entry.at, entry.location); });
}

/// Counts what `Count` finds; `Keys` returns empty counts with the keys that are always there.
template <counter Count, auto Keys>
reply count_by_day(call const& current)
{
    selection const from{current};
    if (auto const refused = from.problem()) {
        return make_refusal(*refused);
    }
    daily_counts counts = Keys();
    Count(from, counts);
    return counts.finish();
}

double percentage(std::int64_t part, std::int64_t whole)
{
    return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// How many links of a message are tracked.
std::int64_t tracked_links(record const& entry, mail const& message)
{
    auto const how = entry.how.track_links;
    std::string_view const html = entry.rendered ? std::string_view{entry.rendered->html} : message.html;
    std::string_view const text = entry.rendered ? std::string_view{entry.rendered->text} : message.text;
    std::size_t count = 0;
    if (how == link_tracking::html_and_text || how == link_tracking::html_only) {
        count += links_in_html(html).size();
    }
    if (how == link_tracking::html_and_text || how == link_tracking::text_only) {
        count += links_in_text(text).size();
    }
    return static_cast<std::int64_t>(count);
}

reply get_overview(call const& current)
{
    selection const from{current};
    if (auto const refused = from.problem()) {
        return make_refusal(*refused);
    }
    std::int64_t sent = 0, tracked = 0, with_links = 0, with_opens = 0, links = 0;
    from.for_each_message([&](record const& entry, mail const& message, std::int64_t recipients) {
        sent += recipients;
        tracked += is_tracked(entry.how) ? recipients : 0;
        with_opens += entry.how.track_opens ? recipients : 0;
        if (entry.how.track_links != link_tracking::none) {
            with_links += recipients;
            links += recipients * tracked_links(entry, message);
        }
    });
    std::int64_t bounced = 0, complaints = 0, api_errors = 0;
    from.for_each_bounce([&](bounce const& entry) {
        ++(entry.type->type == "SpamComplaint"  ? complaints
           : entry.type->type == "SMTPApiError" ? api_errors
                                                : bounced);
    });
    std::int64_t opens = 0, unique_opens = 0, with_client = 0, with_platform = 0, with_read_time = 0;
    from.for_each_open([&](engagement const& entry) {
        ++opens;
        if (entry.first) {
            ++unique_opens;
            with_client += entry.client.name.empty() && entry.client.family.empty() ? 0 : 1;
            with_platform += entry.platform.empty() || entry.platform == "Unknown" ? 0 : 1;
            with_read_time += entry.read_seconds ? 1 : 0;
        }
    });
    std::int64_t clicks = 0, unique_clicks = 0;
    from.for_each_click([&](engagement const& entry) {
        ++clicks;
        unique_clicks += entry.first ? 1 : 0;
    });

    reply result;
    object_writer{result.body}
        .number("Sent", sent)
        .number("Bounced", bounced)
        .number("SMTPApiErrors", api_errors)
        .decimal("BounceRate", percentage(bounced, sent))
        .number("SpamComplaints", complaints)
        .decimal("SpamComplaintsRate", percentage(complaints, sent))
        .number("Opens", opens)
        .number("UniqueOpens", unique_opens)
        .number("Tracked", tracked)
        .number("WithLinkTracking", with_links)
        .number("WithOpenTracking", with_opens)
        .number("TotalTrackedLinksSent", links)
        .number("UniqueLinksClicked", unique_clicks)
        .number("TotalClicks", clicks)
        .number("WithClientRecorded", with_client)
        .number("WithPlatformRecorded", with_platform)
        .number("WithReadTimeRecorded", with_read_time);
    return result;
}

constexpr auto keys_of_sends = [] { return daily_counts{"Sent"}; };
constexpr auto keys_of_bounces = [] { return daily_counts{"HardBounce", "SMTPApiError", "SoftBounce", "Transient"}; };
constexpr auto keys_of_complaints = [] { return daily_counts{"SpamComplaint"}; };
constexpr auto keys_of_tracked = [] { return daily_counts{"Tracked"}; };
constexpr auto keys_of_opens = [] { return daily_counts{"Opens", "Unique"}; };
constexpr auto keys_of_open_platforms = [] { return daily_counts{"Desktop", "Mobile", "Unknown", "WebMail"}; };
constexpr auto keys_of_clicks = [] { return daily_counts{"Clicks", "Unique"}; };
constexpr auto keys_of_click_platforms = [] { return daily_counts{"Desktop", "Mobile", "Unknown"}; };
constexpr auto keys_of_locations = [] { return daily_counts{"HTML", "Text"}; };
/// Programs and times are as many as there are.
constexpr auto no_keys = [] { return daily_counts{}; };

constexpr endpoint rows[] = {
    {"GET", "/stats/outbound", get_overview},
    {"GET", "/stats/outbound/sends", count_by_day<count_sends, keys_of_sends>},
    {"GET", "/stats/outbound/bounces", count_by_day<count_bounces, keys_of_bounces>},
    {"GET", "/stats/outbound/spam", count_by_day<count_complaints, keys_of_complaints>},
    {"GET", "/stats/outbound/tracked", count_by_day<count_tracked, keys_of_tracked>},
    {"GET", "/stats/outbound/opens", count_by_day<count_opens, keys_of_opens>},
    {"GET", "/stats/outbound/opens/platforms", count_by_day<count_open_platforms, keys_of_open_platforms>},
    {"GET", "/stats/outbound/opens/emailclients", count_by_day<count_open_clients, no_keys>},
    {"GET", "/stats/outbound/opens/readtimes", count_by_day<count_read_times, no_keys>},
    {"GET", "/stats/outbound/clicks", count_by_day<count_clicks, keys_of_clicks>},
    {"GET", "/stats/outbound/clicks/browserfamilies", count_by_day<count_browsers, no_keys>},
    {"GET", "/stats/outbound/clicks/platforms", count_by_day<count_click_platforms, keys_of_click_platforms>},
    {"GET", "/stats/outbound/clicks/location", count_by_day<count_locations, keys_of_locations>},
};

} // namespace

std::span<endpoint const> statistics_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
