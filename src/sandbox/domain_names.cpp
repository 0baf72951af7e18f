// SPDX-License-Identifier: BSL-1.0

#include "sandbox/domain_names.hpp"

#include "sandbox/addresses.hpp"
#include "sandbox/text.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace postmark::sandbox::detail {

bool is_domain_name(std::string_view text)
{
    return !address_problem("postmaster@" + std::string{text}, "Domain");
}

bool is_subdomain(std::string_view name, std::string_view parent)
{
    return name.size() > parent.size() + 1 && name[name.size() - parent.size() - 1] == '.' &&
           equals_ignoring_case(name.substr(name.size() - parent.size()), parent);
}

bool is_public_mail_domain(std::string_view name)
{
    constexpr std::array<std::string_view, 16> providers{"aol.com",   "fastmail.com",   "gmail.com",   "gmx.com",
                                                         "gmx.de",    "googlemail.com", "hotmail.com", "icloud.com",
                                                         "live.com",  "mail.com",       "mail.ru",     "outlook.com",
                                                         "proton.me", "qq.com",         "yahoo.com",   "yandex.ru"};
    return std::ranges::any_of(providers, [&](std::string_view known) { return equals_ignoring_case(name, known); });
}

std::string_view domain_of(std::string_view address)
{
    auto const at = address.rfind('@');
    return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

} // namespace postmark::sandbox::detail
