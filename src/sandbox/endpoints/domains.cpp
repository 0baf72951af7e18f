// SPDX-License-Identifier: BSL-1.0

// The endpoints of domains.

#include "sandbox/control.hpp"
#include "sandbox/domain_names.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

namespace postmark::sandbox::detail {
namespace {

void write_domain(object_writer& writer, domain const& entry)
{
    writer.number("ID", entry.id).text("Name", entry.name);
    entry.records.write(writer);
    writer.text("CustomTrackingDomain", entry.tracking_host)
        .text("CustomTrackingDomainCNAMEValue", entry.tracking_host.empty() ? "" : "click.pstmrk.it")
        .flag("CustomTrackingVerified", entry.tracking_verified);
}

reply show(domain const& entry)
{
    reply result;
    object_writer writer{result.body};
    write_domain(writer, entry);
    writer.end();
    return result;
}

/// The domain that the path names; null when there is none.
domain* find_domain(call const& current)
{
    auto const number = parse_id(current.parameters.front());
    return number ? current.state.account.domains.find(*number) : nullptr;
}

/// Calls `act` with the domain that the path names, if there is one.
template <class Action>
reply with_domain(call const& current, Action&& act)
{
    auto* found = find_domain(current);
    return found ? act(*found) : make_refusal(422, 510, "The domain was not found.");
}

reply list_domains(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 500, wanted.problem);
    }
    listing result{wanted};
    for (auto const& entry : current.state.account.domains.all()) {
        if (auto* out = result.next()) {
            object_writer{*out}
                .number("ID", entry.id)
                .text("Name", entry.name)
                .flag("SPFVerified", entry.records.spf_verified())
                .flag("DKIMVerified", entry.records.dkim_verified())
                .flag("WeakDKIM", false)
                .flag("ReturnPathDomainVerified", entry.records.return_path_verified());
        }
    }
    return result.finish("Domains");
}

reply get_domain(call const& current)
{
    return with_domain(current, show);
}

std::optional<refusal> check_name(account_state& account, std::string const& name)
{
    if (name.empty()) {
        return refusal{514, "The 'Name' of the domain is required."};
    }
    if (utf16_length(name) > 255) {
        return refusal{515, "The 'Name' of the domain is limited to 255 characters."};
    }
    if (!is_domain_name(name)) {
        return refusal{516, "The 'Name' is not a valid domain name."};
    }
    if (is_public_mail_domain(name)) {
        return refusal{503, "Domains of public mail providers cannot be used."};
    }
    if (account.domains.find_if([&](domain const& entry) { return entry.name == name; })) {
        return refusal{512, "This domain already exists."};
    }
    return std::nullopt;
}

std::optional<refusal> check_subdomain(std::string_view field, std::string_view name, std::string_view parent)
{
    if (name.empty() || (is_domain_name(name) && is_subdomain(name, parent))) {
        return std::nullopt;
    }
    return refusal{511, "The '" + std::string{field} + "' must be a subdomain of '" + std::string{parent} + "'."};
}

reply create_domain(call const& current)
{
    auto& account = current.state.account;
    request_body const body{current};
    auto const name = to_lower(trim(body->text("Name").value_or(std::string{})));
    auto const return_path = body->text("ReturnPathDomain").value_or(std::string{});
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (auto refused = check_name(account, name)) {
        return make_refusal(*refused);
    }
    if (auto refused = check_subdomain("ReturnPathDomain", return_path, name)) {
        return make_refusal(*refused);
    }
    auto const id = account.ids.domain++;
    auto& made = account.domains.add({id, name, dns_records{name, mix(static_cast<std::uint64_t>(id))}});
    made.records.set_return_path(return_path);
    return show(made);
}

/// A member that is not given becomes empty: the service does not keep it, as it does elsewhere.
reply edit_domain(call const& current)
{
    return with_domain(current, [&](domain& entry) {
        request_body const body{current};
        auto const return_path = body->text("ReturnPathDomain").value_or(std::string{});
        auto const tracking_host = body->text("CustomTrackingDomain").value_or(std::string{});
        if (body.problem()) {
            return make_refusal(*body.problem());
        }
        if (auto refused = check_subdomain("ReturnPathDomain", return_path, entry.name)) {
            return make_refusal(*refused);
        }
        if (auto refused = check_subdomain("CustomTrackingDomain", tracking_host, entry.name)) {
            return make_refusal(*refused);
        }
        entry.records.set_return_path(return_path);
        if (!equals_ignoring_case(entry.tracking_host, tracking_host)) {
            entry.tracking_verified = false;
        }
        entry.tracking_host = tracking_host;
        return show(entry);
    });
}

reply delete_domain(call const& current)
{
    return with_domain(current, [&](domain const& entry) {
        auto result = make_acknowledgement("Domain " + entry.name + " removed.");
        current.state.account.domains.remove(entry.id);
        return result;
    });
}

reply verify_spf(call const& current)
{
    return with_domain(current, [](domain& entry) {
        entry.records.verify_spf();
        reply result;
        object_writer writer{result.body};
        entry.records.write_spf(writer);
        writer.end();
        return result;
    });
}

reply rotate_dkim(call const& current)
{
    return with_domain(current, [](domain& entry) {
        if (!entry.records.rotate_dkim()) {
            return make_refusal(422, 505, "This DKIM is already being renewed.");
        }
        return show(entry);
    });
}

reply see_records(call const& current)
{
    auto* found = find_domain(current);
    if (!found) {
        return make_refusal(404, 510, "The domain was not found.");
    }
    found->records.see_all();
    found->tracking_verified = !found->tracking_host.empty();
    return show(*found);
}

// DNS is looked at when a control request tells what is there, so that the calls that ask to look only show the result.
constexpr endpoint rows[] = {
    {"GET", "/domains", list_domains, access::account_token},
    {"POST", "/domains", create_domain, access::account_token},
    {"GET", "/domains/{id}", get_domain, access::account_token},
    {"PUT", "/domains/{id}", edit_domain, access::account_token},
    {"DELETE", "/domains/{id}", delete_domain, access::account_token},
    {"PUT", "/domains/{id}/verifyDkim", get_domain, access::account_token},
    {"PUT", "/domains/{id}/verifyReturnPath", get_domain, access::account_token},
    {"PUT", "/domains/{id}/verifyCustomTracking", get_domain, access::account_token},
    {"POST", "/domains/{id}/verifyspf", verify_spf, access::account_token},
    {"POST", "/domains/{id}/rotatedkim", rotate_dkim, access::account_token},
};

constexpr endpoint control_rows[] = {
    {"POST", "/__sandbox/domains/{id}/verified", see_records, access::control},
};

} // namespace

std::span<endpoint const> domain_endpoints()
{
    return rows;
}

std::span<endpoint const> domain_control_endpoints()
{
    return control_rows;
}

} // namespace postmark::sandbox::detail
