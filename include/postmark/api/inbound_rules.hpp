// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_INBOUND_RULES_HPP
#define POSTMARK_API_INBOUND_RULES_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/request.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// \file
/// Requests about the rules by which a server blocks inbound mail.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A rule that blocks mail of a sender.
struct inbound_rule {
    inbound_rule() = default;
    static schema const& describe();

    std::int64_t id = 0;
    /// The address or the domain that is blocked.
    std::string rule;
};

/// Reply of `get_inbound_rules`: one page of rules.
struct inbound_rules_reply : api_reply {
    inbound_rules_reply() = default;
    static schema const& describe();

    /// The number of rules, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<inbound_rule> inbound_rules;
};

/// `GET /triggers/inboundrules`: a page of rules.
struct get_inbound_rules {
    using reply_type = inbound_rules_reply;

    get_inbound_rules() = default;
    /// \param count  1 to 500 (the service's limit)
    /// \param offset the number of rules to skip, from 0
    explicit get_inbound_rules(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
};

/// Reply of `create_inbound_rule`.
struct inbound_rule_reply : api_reply, inbound_rule {
    inbound_rule_reply() = default;
    static schema const& describe();
};

/// `POST /triggers/inboundrules`: adds a rule. The client does not retry this request after a lost reply.
struct create_inbound_rule {
    using reply_type = inbound_rule_reply;

    create_inbound_rule() = default;
    static schema const& describe();

    /// The address or the domain to block; required.
    std::string rule;
};

/// `DELETE /triggers/inboundrules/{id}`: removes a rule.
struct delete_inbound_rule {
    using reply_type = acknowledgement;

    delete_inbound_rule() = default;
    explicit delete_inbound_rule(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

} // namespace postmark

#endif
