// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_DNS_FIELDS_HPP
#define POSTMARK_PROTOCOL_DNS_FIELDS_HPP

#include "protocol/schema.hpp"

#include <postmark/api/dns_settings.hpp>

#include <array>

namespace postmark::protocol {

/// The fields of the DNS records of a domain or a sender signature.
/// \tparam C the reply, which has `dns_settings` as a base
template <class C>
constexpr std::array dns_fields{
    member<C, &dns_settings::spf_verified>("SPFVerified"),
    member<C, &dns_settings::spf_host>("SPFHost"),
    member<C, &dns_settings::spf_text_value>("SPFTextValue"),
    member<C, &dns_settings::dkim_verified>("DKIMVerified"),
    member<C, &dns_settings::weak_dkim>("WeakDKIM"),
    member<C, &dns_settings::dkim_host>("DKIMHost"),
    member<C, &dns_settings::dkim_text_value>("DKIMTextValue"),
    member<C, &dns_settings::dkim_pending_host>("DKIMPendingHost"),
    member<C, &dns_settings::dkim_pending_text_value>("DKIMPendingTextValue"),
    member<C, &dns_settings::dkim_revoked_host>("DKIMRevokedHost"),
    member<C, &dns_settings::dkim_revoked_text_value>("DKIMRevokedTextValue"),
    member<C, &dns_settings::safe_to_remove_revoked_key_from_dns>("SafeToRemoveRevokedKeyFromDNS"),
    member<C, &dns_settings::dkim_update_status>("DKIMUpdateStatus"),
    member<C, &dns_settings::return_path_domain>("ReturnPathDomain"),
    member<C, &dns_settings::return_path_domain_verified>("ReturnPathDomainVerified"),
    member<C, &dns_settings::return_path_domain_cname_value>("ReturnPathDomainCNAMEValue"),
};

} // namespace postmark::protocol

#endif
