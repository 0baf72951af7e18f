// SPDX-License-Identifier: BSL-1.0

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace postmark {

namespace {

using namespace model;

// Each of these returns what is wrong, naming the field but repeating nothing of its content; empty if nothing is.

std::string mailbox_problem(mailbox const& value, std::string const& field)
{
    if (!is_plausible_address(value.address)) {
        return field + ": expected one valid address";
    }
    if (value.name.find('@') != std::string::npos) {
        return field + ": the name looks like an address";
    }
    return {};
}

std::string mailbox_problem(mailbox_list const& list, std::string const& field)
{
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (auto problem = mailbox_problem(list[i], field + '[' + std::to_string(i) + ']'); !problem.empty()) {
            return problem;
        }
    }
    return {};
}

std::string address_problem(message const& msg)
{
    if (!msg.from) {
        return "from: missing";
    }
    if (auto problem = mailbox_problem(*msg.from, "from"); !problem.empty()) {
        return problem;
    }
    if (count_utf16_units(to_string(*msg.from)) > max_sender_units) {
        return "from: longer than 255 characters";
    }

    auto const recipients = msg.to.size() + msg.cc.size() + msg.bcc.size();
    if (recipients == 0) {
        return "to, cc, bcc: no recipient";
    }
    if (recipients > max_recipients) {
        return "to, cc, bcc: more than 50 recipients";
    }
    for (auto const& [list, field] :
         {std::pair{&msg.to, "to"}, {&msg.cc, "cc"}, {&msg.bcc, "bcc"}, {&msg.reply_to, "reply_to"}}) {
        if (auto problem = mailbox_problem(*list, field); !problem.empty()) {
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

std::string content_problem(message const& msg)
{
    if (msg.uses_template()) {
        if (!msg.subject.empty()) {
            return "subject: not allowed in a message with a template";
        }
        if (!msg.html.empty()) {
            return "html: not allowed in a message with a template";
        }
        if (!msg.text.empty()) {
            return "text: not allowed in a message with a template";
        }
    } else if (msg.html.empty() && msg.text.empty()) {
        return "html, text: one of them is needed";
    }
    if (!msg.template_alias.empty() && (!is_identifier(msg.template_alias, "._-") || is_digit(msg.template_alias[0]) ||
                                        !is_alphanumeric(msg.template_alias[0]))) {
        return "template_alias: expected a letter, then letters, digits, '.', '_' or '-'";
    }
    if (!msg.template_model.empty() && !is_json_object(msg.template_model)) {
        return "template_model: expected a JSON object";
    }
    if (count_utf16_units(msg.subject) > max_subject_units) {
        return "subject: longer than 2000 characters";
    }
    if (count_characters(msg.tag) > max_tag_characters) {
        return "tag: longer than 1000 characters";
    }
    if (msg.html.size() > max_body_bytes) {
        return "html: larger than 5 MB";
    }
    if (msg.text.size() > max_body_bytes) {
        return "text: larger than 5 MB";
    }
    if (msg.message_stream.size() > max_stream_id_characters || !is_identifier(msg.message_stream, "_-")) {
        return "message_stream: expected at most 30 letters, digits, '_' or '-'";
    }
    return {};
}

std::string header_problem(message const& msg)
{
    for (std::size_t i = 0; i < msg.headers.size(); ++i) {
        auto const field = [&] { return "headers[" + std::to_string(i) + "]: "; };
        if (!is_header_name(msg.headers[i].name)) {
            return field() + "the name is not that of a mail header";
        }
        if (equal_ignoring_case(msg.headers[i].name, "Content-Type")) {
            return field() + "Content-Type is set by the service";
        }
    }
    return {};
}

std::string metadata_problem(message const& msg)
{
    if (msg.metadata.size() > max_metadata_keys) {
        return "metadata: more than 10 keys";
    }
    for (auto current = msg.metadata.begin(); current != msg.metadata.end(); ++current) {
        auto const& [key, value] = *current;
        if (key.empty()) {
            return "metadata: a key is empty";
        }
        if (count_characters(key) > max_metadata_key_characters) {
            return "metadata: a key is longer than 20 characters";
        }
        if (count_characters(value) > max_metadata_value_characters) {
            return "metadata: a value is longer than 80 characters";
        }
        if (std::any_of(std::next(current), msg.metadata.end(),
                        [&](auto const& other) { return equal_ignoring_case(other.first, current->first); })) {
            return "metadata: two keys differ only in case";
        }
    }
    return {};
}

std::string attachment_problem(message const& msg)
{
    for (std::size_t i = 0; i < msg.attachments.size(); ++i) {
        auto const field = [&] { return "attachments[" + std::to_string(i) + "]: "; };
        if (msg.attachments[i].name.empty()) {
            return field() + "the name is missing";
        }
        if (has_refused_extension(msg.attachments[i].name)) {
            return field() + "the service refuses files with this extension";
        }
    }
    return {};
}

std::size_t approximate_size(message const& msg) noexcept
{
    std::size_t size = msg.subject.size() + msg.tag.size() + msg.html.size() + msg.text.size() +
                       msg.template_model.size() + msg.message_stream.size();
    for (auto const* const list : {&msg.to, &msg.cc, &msg.bcc, &msg.reply_to}) {
        for (auto const& item : *list) {
            size += item.address.size() + item.name.size();
        }
    }
    for (auto const& header : msg.headers) {
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

std::string first_problem(message const& msg)
{
    for (auto const check :
         {header_injection, address_problem, content_problem, header_problem, metadata_problem, attachment_problem}) {
        if (auto problem = check(msg); !problem.empty()) {
            return problem;
        }
    }
    if (approximate_size(msg) > max_message_bytes) {
        return "message: larger than 10 MB with its attachments";
    }
    return {};
}

} // namespace

void message::verify(error_code& error) const
{
    std::string detail;
    verify(error, detail);
}

void message::verify(error_code& error, std::string& detail) const
{
    error.clear();
    if (auto problem = first_problem(*this); !problem.empty()) {
        error = errc::invalid_message;
        detail = std::move(problem);
    }
}

} // namespace postmark
