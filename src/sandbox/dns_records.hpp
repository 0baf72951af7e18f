// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_DNS_RECORDS_HPP
#define POSTMARK_SANDBOX_DNS_RECORDS_HPP

#include "sandbox/object_writer.hpp"
#include "sandbox/text.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// A TXT record with a key for DKIM signatures; both texts are empty when there is none.
struct dkim_record {
    std::string host;
    std::string value;

    [[nodiscard]] bool is_empty() const { return host.empty(); }
};

/// The records by which the owner of a domain admits mail through the service, and which of them the service has seen
/// in DNS. A fresh key is pending until it is seen; then it replaces the one before, which is revoked.
class dns_records {
public:
    /// `bits` decides the keys.
    dns_records(std::string_view domain, std::uint64_t bits);

    /// Makes a new key. False when one is pending already.
    [[nodiscard]] bool rotate_dkim();

    /// An empty name ends the use of a return path of the domain's own.
    void set_return_path(std::string_view name);

    void verify_spf() { spf_verified_ = true; }

    /// All records are seen in DNS as they have to be.
    void see_all();

    [[nodiscard]] bool spf_verified() const { return spf_verified_; }
    [[nodiscard]] bool dkim_verified() const { return !active_.is_empty(); }
    [[nodiscard]] bool return_path_verified() const { return return_path_verified_; }

    /// Writes the members of a domain or a sender signature that concern DNS.
    void write(object_writer& writer) const;

    /// Writes those of them that concern SPF.
    void write_spf(object_writer& writer) const;

private:
    std::string domain_;
    std::uint64_t bits_;
    dkim_record active_;
    dkim_record pending_;
    dkim_record revoked_;
    std::string return_path_;
    bool return_path_verified_{false};
    bool spf_verified_{false};
};

} // namespace postmark::sandbox::detail

#endif
