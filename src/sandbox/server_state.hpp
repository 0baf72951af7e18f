// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SERVER_STATE_HPP
#define POSTMARK_SANDBOX_SERVER_STATE_HPP

#include "sandbox/bounce_store.hpp"
#include "sandbox/bulk_request.hpp"
#include "sandbox/event_store.hpp"
#include "sandbox/inbound_message.hpp"
#include "sandbox/inbound_rule_store.hpp"
#include "sandbox/link_tracking.hpp"
#include "sandbox/stream_store.hpp"
#include "sandbox/suppression_store.hpp"
#include "sandbox/template_store.hpp"
#include "sandbox/webhook_store.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace postmark::sandbox::detail {

/// The settings of a server that its owner can change.
struct server_settings {
    std::string name;
    std::string color{"blue"};
    /// `Live` or `Sandbox`; fixed for life.
    std::string delivery_type{"Live"};
    bool smtp_api_activated{true};
    bool raw_email_enabled{false};
    std::string inbound_hook_url;
    std::string bounce_hook_url;
    std::string open_hook_url;
    std::string delivery_hook_url;
    std::string click_hook_url;
    bool post_first_open_only{false};
    std::string inbound_domain;
    std::int64_t inbound_spam_threshold{0};
    bool track_opens{false};
    link_tracking track_links{link_tracking::none};
    bool include_bounce_content_in_hook{false};
    bool enable_smtp_api_error_hooks{false};
};

/// One server of the account with everything that it holds, but its messages: those of all servers are in one
/// `message_store`. Guarded by the lock of the world, except where noted. It is never destroyed before the world.
struct server_state {
    explicit server_state(std::int64_t number)
        : id{number}
    {
    }
    server_state(server_state&&) = delete;

    /// The local part of the address that receives mail for the server.
    [[nodiscard]] std::string inbound_hash() const;

    std::int64_t const id;
    server_settings settings;
    /// The tokens that open it.
    std::vector<std::string> tokens;
    /// Its tokens open nothing any more. Read without the lock.
    std::atomic<bool> removed{false};

    stream_store streams;
    suppression_store suppressions;
    bounce_store bounces;
    template_store templates;
    inbound_rule_store inbound_rules;
    inbound_store inbound;
    webhook_store webhooks;
    event_store events;
    bulk_store bulk_requests;
};

} // namespace postmark::sandbox::detail

#endif
