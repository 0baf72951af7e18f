// SPDX-License-Identifier: BSL-1.0

#include "sandbox/webhook_store.hpp"

#include "sandbox/text.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

/// The host of an address, without login and port; empty when it has none or is not an address of a web server.
std::string_view host_of(std::string_view url)
{
    auto const scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos || !(equals_ignoring_case(url.substr(0, scheme_end), "http") ||
                                                  equals_ignoring_case(url.substr(0, scheme_end), "https"))) {
        return {};
    }
    auto authority = url.substr(scheme_end + 3);
    authority = authority.substr(0, std::min(authority.find_first_of("/?#"), authority.size()));
    authority.remove_prefix(authority.rfind('@') + 1);
    if (authority.starts_with('[')) {
        auto const end = authority.find(']');
        return end == std::string_view::npos ? std::string_view{} : authority.substr(0, end + 1);
    }
    return authority.substr(0, std::min(authority.find(':'), authority.size()));
}

} // namespace

bool is_webhook_url(std::string_view text)
{
    bool const plain = std::ranges::all_of(text, [](char character) {
        auto const byte = static_cast<unsigned char>(character);
        return byte > 0x20 && byte != 0x7f;
    });
    return plain && !host_of(text).empty();
}

bool can_be_reached(std::string_view url)
{
    auto const host = to_lower(host_of(url));
    return host != "invalid" && !host.ends_with(".invalid");
}

} // namespace postmark::sandbox::detail
