// SPDX-License-Identifier: BSL-1.0

#include "model/validation.hpp"

#include "model/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace postmark::model {

namespace {

[[gnu::cold]] std::string refusal(std::string_view field)
{
    return std::string{field} + ": must not contain CR, LF or NUL";
}

} // namespace

bool has_header_injection(std::string_view text) noexcept
{
    auto const is_unfit = [](char c) {
        // One comparison decides about almost every character.
        return static_cast<unsigned char>(c) <= '\r' && (c == '\r' || c == '\n' || c == '\0');
    };
    // Eight at a time: what no byte below 14 is in needs no second look.
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::size_t step = sizeof ones;
    if (text.size() < step) {
        return std::ranges::any_of(text, is_unfit);
    }
    // The last eight overlap with those before them.
    for (std::size_t at = 0;; at = std::min(at + step, text.size() - step)) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, step);
        bool const suspicious = ((word - ones * ('\r' + 1)) & ~word & (ones * 0x80)) != 0;
        if (suspicious && std::ranges::any_of(text.substr(at, step), is_unfit)) {
            return true;
        }
        if (at == text.size() - step) {
            return false;
        }
    }
}

bool is_injected(mailbox const& value) noexcept
{
    return has_header_injection(value.address) || has_header_injection(value.name);
}

std::string header_injection(message const& msg)
{
    if (has_header_injection(msg.subject)) {
        return refusal("subject");
    }
    if (msg.from && is_injected(*msg.from)) {
        return refusal("from");
    }
    if (std::ranges::any_of(msg.to, is_injected)) {
        return refusal("to");
    }
    if (std::ranges::any_of(msg.cc, is_injected)) {
        return refusal("cc");
    }
    if (std::ranges::any_of(msg.bcc, is_injected)) {
        return refusal("bcc");
    }
    if (std::ranges::any_of(msg.reply_to, is_injected)) {
        return refusal("reply_to");
    }
    if (has_header_injection(msg.tag)) {
        return refusal("tag");
    }
    if (has_header_injection(msg.message_stream)) {
        return refusal("message_stream");
    }
    if (has_header_injection(msg.template_alias)) {
        return refusal("template_alias");
    }
    for (auto const& header : msg.headers) {
        if (has_header_injection(header.name) || has_header_injection(header.value)) {
            return refusal("headers");
        }
    }
    for (auto const& [key, value] : msg.metadata) {
        if (has_header_injection(key) || has_header_injection(value)) {
            return refusal("metadata");
        }
    }
    for (auto const& item : msg.attachments) {
        if (has_header_injection(item.name) || has_header_injection(item.content_type) ||
            has_header_injection(item.content_id)) {
            return refusal("attachments");
        }
    }
    return {};
}

bool is_header_name(std::string_view text) noexcept
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return is_visible(c) && c != ':'; });
}

bool is_plausible_address(std::string_view text) noexcept
{
    // A quoted local part may hold what would otherwise end it.
    std::size_t at = 0;
    if (text.starts_with('"')) {
        at = 1;
        for (; at < text.size() && text[at] != '"'; ++at) {
            if (text[at] == '\\') {
                ++at;
            }
        }
        ++at;
        if (at <= 2 || at >= text.size() || text[at] != '@') {
            return false;
        }
    } else {
        at = text.find('@');
        if (at == 0 || at == std::string_view::npos) {
            return false;
        }
        if (text.substr(0, at).find_first_of(" \"(),:;<>[\\]") != std::string_view::npos) {
            return false;
        }
    }
    auto const local = text.substr(0, at);
    if (!std::ranges::all_of(local, [](char c) { return is_ascii(c) && !is_control(c); })) {
        return false;
    }

    auto const domain = text.substr(at + 1);
    if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
        return std::ranges::all_of(domain.substr(1, domain.size() - 2),
                                   [](char c) { return is_alphanumeric(c) || c == '.' || c == ':' || c == '-'; });
    }
    if (domain.empty() || domain.front() == '.' || domain.back() == '.' ||
        domain.find("..") != std::string_view::npos) {
        return false;
    }
    return std::ranges::all_of(
        domain, [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || !is_ascii(c); });
}

} // namespace postmark::model
