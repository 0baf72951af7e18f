// SPDX-License-Identifier: BSL-1.0

#include "api_types.hpp"

#include "protocol/read_api_reply.hpp"

#include <postmark/api.hpp>

#include <algorithm>
#include <utility>

namespace postmark::test {

namespace {

template <class Request>
constexpr api_type entry() noexcept
{
    using reply_type = typename Request::reply_type;
    api_type type;
    type.request = &Request::describe;
    type.reply = &reply_type::describe;
    type.make_request = []() -> std::shared_ptr<void> { return std::make_shared<Request>(); };
    type.make_reply = [](void const* request) -> std::shared_ptr<void> {
        auto reply = std::make_shared<reply_type>();
        if constexpr (requires(Request const& value) { value.expect(*reply); }) {
            static_cast<Request const*>(request)->expect(*reply);
        }
        return reply;
    };
    type.copy_reply = [](void const* reply) -> std::shared_ptr<void> {
        return std::make_shared<reply_type>(*static_cast<reply_type const*>(reply));
    };
    type.common = [](void* reply) -> api_reply& { return *static_cast<reply_type*>(reply); };
    if constexpr (requires(reply_type& value, std::string& problem) { value.read(std::string_view{}, problem); }) {
        type.interpret = [](void* reply, std::string_view json, std::string& problem) {
            return static_cast<reply_type*>(reply)->read(json, problem);
        };
    }
    return type;
}

constexpr api_type types[]{
    // bulk
    entry<send_bulk>(),
    entry<get_bulk_request>(),
    entry<get_bulk_requests>(),
    // templates
    entry<get_templates>(),
    entry<get_template>(),
    entry<create_template>(),
    entry<edit_template>(),
    entry<delete_template>(),
    entry<validate_template>(),
    entry<push_templates>(),
    // bounces
    entry<get_delivery_stats>(),
    entry<get_bounces>(),
    entry<get_bounce>(),
    entry<get_bounce_dump>(),
    entry<activate_bounce>(),
    entry<get_bounce_tags>(),
    // messages
    entry<get_outbound_messages>(),
    entry<get_outbound_message_details>(),
    entry<get_outbound_message_dump>(),
    entry<find_stamped>(),
    // inbound_messages
    entry<get_inbound_messages>(),
    entry<get_inbound_message_details>(),
    entry<bypass_inbound_message>(),
    entry<retry_inbound_message>(),
    // message_tracking
    entry<get_message_opens>(),
    entry<get_opens_of_message>(),
    entry<get_message_clicks>(),
    entry<get_clicks_of_message>(),
    // statistics
    entry<get_outbound_overview>(),
    entry<get_sent_counts>(),
    entry<get_bounce_counts>(),
    entry<get_spam_complaint_counts>(),
    entry<get_tracked_email_counts>(),
    entry<get_email_open_counts>(),
    entry<get_email_open_platforms>(),
    entry<get_email_open_clients>(),
    entry<get_email_open_read_times>(),
    entry<get_click_counts>(),
    entry<get_click_browsers>(),
    entry<get_click_platforms>(),
    entry<get_click_locations>(),
    // server
    entry<get_current_server>(),
    entry<edit_current_server>(),
    // servers
    entry<get_servers>(),
    entry<get_server>(),
    entry<create_server>(),
    entry<edit_server>(),
    entry<delete_server>(),
    // message_streams
    entry<get_message_streams>(),
    entry<get_message_stream>(),
    entry<create_message_stream>(),
    entry<edit_message_stream>(),
    entry<archive_message_stream>(),
    entry<unarchive_message_stream>(),
    // suppressions
    entry<get_suppressions>(),
    entry<create_suppressions>(),
    entry<delete_suppressions>(),
    // inbound_rules
    entry<get_inbound_rules>(),
    entry<create_inbound_rule>(),
    entry<delete_inbound_rule>(),
    // domains
    entry<get_domains>(),
    entry<get_domain>(),
    entry<create_domain>(),
    entry<edit_domain>(),
    entry<delete_domain>(),
    entry<verify_domain_dkim>(),
    entry<verify_domain_return_path>(),
    entry<verify_domain_spf>(),
    entry<rotate_domain_dkim>(),
    // sender_signatures
    entry<get_sender_signatures>(),
    entry<get_sender_signature>(),
    entry<create_sender_signature>(),
    entry<edit_sender_signature>(),
    entry<delete_sender_signature>(),
    entry<resend_sender_signature_confirmation>(),
    entry<verify_sender_signature_spf>(),
    entry<request_new_sender_signature_dkim>(),
    // webhooks
    entry<get_webhooks>(),
    entry<get_webhook>(),
    entry<create_webhook>(),
    entry<edit_webhook>(),
    entry<delete_webhook>(),
    entry<verify_webhook>(),
    entry<get_webhook_statistics>(),
    // data_removals
    entry<create_data_removal>(),
    entry<get_data_removal>(),
};

} // namespace

bool api_type::read(void* object, std::string_view json, std::size_t max_elements, std::string& problem) const
{
    if (interpret != nullptr) {
        return interpret(object, json, problem);
    }
    protocol::read_state state;
    state.max_elements = max_elements;
    return protocol::read(reply(), json, object, problem, std::move(state));
}

error_code api_type::receive(unsigned status, std::string_view body, void* object, std::size_t max_elements) const
{
    if (interpret == nullptr) {
        return protocol::read_api_reply(status, body, common(object), reply(), object, max_elements);
    }
    return protocol::read_api_reply(status, body, common(object), [&](std::string_view json, std::string& problem) {
        return interpret(object, json, problem);
    });
}

std::span<api_type const> api_types()
{
    return types;
}

api_type const* find_api_type(std::string_view name)
{
    auto const found = std::ranges::find(types, name, &api_type::name);
    return found == std::end(types) ? nullptr : &*found;
}

} // namespace postmark::test
