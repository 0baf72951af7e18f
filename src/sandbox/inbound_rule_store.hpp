// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_INBOUND_RULE_STORE_HPP
#define POSTMARK_SANDBOX_INBOUND_RULE_STORE_HPP

#include "sandbox/object_store.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// A rule blocks the mail of an address (`a@example.org`), of all addresses of a domain (`example.org`), or of those of
/// all domains below it (`*.example.org`).
struct inbound_rule {
    std::int64_t id;
    std::string rule;

    /// The text is one of the three.
    [[nodiscard]] static bool is_valid(std::string_view text);

    [[nodiscard]] bool blocks(std::string_view sender) const;
};

/// The inbound rules of a server.
using inbound_rule_store = object_store<inbound_rule>;

} // namespace postmark::sandbox::detail

#endif
