// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_WORLD_HPP
#define POSTMARK_SANDBOX_WORLD_HPP

#include "sandbox/account_state.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/message_store.hpp"
#include "sandbox/monitor.hpp"

#include <postmark/sandbox.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The state of the service: everything that the endpoints read and change. A world has one account, the account has
/// servers, and a server has stores, one for each kind of object.
///
/// One lock guards account, servers and stores: `mutex`. `serve` holds it while a handler runs, so that handlers and
/// stores need no locks. The sending endpoints do not run under it (`endpoint::locks_itself`): they take it once for a
/// mail, for what depends on the state. `messages`, `counts` and `faults` lock for themselves.
struct world {
    world(settings const& configuration, monitor& counters, fault_plan& plan);
    world(world&&) = delete;

    void set_index_delay(std::chrono::milliseconds delay) { index_delay_ms = delay.count(); }

    /// Suppresses an address on a stream of every server, as a hard bounce does. Takes the lock.
    void suppress(std::string_view address, std::string_view stream);

    /// Adds a template to every server. Takes the lock.
    void add_template(std::string const& alias, std::int64_t id, std::string const& subject, std::string const& html,
                      std::string const& text);

    /// Forgets all messages and what happened to them, but not the bounces. The caller holds the lock.
    void forget_messages();

    /// Valid account tokens; an empty list admits every token that is not empty.
    std::vector<std::string> const account_tokens;
    /// Names of this host, for the check of `Host`.
    std::vector<std::string> const names;
    monitor& counts;
    fault_plan& faults;
    message_store messages;
    /// How long an accepted message stays unknown to the message search.
    std::atomic<std::int64_t> index_delay_ms;

    std::mutex mutex;
    account_state account;
};

} // namespace postmark::sandbox::detail

#endif
