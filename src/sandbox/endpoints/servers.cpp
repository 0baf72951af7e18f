// SPDX-License-Identifier: BSL-1.0

// The endpoints of servers: those of the account, and that of the server whose token is used.

#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/service.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <array>

namespace postmark::sandbox::detail {
namespace {

void append_server(std::string& out, server_state const& server, std::vector<std::string> const& tokens)
{
    auto const& settings = server.settings;
    auto const hash = server.inbound_hash();
    object_writer writer{out};
    writer.number("ID", server.id).text("Name", settings.name);
    append_texts(writer.key("ApiTokens"), tokens);
    writer.text("Color", settings.color)
        .flag("SmtpApiActivated", settings.smtp_api_activated)
        .flag("RawEmailEnabled", settings.raw_email_enabled)
        .text("DeliveryType", settings.delivery_type)
        .text("ServerLink", "https://postmarkapp.com/servers/" + std::to_string(server.id) + "/streams")
        .text("InboundAddress", hash + "@inbound.postmarkapp.com")
        .text("InboundHookUrl", settings.inbound_hook_url)
        .text("BounceHookUrl", settings.bounce_hook_url)
        .text("OpenHookUrl", settings.open_hook_url)
        .text("DeliveryHookUrl", settings.delivery_hook_url)
        .text("ClickHookUrl", settings.click_hook_url)
        .flag("PostFirstOpenOnly", settings.post_first_open_only)
        .text("InboundDomain", settings.inbound_domain)
        .text("InboundHash", hash)
        .number("InboundSpamThreshold", settings.inbound_spam_threshold)
        .flag("TrackOpens", settings.track_opens)
        .text("TrackLinks", name_of(settings.track_links))
        .flag("IncludeBounceContentInHook", settings.include_bounce_content_in_hook)
        .flag("EnableSmtpApiErrorHooks", settings.enable_smtp_api_error_hooks);
}

reply reply_with(server_state const& server)
{
    reply result;
    append_server(result.body, server, server.tokens);
    return result;
}

/// The reply to the owner of a server token. A token that opens the server without being one of its own, as every token
/// does when none are named, is listed too: a client finds its own token there.
reply reply_with_token(call const& current)
{
    auto tokens = current.server->tokens;
    auto const token = trim(current.incoming.token);
    if (!is_test_token(token) &&
        std::ranges::none_of(tokens, [&](std::string const& known) { return equals_ignoring_case(known, token); })) {
        tokens.insert(tokens.begin(), std::string{token});
    }
    reply result;
    append_server(result.body, *current.server, tokens);
    return result;
}

bool is_hook_url(std::string_view url)
{
    if (url.empty()) {
        return true;
    }
    auto const lower = to_lower(url);
    auto const scheme = lower.find("://");
    if (scheme == std::string::npos || (lower.substr(0, scheme) != "http" && lower.substr(0, scheme) != "https")) {
        return false;
    }
    auto const host = lower.substr(scheme + 3, lower.find_first_of("/?#", scheme + 3) - (scheme + 3));
    return !host.empty() && lower.find_first_of(" \t\r\n") == std::string::npos;
}

template <class Value>
void assign(Value& member, std::optional<Value> given)
{
    if (given) {
        member = std::move(*given);
    }
}

/// Changes `settings` as the body says; what is not given stays as it is.
std::optional<refusal> read_settings(request_body const& body, server_settings& settings)
{
    assign(settings.name, body->text("Name"));
    assign(settings.color, body->text("Color"));
    assign(settings.smtp_api_activated, body->flag("SmtpApiActivated"));
    assign(settings.raw_email_enabled, body->flag("RawEmailEnabled"));
    assign(settings.inbound_hook_url, body->text("InboundHookUrl"));
    assign(settings.bounce_hook_url, body->text("BounceHookUrl"));
    assign(settings.open_hook_url, body->text("OpenHookUrl"));
    assign(settings.delivery_hook_url, body->text("DeliveryHookUrl"));
    assign(settings.click_hook_url, body->text("ClickHookUrl"));
    assign(settings.post_first_open_only, body->flag("PostFirstOpenOnly"));
    assign(settings.inbound_domain, body->text("InboundDomain"));
    assign(settings.inbound_spam_threshold, body->number("InboundSpamThreshold"));
    assign(settings.track_opens, body->flag("TrackOpens"));
    assign(settings.include_bounce_content_in_hook, body->flag("IncludeBounceContentInHook"));
    assign(settings.enable_smtp_api_error_hooks, body->flag("EnableSmtpApiErrorHooks"));
    auto const track_links = body->text("TrackLinks").value_or(std::string{});
    if (body.problem()) {
        return body.problem();
    }
    // Empty means absent, as it does in a mail.
    auto const tracking = track_links.empty() ? settings.track_links : parse_link_tracking(track_links);
    if (!tracking) {
        return refusal{612, "The 'TrackLinks' value is invalid: it must be None, HtmlAndText, HtmlOnly or TextOnly."};
    }
    settings.track_links = *tracking;
    return std::nullopt;
}

/// Checks the settings of a server; `self` is null for one that is to be made.
std::optional<refusal> check_settings(account_state const& account, server_state const* self,
                                      server_settings const& settings)
{
    static constexpr std::array<std::string_view, 8> colors{"Purple", "Blue",   "Turquoise", "Green",
                                                            "Red",    "Yellow", "Grey",      "Orange"};
    if (trim(settings.name).empty()) {
        return refusal{608, "The server name is missing or invalid."};
    }
    if (std::ranges::none_of(colors,
                             [&](std::string_view color) { return equals_ignoring_case(color, settings.color); })) {
        return refusal{607, "The server color '" + settings.color + "' is invalid."};
    }
    if (settings.inbound_spam_threshold < 0 || settings.inbound_spam_threshold > 30) {
        return refusal{611, "The inbound spam threshold must be a number from 0 to 30."};
    }
    for (auto const* url : {&settings.inbound_hook_url, &settings.bounce_hook_url, &settings.open_hook_url,
                            &settings.delivery_hook_url, &settings.click_hook_url}) {
        if (!is_hook_url(*url)) {
            return refusal{606, "The URL '" + *url + "' of a hook is invalid."};
        }
    }
    for (auto const* other : account.servers()) {
        if (other == self) {
            continue;
        }
        if (equals_ignoring_case(other->settings.name, settings.name)) {
            return refusal{603, "A server with the name '" + settings.name + "' exists already."};
        }
        if (!settings.inbound_domain.empty() &&
            equals_ignoring_case(other->settings.inbound_domain, settings.inbound_domain)) {
            return refusal{602, "The inbound domain '" + settings.inbound_domain + "' is in use."};
        }
    }
    return std::nullopt;
}

refusal no_data()
{
    return {609, "The request holds no data of a server."};
}

std::optional<refusal> edit(call const& current, server_state& server)
{
    request_body const body{current};
    auto changed = server.settings;
    if (auto refused = read_settings(body, changed)) {
        return refused;
    }
    if (body.is_absent()) {
        return no_data();
    }
    if (auto refused = check_settings(current.state.account, &server, changed)) {
        return refused;
    }
    server.settings = std::move(changed);
    return std::nullopt;
}

reply get_own_server(call const& current)
{
    return reply_with_token(current);
}

reply edit_own_server(call const& current)
{
    if (auto const refused = edit(current, *current.server)) {
        return make_refusal(*refused);
    }
    return reply_with_token(current);
}

/// The server that the path names; null when there is none.
server_state* find_server(call const& current)
{
    auto const id = parse_id(current.parameters.front());
    return id ? current.state.account.find_server(*id) : nullptr;
}

reply no_server()
{
    return make_refusal(422, 601, "The server was not found.");
}

reply list_servers(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 600, wanted.problem);
    }
    listing result{wanted};
    for (auto const* server : current.state.account.servers()) {
        if (!contains_ignoring_case(server->settings.name, values.text("name"))) {
            continue;
        }
        if (auto* out = result.next()) {
            append_server(*out, *server, server->tokens);
        }
    }
    return result.finish("Servers");
}

reply get_server(call const& current)
{
    auto const* server = find_server(current);
    return server ? reply_with(*server) : no_server();
}

reply create_server(call const& current)
{
    request_body const body{current};
    server_settings settings;
    if (auto const refused = read_settings(body, settings)) {
        return make_refusal(*refused);
    }
    auto const type = body->text("DeliveryType");
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (body.is_absent()) {
        return make_refusal(no_data());
    }
    if (type) {
        bool const sandbox = equals_ignoring_case(*type, "Sandbox");
        if (!sandbox && !equals_ignoring_case(*type, "Live")) {
            return make_refusal(422, 613, "The delivery type '" + *type + "' is invalid: it must be Live or Sandbox.");
        }
        settings.delivery_type = sandbox ? "Sandbox" : "Live";
    }
    auto& account = current.state.account;
    if (auto const refused = check_settings(account, nullptr, settings)) {
        return make_refusal(*refused);
    }
    auto& server = account.add_server(settings.name);
    server.settings = std::move(settings);
    return reply_with(server);
}

reply edit_server(call const& current)
{
    auto* server = find_server(current);
    if (!server) {
        return no_server();
    }
    if (auto const refused = edit(current, *server)) {
        return make_refusal(*refused);
    }
    return reply_with(*server);
}

reply delete_server(call const& current)
{
    auto* server = find_server(current);
    if (!server) {
        return no_server();
    }
    current.state.account.remove_server(*server);
    return make_acknowledgement("Server " + server->settings.name + " removed.");
}

constexpr endpoint rows[] = {
    {"GET", "/server", get_own_server},
    {"PUT", "/server", edit_own_server},
    {"GET", "/servers", list_servers, access::account_token},
    {"GET", "/servers/{id}", get_server, access::account_token},
    {"POST", "/servers", create_server, access::account_token},
    {"PUT", "/servers/{id}", edit_server, access::account_token},
    {"DELETE", "/servers/{id}", delete_server, access::account_token},
};

} // namespace

std::span<endpoint const> server_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
