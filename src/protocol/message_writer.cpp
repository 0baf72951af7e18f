// SPDX-License-Identifier: BSL-1.0

#include "protocol/message_writer.hpp"

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/base64.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <array>

namespace postmark::protocol {

namespace {

// The JSON of a message is described once, for two sinks: one that counts bytes and one that writes them.

class counting_sink {
public:
    void text(std::string_view literal) noexcept { size_ += literal.size(); }
    void string(std::string_view value) noexcept { size_ += value.size() + 2; }
    void string_part(std::string_view value) noexcept { size_ += value.size(); }
    void integer(std::int64_t value) noexcept { size_ += integer_size(value); }
    void base64(std::string_view bytes) noexcept { size_ += base64_size(bytes.size()); }
    /// As if the name had quotes: to find out whether it needs them takes too long.
    void address(mailbox const& value) noexcept
    {
        size_ += value.address.size();
        if (!value.name.empty()) {
            size_ += value.name.size() + std::string_view{R"(\"\" <>)"}.size();
        }
    }
    [[nodiscard]] std::size_t position() const noexcept { return size_; }
    void replace(std::size_t, char) noexcept {}

private:
    std::size_t size_ = 0;
};

/// Whether a name needs no quotes in a header: no punctuation that could call for them, and no blanks at its ends.
/// False also for some names that need none.
bool is_plain_name(std::string_view name) noexcept
{
    static constexpr std::array<bool, 256> in_words = [] {
        std::array<bool, 256> table{};
        for (std::size_t byte = 0; byte != table.size(); ++byte) {
            auto const character = static_cast<char>(byte);
            table[byte] = model::is_alphanumeric(character) || !model::is_ascii(character) || character == '-' ||
                          character == '\'' || character == '_';
        }
        return table;
    }();
    auto const is_in_word = [](char byte) { return in_words[static_cast<unsigned char>(byte)]; };
    return is_in_word(name.front()) && is_in_word(name.back()) &&
           std::ranges::all_of(name, [&](char byte) { return byte == ' ' || is_in_word(byte); });
}

class writing_sink {
public:
    explicit writing_sink(byte_buffer& out) noexcept
        : out_{out}
    {
    }

    void text(std::string_view literal) { out_.append(literal); }
    void string(std::string_view value) { write_string(out_, value); }
    void string_part(std::string_view value) { write_string_part(out_, value); }
    void integer(std::int64_t value) { write_integer(out_, value); }
    void base64(std::string_view bytes) { append_base64(out_, bytes); }
    void address(mailbox const& value)
    {
        if (value.name.empty()) {
            string_part(value.address);
        } else if (!value.address.empty() && is_plain_name(value.name)) {
            string_part(value.name);
            text(" <");
            string_part(value.address);
            text(">");
        } else {
            string_part(to_string(value));
        }
    }
    [[nodiscard]] std::size_t position() const noexcept { return out_.size(); }
    void replace(std::size_t position, char byte) noexcept { out_.data()[position] = byte; }

private:
    byte_buffer& out_;
};

// Every key is written with a comma in front; afterwards the first comma is replaced by the opening bracket.

template <class Sink>
void put_string(Sink& sink, std::string_view key, std::string_view value)
{
    if (!value.empty()) {
        sink.text(key);
        sink.string(value);
    }
}

template <class Sink>
void put_mailboxes(Sink& sink, std::string_view key_and_quote, mailbox_list const& list)
{
    if (list.empty()) {
        return;
    }
    sink.text(key_and_quote);
    std::size_t const begin = sink.position();
    for (mailbox const& value : list) {
        if (sink.position() != begin) {
            sink.text(", ");
        }
        sink.address(value);
    }
    sink.text("\"");
}

template <class Sink>
void put_headers(Sink& sink, std::vector<mail_header> const& headers)
{
    if (headers.empty()) {
        return;
    }
    sink.text(",\"Headers\":");
    std::size_t const opening = sink.position();
    for (mail_header const& header : headers) {
        sink.text(",{\"Name\":");
        sink.string(header.name);
        sink.text(",\"Value\":");
        sink.string(header.value);
        sink.text("}");
    }
    sink.replace(opening, '[');
    sink.text("]");
}

/// The service shows an image in the text only if its content id begins with `cid:`.
template <class Sink>
void put_content_id(Sink& sink, std::string_view content_id)
{
    constexpr std::string_view scheme = "cid:";
    if (content_id.empty()) {
        return;
    }
    sink.text(",\"ContentID\":\"");
    if (!model::equal_ignoring_case(content_id.substr(0, scheme.size()), scheme)) {
        sink.text(scheme);
    }
    sink.string_part(content_id);
    sink.text("\"");
}

/// The array of attachments, which are not none.
template <class Sink>
void put_attachment_list(Sink& sink, std::vector<attachment> const& attachments)
{
    std::size_t const opening = sink.position();
    for (attachment const& file : attachments) {
        sink.text(",{\"Name\":");
        sink.string(file.name);
        sink.text(",\"Content\":\"");
        sink.base64(file.content);
        sink.text("\",\"ContentType\":");
        sink.string(file.content_type.empty() ? content_type_of(file.name) : std::string_view{file.content_type});
        put_content_id(sink, file.content_id);
        sink.text("}");
    }
    sink.replace(opening, '[');
    sink.text("]");
}

template <class Sink>
void put_attachments(Sink& sink, std::vector<attachment> const& attachments)
{
    if (!attachments.empty()) {
        sink.text(",\"Attachments\":");
        put_attachment_list(sink, attachments);
    }
}

template <class Sink>
void put_metadata(Sink& sink, message const& msg, std::string_view stamp)
{
    bool const stamped = !stamp.empty() && can_stamp(msg);
    if (msg.metadata.empty() && !stamped) {
        return;
    }
    sink.text(",\"Metadata\":");
    std::size_t const opening = sink.position();
    for (auto const& [key, value] : msg.metadata) {
        sink.text(",");
        sink.string(key);
        sink.text(":");
        sink.string(value);
    }
    if (stamped) {
        sink.text(",");
        sink.string(stamp_key);
        sink.text(":");
        sink.string(stamp);
    }
    sink.replace(opening, '{');
    sink.text("}");
}

template <class Sink>
void put_bool(Sink& sink, std::string_view key, std::optional<bool> value)
{
    if (value) {
        sink.text(key);
        sink.text(*value ? "true" : "false");
    }
}

template <class Sink>
void put_track_links(Sink& sink, std::optional<link_tracking> value)
{
    if (!value) {
        return;
    }
    switch (*value) {
    case link_tracking::none:
        sink.text(",\"TrackLinks\":\"None\"");
        break;
    case link_tracking::html_and_text:
        sink.text(",\"TrackLinks\":\"HtmlAndText\"");
        break;
    case link_tracking::html_only:
        sink.text(",\"TrackLinks\":\"HtmlOnly\"");
        break;
    case link_tracking::text_only:
        sink.text(",\"TrackLinks\":\"TextOnly\"");
        break;
    }
}

template <class Sink>
void put_template(Sink& sink, message const& msg)
{
    if (!msg.uses_template()) {
        return;
    }
    if (msg.template_id) {
        sink.text(",\"TemplateId\":");
        sink.integer(*msg.template_id);
    } else {
        put_string(sink, ",\"TemplateAlias\":", msg.template_alias);
    }
    sink.text(",\"TemplateModel\":");
    sink.text(msg.template_model.empty() ? std::string_view{"{}"} : std::string_view{msg.template_model});
    put_bool(sink, ",\"InlineCss\":", msg.inline_css);
}

template <class Sink>
void put_message(Sink& sink, message const& msg, message_defaults const& defaults, std::string_view stamp)
{
    std::size_t const opening = sink.position();
    if (auto const& from = msg.from ? msg.from : defaults.from) {
        sink.text(",\"From\":\"");
        sink.address(*from);
        sink.text("\"");
    }
    put_mailboxes(sink, ",\"To\":\"", msg.to);
    put_mailboxes(sink, ",\"Cc\":\"", msg.cc);
    put_mailboxes(sink, ",\"Bcc\":\"", msg.bcc);
    put_mailboxes(sink, ",\"ReplyTo\":\"", msg.reply_to.empty() ? defaults.reply_to : msg.reply_to);
    put_string(sink, ",\"Subject\":", msg.subject);
    put_string(sink, ",\"Tag\":", msg.tag);
    put_string(sink, ",\"HtmlBody\":", msg.html);
    put_string(sink, ",\"TextBody\":", msg.text);
    put_headers(sink, msg.headers.empty() ? defaults.headers : msg.headers);
    put_attachments(sink, msg.attachments);
    put_metadata(sink, msg, stamp);
    put_bool(sink, ",\"TrackOpens\":", msg.track_opens);
    put_track_links(sink, msg.track_links);
    put_string(sink, ",\"MessageStream\":", msg.message_stream);
    put_template(sink, msg);
    if (sink.position() == opening) {
        sink.text(",");
    }
    sink.replace(opening, '{');
    sink.text("}");
}

} // namespace

bool can_stamp(message const& msg) noexcept
{
    constexpr std::size_t max_keys = 10;
    if (msg.metadata.size() >= max_keys) {
        return false;
    }
    // To the service, keys that differ only in case are the same.
    return std::ranges::none_of(msg.metadata,
                                [](auto const& entry) { return model::equal_ignoring_case(entry.first, stamp_key); });
}

void write_message(byte_buffer& out, message const& msg, message_defaults const& defaults, std::string_view stamp)
{
    writing_sink sink{out};
    put_message(sink, msg, defaults, stamp);
}

void write_attachments(byte_buffer& out, std::vector<attachment> const& attachments)
{
    if (attachments.empty()) {
        return out.append("[]");
    }
    writing_sink sink{out};
    put_attachment_list(sink, attachments);
}

std::size_t expected_size(message const& msg, message_defaults const& defaults, std::string_view stamp)
{
    counting_sink sink;
    put_message(sink, msg, defaults, stamp);
    return sink.position() + write_slack;
}

std::string unwritable(message const& msg)
{
    if (msg.uses_template() && !msg.template_model.empty() && !model::is_json_object(msg.template_model)) {
        return "template_model is not the text of a JSON object";
    }
    return {};
}

} // namespace postmark::protocol

namespace postmark {

std::string to_json(message const& msg)
{
    protocol::message_defaults const none;
    protocol::byte_buffer out;
    out.reserve(protocol::expected_size(msg, none, {}));
    protocol::write_message(out, msg, none, {});
    return std::string{out.view()};
}

} // namespace postmark
