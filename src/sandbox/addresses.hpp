// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ADDRESSES_HPP
#define POSTMARK_SANDBOX_ADDRESSES_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// One address of a list. Both are views into the text of the list.
struct address_view {
    std::string_view address;
    /// The display name as it was written, quotes included.
    std::string_view name;
};

/// Splits a list at the commas outside quotes and angle brackets. Returns false when a quote is not closed; checks
/// nothing else.
bool split_addresses(std::string_view list, std::vector<address_view>& into);

/// The error text of the service for an address in the field `field`; nothing when the address is valid.
[[nodiscard]] std::optional<std::string> address_problem(std::string_view address, std::string_view field);

/// A display name without its quotes.
[[nodiscard]] std::string display_name(std::string_view written);

} // namespace postmark::sandbox::detail

#endif
