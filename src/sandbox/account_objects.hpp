// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ACCOUNT_OBJECTS_HPP
#define POSTMARK_SANDBOX_ACCOUNT_OBJECTS_HPP

#include "sandbox/dns_records.hpp"

#include <cstdint>
#include <string>

namespace postmark::sandbox::detail {

/// What the service admits an account to only on request. Here everything is admitted unless a control request says
/// otherwise.
struct account_approvals {
    bool bulk_sending{true};
    bool data_removals{true};
};

/// A domain from which the account sends.
struct domain {
    std::int64_t id;
    /// In lower case.
    std::string name;
    dns_records records;
    /// The host that tracked links name; empty for that of the service.
    std::string tracking_host{};
    bool tracking_verified{false};
};

/// An address from which the account sends.
struct sender_signature {
    std::int64_t id;
    std::string email;
    /// Of the address, in lower case.
    std::string domain;
    std::string name;
    std::string reply_to;
    std::string note;
    /// Used while the domain itself is not among those of the account.
    dns_records records;
    bool confirmed{false};
};

/// A request to erase what is stored of an address. The service takes days for one, so that it is always pending here.
struct data_removal {
    std::int64_t id;
    std::string requested_by;
    std::string requested_for;
};

} // namespace postmark::sandbox::detail

#endif
