// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_DOMAINS_HPP
#define POSTMARK_API_DOMAINS_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/dns_settings.hpp>
#include <postmark/api/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about the domains that an account may send from. They need the account token, `config::account_key`.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A domain in a list.
struct domain_info {
    domain_info() = default;
    static schema const& describe();

    std::int64_t id = 0;
    std::string name;
    bool spf_verified = false;
    bool dkim_verified = false;
    /// Whether the DKIM key is shorter than 1,024 bits.
    bool weak_dkim = false;
    bool return_path_domain_verified = false;
};

/// Reply of `get_domains`: one page of domains.
struct domains_reply : api_reply {
    domains_reply() = default;
    static schema const& describe();

    /// The number of domains, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<domain_info> domains;
};

/// `GET /domains`: a page of domains.
struct get_domains {
    using reply_type = domains_reply;

    get_domains() = default;
    /// \param count  1 to 500 (the service's limit)
    /// \param offset the number of domains to skip, from 0
    explicit get_domains(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
};

/// Reply of the requests about one domain.
struct domain_reply : api_reply, dns_settings {
    domain_reply() = default;
    static schema const& describe();

    /// 0 in old replies to a verification.
    std::int64_t id = 0;
    std::string name;
    /// The domain that tracked links lead to; empty: that of the service.
    std::string custom_tracking_domain;
    /// What the CNAME record of that domain has to say.
    std::string custom_tracking_domain_cname_value;
    bool custom_tracking_verified = false;
};

/// `GET /domains/{id}`: one domain.
struct get_domain {
    using reply_type = domain_reply;

    get_domain() = default;
    explicit get_domain(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /domains`: adds a domain. The client does not retry this request after a lost reply.
struct create_domain {
    using reply_type = domain_reply;

    create_domain() = default;
    static schema const& describe();

    /// Required; at most 255 characters (the service's limit).
    std::string name;
    /// A subdomain of the domain; empty: the service's.
    std::string return_path_domain;
};

/// `PUT /domains/{id}`: sets the return path of a domain.
struct edit_domain {
    using reply_type = domain_reply;

    edit_domain() = default;
    explicit edit_domain(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
    /// A subdomain of the domain. Empty, and also if it is not set: the domain has none any more (the service's rule).
    std::optional<std::string> return_path_domain;
    /// The domain that tracked links lead to. Empty, and probably also if it is not set, as for `return_path_domain`:
    /// that of the service. The service does not document this key.
    std::optional<std::string> custom_tracking_domain;
};

/// `DELETE /domains/{id}`: removes a domain.
struct delete_domain {
    using reply_type = acknowledgement;

    delete_domain() = default;
    explicit delete_domain(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `PUT /domains/{id}/verifyDkim`: lets the service look for the DKIM record.
struct verify_domain_dkim {
    using reply_type = domain_reply;

    verify_domain_dkim() = default;
    explicit verify_domain_dkim(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `PUT /domains/{id}/verifyReturnPath`: lets the service look for the CNAME record of the return path.
struct verify_domain_return_path {
    using reply_type = domain_reply;

    verify_domain_return_path() = default;
    explicit verify_domain_return_path(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// Reply of `verify_domain_spf`.
struct domain_spf_reply : api_reply {
    domain_spf_reply() = default;
    static schema const& describe();

    std::string spf_host;
    bool spf_verified = false;
    std::string spf_text_value;
};

/// `POST /domains/{id}/verifyspf`: lets the service look for the SPF record. The service has deprecated this endpoint.
struct verify_domain_spf {
    using reply_type = domain_spf_reply;

    verify_domain_spf() = default;
    explicit verify_domain_spf(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /domains/{id}/rotatedkim`: makes a new DKIM key, which is used once its record is found. While a key is being
/// renewed the service answers `api_errc::dkim_renewal_in_progress`. The client does not retry this request after a
/// lost reply.
struct rotate_domain_dkim {
    using reply_type = domain_reply;

    rotate_domain_dkim() = default;
    explicit rotate_domain_dkim(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

} // namespace postmark

#endif
