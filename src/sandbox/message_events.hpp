// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MESSAGE_EVENTS_HPP
#define POSTMARK_SANDBOX_MESSAGE_EVENTS_HPP

#include "sandbox/server_state.hpp"

#include <postmark/sandbox.hpp>

#include <string>
#include <vector>

namespace postmark::sandbox::detail {

/// The bare addresses of `To`, `Cc` and `Bcc`.
[[nodiscard]] std::vector<std::string> all_recipients(stored_message const& message);

/// Appends the array of everything that happened to a message, in the order of time.
void append_message_events(std::string& out, server_state const& server, stored_message const& message);

} // namespace postmark::sandbox::detail

#endif
