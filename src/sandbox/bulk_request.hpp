// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_BULK_REQUEST_HPP
#define POSTMARK_SANDBOX_BULK_REQUEST_HPP

#include "sandbox/object_store.hpp"
#include "sandbox/text.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// A request for one message to many recipients. Its messages are accepted or have failed when it is stored; what it
/// shows of them lags behind, as at the service, which works on them in the background.
struct bulk_request {
    /// Its place in the order of all.
    std::int64_t id;
    time_point submitted_at;
    std::string subject;
    std::int64_t total;
    std::int64_t failed;
    /// How often its status was asked for.
    unsigned looks{0};

    /// What clients know it by: a UUID.
    [[nodiscard]] std::string public_id() const;

    [[nodiscard]] std::string_view status() const
    {
        return looks == 0 ? "Accepted" : looks == 1 ? "Processing" : "Completed";
    }
    /// How many messages are done, as far as it shows.
    [[nodiscard]] std::int64_t done() const { return looks == 0 ? 0 : looks == 1 ? total / 2 : total; }
};

/// The bulk requests of a server.
using bulk_store = object_store<bulk_request>;

} // namespace postmark::sandbox::detail

#endif
