// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_DATA_REMOVALS_HPP
#define POSTMARK_API_DATA_REMOVALS_HPP

#include <postmark/api/request.hpp>

#include <cstdint>
#include <optional>
#include <string>

/// \file
/// Requests to erase what the service stores about a recipient. They take the account token, and the service has to
/// enable them for the account. What was erased cannot be restored.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// Reply of `create_data_removal` and `get_data_removal`.
struct data_removal_reply : api_reply {
    data_removal_reply() = default;
    static schema const& describe();

    std::int64_t id = 0;
    /// `Pending` or `Done`.
    std::string status;
};

/// `POST /data-removals`: asks for the erasure of a recipient's data. The client does not retry this request after a
/// lost reply.
struct create_data_removal {
    using reply_type = data_removal_reply;

    create_data_removal() = default;
    /// \param requested_by  the address of the user of the account who asks for it
    /// \param requested_for the address of the recipient
    create_data_removal(std::string requested_by, std::string requested_for);
    static schema const& describe();

    /// The address of the user of the account who asks for it; required.
    std::string requested_by;
    /// The address of the recipient; required.
    std::string requested_for;
    /// Whether the service sends a mail to `requested_by` when it is done; not set: the service's default.
    std::optional<bool> notify_when_completed;
};

/// `GET /data-removals/{id}`: how far an erasure is. The service may not know it in the first seconds.
struct get_data_removal {
    using reply_type = data_removal_reply;

    get_data_removal() = default;
    explicit get_data_removal(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

} // namespace postmark

#endif
