// SPDX-License-Identifier: BSL-1.0

// Endpoints that only look things up, and the activation of bounces.

#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/service.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace postmark::sandbox {
namespace {

namespace json = boost::json;

enum class bounce_view { listed, single };

void append_bounce(std::string& out, bounce const& entry, bounce_view view)
{
    object_writer writer{out};
    if (view == bounce_view::listed) {
        writer.text("RecordType", "Bounce");
    }
    writer.number("ID", entry.id)
        .text("Type", entry.type->type)
        .number("TypeCode", entry.type->code)
        .text("Name", entry.type->name)
        .text("Tag", entry.tag)
        .text("MessageID", entry.message_id)
        .number("ServerID", 23)
        .text("MessageStream", entry.stream)
        .text("Description", entry.type->description)
        .text("Details", entry.details)
        .text("Email", entry.email);
    if (!entry.from.empty()) {
        writer.text("From", entry.from);
    }
    writer.date("BouncedAt", entry.bounced_at, date_form::eastern_short)
        .flag("DumpAvailable", !entry.dump.empty())
        .flag("Inactive", entry.inactive)
        .flag("CanActivate", entry.can_activate)
        .text("Subject", entry.subject);
    if (view == bounce_view::single && !entry.dump.empty()) {
        writer.text("Content", entry.dump);
    }
}

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

std::vector<std::string> all_recipients(stored_message const& message)
{
    std::vector<std::string> result{message.to};
    result.insert(result.end(), message.cc.begin(), message.cc.end());
    result.insert(result.end(), message.bcc.begin(), message.bcc.end());
    return result;
}

void write_message(object_writer& writer, stored_message const& message, std::string const& raw)
{
    auto const value = json::parse(raw);
    mail original;
    (void)read_mail(value, "$", original);
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
        .flag("TrackOpens", original.track_opens)
        .text("TrackLinks", original.track_links.empty() ? "None" : original.track_links);
    append_texts(writer.key("Metadata"), message.metadata);
}

void append_delivery_stats(std::string& result, std::vector<bounce> const& all, std::size_t suppressed)
{
    object_writer writer{result};
    writer.number("InactiveMails", static_cast<std::int64_t>(suppressed));
    auto& out = writer.key("Bounces");
    out += '[';
    object_writer{out}.text("Name", "All").number("Count", static_cast<std::int64_t>(all.size()));
    for (auto const& type : bounce_types()) {
        auto const count =
            std::count_if(all.begin(), all.end(), [&](bounce const& entry) { return entry.type->code == type.code; });
        if (count == 0) {
            continue;
        }
        out += ',';
        object_writer{out}.text("Name", type.name).number("Count", count).text("Type", type.type);
    }
    out += ']';
}

void append_listing(std::string& out, std::size_t total, std::string_view name, std::string_view items)
{
    object_writer writer{out};
    writer.number("TotalCount", static_cast<std::int64_t>(total));
    ((writer.key(name) += '[') += items) += ']';
}

reply no_message()
{
    return make_refusal(422, 701, "This message was not found.");
}

std::optional<std::int64_t> parse_id(std::string_view text)
{
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<bounce> find_bounce(bounce_book const& book, std::string_view id)
{
    auto const number = parse_id(id);
    return number ? book.find(*number) : std::nullopt;
}

reply no_bounce()
{
    return make_refusal(422, 1001, "The bounce was not found.");
}

/// What a message must be like to be listed.
struct message_filter {
    std::string_view recipient;
    std::string_view from;
    std::string_view subject;
    std::string_view tag;
    std::string_view stream;
    std::optional<std::pair<std::string, std::string>> metadata;

    /// A quick look at the text, before it is parsed: false only where nothing can match.
    [[nodiscard]] bool may_match(std::string_view json_text) const
    {
        if (!metadata || metadata->second.find_first_of("\\\"<>/") != std::string::npos) {
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
        if (!recipient.empty()) {
            bool found = false;
            for (auto const& address : all_recipients(message)) {
                found = found || equals_ignoring_case(address, recipient);
            }
            if (!found) {
                return false;
            }
        }
        if (!metadata) {
            return true;
        }
        for (auto const& [name, value] : message.metadata) {
            if (equals_ignoring_case(name, metadata->first) && value == metadata->second) {
                return true;
            }
        }
        return false;
    }
};

} // namespace

reply service::delivery_stats() const
{
    auto const all = bounces_.all();
    reply answer;
    append_delivery_stats(answer.body, all, bounces_.suppressed_count());
    return answer;
}
reply service::list_bounces(std::string_view query) const
{
    query_values const values{query};
    auto const wanted = read_page(values);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 1000, wanted.problem);
    }
    auto const type = values.text("type");
    if (!type.empty() && !find_bounce_type(type)) {
        return make_refusal(422, 1000, "The 'type' parameter is not a known bounce type.");
    }
    auto const inactive = values.text("inactive");
    auto const stream = values.find("messagestream") ? values.text("messagestream") : "outbound";

    reply answer;
    std::string items;
    std::size_t total = 0;
    for (auto const& entry : bounces_.all()) {
        if (entry.stream != stream || !wanted.covers(entry.bounced_at) ||
            (!type.empty() && entry.type != find_bounce_type(type)) ||
            (!inactive.empty() && entry.inactive != equals_ignoring_case(inactive, "true")) ||
            !contains_ignoring_case(entry.email, values.text("emailFilter")) ||
            (values.find("tag") && !equals_ignoring_case(entry.tag, values.text("tag"))) ||
            (values.find("messageID") && !equals_ignoring_case(entry.message_id, values.text("messageID")))) {
            continue;
        }
        if (wanted.holds(total)) {
            if (!items.empty()) {
                items += ',';
            }
            append_bounce(items, entry, bounce_view::listed);
        }
        ++total;
    }
    append_listing(answer.body, total, "Bounces", items);
    return answer;
}

reply service::get_bounce(std::string_view id) const
{
    auto const found = find_bounce(bounces_, id);
    if (!found) {
        return no_bounce();
    }
    reply answer;
    append_bounce(answer.body, *found, bounce_view::single);
    return answer;
}

reply service::get_bounce_dump(std::string_view id) const
{
    auto const found = find_bounce(bounces_, id);
    if (!found) {
        return no_bounce();
    }
    reply answer{200, "{}"};
    if (!found->dump.empty()) {
        answer.body.clear();
        object_writer{answer.body}.text("Body", found->dump);
    }
    return answer;
}

reply service::get_bounce_tags() const
{
    std::set<std::string> tags;
    for (auto const& entry : bounces_.all()) {
        if (!entry.tag.empty()) {
            tags.insert(entry.tag);
        }
    }
    reply answer;
    append_texts(answer.body, std::vector<std::string>{tags.begin(), tags.end()});
    return answer;
}

reply service::activate_bounce(std::string_view id)
{
    auto const number = parse_id(id);
    switch (number ? bounces_.activate(*number) : bounce_book::activation::unknown) {
    case bounce_book::activation::unknown:
        return no_bounce();
    case bounce_book::activation::impossible:
        return make_refusal(422, 1003, "This type of bounce cannot be activated.");
    case bounce_book::activation::done:
        break;
    }
    reply answer;
    {
        object_writer writer{answer.body};
        writer.text("Message", "OK");
        append_bounce(writer.key("Bounce"), *bounces_.find(*number), bounce_view::single);
    }
    return answer;
}

bool service::is_indexed(record const& entry, time_point now) const
{
    return !entry.test_token && now - entry.submitted_at >= std::chrono::milliseconds{index_delay_.load()};
}

reply service::list_messages(std::string_view query) const
{
    query_values const values{query};
    auto const wanted = read_page(values);
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
    filter.stream = values.find("messagestream") ? values.text("messagestream") : "outbound";
    filter.metadata = values.with_prefix("metadata_");

    auto const now = std::chrono::system_clock::now();
    std::string items;
    std::size_t total = 0;
    messages_.for_each(
        [&](record const& entry) {
            if (equals_ignoring_case(status, "queued") || !is_indexed(entry, now) ||
                !wanted.covers(entry.submitted_at) || !filter.may_match(entry.json)) {
                return;
            }
            auto const message = messages_.expand(entry);
            if (!filter.matches(message)) {
                return;
            }
            if (wanted.holds(total)) {
                if (!items.empty()) {
                    items += ',';
                }
                object_writer writer{items};
                write_message(writer, message, entry.json);
            }
            ++total;
        },
        true);
    reply answer;
    append_listing(answer.body, total, "Messages", items);
    return answer;
}

reply service::get_message_details(std::string_view id) const
{
    reply answer;
    bool found = false;
    auto const now = std::chrono::system_clock::now();
    messages_.find(id, [&](record const& entry) {
        if (!is_indexed(entry, now)) {
            return;
        }
        found = true;
        auto const message = messages_.expand(entry);
        object_writer writer{answer.body};
        write_message(writer, message, entry.json);
        if (message.text.empty()) {
            writer.key("TextBody") += "null";
        } else {
            writer.text("TextBody", message.text);
        }
        if (message.html.empty()) {
            writer.key("HtmlBody") += "null";
        } else {
            writer.text("HtmlBody", message.html);
        }
        writer.text("Body", "From: " + message.from + "\r\nSubject: " + message.subject + "\r\n\r\n" +
                                (message.text.empty() ? message.html : message.text));
        auto& out = writer.key("MessageEvents");
        out += '[';
        for (auto const& recipient : all_recipients(message)) {
            if (out.back() != '[') {
                out += ',';
            }
            auto const bounced = bounces_.find(message.message_id, recipient);
            object_writer event{out};
            event.text("Recipient", recipient)
                .text("Type", bounced ? "Bounced" : "Delivered")
                .date("ReceivedAt", message.submitted_at, date_form::eastern);
            object_writer details{event.key("Details")};
            if (bounced) {
                details.text("Summary", bounced->type->description).text("BounceID", std::to_string(bounced->id));
            } else {
                details.text("DeliveryMessage", "smtp;250 2.0.0 OK")
                    .text("DestinationServer", "mail.recipient.example")
                    .text("DestinationIP", "192.0.2.25");
            }
        }
        out += ']';
    });
    return found ? std::move(answer) : no_message();
}

} // namespace postmark::sandbox
