// SPDX-License-Identifier: BSL-1.0

#include "sandbox/inbound_message.hpp"

#include "sandbox/addresses.hpp"
#include "sandbox/internet_mail.hpp"
#include "sandbox/mail_encodings.hpp"

#include <chrono>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

/// The entries of a list that are addresses.
std::vector<mail_party> split_list(std::string_view list)
{
    std::vector<address_view> found;
    split_addresses(list, found);
    std::vector<mail_party> result;
    for (auto const& entry : found) {
        if (entry.address.find('@') != std::string_view::npos) {
            result.push_back({to_utf8(entry.address, {}), decoded_words(display_name(entry.name))});
        }
    }
    return result;
}

std::string join_list(std::vector<mail_party> const& list)
{
    std::string result;
    for (auto const& entry : list) {
        if (!result.empty()) {
            result += ", ";
        }
        result += entry.name.empty() ? entry.email : '"' + entry.name + "\" <" + entry.email + '>';
    }
    return result;
}

std::string text_or_empty(object_reader const& from, std::string_view name)
{
    return from.text(name).value_or(std::string{});
}

/// A list that is given as text, as objects, or in both ways.
void read_list(object_reader const& from, std::string_view name, std::string& text, std::vector<mail_party>& entries)
{
    text = text_or_empty(from, name);
    entries = split_list(text);
    auto const objects = from.objects(std::string{name} + "Full");
    if (!objects) {
        return;
    }
    entries.clear();
    for (auto const& entry : *objects) {
        entries.push_back({text_or_empty(entry, "Email"), text_or_empty(entry, "Name")});
    }
    if (text.empty()) {
        text = join_list(entries);
    }
}

void read_sender(object_reader const& from, mail_party& into)
{
    auto const written = split_list(text_or_empty(from, "From"));
    if (!written.empty()) {
        into = written.front();
    }
    if (auto const full = from.object("FromFull")) {
        into = {text_or_empty(*full, "Email"), text_or_empty(*full, "Name")};
    }
    into.name = from.text("FromName").value_or(into.name);
}

bool is_shown_elsewhere(std::string_view name)
{
    for (std::string_view const own : {"From", "To", "Cc", "Bcc", "Subject", "Date", "Reply-To", "Content-Type",
                                       "Content-Transfer-Encoding", "Content-Disposition"}) {
        if (equals_ignoring_case(name, own)) {
            return true;
        }
    }
    return false;
}

} // namespace

std::string mail_party::mailbox_hash() const
{
    auto const local = std::string_view{email}.substr(0, email.rfind('@'));
    auto const plus = local.find('+');
    return plus == std::string_view::npos ? std::string{} : std::string{local.substr(plus + 1)};
}

inbound_message read_inbound(object_reader const& from)
{
    inbound_message mail;
    read_sender(from, mail.from);
    read_list(from, "To", mail.to_text, mail.to);
    read_list(from, "Cc", mail.cc_text, mail.cc);
    read_list(from, "Bcc", mail.bcc_text, mail.bcc);
    mail.reply_to = text_or_empty(from, "ReplyTo");
    mail.original_recipient = text_or_empty(from, "OriginalRecipient");
    mail.subject = text_or_empty(from, "Subject");
    mail.date = text_or_empty(from, "Date");
    mail.mailbox_hash = text_or_empty(from, "MailboxHash");
    mail.tag = text_or_empty(from, "Tag");
    mail.text = text_or_empty(from, "TextBody");
    mail.html = text_or_empty(from, "HtmlBody");
    for (auto const& entry : from.objects("Headers").value_or(std::vector<object_reader>{})) {
        mail.headers.emplace_back(text_or_empty(entry, "Name"), text_or_empty(entry, "Value"));
    }
    for (auto const& entry : from.objects("Attachments").value_or(std::vector<object_reader>{})) {
        attachment added;
        added.name = text_or_empty(entry, "Name");
        added.content_type = text_or_empty(entry, "ContentType");
        added.content_id = text_or_empty(entry, "ContentID");
        auto content = base64_decoded(text_or_empty(entry, "Content"));
        if (!content) {
            entry.refuse("Content");
        }
        added.content = std::move(content).value_or(std::string{});
        mail.attachments.push_back(std::move(added));
    }
    return mail;
}

inbound_message read_inbound(std::string_view source, std::string_view recipient)
{
    auto read = read_internet_mail(source);
    inbound_message mail;
    if (auto const senders = split_list(read.field("From")); !senders.empty()) {
        mail.from = senders.front();
    }
    auto const take_list = [&](std::string_view name, std::string& text, std::vector<mail_party>& entries) {
        text = decoded_words(read.field(name));
        entries = split_list(read.field(name));
    };
    take_list("To", mail.to_text, mail.to);
    take_list("Cc", mail.cc_text, mail.cc);
    take_list("Bcc", mail.bcc_text, mail.bcc);
    mail.reply_to = decoded_words(read.field("Reply-To"));
    mail.original_recipient = to_utf8(recipient, {});
    mail.subject = decoded_words(read.field("Subject"));
    mail.date = decoded_words(read.field("Date"));
    mail.text = std::move(read.text);
    mail.html = std::move(read.html);
    if (read.field("Return-Path").empty()) {
        mail.headers.emplace_back("Return-Path", '<' + mail.from.email + '>');
    }
    for (auto const& field : read.fields) {
        if (!is_shown_elsewhere(field.name)) {
            mail.headers.emplace_back(field.name, decoded_words(field.value));
        }
    }
    mail.attachments = std::move(read.attachments);
    return mail;
}

void complete(inbound_message& mail, std::string_view address)
{
    mail.received_at = std::chrono::system_clock::now();
    if (mail.to.empty() && mail.cc.empty() && mail.bcc.empty()) {
        mail.to.push_back({mail.original_recipient.empty() ? std::string{address} : mail.original_recipient, {}});
        mail.to_text = mail.to.front().email;
    }
    if (mail.original_recipient.empty()) {
        auto const& list = !mail.to.empty() ? mail.to : !mail.cc.empty() ? mail.cc : mail.bcc;
        mail.original_recipient = list.front().email;
    }
    if (mail.mailbox_hash.empty()) {
        mail.mailbox_hash = mail_party{mail.original_recipient, {}}.mailbox_hash();
    }
    if (mail.date.empty()) {
        mail.date = mail_date(mail.received_at);
    }
}

} // namespace postmark::sandbox::detail
