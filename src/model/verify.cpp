// SPDX-License-Identifier: BSL-1.0

#include "model/json_scanner.hpp"
#include "model/limits.hpp"
#include "model/text.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark {

namespace model {

namespace {

// Every text names the field and repeats nothing of its content.

input_error invalid(std::string text)
{
    return {errc::invalid_message, std::move(text)};
}

/// A message with its defaults: each member is that of the message, or the default if the message has none.
struct complete_message {
    complete_message(message const& value, message_defaults const& defaults)
        : msg{value}
        , from{value.from ? &*value.from : (defaults.from ? &*defaults.from : nullptr)}
        , from_field{value.from ? "from" : "default_sender"}
        , reply_to{value.reply_to.empty() ? defaults.reply_to : value.reply_to}
        , reply_to_field{value.reply_to.empty() ? "default_reply_to" : "reply_to"}
        , headers{value.headers.empty() ? defaults.headers : value.headers}
        , headers_field{value.headers.empty() ? "default_headers" : "headers"}
    {
    }

    message const& msg;
    /// Null if there is none.
    mailbox const* from;
    char const* from_field;
    mailbox_list const& reply_to;
    char const* reply_to_field;
    std::vector<mail_header> const& headers;
    char const* headers_field;
};

std::string indexed(char const* field, std::size_t index)
{
    return std::string{field} + '[' + std::to_string(index) + ']';
}

input_error check_mailbox(mailbox const& value, std::string const& field)
{
    if (!is_plausible_address(value.address)) {
        return invalid(field + ": expected one valid address");
    }
    if (value.name.find('@') != std::string::npos) {
        return invalid(field + ": the name looks like an address");
    }
    return {};
}

input_error check_mailboxes(mailbox_list const& list, char const* field)
{
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (auto problem = check_mailbox(list[i], indexed(field, i))) {
            return problem;
        }
    }
    return {};
}

input_error check_addresses(complete_message const& complete)
{
    if (complete.from == nullptr) {
        return invalid("from: missing");
    }
    if (auto problem = check_mailbox(*complete.from, complete.from_field)) {
        return problem;
    }
    if (count_utf16_units(to_string(*complete.from)) > max_sender_units) {
        return invalid(std::string{complete.from_field} + ": longer than 255 characters");
    }

    auto const& msg = complete.msg;
    auto const recipients = msg.to.size() + msg.cc.size() + msg.bcc.size();
    if (recipients == 0) {
        return invalid("to, cc, bcc: no recipient");
    }
    if (recipients > max_recipients) {
        return invalid("to, cc, bcc: more than 50 recipients");
    }
    for (auto const& [list, field] : {std::pair{&msg.to, "to"},
                                      {&msg.cc, "cc"},
                                      {&msg.bcc, "bcc"},
                                      {&complete.reply_to, complete.reply_to_field}}) {
        if (auto problem = check_mailboxes(*list, field)) {
            return problem;
        }
    }
    return {};
}

bool is_identifier(std::string_view text, std::string_view punctuation) noexcept
{
    return std::ranges::all_of(
        text, [&](char c) { return is_alphanumeric(c) || punctuation.find(c) != std::string_view::npos; });
}

input_error check_content(complete_message const& complete)
{
    auto const& msg = complete.msg;
    if (msg.uses_template()) {
        if (!msg.subject.empty()) {
            return invalid("subject: not allowed in a message with a template");
        }
        if (!msg.html.empty()) {
            return invalid("html: not allowed in a message with a template");
        }
        if (!msg.text.empty()) {
            return invalid("text: not allowed in a message with a template");
        }
    } else if (msg.html.empty() && msg.text.empty()) {
        return invalid("html, text: one of them is needed");
    }
    if (!msg.template_alias.empty() && (!is_identifier(msg.template_alias, "._-") || is_digit(msg.template_alias[0]) ||
                                        !is_alphanumeric(msg.template_alias[0]))) {
        return invalid("template_alias: expected a letter, then letters, digits, '.', '_' or '-'");
    }
    if (!msg.template_model.empty() && !is_json_object(msg.template_model)) {
        return invalid("template_model: expected a JSON object");
    }
    if (count_utf16_units(msg.subject) > max_subject_units) {
        return invalid("subject: longer than 2000 characters");
    }
    if (count_characters(msg.tag) > max_tag_characters) {
        return invalid("tag: longer than 1000 characters");
    }
    if (msg.html.size() > max_body_bytes) {
        return invalid("html: larger than 5 MB");
    }
    if (msg.text.size() > max_body_bytes) {
        return invalid("text: larger than 5 MB");
    }
    if (msg.message_stream.size() > max_stream_id_characters || !is_identifier(msg.message_stream, "_-")) {
        return invalid("message_stream: expected at most 30 letters, digits, '_' or '-'");
    }
    return {};
}

struct reserved_header {
    std::string_view name;
    /// The member of the message, or the setting, that is to be used instead.
    std::string_view member;
};

// Headers of a mail, of Postmark's SMTP interface and of its Ruby client for which the API has fields.
constexpr reserved_header reserved_headers[] = {
    {"Attachment", "attachments"},
    {"Bcc", "bcc"},
    {"Cc", "cc"},
    {"From", "from"},
    {"Message-Stream", "message_stream"},
    {"Postmark-Template-Alias", "template_alias"},
    {"Reply-To", "reply_to"},
    {"Subject", "subject"},
    {"Tag", "tag"},
    {"To", "to"},
    {"Track-Links", "track_links"},
    {"Track-Opens", "track_opens"},
    {"X-PM-Message-Stream", "message_stream"},
    {"X-PM-Tag", "tag"},
    {"X-PM-TrackLinks", "track_links"},
    {"X-PM-TrackOpens", "track_opens"},
};

/// The member that a header belongs to; empty if it may be among the headers.
std::string_view member_of(std::string_view header) noexcept
{
    constexpr std::string_view metadata_prefix = "X-PM-Metadata-";
    if (equal_ignoring_case(header.substr(0, metadata_prefix.size()), metadata_prefix)) {
        return "metadata";
    }
    auto const* const found = std::ranges::find_if(
        reserved_headers, [&](reserved_header const& one) { return equal_ignoring_case(one.name, header); });
    return found != std::end(reserved_headers) ? found->member : std::string_view{};
}

input_error check_headers(complete_message const& complete)
{
    for (std::size_t i = 0; i < complete.headers.size(); ++i) {
        auto const& name = complete.headers[i].name;
        auto const problem = [&](std::string const& text) {
            return invalid(indexed(complete.headers_field, i) + ": " + text);
        };
        if (!is_header_name(name)) {
            return problem("the name is not that of a mail header");
        }
        if (equal_ignoring_case(name, "Content-Type")) {
            return problem("Content-Type is set by the service");
        }
        if (auto const member = member_of(name); !member.empty()) {
            return problem("not allowed among headers, set the member " + std::string{member} + " instead");
        }
    }
    return {};
}

input_error check_metadata(complete_message const& complete)
{
    auto const& msg = complete.msg;
    if (msg.metadata.size() > max_metadata_keys) {
        return invalid("metadata: more than 10 keys");
    }
    for (auto current = msg.metadata.begin(); current != msg.metadata.end(); ++current) {
        auto const& [key, value] = *current;
        if (key.empty()) {
            return invalid("metadata: a key is empty");
        }
        if (count_characters(key) > max_metadata_key_characters) {
            return invalid("metadata: a key is longer than 20 characters");
        }
        if (count_utf16_units(value) > max_metadata_value_units) {
            return invalid("metadata: a value is longer than 80 UTF-16 units");
        }
        if (std::any_of(std::next(current), msg.metadata.end(),
                        [&](auto const& other) { return equal_ignoring_case(other.first, current->first); })) {
            return invalid("metadata: two keys differ only in case");
        }
    }
    return {};
}

input_error check_attachments(complete_message const& complete)
{
    auto const& attachments = complete.msg.attachments;
    for (std::size_t i = 0; i < attachments.size(); ++i) {
        auto const problem = [&](char const* text) { return invalid(indexed("attachments", i) + ": " + text); };
        if (attachments[i].name.empty()) {
            return problem("the name is missing");
        }
        if (has_refused_extension(attachments[i].name)) {
            return problem("the service refuses files with this extension");
        }
        if (attachments[i].content.empty()) {
            return problem("the content is empty, which the service refuses");
        }
    }
    return {};
}

std::size_t approximate_size(complete_message const& complete) noexcept
{
    auto const& msg = complete.msg;
    std::size_t size = msg.subject.size() + msg.tag.size() + msg.html.size() + msg.text.size() +
                       msg.template_model.size() + msg.message_stream.size();
    for (auto const* const list : {&msg.to, &msg.cc, &msg.bcc, &complete.reply_to}) {
        for (auto const& item : *list) {
            size += item.address.size() + item.name.size();
        }
    }
    for (auto const& header : complete.headers) {
        size += header.name.size() + header.value.size();
    }
    for (auto const& [key, value] : msg.metadata) {
        size += key.size() + value.size();
    }
    for (auto const& item : msg.attachments) {
        size += base64_size(item.content.size()) + item.name.size() + item.content_type.size() + item.content_id.size();
    }
    return size;
}

} // namespace

input_error check_message(message const& msg, message_defaults const& defaults)
{
    if (auto problem = check_injection(msg)) {
        return problem;
    }
    complete_message const complete{msg, defaults};
    for (auto const check : {check_addresses, check_content, check_headers, check_metadata, check_attachments}) {
        if (auto problem = check(complete)) {
            return problem;
        }
    }
    if (approximate_size(complete) > max_message_bytes) {
        return invalid("message: larger than 10 MB with its attachments");
    }
    return {};
}

} // namespace model

void message::verify(error_code& error) const
{
    std::string detail;
    verify(error, detail);
}

void message::verify(error_code& error, std::string& detail) const
{
    error.clear();
    if (auto problem = model::check_message(*this, {})) {
        error = problem.error;
        detail = std::move(problem.text);
    }
}

} // namespace postmark
