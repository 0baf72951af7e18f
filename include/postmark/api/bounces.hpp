// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_BOUNCES_HPP
#define POSTMARK_API_BOUNCES_HPP

#include <postmark/api/request.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about bounces: mails that were accepted and could not be delivered.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A bounce.
struct bounce {
    bounce() = default;
    static schema const& describe();

    std::int64_t id = 0;
    /// `HardBounce`, `SoftBounce`, …; prefer it to `type_code`.
    std::string type;
    std::int64_t type_code = 0;
    /// The type in words, `Hard bounce`.
    std::string name;
    std::string tag;
    std::string message_id;
    std::int64_t server_id = 0;
    std::string message_stream;
    /// What the type means.
    std::string description;
    /// The text of the mail server that refused the mail; may hold line breaks.
    std::string details;
    /// The address that the mail was sent to.
    std::string email;
    std::string from;
    std::chrono::system_clock::time_point bounced_at;
    /// Whether `get_bounce_dump` returns the source.
    bool dump_available = false;
    /// Whether the address is suppressed: the service sends nothing to it.
    bool inactive = false;
    /// Whether `activate_bounce` ends the suppression.
    bool can_activate = false;
    std::string subject;
    /// The source of the bounce; in the replies of `get_bounce` and `activate_bounce` only.
    std::string content;
};

/// Reply of `get_bounces`: one page of bounces.
struct bounces_reply : api_reply {
    bounces_reply() = default;
    static schema const& describe();

    /// The number of bounces that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<bounce> bounces;
};

/// `GET /bounces`: a page of bounces.
struct get_bounces {
    using reply_type = bounces_reply;

    get_bounces() = default;
    /// \param count  1 to 500; `count + offset` is at most 10,000 (the service's limits)
    /// \param offset the number of bounces to skip, from 0
    explicit get_bounces(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
    /// A bounce type's name, `HardBounce`; empty: all.
    std::string type;
    /// Whether the address is suppressed; unset: both.
    std::optional<bool> inactive;
    /// Part of an address.
    std::string email_filter;
    std::string tag;
    std::string message_id;
    /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, US Eastern time, inclusive.
    std::string from_date;
    /// As `from_date`.
    std::string to_date;
    /// Empty: the service's default, `outbound`.
    std::string message_stream;
};

/// Reply of `get_bounce`.
struct bounce_reply : api_reply {
    bounce_reply() = default;
    static schema const& describe();

    postmark::bounce bounce;
};

/// `GET /bounces/{id}`: one bounce.
struct get_bounce {
    using reply_type = bounce_reply;

    get_bounce() = default;
    explicit get_bounce(std::int64_t id);
    static schema const& describe();

    /// The `id` of a `bounce`. A value that is not positive is `errc::invalid_message`.
    std::int64_t id = 0;
};

/// Reply of `get_bounce_dump`.
struct bounce_dump_reply : api_reply {
    bounce_dump_reply() = default;
    static schema const& describe();

    /// The source of the bounce; empty if the service no longer has it. The service keeps sources for 30 days.
    std::string body;
};

/// `GET /bounces/{id}/dump`: the source of a bounce.
struct get_bounce_dump {
    using reply_type = bounce_dump_reply;

    get_bounce_dump() = default;
    explicit get_bounce_dump(std::int64_t id);
    static schema const& describe();

    /// The `id` of a `bounce`. A value that is not positive is `errc::invalid_message`.
    std::int64_t id = 0;
};

/// Reply of `get_bounce_tags`.
struct bounce_tags_reply : api_reply {
    bounce_tags_reply() = default;
    static schema const& describe();

    std::vector<std::string> tags;
};

/// `GET /bounces/tags`: the tags of messages that bounced. The service no longer documents this endpoint.
struct get_bounce_tags {
    using reply_type = bounce_tags_reply;

    get_bounce_tags() = default;
    static schema const& describe();
};

/// Reply of `activate_bounce`.
struct activate_bounce_reply : api_reply {
    activate_bounce_reply() = default;
    static schema const& describe();

    /// The service's text, `OK`.
    std::string message;
    postmark::bounce bounce;
};

/// `PUT /bounces/{id}/activate`: ends the suppression of an address that bounced.
struct activate_bounce {
    using reply_type = activate_bounce_reply;

    activate_bounce() = default;
    explicit activate_bounce(std::int64_t id);
    static schema const& describe();

    /// The `id` of a `bounce`. A value that is not positive is `errc::invalid_message`.
    std::int64_t id = 0;
};

/// The number of bounces of one type.
struct bounce_count {
    bounce_count() = default;
    static schema const& describe();

    std::string name;
    std::int64_t count = 0;
    /// Empty for the sum of all types.
    std::string type;
};

/// Reply of `get_delivery_stats`.
struct delivery_stats_reply : api_reply {
    delivery_stats_reply() = default;
    static schema const& describe();

    /// The number of suppressed addresses.
    std::int64_t inactive_mails = 0;
    std::vector<bounce_count> bounces;
};

/// `GET /deliverystats`: counts of bounces by type.
struct get_delivery_stats {
    using reply_type = delivery_stats_reply;

    get_delivery_stats() = default;
    static schema const& describe();
};

} // namespace postmark

#endif
