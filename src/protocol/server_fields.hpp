// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_SERVER_FIELDS_HPP
#define POSTMARK_PROTOCOL_SERVER_FIELDS_HPP

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/server.hpp>

#include <array>

/// \file
/// What the requests that set settings of a server have in common.

namespace postmark::protocol {

inline constexpr codec optional_url_codec = optional_codec<std::string>(&url_codec);

/// The fields of the settings.
/// \tparam C the request, which has `server_settings` as a base
template <class C>
constexpr std::array server_setting_fields{
    member<C, &server_settings::name>("Name"),
    member<C, &server_settings::color>("Color"),
    member<C, &server_settings::smtp_api_activated>("SmtpApiActivated"),
    member<C, &server_settings::raw_email_enabled>("RawEmailEnabled"),
    member<C, &server_settings::inbound_hook_url>("InboundHookUrl", place::body, &optional_url_codec),
    member<C, &server_settings::bounce_hook_url>("BounceHookUrl", place::body, &optional_url_codec),
    member<C, &server_settings::open_hook_url>("OpenHookUrl", place::body, &optional_url_codec),
    member<C, &server_settings::delivery_hook_url>("DeliveryHookUrl", place::body, &optional_url_codec),
    member<C, &server_settings::click_hook_url>("ClickHookUrl", place::body, &optional_url_codec),
    member<C, &server_settings::post_first_open_only>("PostFirstOpenOnly"),
    member<C, &server_settings::inbound_domain>("InboundDomain"),
    member<C, &server_settings::inbound_spam_threshold>("InboundSpamThreshold"),
    member<C, &server_settings::track_opens>("TrackOpens"),
    member<C, &server_settings::track_links>("TrackLinks"),
    member<C, &server_settings::include_bounce_content_in_hook>("IncludeBounceContentInHook"),
    member<C, &server_settings::enable_smtp_api_error_hooks>("EnableSmtpApiErrorHooks"),
};

/// The rules of the service for the settings.
void check_settings(request_check& check, server_settings const& settings);

} // namespace postmark::protocol

#endif
