// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_STATISTICS_HPP
#define POSTMARK_API_STATISTICS_HPP

#include <postmark/api/request.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// \file
/// Requests about statistics of outbound mail. They are not paged.
///
/// Every key of a reply may be missing or null; its member then keeps its default value. The service leaves out days
/// without data and counts that are zero; without any data it leaves out the totals, too. A message to several
/// recipients counts once for each. Days end at midnight, US Eastern time.

namespace postmark {

/// The filter that all requests for statistics have. Empty members are left out.
struct statistics_query {
    statistics_query() = default;

    /// A tag of messages; empty: all.
    std::string tag;
    /// The first day, `YYYY-MM-DD`, inclusive. Must not be after `to_date` (the service's rule). Empty: all days.
    std::string from_date;
    /// The last day, `YYYY-MM-DD`, inclusive. Empty: all days.
    std::string to_date;
    /// The id of a message stream; empty: all streams.
    std::string message_stream;
};

/// Reply of `get_outbound_overview`.
struct outbound_overview_reply : api_reply {
    outbound_overview_reply() = default;
    static schema const& describe();

    std::int64_t sent = 0;
    std::int64_t bounced = 0;
    /// Mails that were submitted by SMTP and could not be processed.
    std::int64_t smtp_api_errors = 0;
    /// Bounced mails in percent of those that were sent.
    double bounce_rate = 0;
    std::int64_t spam_complaints = 0;
    /// Mails with a spam complaint in percent of those that were sent.
    double spam_complaints_rate = 0;
    std::int64_t opens = 0;
    std::int64_t unique_opens = 0;
    /// Mails whose opens or links are tracked.
    std::int64_t tracked = 0;
    std::int64_t with_link_tracking = 0;
    std::int64_t with_open_tracking = 0;
    std::int64_t total_tracked_links_sent = 0;
    std::int64_t unique_links_clicked = 0;
    std::int64_t total_clicks = 0;
    /// Opens whose mail client is known.
    std::int64_t with_client_recorded = 0;
    /// Opens whose platform is known.
    std::int64_t with_platform_recorded = 0;
    /// Opens whose read time is known.
    std::int64_t with_read_time_recorded = 0;
};

/// `GET /stats/outbound`: totals of everything.
struct get_outbound_overview : statistics_query {
    using reply_type = outbound_overview_reply;

    get_outbound_overview() = default;
    static schema const& describe();
};

/// The mails that were sent on one day.
struct sent_day {
    sent_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t sent = 0;
};

/// Reply of `get_sent_counts`.
struct sent_counts_reply : api_reply {
    sent_counts_reply() = default;
    static schema const& describe();

    std::vector<sent_day> days;
    /// The sum of all days.
    std::int64_t sent = 0;
};

/// `GET /stats/outbound/sends`: mails that were sent, by day.
struct get_sent_counts : statistics_query {
    using reply_type = sent_counts_reply;

    get_sent_counts() = default;
    static schema const& describe();
};

/// The counts of one day under names that the service may add to.
struct named_counts_day {
    named_counts_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::map<std::string, std::int64_t> counts;
};

/// Reply of `get_bounce_counts`, `get_email_open_clients`, `get_email_open_read_times` and `get_click_browsers`.
struct named_counts_reply : api_reply {
    named_counts_reply() = default;
    static schema const& describe();

    std::vector<named_counts_day> days;
    /// The sums of all days.
    std::map<std::string, std::int64_t> counts;
};

/// `GET /stats/outbound/bounces`: bounces by day, named by their type (`HardBounce`, `SMTPApiError`, …).
struct get_bounce_counts : statistics_query {
    using reply_type = named_counts_reply;

    get_bounce_counts() = default;
    static schema const& describe();
};

/// The spam complaints of one day.
struct spam_complaint_day {
    spam_complaint_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t spam_complaint = 0;
};

/// Reply of `get_spam_complaint_counts`.
struct spam_complaint_counts_reply : api_reply {
    spam_complaint_counts_reply() = default;
    static schema const& describe();

    std::vector<spam_complaint_day> days;
    /// The sum of all days.
    std::int64_t spam_complaint = 0;
};

/// `GET /stats/outbound/spam`: spam complaints by day.
struct get_spam_complaint_counts : statistics_query {
    using reply_type = spam_complaint_counts_reply;

    get_spam_complaint_counts() = default;
    static schema const& describe();
};

/// The tracked mails of one day.
struct tracked_email_day {
    tracked_email_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t tracked = 0;
};

/// Reply of `get_tracked_email_counts`.
struct tracked_email_counts_reply : api_reply {
    tracked_email_counts_reply() = default;
    static schema const& describe();

    std::vector<tracked_email_day> days;
    /// The sum of all days.
    std::int64_t tracked = 0;
};

/// `GET /stats/outbound/tracked`: mails whose opens or links are tracked, by day.
struct get_tracked_email_counts : statistics_query {
    using reply_type = tracked_email_counts_reply;

    get_tracked_email_counts() = default;
    static schema const& describe();
};

/// The opens of one day.
struct email_open_day {
    email_open_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t opens = 0;
    /// First opens of a mail by a recipient.
    std::int64_t unique = 0;
};

/// Reply of `get_email_open_counts`.
struct email_open_counts_reply : api_reply {
    email_open_counts_reply() = default;
    static schema const& describe();

    std::vector<email_open_day> days;
    /// The sum of all days.
    std::int64_t opens = 0;
    /// First opens of a mail by a recipient.
    std::int64_t unique = 0;
};

/// `GET /stats/outbound/opens`: opens by day.
struct get_email_open_counts : statistics_query {
    using reply_type = email_open_counts_reply;

    get_email_open_counts() = default;
    static schema const& describe();
};

/// The counts of one day by platform.
struct platform_day {
    platform_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t desktop = 0;
    std::int64_t mobile = 0;
    /// Always 0 for clicks.
    std::int64_t web_mail = 0;
    std::int64_t unknown = 0;
};

/// Reply of `get_email_open_platforms` and `get_click_platforms`.
struct platforms_reply : api_reply {
    platforms_reply() = default;
    static schema const& describe();

    std::vector<platform_day> days;
    // The sums of all days.
    std::int64_t desktop = 0;
    std::int64_t mobile = 0;
    /// Always 0 for clicks.
    std::int64_t web_mail = 0;
    std::int64_t unknown = 0;
};

/// `GET /stats/outbound/opens/platforms`: opens by day and platform.
struct get_email_open_platforms : statistics_query {
    using reply_type = platforms_reply;

    get_email_open_platforms() = default;
    static schema const& describe();
};

/// `GET /stats/outbound/opens/emailclients`: opens by day, named by the mail client (`Apple Mail`).
struct get_email_open_clients : statistics_query {
    using reply_type = named_counts_reply;

    get_email_open_clients() = default;
    static schema const& describe();
};

/// `GET /stats/outbound/opens/readtimes`: opens by day, named by the read time (`4s`, `20s+`, `unknown`). The service
/// no longer documents this endpoint.
struct get_email_open_read_times : statistics_query {
    using reply_type = named_counts_reply;

    get_email_open_read_times() = default;
    static schema const& describe();
};

/// The clicks of one day.
struct click_day {
    click_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t clicks = 0;
    /// First clicks on a link by a recipient.
    std::int64_t unique = 0;
};

/// Reply of `get_click_counts`.
struct click_counts_reply : api_reply {
    click_counts_reply() = default;
    static schema const& describe();

    std::vector<click_day> days;
    /// The sum of all days.
    std::int64_t clicks = 0;
    /// First clicks on a link by a recipient.
    std::int64_t unique = 0;
};

/// `GET /stats/outbound/clicks`: clicks by day.
struct get_click_counts : statistics_query {
    using reply_type = click_counts_reply;

    get_click_counts() = default;
    static schema const& describe();
};

/// `GET /stats/outbound/clicks/browserfamilies`: clicks by day, named by the browser (`Firefox`).
struct get_click_browsers : statistics_query {
    using reply_type = named_counts_reply;

    get_click_browsers() = default;
    static schema const& describe();
};

/// `GET /stats/outbound/clicks/platforms`: clicks by day and platform.
struct get_click_platforms : statistics_query {
    using reply_type = platforms_reply;

    get_click_platforms() = default;
    static schema const& describe();
};

/// The clicks of one day by the part of the mail that the link was in.
struct click_location_day {
    click_location_day() = default;
    static schema const& describe();

    /// `YYYY-MM-DD`.
    std::string date;
    std::int64_t html = 0;
    std::int64_t text = 0;
};

/// Reply of `get_click_locations`.
struct click_locations_reply : api_reply {
    click_locations_reply() = default;
    static schema const& describe();

    std::vector<click_location_day> days;
    // The sums of all days.
    std::int64_t html = 0;
    std::int64_t text = 0;
};

/// `GET /stats/outbound/clicks/location`: clicks by day and by the part of the mail that the link was in.
struct get_click_locations : statistics_query {
    using reply_type = click_locations_reply;

    get_click_locations() = default;
    static schema const& describe();
};

} // namespace postmark

#endif
