// SPDX-License-Identifier: BSL-1.0

#include "sandbox/validation.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/text.hpp"

#include <boost/json/value.hpp>

#include <utility>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

refusal invalid(std::string message)
{
    return {300, std::move(message)};
}

refusal unclosed_quote(std::string_view field)
{
    return invalid("Error parsing '" + std::string{field} + "': Unclosed quoted string");
}

std::optional<refusal> check_from(std::string_view from)
{
    std::vector<address_view> senders;
    if (!split_addresses(from, senders)) {
        return unclosed_quote("From");
    }
    if (senders.size() != 1) {
        return invalid("Invalid 'From' address: '" + std::string{from} + "'.");
    }
    if (utf16_length(from) > 255) {
        return invalid("Invalid 'From' address: it is limited to 255 characters.");
    }
    if (auto problem = address_problem(senders.front().address, "From")) {
        return invalid(std::move(*problem));
    }
    return std::nullopt;
}

std::optional<refusal> check_list(std::string_view list, std::string_view field, std::vector<address_view>& into)
{
    if (!split_addresses(list, into)) {
        return unclosed_quote(field);
    }
    for (auto const& entry : into) {
        if (auto problem = address_problem(entry.address, field)) {
            return invalid(std::move(*problem));
        }
    }
    return std::nullopt;
}

std::optional<refusal> check_metadata(json::object const& metadata)
{
    if (metadata.size() > 10) {
        return invalid("Invalid metadata content. The number of metadata fields is limited to 10.");
    }
    for (auto entry = metadata.begin(); entry != metadata.end(); ++entry) {
        if (entry->key().empty()) {
            return invalid("Invalid metadata content. Field names cannot be empty.");
        }
        if (utf16_length(view(entry->key())) > 20) {
            return invalid("Invalid metadata content. Field names are limited to 20 characters. The field '" +
                           std::string{view(entry->key())} + "' is too long.");
        }
        if (utf16_length(to_text(entry->value())) > 80) {
            return invalid("Invalid metadata content. Field values are limited to 80 characters. The value of '" +
                           std::string{view(entry->key())} + "' is too long.");
        }
        for (auto other = metadata.begin(); other != entry; ++other) {
            if (equals_ignoring_case(view(other->key()), view(entry->key()))) {
                return invalid("Invalid metadata content. The field '" + std::string{view(entry->key())} +
                               "' occurs more than once.");
            }
        }
    }
    return std::nullopt;
}

std::optional<refusal> check_headers(json::array const& headers)
{
    for (auto const& entry : headers) {
        auto const name = text_member(entry.get_object(), "Name");
        auto const value = text_member(entry.get_object(), "Value");
        if (name.empty()) {
            return invalid("Invalid 'Headers' content: a header has no name.");
        }
        for (char const character : name) {
            auto const byte = static_cast<unsigned char>(character);
            if (byte <= 0x20 || byte >= 0x7f || character == ':') {
                return invalid("Invalid 'Headers' content: a header name holds a character that is not allowed.");
            }
        }
        if (!find_member(entry.get_object(), "Value")) {
            return invalid("Invalid 'Headers' content: header '" + std::string{name} + "' has no value.");
        }
        if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos) {
            return invalid("Invalid 'Headers' content: the value of '" + std::string{name} + "' holds a line break.");
        }
        if (equals_ignoring_case(name, "Content-Type")) {
            return invalid("Header '" + std::string{name} + "' not allowed.");
        }
    }
    return std::nullopt;
}

bool is_forbidden_extension(std::string_view name)
{
    constexpr std::string_view forbidden = " vbs exe bin bat chm com cpl crt hlp hta inf ins isp jse lnk mdb pcd pif "
                                           "reg scr sct shs vbe vba wsf wsh wsl msc msi msp mst ";
    auto const dot = name.rfind('.');
    if (dot == std::string_view::npos || dot + 1 == name.size() || name.find(' ', dot) != std::string_view::npos) {
        return false;
    }
    return forbidden.find(' ' + to_lower(name.substr(dot + 1)) + ' ') != std::string_view::npos;
}

std::optional<refusal> check_attachments(json::array const& attachments)
{
    for (auto const& entry : attachments) {
        auto const& attachment = entry.get_object();
        auto const name = text_member(attachment, "Name");
        if (trim(name).empty()) {
            return invalid("Invalid 'Attachments' content: an attachment has no name.");
        }
        if (is_forbidden_extension(name)) {
            return refusal{411, "Forbidden attachment type: the file extension of '" + std::string{name} +
                                    "' is not allowed."};
        }
        auto const* content = find_member(attachment, "Content");
        if (!content || content->is_null() || trim(view(content->get_string())).empty()) {
            return invalid("Invalid 'Attachments' content: Zero-sized attachments not allowed.");
        }
        if (!is_base64(view(content->get_string()))) {
            return invalid("Invalid 'Attachments' content: the content of '" + std::string{name} + "' is not base64.");
        }
    }
    return std::nullopt;
}

std::optional<refusal> check_limits(mail const& message)
{
    constexpr std::size_t body_limit = 5U * 1024 * 1024;
    if (utf16_length(message.subject) > 2000) {
        return invalid("Invalid 'Subject': it is limited to 2000 characters.");
    }
    if (utf16_length(message.tag) > 1000) {
        return invalid("Invalid 'Tag': it is limited to 1000 characters.");
    }
    if (message.html.size() > body_limit) {
        return invalid("Invalid 'HtmlBody': it is limited to 5 MB.");
    }
    if (message.text.size() > body_limit) {
        return invalid("Invalid 'TextBody': it is limited to 5 MB.");
    }
    return std::nullopt;
}

} // namespace

void recipient_list::clear()
{
    to.clear();
    cc.clear();
    bcc.clear();
}

std::optional<refusal> check_mail(mail const& message, bool templated, recipient_list& recipients)
{
    recipients.clear();
    if (auto refused = check_from(message.from)) {
        return refused;
    }
    if (auto refused = check_list(message.to, "To", recipients.to)) {
        return refused;
    }
    if (auto refused = check_list(message.cc, "Cc", recipients.cc)) {
        return refused;
    }
    if (auto refused = check_list(message.bcc, "Bcc", recipients.bcc)) {
        return refused;
    }
    if (recipients.size() == 0) {
        return invalid("Zero recipients specified");
    }
    if (recipients.size() > 50) {
        return invalid("Too many recipients specified: a message is limited to 50 in 'To', 'Cc' and 'Bcc' together.");
    }
    if (!message.reply_to.empty()) {
        std::vector<address_view> reply_to;
        if (auto refused = check_list(message.reply_to, "ReplyTo", reply_to)) {
            return refused;
        }
    }
    if (auto refused = check_limits(message)) {
        return refused;
    }
    if (!templated && message.html.empty() && message.text.empty()) {
        return invalid("Provide either email TextBody or HtmlBody or both.");
    }
    if (message.metadata) {
        if (auto refused = check_metadata(*message.metadata)) {
            return refused;
        }
    }
    if (message.headers) {
        if (auto refused = check_headers(*message.headers)) {
            return refused;
        }
    }
    if (message.attachments) {
        return check_attachments(*message.attachments);
    }
    return std::nullopt;
}

std::optional<refusal> check_template_fields(mail const& message)
{
    if (message.has_subject || message.has_html || message.has_text) {
        return refusal{1123,
                       "The 'Subject', 'HtmlBody' and 'TextBody' fields are not allowed when a template is used."};
    }
    if (!message.template_id && message.template_alias.empty()) {
        return refusal{1101, "The 'TemplateId' or 'TemplateAlias' associated with this request is not valid or was not "
                             "found."};
    }
    return std::nullopt;
}

std::optional<refusal> check_template_model(mail const& message)
{
    if (!message.template_model) {
        return refusal{1120, "The 'TemplateModel' field is required."};
    }
    for (auto const& entry : message.template_model->get_object()) {
        auto const name = view(entry.key());
        if (name.starts_with("pm:") || name.starts_with('@')) {
            return refusal{1122, "The 'TemplateModel' has the reserved key '" + std::string{name} + "'."};
        }
    }
    return std::nullopt;
}

} // namespace postmark::sandbox::detail
