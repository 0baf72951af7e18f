// SPDX-License-Identifier: BSL-1.0

#include "sandbox/dns_records.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

/// The host of a key that was made at this time.
std::string dkim_host(std::string_view domain, time_point made_at)
{
    std::string date;
    append_date(date, made_at, date_form::utc);
    // Year to second.
    date.resize(19);
    std::erase_if(date, [](char character) { return character < '0' || character > '9'; });
    return date + "pm._domainkey." + std::string{domain};
}

/// The text of a record with a public RSA key of 1024 bits: a fixed head and tail, and a modulus between them.
std::string dkim_value(std::uint64_t bits)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result = "k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ";
    // The first bit of a modulus is set.
    result += (bits & 1U) != 0 ? 'C' : 'D';
    for (int count = 0; count < 170; ++count) {
        bits = mix(bits);
        result += alphabet[bits >> 8U & 63U];
    }
    result += std::string_view{"AQgw"}[bits >> 16U & 3U];
    return result + "IDAQAB";
}

} // namespace

dns_records::dns_records(std::string_view domain, std::uint64_t bits)
    : domain_{domain}
    , bits_{bits}
{
    (void)rotate_dkim();
}

bool dns_records::rotate_dkim()
{
    if (!pending_.is_empty()) {
        return false;
    }
    auto made_at = std::chrono::system_clock::now();
    auto host = dkim_host(domain_, made_at);
    // Two keys of one second would share a host.
    while (host == active_.host || host == revoked_.host) {
        made_at += std::chrono::seconds{1};
        host = dkim_host(domain_, made_at);
    }
    bits_ = mix(bits_);
    pending_ = {std::move(host), dkim_value(bits_)};
    return true;
}

void dns_records::set_return_path(std::string_view name)
{
    if (!equals_ignoring_case(return_path_, name)) {
        return_path_verified_ = false;
    }
    return_path_ = name;
}

void dns_records::see_all()
{
    spf_verified_ = true;
    return_path_verified_ = !return_path_.empty();
    if (!pending_.is_empty()) {
        revoked_ = std::exchange(active_, std::exchange(pending_, {}));
    }
}

void dns_records::write_spf(object_writer& writer) const
{
    writer.text("SPFHost", domain_)
        .flag("SPFVerified", spf_verified_)
        .text("SPFTextValue", "v=spf1 a mx include:spf.mtasv.net ~all");
}

void dns_records::write(object_writer& writer) const
{
    write_spf(writer);
    writer.flag("DKIMVerified", dkim_verified())
        .flag("WeakDKIM", false)
        .text("DKIMHost", active_.host)
        .text("DKIMTextValue", active_.value)
        .text("DKIMPendingHost", pending_.host)
        .text("DKIMPendingTextValue", pending_.value)
        .text("DKIMRevokedHost", revoked_.host)
        .text("DKIMRevokedTextValue", revoked_.value)
        // The key before is in use until the new one is seen, and then no more.
        .flag("SafeToRemoveRevokedKeyFromDNS", !revoked_.is_empty())
        .text("DKIMUpdateStatus", pending_.is_empty() ? "Verified" : "Pending")
        .text("ReturnPathDomain", return_path_)
        .flag("ReturnPathDomainVerified", return_path_verified_)
        .text("ReturnPathDomainCNAMEValue", "pm.mtasv.net");
}

} // namespace postmark::sandbox::detail
