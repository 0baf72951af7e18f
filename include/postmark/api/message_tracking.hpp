// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_MESSAGE_TRACKING_HPP
#define POSTMARK_API_MESSAGE_TRACKING_HPP

#include <postmark/api/request.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// \file
/// Requests about opens of messages and about clicks on their links.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A mail client, browser or operating system.
struct software_info {
    software_info() = default;
    static schema const& describe();

    /// The name with its version; may be `unknown`.
    std::string name;
    std::string company;
    std::string family;
};

/// Where an IP address is believed to be.
struct geo_info {
    geo_info() = default;
    static schema const& describe();

    std::string country_iso_code;
    std::string country;
    std::string region_iso_code;
    std::string region;
    std::string city;
    std::string zip;
    /// Latitude and longitude, separated by a comma.
    std::string coords;
    std::string ip;
};

/// What opens and clicks have in common.
struct tracking_event {
    tracking_event() = default;

    std::string message_id;
    /// The address that the message was sent to.
    std::string recipient;
    std::string message_stream;
    std::chrono::system_clock::time_point received_at;
    std::string tag;
    std::string user_agent;
    software_info client;
    software_info os;
    /// `WebMail`, `Desktop`, `Mobile`, `Unknown`.
    std::string platform;
    geo_info geo;
};

/// The filter that lists of opens and clicks have. Empty members are left out.
struct tracking_query {
    tracking_query() = default;

    /// 1 to 500 (the service's limit).
    int count = 500;
    /// The number of events to skip, from 0.
    int offset = 0;
    /// An address in to, cc or bcc.
    std::string recipient;
    std::string tag;
    std::string client_name;
    std::string client_company;
    std::string client_family;
    std::string os_name;
    std::string os_family;
    std::string os_company;
    /// `WebMail`, `Desktop`, `Mobile`, `Unknown`.
    std::string platform;
    std::string country;
    std::string region;
    std::string city;
    /// Empty: the service's default, `outbound`.
    std::string message_stream;
    /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, US Eastern time, inclusive. Must not be after `to_date`. The service does
    /// not document this filter here.
    std::string from_date;
    /// As `from_date`.
    std::string to_date;
};

/// An open of a message.
struct message_open : tracking_event {
    message_open() = default;
    static schema const& describe();

    /// How long the message was looked at, in seconds.
    std::int64_t read_seconds = 0;
    /// Whether it is the recipient's first open of the message.
    bool first_open = false;
};

/// Reply of `get_message_opens` and `get_opens_of_message`: one page of opens.
struct message_opens_reply : api_reply {
    message_opens_reply() = default;
    static schema const& describe();

    /// The number of opens that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<message_open> opens;
};

/// `GET /messages/outbound/opens`: a page of the opens of all messages. `count + offset` is at most 10,000 (the
/// service's limit).
struct get_message_opens : tracking_query {
    using reply_type = message_opens_reply;

    get_message_opens() = default;
    /// \param count  1 to 500
    /// \param offset the number of opens to skip, from 0
    explicit get_message_opens(int count, int offset = 0);
    static schema const& describe();
};

/// `GET /messages/outbound/opens/{id}`: a page of the opens of one message. The service keeps the first open of each
/// recipient. `count + offset` is at most 10,000 (the service's limit).
struct get_opens_of_message {
    using reply_type = message_opens_reply;

    get_opens_of_message() = default;
    /// \param message_id `receipt::message_id`
    explicit get_opens_of_message(std::string message_id);
    static schema const& describe();

    std::string message_id;
    /// 1 to 500.
    int count = 500;
    /// The number of opens to skip, from 0.
    int offset = 0;
};

/// A click on a link of a message.
struct message_click : tracking_event {
    message_click() = default;
    static schema const& describe();

    /// The part of the mail that the link was in: `HTML`, `Text`.
    std::string click_location;
    std::string original_link;
};

/// Reply of `get_message_clicks` and `get_clicks_of_message`: one page of clicks.
struct message_clicks_reply : api_reply {
    message_clicks_reply() = default;
    static schema const& describe();

    /// The number of clicks that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<message_click> clicks;
};

/// `GET /messages/outbound/clicks`: a page of the clicks on links of all messages.
struct get_message_clicks : tracking_query {
    using reply_type = message_clicks_reply;

    get_message_clicks() = default;
    /// \param count  1 to 500
    /// \param offset the number of clicks to skip, from 0
    explicit get_message_clicks(int count, int offset = 0);
    static schema const& describe();
};

/// `GET /messages/outbound/clicks/{id}`: a page of the clicks on links of one message.
struct get_clicks_of_message {
    using reply_type = message_clicks_reply;

    get_clicks_of_message() = default;
    /// \param message_id `receipt::message_id`
    explicit get_clicks_of_message(std::string message_id);
    static schema const& describe();

    std::string message_id;
    /// 1 to 500.
    int count = 500;
    /// The number of clicks to skip, from 0.
    int offset = 0;
};

} // namespace postmark

#endif
