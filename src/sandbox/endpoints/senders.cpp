// SPDX-License-Identifier: BSL-1.0

// The endpoints of sender signatures.

#include "sandbox/addresses.hpp"
#include "sandbox/control.hpp"
#include "sandbox/domain_names.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <array>

namespace postmark::sandbox::detail {
namespace {

/// The records of the domain of a signature: those of the domain itself when the account has it.
dns_records& records_of(call const& current, sender_signature& entry)
{
    auto* found = current.state.account.domains.find_if([&](domain const& own) { return own.name == entry.domain; });
    return found ? found->records : entry.records;
}

void write_summary(object_writer& writer, sender_signature const& entry)
{
    writer.number("ID", entry.id)
        .text("Domain", entry.domain)
        .text("EmailAddress", entry.email)
        .text("ReplyToEmailAddress", entry.reply_to)
        .text("Name", entry.name)
        .flag("Confirmed", entry.confirmed);
}

reply show(call const& current, sender_signature& entry)
{
    reply result;
    object_writer writer{result.body};
    write_summary(writer, entry);
    records_of(current, entry).write(writer);
    writer.text("ConfirmationPersonalNote", entry.note);
    writer.end();
    return result;
}

/// The signature that the path names; null when there is none.
sender_signature* find_sender(call const& current)
{
    auto const number = parse_id(current.parameters.front());
    return number ? current.state.account.senders.find(*number) : nullptr;
}

/// Calls `act` with the signature that the path names, if there is one.
template <class Action>
reply with_sender(call const& current, Action&& act)
{
    auto* found = find_sender(current);
    return found ? act(*found) : make_refusal(422, 501, "The Sender Signature was not found.");
}

reply list_senders(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 500, wanted.problem);
    }
    listing result{wanted};
    for (auto const& entry : current.state.account.senders.all()) {
        if (auto* out = result.next()) {
            object_writer writer{*out};
            write_summary(writer, entry);
        }
    }
    return result.finish("SenderSignatures");
}

reply get_sender(call const& current)
{
    return with_sender(current, [&](sender_signature& entry) { return show(current, entry); });
}

/// The members of a request to make or change a signature; one that is not given is kept.
struct sender_fields {
    explicit sender_fields(request_body const& body)
        : email{body->text("FromEmail")}
        , name{body->text("Name")}
        , reply_to{body->text("ReplyToEmail")}
        , return_path{body->text("ReturnPathDomain")}
        , note{body->text("ConfirmationPersonalNote")}
    {
    }

    std::optional<std::string> email, name, reply_to, return_path, note;
};

refusal missing(std::string_view field)
{
    return {520, "The '" + std::string{field} + "' of the Sender Signature is required."};
}

refusal not_valid(std::string_view field)
{
    return {522, "The '" + std::string{field} + "' of the Sender Signature is not valid."};
}

/// Domains that nobody else can own (RFC 2606).
bool belongs_to_others(std::string_view name)
{
    constexpr std::array<std::string_view, 3> reserved{"example.com", "example.net", "example.org"};
    return std::ranges::find(reserved, name) != reserved.end();
}

/// Checks everything but the address itself, which only a new signature has. `domain_name` is that of the signature.
std::optional<refusal> check_fields(sender_fields const& given, std::string_view domain_name)
{
    if (given.name.value_or(std::string{}).empty()) {
        return missing("Name");
    }
    if (utf16_length(*given.name) > 255) {
        return refusal{521, "The 'Name' of the Sender Signature is limited to 255 characters."};
    }
    if (given.note && utf16_length(*given.note) > 400) {
        return refusal{521, "The 'ConfirmationPersonalNote' is limited to 400 characters."};
    }
    if (given.reply_to && !given.reply_to->empty() && address_problem(*given.reply_to, "ReplyToEmail")) {
        return not_valid("ReplyToEmail");
    }
    if (given.return_path && !given.return_path->empty() &&
        !(is_domain_name(*given.return_path) && is_subdomain(*given.return_path, domain_name))) {
        return refusal{522, "The 'ReturnPathDomain' must be a subdomain of '" + std::string{domain_name} + "'."};
    }
    return std::nullopt;
}

std::optional<refusal> check_email(account_state& account, std::string const& email, std::string_view domain_name)
{
    if (email.empty()) {
        return missing("FromEmail");
    }
    if (utf16_length(email) > 255) {
        return refusal{521, "The 'FromEmail' of the Sender Signature is limited to 255 characters."};
    }
    if (address_problem(email, "FromEmail")) {
        return not_valid("FromEmail");
    }
    if (is_public_mail_domain(domain_name)) {
        return refusal{503, "Addresses of public mail providers cannot be used."};
    }
    if (belongs_to_others(domain_name)) {
        return refusal{507, "This Sender Signature belongs to someone else."};
    }
    if (account.senders.find_if([&](auto const& entry) { return equals_ignoring_case(entry.email, email); })) {
        return refusal{504, "This signature already exists."};
    }
    return std::nullopt;
}

void apply(call const& current, sender_signature& entry, sender_fields const& given)
{
    entry.name = *given.name;
    entry.reply_to = given.reply_to.value_or(entry.reply_to);
    entry.note = given.note.value_or(entry.note);
    if (given.return_path) {
        records_of(current, entry).set_return_path(*given.return_path);
    }
}

reply create_sender(call const& current)
{
    auto& account = current.state.account;
    request_body const body{current};
    sender_fields const given{body};
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (body->is_empty()) {
        return make_refusal(422, 502, "The request holds no data of a Sender Signature.");
    }
    std::string const email{trim(given.email.value_or(std::string{}))};
    auto const domain_name = to_lower(domain_of(email));
    if (auto refused = check_email(account, email, domain_name)) {
        return make_refusal(*refused);
    }
    if (auto refused = check_fields(given, domain_name)) {
        return make_refusal(*refused);
    }
    auto const id = account.ids.sender++;
    dns_records records{domain_name, mix(static_cast<std::uint64_t>(id))};
    auto& made = account.senders.add({id, email, domain_name, {}, {}, {}, std::move(records)});
    apply(current, made, given);
    return show(current, made);
}

reply edit_sender(call const& current)
{
    return with_sender(current, [&](sender_signature& entry) {
        request_body const body{current};
        sender_fields const given{body};
        if (body.problem()) {
            return make_refusal(*body.problem());
        }
        if (body->is_empty()) {
            return make_refusal(422, 502, "The request holds no data of a Sender Signature.");
        }
        if (auto refused = check_fields(given, entry.domain)) {
            return make_refusal(*refused);
        }
        apply(current, entry, given);
        return show(current, entry);
    });
}

reply delete_sender(call const& current)
{
    return with_sender(current, [&](sender_signature const& entry) {
        auto result = make_acknowledgement("Signature " + entry.email + " removed.");
        current.state.account.senders.remove(entry.id);
        return result;
    });
}

reply resend_confirmation(call const& current)
{
    return with_sender(current, [](sender_signature const& entry) {
        if (entry.confirmed) {
            return make_refusal(422, 506, "This Sender Signature is already confirmed.");
        }
        return make_acknowledgement("Confirmation email for Sender Signature " + entry.email + " was re-sent.");
    });
}

reply verify_spf(call const& current)
{
    return with_sender(current, [&](sender_signature& entry) {
        records_of(current, entry).verify_spf();
        return show(current, entry);
    });
}

reply request_new_dkim(call const& current)
{
    return with_sender(current, [&](sender_signature& entry) {
        if (!records_of(current, entry).rotate_dkim()) {
            return make_refusal(422, 505, "This DKIM is already being renewed.");
        }
        return make_acknowledgement("The DKIM key of Sender Signature " + entry.email + " is being renewed.");
    });
}

reply confirm(call const& current)
{
    auto* found = find_sender(current);
    if (!found) {
        return make_refusal(404, 501, "The Sender Signature was not found.");
    }
    found->confirmed = true;
    return show(current, *found);
}

constexpr endpoint rows[] = {
    {"GET", "/senders", list_senders, access::account_token},
    {"POST", "/senders", create_sender, access::account_token},
    {"GET", "/senders/{id}", get_sender, access::account_token},
    {"PUT", "/senders/{id}", edit_sender, access::account_token},
    {"DELETE", "/senders/{id}", delete_sender, access::account_token},
    {"POST", "/senders/{id}/resend", resend_confirmation, access::account_token},
    {"POST", "/senders/{id}/verifyspf", verify_spf, access::account_token},
    {"POST", "/senders/{id}/requestnewdkim", request_new_dkim, access::account_token},
};

constexpr endpoint control_rows[] = {
    {"POST", "/__sandbox/senders/{id}/confirmed", confirm, access::control},
};

} // namespace

std::span<endpoint const> sender_endpoints()
{
    return rows;
}

std::span<endpoint const> sender_control_endpoints()
{
    return control_rows;
}

} // namespace postmark::sandbox::detail
