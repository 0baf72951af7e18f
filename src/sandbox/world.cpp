// SPDX-License-Identifier: BSL-1.0

#include "sandbox/world.hpp"

namespace postmark::sandbox::detail {
namespace {

/// The first server has the templates 1001 and 1002.
void add_seeds(server_state& server, account_state& account)
{
    for (auto& added : make_seed_bounces(account.ids.bounce)) {
        if (added.inactive) {
            server.suppressions.add(added.stream, added.email, added.type->type, "Recipient");
        }
        server.bounces.add(std::move(added));
    }
    std::int64_t id = 1001;
    for (auto& added : make_seed_templates()) {
        added.id = &server == account.servers().front() ? id++ : account.next_template_id();
        server.templates.put(std::move(added));
    }
}

/// A domain whose records are in DNS.
domain make_seed_domain(std::int64_t id)
{
    domain result{id, "sender.example", dns_records{"sender.example", mix(static_cast<std::uint64_t>(id))}};
    result.records.set_return_path("pm-bounces.sender.example");
    result.records.see_all();
    return result;
}

} // namespace

world::world(settings const& configuration, monitor& counters, fault_plan& plan)
    : account_tokens{configuration.account_tokens}
    , names{configuration.names}
    , counts{counters}
    , faults{plan}
    , messages{configuration.seed, configuration.keep_bodies}
    , index_delay_ms{configuration.index_delay.count()}
    , account{configuration.tokens, configuration.seed}
{
    if (configuration.seeds) {
        account.domains.add(make_seed_domain(account.ids.domain++));
        for (auto* server : account.servers()) {
            add_seeds(*server, account);
        }
    }
}

void world::suppress(std::string_view address, std::string_view stream)
{
    std::lock_guard const lock{mutex};
    for (auto* server : account.servers()) {
        server->suppressions.add(stream, address, "HardBounce", "Recipient");
    }
}

void world::add_template(std::string const& alias, std::int64_t id, std::string const& subject, std::string const& html,
                         std::string const& text)
{
    std::lock_guard const lock{mutex};
    for (auto* server : account.servers()) {
        server->templates.add(alias, id, subject, html, text);
    }
}

void world::forget_messages()
{
    messages.clear();
    for (auto* server : account.servers()) {
        server->events.clear();
    }
}

} // namespace postmark::sandbox::detail
