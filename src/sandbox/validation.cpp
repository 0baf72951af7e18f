// SPDX-License-Identifier: BSL-1.0

#include "sandbox/validation.hpp"

#include "sandbox/text.hpp"

#include <boost/json/value.hpp>

#include <array>
#include <utility>

namespace postmark::sandbox {
namespace {

namespace json = boost::json;

std::string_view view(json::string const& text)
{
    return {text.data(), text.size()};
}
std::string_view view(json::string_view text)
{
    return {text.data(), text.size()};
}

refusal wrong_type(std::string_view path, std::string_view name = {})
{
    std::string message = "Invalid request field(s): ";
    message += path;
    if (!name.empty()) {
        (message += '.') += name;
    }
    return {403, std::move(message)};
}

refusal invalid(std::string message)
{
    return {300, std::move(message)};
}

enum class key {
    from,
    to,
    cc,
    bcc,
    reply_to,
    subject,
    tag,
    html_body,
    text_body,
    message_stream,
    track_links,
    track_opens,
    inline_css,
    template_alias,
    template_id,
    template_model,
    metadata,
    headers,
    attachments,
};

constexpr std::array<std::string_view, 19> key_names{
    "From",          "To",         "Cc",        "Bcc",           "ReplyTo",
    "Subject",       "Tag",        "HtmlBody",  "TextBody",      "MessageStream",
    "TrackLinks",    "TrackOpens", "InlineCss", "TemplateAlias", "TemplateId",
    "TemplateModel", "Metadata",   "Headers",   "Attachments"};

std::optional<key> find_key(std::string_view name)
{
    for (std::size_t index = 0; index < key_names.size(); ++index) {
        if (key_names[index] == name) {
            return static_cast<key>(index);
        }
    }
    for (std::size_t index = 0; index < key_names.size(); ++index) {
        if (equals_ignoring_case(key_names[index], name)) {
            return static_cast<key>(index);
        }
    }
    return std::nullopt;
}

bool take_text(json::value const& value, std::string_view& into)
{
    auto const* text = value.if_string();
    if (text) {
        into = view(*text);
    }
    return text != nullptr;
}

bool take_bool(json::value const& value, bool& into)
{
    auto const* flag = value.if_bool();
    if (flag) {
        into = *flag;
    }
    return flag != nullptr;
}

/// An array of objects whose known members are strings.
std::optional<refusal> take_entries(json::value const& value, std::string_view path, std::string_view name,
                                    std::initializer_list<std::string_view> members, json::array const*& into)
{
    into = value.if_array();
    if (!into) {
        return wrong_type(path, name);
    }
    for (std::size_t index = 0; index < into->size(); ++index) {
        auto const* entry = (*into)[index].if_object();
        auto const place = [&] {
            return std::string{path} + '.' + std::string{name} + '[' + std::to_string(index) + ']';
        };
        if (!entry) {
            return wrong_type(place());
        }
        for (auto const member : members) {
            auto const* found = find_member(*entry, member);
            if (found && !found->is_string() && !found->is_null()) {
                return wrong_type(place(), member);
            }
        }
    }
    return std::nullopt;
}

std::optional<refusal> take_metadata(json::value const& value, std::string_view path, json::object const*& into)
{
    into = value.if_object();
    if (!into) {
        return wrong_type(path, "Metadata");
    }
    for (auto const& entry : *into) {
        if (!entry.value().is_string()) {
            return wrong_type(std::string{path} + ".Metadata", view(entry.key()));
        }
    }
    return std::nullopt;
}

std::optional<refusal> take_member(key which, json::value const& value, std::string_view path, mail& into)
{
    bool good = true;
    switch (which) {
    case key::from:
        good = take_text(value, into.from);
        break;
    case key::to:
        good = take_text(value, into.to);
        into.has_to = true;
        break;
    case key::cc:
        good = take_text(value, into.cc);
        break;
    case key::bcc:
        good = take_text(value, into.bcc);
        break;
    case key::reply_to:
        good = take_text(value, into.reply_to);
        break;
    case key::subject:
        good = take_text(value, into.subject);
        into.has_subject = true;
        break;
    case key::tag:
        good = take_text(value, into.tag);
        break;
    case key::html_body:
        good = take_text(value, into.html);
        into.has_html = true;
        break;
    case key::text_body:
        good = take_text(value, into.text);
        into.has_text = true;
        break;
    case key::message_stream:
        good = take_text(value, into.stream);
        break;
    case key::track_links: {
        good = take_text(value, into.track_links);
        bool known = false;
        for (auto const name : {"None", "HtmlAndText", "HtmlOnly", "TextOnly"}) {
            known = known || equals_ignoring_case(into.track_links, name);
        }
        good = good && known;
        break;
    }
    case key::track_opens:
        good = take_bool(value, into.track_opens);
        break;
    case key::inline_css:
        good = value.is_bool();
        break;
    case key::template_alias:
        good = take_text(value, into.template_alias);
        break;
    case key::template_id:
        if (auto const* number = value.if_int64()) {
            into.template_id = *number;
        } else {
            good = false;
        }
        break;
    case key::template_model:
        into.template_model = value.if_object();
        good = into.template_model != nullptr;
        break;
    case key::metadata:
        return take_metadata(value, path, into.metadata);
    case key::headers:
        return take_entries(value, path, "Headers", {"Name", "Value"}, into.headers);
    case key::attachments:
        return take_entries(value, path, "Attachments", {"Name", "Content", "ContentType", "ContentID"},
                            into.attachments);
    }
    if (good) {
        return std::nullopt;
    }
    return wrong_type(path, key_names[static_cast<std::size_t>(which)]);
}

std::optional<refusal> check_from(std::string_view from)
{
    std::vector<address_view> senders;
    split_addresses(from, senders);
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
    split_addresses(list, into);
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
        if (utf16_length(view(entry->value().get_string())) > 80) {
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
        if (!content || !content->is_string() || !is_base64(view(content->get_string()))) {
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

std::optional<refusal> check_stream(std::string_view stream)
{
    if (stream == "inbound") {
        return refusal{1236, "The stream provided: 'inbound' is not able to send messages."};
    }
    if (stream != "outbound" && stream != "broadcast") {
        return refusal{1235, "The stream provided: '" + std::string{stream} + "' does not exist on this server."};
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

json::value const* find_member(json::object const& object, std::string_view name)
{
    if (auto const* found = object.if_contains({name.data(), name.size()})) {
        return found;
    }
    for (auto const& entry : object) {
        if (equals_ignoring_case(view(entry.key()), name)) {
            return &entry.value();
        }
    }
    return nullptr;
}

std::string_view text_member(json::object const& object, std::string_view name)
{
    auto const* found = find_member(object, name);
    auto const* text = found ? found->if_string() : nullptr;
    return text ? view(*text) : std::string_view{};
}

std::optional<refusal> read_mail(json::value const& from, std::string_view path, mail& into)
{
    auto const* object = from.if_object();
    if (!object) {
        return wrong_type(path);
    }
    for (auto const& entry : *object) {
        auto const which = find_key(view(entry.key()));
        if (!which || entry.value().is_null()) {
            continue;
        }
        if (auto refused = take_member(*which, entry.value(), path, into)) {
            return refused;
        }
    }
    return std::nullopt;
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
        if (auto refused = check_attachments(*message.attachments)) {
            return refused;
        }
    }
    return check_stream(message.message_stream());
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
    if (!message.template_model) {
        return refusal{1120, "The 'TemplateModel' field is required."};
    }
    return std::nullopt;
}

} // namespace postmark::sandbox
