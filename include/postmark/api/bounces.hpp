// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_BOUNCES_HPP
#define POSTMARK_API_BOUNCES_HPP

#include <postmark/api/request.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark {

/// A bounce, as the service keeps it. Every key may be missing: the member is then empty.
struct bounce {
    bounce() = default;

    std::int64_t id = 0;
    /// `HardBounce`, `SoftBounce`, …; prefer it to `type_code`.
    std::string type;
    std::int64_t type_code = 0;
    std::string name;
    std::string tag;
    std::string message_id;
    std::int64_t server_id = 0;
    std::string message_stream;
    std::string description;
    std::string details;
    std::string email;
    std::string from;
    std::chrono::system_clock::time_point bounced_at;
    bool dump_available = false;
    bool inactive = false;
    bool can_activate = false;
    std::string subject;
    /// The raw bounce; in `get_bounce` and `activate_bounce` only.
    std::string content;
};

/// Reply of `get_bounces`: one page of bounces.
struct bounces_reply : api_reply {
    bounces_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    /// All that match, not only this page.
    std::int64_t total_count = 0;
    std::vector<bounce> bounces;
};

/// `GET /bounces`: a page of bounces.
struct get_bounces {
    using reply_type = bounces_reply;

    get_bounces() = default;
    /// \param count  1 to 500; `count + offset` is at most 10,000 (the service's limits)
    /// \param offset from 0
    explicit get_bounces(int count, int offset = 0);
    [[nodiscard]] api_request prepare() const;

    int count = 500;
    int offset = 0;
    /// A bounce type's name, `HardBounce`; empty: all.
    std::string type;
    std::optional<bool> inactive;
    /// Part of an address.
    std::string email_filter;
    std::string tag;
    std::string message_id;
    /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, US Eastern time, inclusive.
    std::string from_date;
    std::string to_date;
    /// Empty: the service's default, `outbound`.
    std::string message_stream;
};

/// Reply of `get_bounce`.
struct bounce_reply : api_reply {
    bounce_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    postmark::bounce bounce;
};

/// `GET /bounces/{id}`: one bounce.
struct get_bounce {
    using reply_type = bounce_reply;

    get_bounce() = default;
    explicit get_bounce(std::int64_t id);
    [[nodiscard]] api_request prepare() const;

    std::int64_t id = 0;
};

/// Reply of `get_bounce_dump`.
struct bounce_dump_reply : api_reply {
    bounce_dump_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    /// The raw source of the bounce; empty if the service has none any more.
    std::string body;
};

/// `GET /bounces/{id}/dump`: the raw source of a bounce.
struct get_bounce_dump {
    using reply_type = bounce_dump_reply;

    get_bounce_dump() = default;
    explicit get_bounce_dump(std::int64_t id);
    [[nodiscard]] api_request prepare() const;

    std::int64_t id = 0;
};

/// Reply of `get_bounce_tags`.
struct bounce_tags_reply : api_reply {
    bounce_tags_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    std::vector<std::string> tags;
};

/// `GET /bounces/tags`: tags of messages that bounced. The service no longer documents it.
struct get_bounce_tags {
    using reply_type = bounce_tags_reply;

    get_bounce_tags() = default;
    [[nodiscard]] api_request prepare() const;
};

/// Reply of `activate_bounce`.
struct activate_bounce_reply : api_reply {
    activate_bounce_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    std::string message;
    postmark::bounce bounce;
};

/// `PUT /bounces/{id}/activate`: lets mail go to the address again.
struct activate_bounce {
    using reply_type = activate_bounce_reply;

    activate_bounce() = default;
    explicit activate_bounce(std::int64_t id);
    [[nodiscard]] api_request prepare() const;

    std::int64_t id = 0;
};

/// How many bounces of one type there are.
struct bounce_count {
    bounce_count() = default;

    std::string name;
    std::int64_t count = 0;
    /// Empty for the sum of all types.
    std::string type;
};

/// Reply of `get_delivery_stats`.
struct delivery_stats_reply : api_reply {
    delivery_stats_reply() = default;
    [[nodiscard]] bool read(std::string_view json);

    std::int64_t inactive_mails = 0;
    std::vector<bounce_count> bounces;
};

/// `GET /deliverystats`: counts of bounces by type.
struct get_delivery_stats {
    using reply_type = delivery_stats_reply;

    get_delivery_stats() = default;
    [[nodiscard]] api_request prepare() const;
};

} // namespace postmark

#endif
