// SPDX-License-Identifier: BSL-1.0

#include "sandbox/mail_source.hpp"

#include "sandbox/mail_reader.hpp"
#include "sandbox/text.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

/// Appends base64 in lines of 76 characters.
void append_base64(std::string& out, std::string_view bytes)
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t bytes_per_line = 57;
    for (std::size_t index = 0; index < bytes.size(); index += 3) {
        if (index != 0 && index % bytes_per_line == 0) {
            out += "\r\n";
        }
        auto const byte = [&](std::size_t offset) {
            return index + offset < bytes.size() ? static_cast<unsigned char>(bytes[index + offset]) : 0U;
        };
        auto const group = byte(0) << 16U | byte(1) << 8U | byte(2);
        out += alphabet[group >> 18U];
        out += alphabet[group >> 12U & 63U];
        out += index + 1 < bytes.size() ? alphabet[group >> 6U & 63U] : '=';
        out += index + 2 < bytes.size() ? alphabet[group & 63U] : '=';
    }
}

/// Appends a header field. A value that is not ASCII becomes one encoded word; line breaks become blanks.
void append_field(std::string& out, std::string_view name, std::string_view value)
{
    out += name;
    out += ": ";
    bool const ascii = std::ranges::all_of(value, [](char character) { return (character & 0x80) == 0; });
    if (ascii) {
        for (char const character : value) {
            out += character == '\r' || character == '\n' ? ' ' : character;
        }
    } else {
        out += "=?utf-8?B?";
        std::string encoded;
        append_base64(encoded, value);
        std::erase_if(encoded, [](char character) { return character == '\r' || character == '\n'; });
        out += encoded + "?=";
    }
    out += "\r\n";
}

void append_text_part(std::string& out, std::string_view type, std::string_view text)
{
    append_field(out, "Content-Type", std::string{type} + "; charset=UTF-8");
    append_field(out, "Content-Transfer-Encoding", "8bit");
    out += "\r\n";
    out += text;
    out += "\r\n";
}

/// The texts, or both as alternatives.
void append_texts_part(std::string& out, stored_message const& message)
{
    if (message.html.empty() || message.text.empty()) {
        append_text_part(out, message.html.empty() ? "text/plain" : "text/html",
                         message.html.empty() ? message.text : message.html);
        return;
    }
    auto const boundary = "alternative-" + message.message_id;
    append_field(out, "Content-Type", "multipart/alternative; boundary=\"" + boundary + '"');
    out += "\r\n--" + boundary + "\r\n";
    append_text_part(out, "text/plain", message.text);
    out += "--" + boundary + "\r\n";
    append_text_part(out, "text/html", message.html);
    out += "--" + boundary + "--\r\n";
}

void append_attachment(std::string& out, attachment const& part)
{
    auto const type = part.content_type.empty() ? std::string{"application/octet-stream"} : part.content_type;
    append_field(out, "Content-Type", type + "; name=\"" + part.name + '"');
    append_field(out, "Content-Transfer-Encoding", "base64");
    append_field(out, "Content-Disposition",
                 std::string{part.content_id.empty() ? "attachment" : "inline"} + "; filename=\"" + part.name + '"');
    if (!part.content_id.empty()) {
        auto const id = part.content_id.starts_with("cid:") ? part.content_id.substr(4) : part.content_id;
        append_field(out, "Content-ID", '<' + id + '>');
    }
    out += "\r\n";
    append_base64(out, part.content);
    out += "\r\n";
}

} // namespace

std::string make_source(stored_message const& message)
{
    parsed_mail const original{message.json};
    std::string out;
    append_field(out, "From", message.from);
    for (auto const& [name, list] : {std::pair{"To", original.fields().to}, std::pair{"Cc", original.fields().cc},
                                     std::pair{"Reply-To", original.fields().reply_to}}) {
        if (!list.empty()) {
            append_field(out, name, list);
        }
    }
    append_field(out, "Subject", message.subject);
    append_field(out, "Date", mail_date(message.submitted_at));
    append_field(out, "Message-ID", '<' + message.message_id + "@mtasv.net>");
    append_field(out, "X-PM-Message-Id", message.message_id);
    if (!message.tag.empty()) {
        append_field(out, "X-PM-Tag", message.tag);
    }
    for (auto const& entry : message.headers) {
        append_field(out, entry.name, entry.value);
    }
    append_field(out, "MIME-Version", "1.0");
    if (message.attachments.empty()) {
        append_texts_part(out, message);
        return out;
    }
    auto const boundary = "mixed-" + message.message_id;
    append_field(out, "Content-Type", "multipart/mixed; boundary=\"" + boundary + '"');
    out += "\r\n--" + boundary + "\r\n";
    append_texts_part(out, message);
    for (auto const& part : message.attachments) {
        out += "--" + boundary + "\r\n";
        append_attachment(out, part);
    }
    out += "--" + boundary + "--\r\n";
    return out;
}

} // namespace postmark::sandbox::detail
