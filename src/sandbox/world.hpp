// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_WORLD_HPP
#define POSTMARK_SANDBOX_WORLD_HPP

#include "sandbox/bounce_store.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/message_store.hpp"
#include "sandbox/monitor.hpp"
#include "sandbox/template_store.hpp"

#include <postmark/sandbox.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace postmark::sandbox::detail {

/// The state of the service: everything that the endpoints read and change. Each member locks for itself.
struct world {
    world(settings const& configuration, monitor& counters, fault_plan& plan)
        : tokens{configuration.tokens}
        , account_tokens{configuration.account_tokens}
        , names{configuration.names}
        , counts{counters}
        , faults{plan}
        , messages{configuration.seed, configuration.keep_bodies}
        , index_delay_ms{configuration.index_delay.count()}
    {
        if (configuration.seeds) {
            bounces.add_seeds();
            templates.add_seeds();
        }
    }

    void set_index_delay(std::chrono::milliseconds delay) { index_delay_ms = delay.count(); }

    /// Valid tokens; an empty list admits every token that is not empty.
    std::vector<std::string> const tokens;
    std::vector<std::string> const account_tokens;
    /// Names of this host, for the check of `Host`.
    std::vector<std::string> const names;
    monitor& counts;
    fault_plan& faults;
    message_store messages;
    bounce_store bounces;
    template_store templates;
    /// How long an accepted message stays unknown to the message search.
    std::atomic<std::int64_t> index_delay_ms;
};

} // namespace postmark::sandbox::detail

#endif
