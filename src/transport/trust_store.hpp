// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_TRUST_STORE_HPP
#define POSTMARK_TRANSPORT_TRUST_STORE_HPP

#include <postmark/error_code.hpp>

#include <openssl/types.h>

#include <optional>
#include <string>

namespace postmark::transport {

/// Fills the trust store of `context`.
///
/// `ca_file` (PEM, may be empty) is added to the system's anchors. Those are, in this order: what `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name, if either is set; OpenSSL's default file and directory; the bundles of the known distributions.
/// \return nothing, or what is wrong: a file that is no certificate, or no anchor found anywhere and where it was looked
struct trust_problem {
    errc error;
    std::string detail;
};
[[nodiscard]] std::optional<trust_problem> load_trust(SSL_CTX& context, std::string const& ca_file);

} // namespace postmark::transport

#endif
