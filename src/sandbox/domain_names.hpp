// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_DOMAIN_NAMES_HPP
#define POSTMARK_SANDBOX_DOMAIN_NAMES_HPP

#include <string_view>

namespace postmark::sandbox::detail {

/// The text is the name of a domain, with at least one dot.
[[nodiscard]] bool is_domain_name(std::string_view text);

/// `name` is a domain below `parent`. Compares without regard to case.
[[nodiscard]] bool is_subdomain(std::string_view name, std::string_view parent);

/// The domain of a provider at which everybody can have an address; it belongs to no account.
[[nodiscard]] bool is_public_mail_domain(std::string_view name);

/// The part of an address after its last `@`; empty when there is none.
[[nodiscard]] std::string_view domain_of(std::string_view address);

} // namespace postmark::sandbox::detail

#endif
