// SPDX-License-Identifier: BSL-1.0

// The endpoints of inbound messages, and the control endpoint by which they come in.

#include "sandbox/control.hpp"
#include "sandbox/domain_names.hpp"
#include "sandbox/inbound_message.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace postmark::sandbox::detail {
namespace {

constexpr std::array<std::string_view, 5> statuses{"Processed", "Blocked", "Failed", "Queued", "Scheduled"};

/// The status of this name, in any case; nothing when there is none. A mail that was sent on was processed.
std::optional<std::string_view> find_status(std::string_view name)
{
    if (equals_ignoring_case(name, "sent")) {
        return statuses.front();
    }
    auto const found = std::ranges::find_if(
        statuses, [&](std::string_view candidate) { return equals_ignoring_case(candidate, name); });
    return found == statuses.end() ? std::nullopt : std::optional{*found};
}

void append_party(std::string& out, mail_party const& entry)
{
    object_writer{out}.text("Email", entry.email).text("Name", entry.name).text("MailboxHash", entry.mailbox_hash());
}

void append_parties(std::string& out, std::vector<mail_party> const& list)
{
    array_writer entries{out};
    for (auto const& entry : list) {
        append_party(entries.next(), entry);
    }
}

void write_message(object_writer& writer, inbound_message const& mail)
{
    writer.text("From", mail.from.email).text("FromName", mail.from.name);
    append_party(writer.key("FromFull"), mail.from);
    writer.text("To", mail.to_text);
    append_parties(writer.key("ToFull"), mail.to);
    writer.text("Cc", mail.cc_text);
    append_parties(writer.key("CcFull"), mail.cc);
    writer.text("Bcc", mail.bcc_text);
    append_parties(writer.key("BccFull"), mail.bcc);
    writer.text("ReplyTo", mail.reply_to)
        .text("OriginalRecipient", mail.original_recipient)
        .text("Subject", mail.subject)
        .text("Date", mail.date)
        .text("MailboxHash", mail.mailbox_hash)
        .text("Tag", mail.tag)
        .text("Status", mail.status)
        .text("MessageID", mail.id)
        .text("MessageStream", "inbound");
    array_writer attachments{writer.key("Attachments")};
    for (auto const& entry : mail.attachments) {
        object_writer{attachments.next()}
            .text("Name", entry.name)
            .text("ContentType", entry.content_type)
            .number("ContentLength", static_cast<std::int64_t>(entry.content.size()))
            .text("ContentID", entry.content_id);
    }
}

/// Which mails a search lists.
struct inbound_filter {
    explicit inbound_filter(query_values const& values)
        : recipient{values.text("recipient")}
        , from{values.text("fromemail")}
        , subject{values.text("subject")}
        , mailbox_hash{values.text("mailboxhash")}
        , tag{values.text("tag")}
    {
    }

    [[nodiscard]] bool matches(inbound_message const& mail) const
    {
        return (recipient.empty() || has_recipient(mail)) &&
               (from.empty() || contains_ignoring_case(mail.from.email, from)) &&
               (subject.empty() || contains_ignoring_case(mail.subject, subject)) &&
               (mailbox_hash.empty() || mail.mailbox_hash == mailbox_hash) &&
               (tag.empty() || equals_ignoring_case(mail.tag, tag));
    }

    std::string_view recipient, from, subject, mailbox_hash, tag;

private:
    [[nodiscard]] bool has_recipient(inbound_message const& mail) const
    {
        auto const is_in = [&](std::vector<mail_party> const& list) {
            return std::ranges::any_of(
                list, [&](mail_party const& entry) { return equals_ignoring_case(entry.email, recipient); });
        };
        return equals_ignoring_case(mail.original_recipient, recipient) || is_in(mail.to) || is_in(mail.cc) ||
               is_in(mail.bcc);
    }
};

reply list_messages(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values, search_limit);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 700, wanted.problem);
    }
    auto const status = find_status(values.find("status") ? values.text("status") : statuses.front());
    if (!status) {
        return make_refusal(422, 700, "The 'status' parameter is not a known status.");
    }
    inbound_filter const filter{values};
    listing result{wanted};
    auto const& all = current.server->inbound.all();
    for (auto place = all.rbegin(); place != all.rend(); ++place) {
        if (place->status != *status || !wanted.covers(place->received_at) || !filter.matches(*place)) {
            continue;
        }
        if (auto* out = result.next()) {
            object_writer writer{*out};
            write_message(writer, *place);
        }
    }
    return result.finish("InboundMessages");
}

/// The mail that the path names; null when there is none.
inbound_message* find_message(call const& current)
{
    auto const& id = current.parameters.front();
    return current.server->inbound.find_if(
        [&](inbound_message const& candidate) { return equals_ignoring_case(candidate.id, id); });
}

reply get_details(call const& current)
{
    auto const* found = find_message(current);
    if (!found) {
        return make_refusal(422, 701, "This message was not found.");
    }
    reply result;
    object_writer writer{result.body};
    write_message(writer, *found);
    writer.text("TextBody", found->text).text("HtmlBody", found->html);
    {
        array_writer headers{writer.key("Headers")};
        for (auto const& entry : found->headers) {
            object_writer{headers.next()}.text("Name", entry.name).text("Value", entry.value);
        }
    }
    writer.text_or_null("BlockedReason", found->blocked_reason);
    writer.end();
    return result;
}

/// A blocked mail is processed in spite of the rules.
reply bypass(call const& current)
{
    auto* found = find_message(current);
    if (!found || found->status != "Blocked") {
        return make_refusal(422, 701, "This message was not found or cannot be bypassed.");
    }
    found->status = "Processed";
    found->blocked_reason.clear();
    return make_acknowledgement("Successfully bypassed rules for message: " + found->id + '.');
}

/// A mail whose processing failed is processed again.
reply retry(call const& current)
{
    auto* found = find_message(current);
    if (!found || found->status != "Failed") {
        return make_refusal(422, 701, "This message was not found or cannot be retried.");
    }
    found->status = "Processed";
    return make_acknowledgement("Successfully rescheduled failed message: " + found->id + '.');
}

/// Blocks a mail whose sender a rule names, or whose score is above the threshold of the server.
void apply_rules(server_state& server, inbound_message& mail)
{
    auto const* rule =
        server.inbound_rules.find_if([&](inbound_rule const& candidate) { return candidate.blocks(mail.from.email); });
    if (rule) {
        mail.status = "Blocked";
        mail.blocked_reason = "The sender is blocked by the inbound rule '" + rule->rule + "'.";
        return;
    }
    auto const threshold = server.settings.inbound_spam_threshold;
    for (auto const& entry : mail.headers) {
        if (threshold > 0 && equals_ignoring_case(entry.name, "X-Spam-Score")) {
            double score = 0;
            std::from_chars(entry.value.data(), entry.value.data() + entry.value.size(), score);
            if (score > static_cast<double>(threshold)) {
                mail.status = "Blocked";
                mail.blocked_reason = "The spam score is above the threshold of the server.";
            }
        }
    }
}

/// The address that receives mail for a server unless it has a domain of its own.
std::string inbound_address(server_state const& server)
{
    return server.inbound_hash() + "@inbound.postmarkapp.com";
}

/// The server to which a mail goes: the one whose address or domain one of its recipients has, else the oldest.
server_state* receiver_of(account_state const& account, inbound_message const& mail)
{
    auto const is_for = [](server_state const& server, std::string_view recipient) {
        auto const local = recipient.substr(0, recipient.rfind('@'));
        auto const& own_domain = server.settings.inbound_domain;
        return local.substr(0, local.find('+')) == server.inbound_hash() ||
               (!own_domain.empty() && equals_ignoring_case(domain_of(recipient), own_domain));
    };
    auto const servers = account.servers();
    for (auto* server : servers) {
        if (is_for(*server, mail.original_recipient) ||
            std::ranges::any_of(mail.to, [&](mail_party const& entry) { return is_for(*server, entry.email); })) {
            return server;
        }
    }
    return servers.empty() ? nullptr : servers.front();
}

/// What the query and the body tell about a mail that comes in.
struct arrival {
    inbound_message mail;
    std::optional<std::string> status;
    std::optional<std::int64_t> server_id;
    std::optional<refusal> problem{};
};

arrival read_source(call const& current, query_values const& values)
{
    return {read_inbound(current.incoming.body, values.text("OriginalRecipient")),
            values.find("Status") ? std::optional{std::string{values.text("Status")}} : std::nullopt,
            values.find("ServerID") ? parse_id(values.text("ServerID")).value_or(0) : std::optional<std::int64_t>{}};
}

arrival read_object(call const& current)
{
    request_body const body{current};
    arrival result{read_inbound(body.fields()), body->text("Status"), body->id("ServerID")};
    result.problem = body.problem();
    return result;
}

reply receive(call const& current)
{
    query_values const values{current.query};
    bool const is_source = contains_ignoring_case(current.incoming.content_type, "message/rfc822");
    auto arrived = is_source ? read_source(current, values) : read_object(current);
    auto& mail = arrived.mail;
    if (arrived.problem) {
        return bad_request(arrived.problem->message);
    }
    auto const status = find_status(arrived.status.value_or("Processed"));
    if (!status) {
        return bad_request("The Status must be Processed, Blocked, Failed, Queued or Scheduled.");
    }
    if (mail.from.email.find('@') == std::string::npos) {
        return bad_request("The mail has no sender.");
    }
    auto* server = arrived.server_id ? current.state.account.find_server(*arrived.server_id)
                                     : receiver_of(current.state.account, mail);
    if (!server) {
        return bad_request("There is no such server.");
    }
    complete(mail, inbound_address(*server));
    mail.status = *status;
    if (mail.status == "Blocked") {
        mail.blocked_reason = "The mail is blocked by a control request.";
    }
    apply_rules(*server, mail);
    auto const number = static_cast<std::uint64_t>(current.state.account.ids.inbound_message++);
    append_uuid(mail.id, mix(number), mix(~number));

    // A post to the inbound webhook of the server would start here.
    auto const& stored = server->inbound.add(std::move(mail));
    reply result;
    object_writer{result.body}
        .text("MessageID", stored.id)
        .text("Status", stored.status)
        .number("ServerID", server->id);
    return result;
}

constexpr endpoint rows[] = {
    {"GET", "/messages/inbound", list_messages},
    {"GET", "/messages/inbound/{id}/details", get_details},
    {"PUT", "/messages/inbound/{id}/bypass", bypass},
    {"PUT", "/messages/inbound/{id}/retry", retry},
};

constexpr endpoint control_rows[] = {
    {"POST", "/__sandbox/inbound", receive, access::control, batch_limit},
};

} // namespace

std::span<endpoint const> inbound_endpoints()
{
    return rows;
}

std::span<endpoint const> inbound_control_endpoints()
{
    return control_rows;
}

} // namespace postmark::sandbox::detail
