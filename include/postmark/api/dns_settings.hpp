// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_DNS_SETTINGS_HPP
#define POSTMARK_API_DNS_SETTINGS_HPP

#include <string>

namespace postmark {

/// The DNS records that a domain or a sender signature needs, and whether the service has found them. A text that is
/// not set is empty.
struct dns_settings {
    dns_settings() = default;

    /// Whether the SPF record was found. The service does not need it any more.
    bool spf_verified = false;
    /// The name and the value of the SPF record.
    std::string spf_host;
    std::string spf_text_value;
    bool dkim_verified = false;
    /// Whether the DKIM key is shorter than 1,024 bits.
    bool weak_dkim = false;
    /// The name and the value of the DKIM record in use.
    std::string dkim_host;
    std::string dkim_text_value;
    /// The name and the value of the DKIM record that has to be added.
    std::string dkim_pending_host;
    std::string dkim_pending_text_value;
    /// The name and the value of the DKIM record of the key before.
    std::string dkim_revoked_host;
    std::string dkim_revoked_text_value;
    /// Whether that record may be removed.
    bool safe_to_remove_revoked_key_from_dns = false;
    /// `Pending`, `Verified`.
    std::string dkim_update_status;
    std::string return_path_domain;
    bool return_path_domain_verified = false;
    /// What the CNAME record of the return path has to say.
    std::string return_path_domain_cname_value;
};

} // namespace postmark

#endif
