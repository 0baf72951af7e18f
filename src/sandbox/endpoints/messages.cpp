// SPDX-License-Identifier: BSL-1.0

// The endpoints of outbound messages.

#include "sandbox/mail_reader.hpp"
#include "sandbox/mail_source.hpp"
#include "sandbox/message_events.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

void append_recipients(std::string& out, std::string_view list)
{
    std::vector<address_view> addresses;
    split_addresses(list, addresses);
    out += '[';
    for (auto const& entry : addresses) {
        if (out.back() != '[') {
            out += ',';
        }
        object_writer writer{out};
        writer.text("Email", entry.address);
        if (entry.name.empty()) {
            writer.key("Name") += "null";
        } else {
            writer.text("Name", display_name(entry.name));
        }
    }
    out += ']';
}

void write_message(object_writer& writer, stored_message const& message, delivery const& how)
{
    parsed_mail const parsed{message.json};
    auto const& original = parsed.fields();
    writer.text("Tag", message.tag).text("MessageID", message.message_id).text("MessageStream", message.message_stream);
    append_recipients(writer.key("To"), original.to);
    append_recipients(writer.key("Cc"), original.cc);
    append_recipients(writer.key("Bcc"), original.bcc);
    append_texts(writer.key("Recipients"), all_recipients(message));
    writer.date("ReceivedAt", message.submitted_at, date_form::eastern)
        .text("From", message.from)
        .text("Subject", message.subject);
    std::vector<std::string> names;
    for (auto const& entry : message.attachments) {
        names.push_back(entry.name);
    }
    append_texts(writer.key("Attachments"), names);
    writer.text("Status", "Sent")
        .flag("TrackOpens", how.track_opens)
        .text("TrackLinks", name_of(how.track_links))
        .flag("Sandboxed", how.sandboxed);
    append_texts(writer.key("Metadata"), message.metadata);
}

/// Which messages a search lists.
struct message_filter {
    std::string_view recipient;
    std::string_view from;
    std::string_view subject;
    std::string_view tag;
    std::string_view stream;
    std::optional<std::pair<std::string, std::string>> metadata;

    /// A quick search in the text before it is parsed: false only where the message cannot match. A value that JSON can
    /// write in another way (escapes, numbers) is left to `matches`.
    [[nodiscard]] bool may_match(std::string_view json_text) const
    {
        if (!metadata || metadata->second.find_first_of("\\\"<>/") != std::string::npos ||
            metadata->second.find_first_not_of("0123456789.+-eE") == std::string::npos) {
            return true;
        }
        for (char const character : metadata->second) {
            if (static_cast<unsigned char>(character) < 0x20 || static_cast<unsigned char>(character) >= 0x7f) {
                return true;
            }
        }
        return json_text.find(metadata->second) != std::string_view::npos;
    }

    [[nodiscard]] bool matches(stored_message const& message) const
    {
        if (!equals_ignoring_case(message.message_stream, stream) ||
            (!tag.empty() && !equals_ignoring_case(message.tag, tag)) ||
            (!from.empty() && !contains_ignoring_case(message.from, from)) ||
            (!subject.empty() && !contains_ignoring_case(message.subject, subject))) {
            return false;
        }
        if (!recipient.empty() && !std::ranges::any_of(all_recipients(message), [&](std::string const& address) {
                return equals_ignoring_case(address, recipient);
            })) {
            return false;
        }
        return !metadata || std::ranges::any_of(message.metadata, [&](auto const& entry) {
            return equals_ignoring_case(entry.first, metadata->first) && entry.second == metadata->second;
        });
    }
};

/// The server has the message, and its search has had the time to find it.
bool is_visible(call const& current, record const& entry, time_point now)
{
    auto const& state = current.state;
    return entry.server == current.server && !entry.how.test_token &&
           now - entry.submitted_at >= std::chrono::milliseconds{state.index_delay_ms.load()};
}

reply list_messages(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values, search_limit);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 700, wanted.problem);
    }
    auto const status = values.text("status");
    if (!status.empty() && !equals_ignoring_case(status, "queued") && !equals_ignoring_case(status, "sent") &&
        !equals_ignoring_case(status, "processed")) {
        return make_refusal(422, 700, "The 'status' parameter is not a known status.");
    }

    message_filter filter;
    filter.recipient = values.text("recipient");
    filter.from = values.text("fromemail");
    filter.subject = values.text("subject");
    filter.tag = values.text("tag");
    filter.stream = values.text_or("messagestream", "outbound");
    filter.metadata = values.with_prefix("metadata_");

    auto const& messages = current.state.messages;
    auto const now = std::chrono::system_clock::now();
    listing result{wanted};
    messages.for_each(
        [&](record const& entry) {
            if (equals_ignoring_case(status, "queued") || !is_visible(current, entry, now) ||
                !wanted.covers(entry.submitted_at) || !filter.may_match(entry.json)) {
                return;
            }
            auto const message = messages.expand(entry);
            if (!filter.matches(message)) {
                return;
            }
            if (auto* out = result.next()) {
                object_writer writer{*out};
                write_message(writer, message, entry.how);
            }
        },
        true);
    return result.finish("Messages");
}

/// The text as far as it is stored: a long body is cut, between two characters.
std::string_view stored_part(std::string_view text)
{
    constexpr std::size_t limit = 1024U * 1024;
    if (text.size() <= limit) {
        return text;
    }
    auto end = limit;
    while ((text[end] & 0xc0) == 0x80) {
        --end;
    }
    return text.substr(0, end);
}

/// Calls `write` with the message that the path names, if it can be found.
template <class Writer>
reply with_message(call const& current, Writer&& write)
{
    reply result;
    bool found = false;
    auto const now = std::chrono::system_clock::now();
    auto const& messages = current.state.messages;
    messages.find(current.parameters.front(), [&](record const& entry) {
        if (is_visible(current, entry, now)) {
            found = true;
            object_writer writer{result.body};
            write(writer, entry, messages.expand(entry));
        }
    });
    return found ? std::move(result) : make_refusal(422, 701, "This message was not found.");
}

reply get_message_details(call const& current)
{
    return with_message(current, [&](object_writer& writer, record const& entry, stored_message const& message) {
        write_message(writer, message, entry.how);
        writer.text_or_null("TextBody", stored_part(message.text))
            .text_or_null("HtmlBody", stored_part(message.html))
            .text("Body", make_source(message));
        append_message_events(writer.key("MessageEvents"), *current.server, message);
    });
}

reply get_message_dump(call const& current)
{
    return with_message(current, [&](object_writer& writer, record const&, stored_message const& message) {
        writer.text("Body", current.state.messages.keeps_bodies() ? make_source(message) : std::string{});
    });
}

constexpr endpoint rows[] = {
    {"GET", "/messages/outbound", list_messages},
    {"GET", "/messages/outbound/{id}/details", get_message_details},
    {"GET", "/messages/outbound/{id}/dump", get_message_dump},
};

} // namespace

std::span<endpoint const> message_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
