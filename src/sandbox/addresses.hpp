// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ADDRESSES_HPP
#define POSTMARK_SANDBOX_ADDRESSES_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

/// One address of a list; the views look into the list's text.
struct address_view {
    std::string_view address;
    /// As it was written, quotes included.
    std::string_view name;
};

/// Splits a list at the commas outside quotes and angle brackets. Judges nothing.
void split_addresses(std::string_view list, std::vector<address_view>& into);

/// What is wrong with an address that came in the field `field`, in the words of the service.
[[nodiscard]] std::optional<std::string> address_problem(std::string_view address, std::string_view field);

/// A display name without its quotes.
[[nodiscard]] std::string display_name(std::string_view written);

} // namespace postmark::sandbox

#endif
