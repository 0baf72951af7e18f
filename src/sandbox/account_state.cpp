// SPDX-License-Identifier: BSL-1.0

#include "sandbox/account_state.hpp"

#include "sandbox/text.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {

account_state::account_state(std::vector<std::string> const& tokens, std::uint64_t seed)
    : seed_{mix(seed + 1)}
{
    if (tokens.empty()) {
        open_to_all_ = &add_server("Sandbox");
    }
    for (auto const& token : tokens) {
        if (!tokens_.find(token)) {
            make_server(servers_.empty() ? "Sandbox" : "Sandbox " + std::to_string(servers_.size() + 1), token);
        }
    }
    oldest_ = servers_.front().get();
}

server_state& account_state::add_server(std::string name)
{
    return make_server(std::move(name), make_token());
}

server_state& account_state::make_server(std::string name, std::string token)
{
    servers_.push_back(std::make_unique<server_state>(ids.server++));
    auto& server = *servers_.back();
    server.settings.name = std::move(name);
    tokens_.add(token, server);
    server.tokens.push_back(std::move(token));
    return server;
}

void account_state::remove_server(server_state& server)
{
    server.removed = true;
}

std::vector<server_state*> account_state::servers() const
{
    std::vector<server_state*> result;
    for (auto const& server : servers_) {
        if (!server->removed) {
            result.push_back(server.get());
        }
    }
    return result;
}

server_state* account_state::find_server(std::int64_t id) const
{
    for (auto const& server : servers_) {
        if (server->id == id && !server->removed) {
            return server.get();
        }
    }
    return nullptr;
}

server_state* account_state::open(std::string_view token) const
{
    if (token.empty()) {
        return nullptr;
    }
    auto* server = tokens_.find(token);
    if (!server) {
        server = open_to_all_;
    }
    return server && !server->removed ? server : nullptr;
}

std::int64_t account_state::next_template_id()
{
    for (;;) {
        auto const id = ids.template_id++;
        if (std::ranges::none_of(servers_, [&](auto const& server) { return server->templates.has(id); })) {
            return id;
        }
    }
}

std::string account_state::make_token()
{
    std::string result;
    auto const random = mix(seed_ ^ ++tokens_made_);
    append_uuid(result, random, mix(random));
    return result;
}

} // namespace postmark::sandbox::detail
