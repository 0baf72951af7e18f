// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_SUPPRESSIONS_HPP
#define POSTMARK_API_SUPPRESSIONS_HPP

#include <postmark/api/request.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Requests about suppressions: addresses to which a message stream sends no mail, because of a hard bounce, a spam
/// complaint, an unsubscription, or since a program asked for it. Each message stream has its own.
///
/// Every key of a reply may be missing or null; its member then keeps its default value. A change is visible after some
/// seconds.

namespace postmark {

/// A suppressed address.
struct suppression {
    suppression() = default;
    static schema const& describe();

    std::string email_address;
    /// `HardBounce`, `SpamComplaint` or `ManualSuppression`.
    std::string suppression_reason;
    /// Who caused it: `Recipient`, `Customer` or `Admin`.
    std::string origin;
    std::chrono::system_clock::time_point created_at;
};

/// Reply of `get_suppressions`: all suppressions that match.
struct suppressions_reply : api_reply {
    suppressions_reply() = default;
    static schema const& describe();

    /// At most 1,000,000: a longer list ends the call with `errc::malformed_reply`.
    std::vector<suppression> suppressions;
};

/// `GET /message-streams/{message_stream}/suppressions/dump`: the suppressions of a stream. The service does not divide
/// them into pages; `config::limits` bounds the bytes of the reply (`large_reply_bytes`).
struct get_suppressions {
    using reply_type = suppressions_reply;

    get_suppressions() = default;
    /// \param message_stream the id of a message stream
    explicit get_suppressions(std::string message_stream);
    static schema const& describe();

    /// Required.
    std::string message_stream;
    /// `HardBounce`, `SpamComplaint` or `ManualSuppression`; empty: all.
    std::string suppression_reason;
    /// `Recipient`, `Customer` or `Admin`; empty: all.
    std::string origin;
    /// `YYYY-MM-DD`, inclusive. Must not be after `to_date`. Empty: no limit.
    std::string from_date;
    /// As `from_date`.
    std::string to_date;
    /// An address; empty: all. It is not documented whether the service also finds longer addresses that contain it.
    std::string email_address;
};

/// An address in a request that changes suppressions.
struct suppressed_address {
    suppressed_address() = default;
    /// \param email_address a bare address, `ann@example.org`
    suppressed_address(std::string email_address);
    /// \copydoc suppressed_address(std::string)
    suppressed_address(std::string_view email_address);
    /// \copydoc suppressed_address(std::string)
    suppressed_address(char const* email_address);
    static schema const& describe();

    std::string email_address;
};

/// What became of one address of a request that changes suppressions.
struct suppression_change {
    suppression_change() = default;
    static schema const& describe();

    std::string email_address;
    /// `Suppressed`, `Deleted`, or `Failed`.
    std::string status;
    /// Why it failed; empty on success.
    std::string message;
};

/// Reply of `create_suppressions` and `delete_suppressions`: one element per address. The call succeeds even if the
/// service refuses every address.
struct suppression_changes_reply : api_reply {
    suppression_changes_reply() = default;
    static schema const& describe();

    std::vector<suppression_change> suppressions;
};

/// `POST /message-streams/{message_stream}/suppressions`: suppresses addresses. An address may be suppressed already,
/// so that the client may retry this request.
struct create_suppressions {
    using reply_type = suppression_changes_reply;

    create_suppressions() = default;
    /// \param message_stream the id of a message stream
    explicit create_suppressions(std::string message_stream);
    static schema const& describe();

    /// Required.
    std::string message_stream;
    /// 1 to 50 addresses (the service's limit).
    std::vector<suppressed_address> suppressions;
};

/// `POST /message-streams/{message_stream}/suppressions/delete`: ends the suppression of addresses. An address need not
/// be suppressed, so that the client may retry this request. The service refuses to end the suppression of an address
/// that complained about spam.
struct delete_suppressions {
    using reply_type = suppression_changes_reply;

    delete_suppressions() = default;
    /// \param message_stream the id of a message stream
    explicit delete_suppressions(std::string message_stream);
    static schema const& describe();

    /// Required.
    std::string message_stream;
    /// 1 to 50 addresses (the service's limit).
    std::vector<suppressed_address> suppressions;
};

} // namespace postmark

#endif
