// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_SERVER_HPP
#define POSTMARK_API_SERVER_HPP

#include <postmark/api/request.hpp>
#include <postmark/secret.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about the server that the server token belongs to. A server of the service is a set of settings, tokens,
/// templates and message streams.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A server of the service.
struct server_info {
    server_info() = default;
    static schema const& describe();

    std::int64_t id = 0;
    std::string name;
    /// The server tokens.
    std::vector<secret> api_tokens;
    /// The server's page at the service.
    std::string server_link;
    /// `Purple`, `Blue`, `Turquoise`, `Green`, `Red`, `Yellow`, `Grey`, `Orange`; the case varies.
    std::string color;
    /// `Live`, or `Sandbox`: mail is not delivered.
    std::string delivery_type;
    /// Whether mail may be submitted by SMTP.
    bool smtp_api_activated = false;
    /// Whether webhooks of inbound mail have the source of the mail.
    bool raw_email_enabled = false;
    /// The address at which the server receives mail.
    std::string inbound_address;
    /// The part of that address in front of the `@`.
    std::string inbound_hash;
    /// Where inbound mail is posted to; empty: nowhere. As in the other URLs, a password in it is not printed.
    std::string inbound_hook_url;
    std::string bounce_hook_url;
    std::string open_hook_url;
    std::string delivery_hook_url;
    std::string click_hook_url;
    /// Whether only the first open of a mail by a recipient is posted.
    bool post_first_open_only = false;
    /// Empty: none.
    std::string inbound_domain;
    /// From 0: the spam score from which on inbound mail is blocked.
    int inbound_spam_threshold = 0;
    bool track_opens = false;
    /// `None`, `HtmlAndText`, `HtmlOnly`, `TextOnly`.
    std::string track_links;
    bool include_bounce_content_in_hook = false;
    bool enable_smtp_api_error_hooks = false;
};

/// Reply of the requests about one server.
struct server_reply : api_reply, server_info {
    server_reply() = default;
    static schema const& describe();
};

/// The settings of a server that a program may set. Members that are empty or not set are left out of the request, and
/// the service does not change them. An empty URL or domain ends its use.
struct server_settings {
    server_settings() = default;

    std::string name;
    /// `Purple`, `Blue`, `Turquoise`, `Green`, `Red`, `Yellow`, `Grey`, `Orange`.
    std::string color;
    std::optional<bool> smtp_api_activated;
    std::optional<bool> raw_email_enabled;
    std::optional<std::string> inbound_hook_url;
    std::optional<std::string> bounce_hook_url;
    std::optional<std::string> open_hook_url;
    std::optional<std::string> delivery_hook_url;
    std::optional<std::string> click_hook_url;
    std::optional<bool> post_first_open_only;
    /// A domain whose MX record points to the service.
    std::optional<std::string> inbound_domain;
    /// 0 to 30 (the service's limit).
    std::optional<int> inbound_spam_threshold;
    std::optional<bool> track_opens;
    /// `None`, `HtmlAndText`, `HtmlOnly`, `TextOnly`.
    std::string track_links;
    std::optional<bool> include_bounce_content_in_hook;
    std::optional<bool> enable_smtp_api_error_hooks;
};

/// `GET /server`: the server of the token.
struct get_current_server {
    using reply_type = server_reply;

    get_current_server() = default;
    static schema const& describe();
};

/// `PUT /server`: changes settings of the server of the token.
struct edit_current_server : server_settings {
    using reply_type = server_reply;

    edit_current_server() = default;
    static schema const& describe();
};

} // namespace postmark

#endif
