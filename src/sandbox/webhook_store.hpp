// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_WEBHOOK_STORE_HPP
#define POSTMARK_SANDBOX_WEBHOOK_STORE_HPP

#include "sandbox/object_store.hpp"

#include <postmark/sandbox.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The kinds of events that a webhook can be called for, in the order in which the service lists them.
inline constexpr std::array<std::string_view, 6> trigger_names{"Open",   "Click",         "Delivery",
                                                               "Bounce", "SpamComplaint", "SubscriptionChange"};

/// The further setting of a trigger; empty for a trigger that has none.
inline constexpr std::array<std::string_view, 6> trigger_option_names{"PostFirstOpenOnly", "", "", "IncludeContent",
                                                                      "IncludeContent",    ""};

struct webhook_trigger {
    bool enabled{false};
    bool option{false};
};

struct webhook_login {
    std::string username;
    std::string password;
};

/// An address to which the events of a stream are posted.
struct webhook {
    std::int64_t id;
    std::string url;
    std::string stream;
    std::optional<webhook_login> login{};
    std::vector<header> headers{};
    /// By their position in `trigger_names`.
    std::array<webhook_trigger, trigger_names.size()> triggers{};
    /// The address answered the posts that verify it, or was taken without them.
    bool verified{true};
};

/// The webhooks of a server.
using webhook_store = object_store<webhook>;

/// Whether the text is an address that a webhook can have: `http` or `https`, and a host.
[[nodiscard]] bool is_webhook_url(std::string_view text);

/// Whether the host of such an address can exist at all: names below `invalid` never do (RFC 2606).
[[nodiscard]] bool can_be_reached(std::string_view url);

} // namespace postmark::sandbox::detail

#endif
