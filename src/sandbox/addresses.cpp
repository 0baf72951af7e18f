// SPDX-License-Identifier: BSL-1.0

#include "sandbox/addresses.hpp"

#include "sandbox/text.hpp"

namespace postmark::sandbox::detail {
namespace {

address_view parse_one(std::string_view text)
{
    auto const open = text.rfind('<');
    if (open == std::string_view::npos || text.back() != '>') {
        return {text, {}};
    }
    return {trim(text.substr(open + 1, text.size() - open - 2)), trim(text.substr(0, open))};
}

bool is_local_character(char character)
{
    auto const byte = static_cast<unsigned char>(character);
    return byte > 0x20 && byte < 0x7f && std::string_view{"\"(),:;<>@[\\]"}.find(character) == std::string_view::npos;
}

bool is_quoted_local(std::string_view local)
{
    if (local.size() < 3 || local.front() != '"' || local.back() != '"') {
        return false;
    }
    for (char const character : local.substr(1, local.size() - 2)) {
        auto const byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte >= 0x7f || character == '"') {
            return false;
        }
    }
    return true;
}

bool is_plain_local(std::string_view local)
{
    if (local.empty() || local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) {
        return false;
    }
    for (char const character : local) {
        if (!is_local_character(character)) {
            return false;
        }
    }
    return true;
}

/// Whether all labels consist of letters, digits, hyphens and characters outside ASCII: domains may be written in their
/// own script.
bool is_domain(std::string_view domain)
{
    if (domain.empty() || domain.size() > 255) {
        return false;
    }
    std::size_t start = 0;
    while (start <= domain.size()) {
        auto const dot = std::min(domain.find('.', start), domain.size());
        auto const label = domain.substr(start, dot - start);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
            return false;
        }
        for (char const character : label) {
            auto const byte = static_cast<unsigned char>(character);
            bool const letter = (byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z';
            if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_' && byte < 0x80) {
                return false;
            }
        }
        start = dot + 1;
    }
    return true;
}

} // namespace

bool split_addresses(std::string_view list, std::vector<address_view>& into)
{
    auto const add = [&](std::size_t begin, std::size_t end) {
        auto const piece = trim(list.substr(begin, end - begin));
        if (!piece.empty()) {
            into.push_back(parse_one(piece));
        }
    };
    bool quoted = false;
    bool bracketed = false;
    std::size_t start = 0;
    for (std::size_t index = 0; index < list.size(); ++index) {
        char const character = list[index];
        if (quoted) {
            if (character == '\\') {
                // Skips the escaped character.
                ++index;
            } else if (character == '"') {
                quoted = false;
            }
        } else if (character == '"') {
            quoted = true;
        } else if (character == '<') {
            bracketed = true;
        } else if (character == '>') {
            bracketed = false;
        } else if (character == ',' && !bracketed) {
            add(start, index);
            start = index + 1;
        }
    }
    add(start, list.size());
    return !quoted;
}

std::optional<std::string> address_problem(std::string_view address, std::string_view field)
{
    auto const at = address.rfind('@');
    auto const invalid = [&] {
        return "Invalid '" + std::string{field} + "' address: '" + std::string{address} + "'.";
    };
    if (at == std::string_view::npos) {
        return invalid();
    }
    auto const local = address.substr(0, at);
    auto const domain = address.substr(at + 1);
    for (char const character : local) {
        if (static_cast<unsigned char>(character) >= 0x80) {
            return "Error parsing '" + std::string{field} + "': Illegal non-ASCII local part in address '" +
                   std::string{address} + "'.";
        }
    }
    if (local.size() > 64 || !(is_plain_local(local) || is_quoted_local(local))) {
        return invalid();
    }
    if (is_domain(domain) && domain.find('.') == std::string_view::npos) {
        return invalid();
    }
    if (!is_domain(domain)) {
        return "Error parsing '" + std::string{field} + "': Illegal email domain '" + std::string{domain} +
               "' in address '" + std::string{address} + "'.";
    }
    return std::nullopt;
}

std::string display_name(std::string_view written)
{
    if (written.size() < 2 || written.front() != '"' || written.back() != '"') {
        return std::string{written};
    }
    std::string result;
    for (std::size_t index = 1; index + 1 < written.size(); ++index) {
        if (written[index] == '\\' && index + 2 < written.size()) {
            ++index;
        }
        result += written[index];
    }
    return result;
}

} // namespace postmark::sandbox::detail
