// SPDX-License-Identifier: BSL-1.0

#include "model/validation.hpp"

#include "model/text.hpp"
#include "model/utf8.hpp"
#include "model/word_scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace postmark::model {

namespace {

/// The size of the quoted part at the beginning of a text, quotes included; 0 if there is none. More than the size of
/// the text if the quote is not closed.
std::size_t quoted_part_size(std::string_view text) noexcept
{
    if (!text.starts_with('"')) {
        return 0;
    }
    std::size_t end = 1;
    for (; end < text.size() && text[end] != '"'; ++end) {
        if (text[end] == '\\') {
            ++end;
        }
    }
    return end + 1;
}

/// Whether nothing in the mailbox can end its header or begin another address.
bool is_safe(mailbox const& value) noexcept
{
    std::string_view const address = value.address;
    std::size_t const at_sign = address.find('@');
    // Almost every address passes the first check, which is the fast one.
    bool const is_plain = !may_hold_separator(address) && (at_sign == std::string_view::npos ||
                                                           address.find('@', at_sign + 1) == std::string_view::npos);
    return (is_plain || (!has_header_injection(address) && is_single_address(address))) &&
           !has_header_injection(value.name);
}

bool is_safe(mail_header const& header) noexcept
{
    return !has_header_injection(header.name) && !has_header_injection(header.value);
}

bool all_safe(mailbox_list const& list) noexcept
{
    return std::ranges::all_of(list, [](mailbox const& value) { return is_safe(value); });
}

bool all_safe(std::vector<mail_header> const& headers) noexcept
{
    return std::ranges::all_of(headers, [](mail_header const& header) { return is_safe(header); });
}

bool all_safe(std::map<std::string, std::string> const& metadata) noexcept
{
    return std::ranges::none_of(metadata, [](auto const& entry) {
        return has_header_injection(entry.first) || has_header_injection(entry.second);
    });
}

bool all_safe(std::vector<attachment> const& attachments) noexcept
{
    return std::ranges::none_of(attachments, [](attachment const& file) {
        return has_header_injection(file.name) || has_header_injection(file.content_type) ||
               has_header_injection(file.content_id);
    });
}

[[gnu::cold]] std::string injection_text(std::string_view field)
{
    return std::string{field} + ": must not contain CR, LF or NUL";
}

[[gnu::cold]] std::string unsafe_text(std::string_view field, mailbox const& value)
{
    if (has_header_injection(value.address) || has_header_injection(value.name)) {
        return injection_text(field);
    }
    return std::string{field} + ": expected one address: no comma, semicolon, angle bracket, quote, blank or second at "
                                "sign outside of a quoted local part";
}

[[gnu::cold]] std::string unsafe_text(std::string_view field, mailbox_list const& list)
{
    return unsafe_text(field, *std::ranges::find_if(list, [](mailbox const& value) { return !is_safe(value); }));
}

/// The text about the first unsafe field; empty if there is none.
std::string find_injection(message const& msg)
{
    if (has_header_injection(msg.subject)) {
        return injection_text("subject");
    }
    if (msg.from && !is_safe(*msg.from)) {
        return unsafe_text("from", *msg.from);
    }
    if (!all_safe(msg.to)) {
        return unsafe_text("to", msg.to);
    }
    if (!all_safe(msg.cc)) {
        return unsafe_text("cc", msg.cc);
    }
    if (!all_safe(msg.bcc)) {
        return unsafe_text("bcc", msg.bcc);
    }
    if (!all_safe(msg.reply_to)) {
        return unsafe_text("reply_to", msg.reply_to);
    }
    if (has_header_injection(msg.tag)) {
        return injection_text("tag");
    }
    if (has_header_injection(msg.message_stream)) {
        return injection_text("message_stream");
    }
    if (has_header_injection(msg.template_alias)) {
        return injection_text("template_alias");
    }
    if (!all_safe(msg.headers)) {
        return injection_text("headers");
    }
    if (!all_safe(msg.metadata)) {
        return injection_text("metadata");
    }
    if (!all_safe(msg.attachments)) {
        return injection_text("attachments");
    }
    return {};
}

} // namespace

input_error check_injection(message const& msg)
{
    if (auto text = find_injection(msg); !text.empty()) {
        return {errc::invalid_message, std::move(text)};
    }
    return {};
}

input_error check_injection(message_defaults const& defaults)
{
    if (defaults.from && !is_safe(*defaults.from)) {
        return {errc::invalid_configuration, unsafe_text("default_sender", *defaults.from)};
    }
    if (!all_safe(defaults.reply_to)) {
        return {errc::invalid_configuration, unsafe_text("default_reply_to", defaults.reply_to)};
    }
    if (!all_safe(defaults.headers)) {
        return {errc::invalid_configuration, injection_text("default_headers")};
    }
    return {};
}

std::string check_text(std::string_view field, std::string_view text)
{
    return has_header_injection(text) ? injection_text(field) : std::string{};
}

std::string check_address(std::string_view field, mailbox const& value)
{
    return is_safe(value) ? std::string{} : unsafe_text(field, value);
}

std::string check_addresses(std::string_view field, mailbox_list const& list)
{
    return all_safe(list) ? std::string{} : unsafe_text(field, list);
}

std::string check_headers(std::string_view field, std::vector<mail_header> const& headers)
{
    return all_safe(headers) ? std::string{} : injection_text(field);
}

std::string check_metadata(std::string_view field, std::map<std::string, std::string> const& metadata)
{
    return all_safe(metadata) ? std::string{} : injection_text(field);
}

std::string check_attachments(std::string_view field, std::vector<attachment> const& attachments)
{
    return all_safe(attachments) ? std::string{} : injection_text(field);
}

bool has_header_injection(std::string_view text) noexcept
{
    return any_unfit(
        text, [](std::uint64_t word) { return any_marked(word, mark_below(word, '\r' + 1)); },
        // One comparison decides about almost every character.
        [](char c) { return static_cast<unsigned char>(c) <= '\r' && (c == '\r' || c == '\n' || c == '\0'); });
}

bool is_single_address(std::string_view address) noexcept
{
    if (auto const quoted = quoted_part_size(address); quoted != 0) {
        if (quoted >= address.size() || address[quoted] != '@') {
            return false;
        }
        address.remove_prefix(quoted);
    }
    if (address.find_first_of(",;<>\"") != std::string_view::npos) {
        return false;
    }
    auto const at_signs = std::ranges::count(address, '@');
    return at_signs == 0 || (at_signs == 1 && address.find_first_of(" \t") == std::string_view::npos);
}

bool is_header_name(std::string_view text) noexcept
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return is_visible(c) && c != ':'; });
}

bool is_plausible_address(std::string_view text) noexcept
{
    std::size_t at = quoted_part_size(text);
    if (at != 0) {
        // Two quotes with nothing between them are no local part.
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

    auto domain = text.substr(at + 1);
    if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
        return std::ranges::all_of(domain.substr(1, domain.size() - 2),
                                   [](char c) { return is_alphanumeric(c) || c == '.' || c == ':' || c == '-'; });
    }
    if (domain.empty() || domain.front() == '.' || domain.back() == '.' ||
        domain.find("..") != std::string_view::npos) {
        return false;
    }
    while (!domain.empty()) {
        auto const code = take_code_point(domain);
        if (code < 0x80) {
            auto const c = static_cast<char>(code);
            if (!is_alphanumeric(c) && c != '.' && c != '-' && c != '_') {
                return false;
            }
        } else if (code == invalid_code_point || is_invisible(code)) {
            return false;
        }
    }
    return true;
}

} // namespace postmark::model
