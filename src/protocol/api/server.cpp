// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"
#include "protocol/server_fields.hpp"

#include <postmark/api/server.hpp>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;
using protocol::url_codec;

schema const& server_info::describe()
{
    using type = server_info;
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::name>("Name"),
        member<type, &type::api_tokens>("ApiTokens"),
        member<type, &type::server_link>("ServerLink"),
        member<type, &type::color>("Color"),
        member<type, &type::delivery_type>("DeliveryType"),
        member<type, &type::smtp_api_activated>("SmtpApiActivated"),
        member<type, &type::raw_email_enabled>("RawEmailEnabled"),
        member<type, &type::inbound_address>("InboundAddress"),
        member<type, &type::inbound_hash>("InboundHash"),
        member<type, &type::inbound_hook_url>("InboundHookUrl", place::body, &url_codec),
        member<type, &type::bounce_hook_url>("BounceHookUrl", place::body, &url_codec),
        member<type, &type::open_hook_url>("OpenHookUrl", place::body, &url_codec),
        member<type, &type::delivery_hook_url>("DeliveryHookUrl", place::body, &url_codec),
        member<type, &type::click_hook_url>("ClickHookUrl", place::body, &url_codec),
        member<type, &type::post_first_open_only>("PostFirstOpenOnly"),
        member<type, &type::inbound_domain>("InboundDomain"),
        member<type, &type::inbound_spam_threshold>("InboundSpamThreshold"),
        member<type, &type::track_opens>("TrackOpens"),
        member<type, &type::track_links>("TrackLinks"),
        member<type, &type::include_bounce_content_in_hook>("IncludeBounceContentInHook"),
        member<type, &type::enable_smtp_api_error_hooks>("EnableSmtpApiErrorHooks"),
    };
    static constexpr schema description = describe_type<type>("server_info", fields);
    return description;
}

schema const& server_reply::describe()
{
    static constexpr field fields[]{protocol::whole<server_reply, server_info>()};
    static constexpr schema description = describe_type<server_reply>("server_reply", fields);
    return description;
}

schema const& get_current_server::describe()
{
    static constexpr endpoint target{http_method::get, "/server"};
    static constexpr schema description = describe_request("get_current_server", {}, target);
    return description;
}

schema const& edit_current_server::describe()
{
    using type = edit_current_server;
    static constexpr endpoint target{.method = http_method::put, .path = "/server", .check = [](void const* request) {
                                         protocol::request_check check;
                                         protocol::check_settings(check, *static_cast<type const*>(request));
                                         return check.take();
                                     }};
    static constexpr schema description =
        describe_request("edit_current_server", protocol::server_setting_fields<type>, target);
    return description;
}

void protocol::check_settings(request_check& check, server_settings const& settings)
{
    int const threshold = settings.inbound_spam_threshold.value_or(0);
    if (threshold < 0 || threshold > 30) {
        check.add("inbound_spam_threshold: expected 0 to 30");
    }
}

} // namespace postmark
