// SPDX-License-Identifier: BSL-1.0

#include "sandbox/inbound_rule_store.hpp"

#include "sandbox/addresses.hpp"
#include "sandbox/domain_names.hpp"
#include "sandbox/text.hpp"

namespace postmark::sandbox::detail {
namespace {

constexpr std::string_view below = "*.";

} // namespace

bool inbound_rule::is_valid(std::string_view text)
{
    if (text.find('@') != std::string_view::npos) {
        return !address_problem(text, "Rule");
    }
    return is_domain_name(text.starts_with(below) ? text.substr(below.size()) : text);
}

bool inbound_rule::blocks(std::string_view sender) const
{
    std::string_view const text{rule};
    if (text.find('@') != std::string_view::npos) {
        return equals_ignoring_case(text, sender);
    }
    if (text.starts_with(below)) {
        return is_subdomain(domain_of(sender), text.substr(below.size()));
    }
    return equals_ignoring_case(text, domain_of(sender));
}

} // namespace postmark::sandbox::detail
