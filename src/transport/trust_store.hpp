// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_TRUST_STORE_HPP
#define POSTMARK_TRANSPORT_TRUST_STORE_HPP

#include <postmark/error_code.hpp>

#include <openssl/types.h>

#include <optional>
#include <string>

namespace postmark::transport {

/// Why TLS cannot be used at all.
struct tls_problem {
    errc error;
    std::string detail;
};

/// Fills the trust store of `context`.
///
/// `ca_file` (PEM, may be empty) is added to the system's anchors. Those are, in this order: what `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name, if either is set (and the program does not run with another user's rights); OpenSSL's default
/// file and directory; the bundles of the known distributions. Every certificate of the store is an anchor, an
/// intermediate one included.
/// \return nothing, or what is wrong: a file that is no certificate, or no anchor found anywhere and where it was
///         looked for
[[nodiscard]] std::optional<tls_problem> load_trust(SSL_CTX& context, std::string const& ca_file);

} // namespace postmark::transport

#endif
