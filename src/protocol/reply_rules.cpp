// SPDX-License-Identifier: BSL-1.0

#include "protocol/reply_rules.hpp"

#include "model/text.hpp"

#include <algorithm>

namespace postmark::protocol {

namespace {

void clear_texts(receipt& result)
{
    result.message_id.clear();
    result.to.clear();
    result.submitted_at = {};
    result.detail.clear();
    result.suppressed.clear();
}

std::size_t find_ignoring_case(std::string_view text, std::string_view lower_marker) noexcept
{
    auto const found = std::search(text.begin(), text.end(), lower_marker.begin(), lower_marker.end(),
                                   [](char byte, char wanted) { return model::to_lower(byte) == wanted; });
    return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

bool is_blank(char byte) noexcept
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/// The text without blanks and line breaks at its ends.
std::string_view trim_lines(std::string_view text) noexcept
{
    return model::trim(text, " \t\r\n");
}

/// The text up to the dot that ends a sentence: the dots in addresses have no blank after them.
std::string_view sentence(std::string_view text) noexcept
{
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (text[index] == '.' && (index + 1 == text.size() || is_blank(text[index + 1]))) {
            return text.substr(0, index);
        }
    }
    return text;
}

/// Appends the addresses that the text lists after the marker.
void read_suppressed(std::string_view text, std::string_view lower_marker, std::vector<std::string>& addresses)
{
    if (text.size() <= lower_marker.size()) {
        return;
    }
    std::size_t const marker = find_ignoring_case(text, lower_marker);
    if (marker == std::string_view::npos) {
        return;
    }
    std::string_view list = text.substr(marker + lower_marker.size());
    std::size_t const explanation = find_ignoring_case(list, "inactive recipients");
    list = trim_lines(list.substr(0, explanation));
    if (explanation != std::string_view::npos && list.ends_with('.')) {
        list.remove_suffix(1);
    } else {
        list = sentence(list);
    }
    while (!list.empty()) {
        std::size_t const comma = std::min(list.find(','), list.size());
        if (std::string_view const address = trim_lines(list.substr(0, comma)); !address.empty()) {
            addresses.emplace_back(address);
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

std::string http_cause(unsigned http_status)
{
    return "HTTP " + std::to_string(http_status);
}

/// The beginning of a body without an ErrorCode, as diagnostic text.
std::string excerpt(std::string_view body)
{
    constexpr std::size_t max_excerpt = 512;
    body = trim_lines(model::skip_byte_order_mark(body));
    if (body.size() > max_excerpt) {
        // No cut inside of a character.
        std::size_t cut = max_excerpt;
        while (cut > max_excerpt - 4 && (static_cast<unsigned char>(body[cut]) & 0xc0) == 0x80) {
            --cut;
        }
        body = body.substr(0, cut);
    }
    return model::printable(body);
}

bool is_refusal(unsigned http_status) noexcept
{
    return http_status >= 400 && http_status <= 499 && http_status != 408;
}

} // namespace

void reset(receipt& result, unsigned http_status)
{
    clear_texts(result);
    result.outcome = outcome::unknown;
    result.error = {};
    result.api_code = 0;
    result.http_status = http_status;
}

void set_unknown(receipt& result, errc error, std::string_view cause)
{
    clear_texts(result);
    result.outcome = outcome::unknown;
    result.error = error;
    result.detail = cause;
}

void set_rejected(receipt& result, postmark::error_code error)
{
    result.outcome = outcome::rejected;
    result.error = error;
    result.message_id.clear();
    if (result.api_code == static_cast<int>(api_errc::inactive_recipient)) {
        read_suppressed(result.detail, "inactive addresses:", result.suppressed);
    }
}

reply_class classify(receipt& result, reply_fields const& fields)
{
    result.api_code = fields.code;
    if (fields.bad_code) {
        set_unknown(result, errc::malformed_reply, "the reply has an ErrorCode that is not a number");
        return reply_class::unknown;
    }
    if (fields.code != 0) {
        if (result.detail.empty()) {
            result.detail = "ErrorCode " + std::to_string(fields.code);
        }
        set_rejected(result, static_cast<api_errc>(fields.code));
        return reply_class::refused;
    }
    if (result.message_id.empty()) {
        set_unknown(result, errc::malformed_reply,
                    fields.bad_id ? "the reply has a MessageID that is not a string" : "the reply has no MessageID");
        return reply_class::unknown;
    }
    result.outcome = outcome::accepted;
    result.error = {};
    read_suppressed(result.detail, "will not deliver to these inactive addresses:", result.suppressed);
    return reply_class::accepted;
}

postmark::error_code refusal_of(unsigned http_status, int code) noexcept
{
    if (is_refusal(http_status)) {
        if (code != 0) {
            return static_cast<api_errc>(code);
        }
        return http_status == 429 ? make_error_code(api_errc::rate_limit_exceeded)
                                  : make_error_code(errc::http_refused);
    }
    return should_wait(http_status, code) ? make_error_code(api_errc::maintenance)
                                          : make_error_code(errc::server_error);
}

void explain(std::string& detail, unsigned http_status, std::string_view body)
{
    if (detail.empty() && is_refusal(http_status)) {
        detail = excerpt(body);
    }
    if (detail.empty()) {
        detail = http_cause(http_status);
    }
}

bool should_wait(unsigned http_status, int api_code) noexcept
{
    return http_status == 429 || (http_status == 503 && api_code == static_cast<int>(api_errc::maintenance));
}

bool is_gateway_failure(unsigned http_status, int api_code) noexcept
{
    return http_status == 502 || http_status == 504 || (http_status == 503 && api_code == 0);
}

bool worth_splitting(unsigned http_status, int api_code) noexcept
{
    if (http_status != 413 && http_status != 422) {
        return false;
    }
    // These are about the account, the server or the network it is called from: every part would get the same reply.
    switch (static_cast<api_errc>(api_code)) {
    case api_errc::account_pending:
    case api_errc::account_may_not_send:
    case api_errc::invalid_server_or_account:
    case api_errc::ip_not_authorized:
        return false;
    default:
        return true;
    }
}

} // namespace postmark::protocol
