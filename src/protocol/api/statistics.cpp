// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include <postmark/api/statistics.hpp>

#include <type_traits>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

namespace {

constexpr field query_fields[]{
    member<statistics_query, &statistics_query::tag>("tag", place::query),
    member<statistics_query, &statistics_query::from_date>("fromdate", place::query),
    member<statistics_query, &statistics_query::to_date>("todate", place::query),
    member<statistics_query, &statistics_query::message_stream>("messagestream", place::query),
};

/// The description of a request for statistics. One table serves them all: each is nothing but its base, so that a
/// pointer to it is a pointer to its base, too.
template <class Request>
constexpr schema describe_statistics(std::string_view name, endpoint const& target) noexcept
{
    static_assert(std::is_base_of_v<statistics_query, Request> && std::is_standard_layout_v<Request> &&
                  sizeof(Request) == sizeof(statistics_query));
    return describe_request(name, query_fields, target);
}

} // namespace

// Everything

schema const& outbound_overview_reply::describe()
{
    using type = outbound_overview_reply;
    static constexpr field fields[]{
        member<type, &type::sent>("Sent"),
        member<type, &type::bounced>("Bounced"),
        member<type, &type::smtp_api_errors>("SMTPApiErrors"),
        member<type, &type::bounce_rate>("BounceRate"),
        member<type, &type::spam_complaints>("SpamComplaints"),
        member<type, &type::spam_complaints_rate>("SpamComplaintsRate"),
        member<type, &type::opens>("Opens"),
        member<type, &type::unique_opens>("UniqueOpens"),
        member<type, &type::tracked>("Tracked"),
        member<type, &type::with_link_tracking>("WithLinkTracking"),
        member<type, &type::with_open_tracking>("WithOpenTracking"),
        member<type, &type::total_tracked_links_sent>("TotalTrackedLinksSent"),
        member<type, &type::unique_links_clicked>("UniqueLinksClicked"),
        member<type, &type::total_clicks>("TotalClicks"),
        member<type, &type::with_client_recorded>("WithClientRecorded"),
        member<type, &type::with_platform_recorded>("WithPlatformRecorded"),
        member<type, &type::with_read_time_recorded>("WithReadTimeRecorded"),
    };
    static constexpr schema description = describe_type<type>("outbound_overview_reply", fields);
    return description;
}

schema const& get_outbound_overview::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound"};
    static constexpr schema description = describe_statistics<get_outbound_overview>("get_outbound_overview", target);
    return description;
}

// Sends

schema const& sent_day::describe()
{
    using type = sent_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::sent>("Sent"),
    };
    static constexpr schema description = describe_type<type>("sent_day", fields);
    return description;
}

schema const& sent_counts_reply::describe()
{
    using type = sent_counts_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::sent>("Sent"),
    };
    static constexpr schema description = describe_type<type>("sent_counts_reply", fields);
    return description;
}

schema const& get_sent_counts::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/sends"};
    static constexpr schema description = describe_statistics<get_sent_counts>("get_sent_counts", target);
    return description;
}

// Counts under names that are not fixed

schema const& named_counts_day::describe()
{
    using type = named_counts_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::counts>(""),
    };
    static constexpr schema description = describe_type<type>("named_counts_day", fields);
    return description;
}

schema const& named_counts_reply::describe()
{
    using type = named_counts_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::counts>(""),
    };
    static constexpr schema description = describe_type<type>("named_counts_reply", fields);
    return description;
}

schema const& get_bounce_counts::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/bounces"};
    static constexpr schema description = describe_statistics<get_bounce_counts>("get_bounce_counts", target);
    return description;
}

schema const& get_email_open_clients::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/opens/emailclients"};
    static constexpr schema description = describe_statistics<get_email_open_clients>("get_email_open_clients", target);
    return description;
}

schema const& get_email_open_read_times::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/opens/readtimes"};
    static constexpr schema description =
        describe_statistics<get_email_open_read_times>("get_email_open_read_times", target);
    return description;
}

schema const& get_click_browsers::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/clicks/browserfamilies"};
    static constexpr schema description = describe_statistics<get_click_browsers>("get_click_browsers", target);
    return description;
}

// Spam complaints

schema const& spam_complaint_day::describe()
{
    using type = spam_complaint_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::spam_complaint>("SpamComplaint"),
    };
    static constexpr schema description = describe_type<type>("spam_complaint_day", fields);
    return description;
}

schema const& spam_complaint_counts_reply::describe()
{
    using type = spam_complaint_counts_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::spam_complaint>("SpamComplaint"),
    };
    static constexpr schema description = describe_type<type>("spam_complaint_counts_reply", fields);
    return description;
}

schema const& get_spam_complaint_counts::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/spam"};
    static constexpr schema description =
        describe_statistics<get_spam_complaint_counts>("get_spam_complaint_counts", target);
    return description;
}

// Tracked mails

schema const& tracked_email_day::describe()
{
    using type = tracked_email_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::tracked>("Tracked"),
    };
    static constexpr schema description = describe_type<type>("tracked_email_day", fields);
    return description;
}

schema const& tracked_email_counts_reply::describe()
{
    using type = tracked_email_counts_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::tracked>("Tracked"),
    };
    static constexpr schema description = describe_type<type>("tracked_email_counts_reply", fields);
    return description;
}

schema const& get_tracked_email_counts::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/tracked"};
    static constexpr schema description =
        describe_statistics<get_tracked_email_counts>("get_tracked_email_counts", target);
    return description;
}

// Opens

schema const& email_open_day::describe()
{
    using type = email_open_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::opens>("Opens"),
        member<type, &type::unique>("Unique"),
    };
    static constexpr schema description = describe_type<type>("email_open_day", fields);
    return description;
}

schema const& email_open_counts_reply::describe()
{
    using type = email_open_counts_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::opens>("Opens"),
        member<type, &type::unique>("Unique"),
    };
    static constexpr schema description = describe_type<type>("email_open_counts_reply", fields);
    return description;
}

schema const& get_email_open_counts::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/opens"};
    static constexpr schema description = describe_statistics<get_email_open_counts>("get_email_open_counts", target);
    return description;
}

// Platforms

schema const& platform_day::describe()
{
    using type = platform_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),       member<type, &type::desktop>("Desktop"),
        member<type, &type::mobile>("Mobile"),   member<type, &type::web_mail>("WebMail"),
        member<type, &type::unknown>("Unknown"),
    };
    static constexpr schema description = describe_type<type>("platform_day", fields);
    return description;
}

schema const& platforms_reply::describe()
{
    using type = platforms_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),       member<type, &type::desktop>("Desktop"),
        member<type, &type::mobile>("Mobile"),   member<type, &type::web_mail>("WebMail"),
        member<type, &type::unknown>("Unknown"),
    };
    static constexpr schema description = describe_type<type>("platforms_reply", fields);
    return description;
}

schema const& get_email_open_platforms::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/opens/platforms"};
    static constexpr schema description =
        describe_statistics<get_email_open_platforms>("get_email_open_platforms", target);
    return description;
}

schema const& get_click_platforms::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/clicks/platforms"};
    static constexpr schema description = describe_statistics<get_click_platforms>("get_click_platforms", target);
    return description;
}

// Clicks

schema const& click_day::describe()
{
    using type = click_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::clicks>("Clicks"),
        member<type, &type::unique>("Unique"),
    };
    static constexpr schema description = describe_type<type>("click_day", fields);
    return description;
}

schema const& click_counts_reply::describe()
{
    using type = click_counts_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::clicks>("Clicks"),
        member<type, &type::unique>("Unique"),
    };
    static constexpr schema description = describe_type<type>("click_counts_reply", fields);
    return description;
}

schema const& get_click_counts::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/clicks"};
    static constexpr schema description = describe_statistics<get_click_counts>("get_click_counts", target);
    return description;
}

schema const& click_location_day::describe()
{
    using type = click_location_day;
    static constexpr field fields[]{
        member<type, &type::date>("Date"),
        member<type, &type::html>("HTML"),
        member<type, &type::text>("Text"),
    };
    static constexpr schema description = describe_type<type>("click_location_day", fields);
    return description;
}

schema const& click_locations_reply::describe()
{
    using type = click_locations_reply;
    static constexpr field fields[]{
        member<type, &type::days>("Days"),
        member<type, &type::html>("HTML"),
        member<type, &type::text>("Text"),
    };
    static constexpr schema description = describe_type<type>("click_locations_reply", fields);
    return description;
}

schema const& get_click_locations::describe()
{
    static constexpr endpoint target{http_method::get, "/stats/outbound/clicks/location"};
    static constexpr schema description = describe_statistics<get_click_locations>("get_click_locations", target);
    return description;
}

} // namespace postmark
