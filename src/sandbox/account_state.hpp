// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_ACCOUNT_STATE_HPP
#define POSTMARK_SANDBOX_ACCOUNT_STATE_HPP

#include "sandbox/account_objects.hpp"
#include "sandbox/object_store.hpp"
#include "sandbox/server_state.hpp"
#include "sandbox/token_table.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The next id of each kind of object. Ids are unique in the account, as those of the service are.
struct id_counters {
    std::int64_t server{23};
    /// Ids of the service have 9 or 10 digits. This range needs more than 32 bits and less than the 53 of a double, in
    /// which some clients keep numbers.
    std::int64_t bounce{4'323'372'001};
    std::int64_t template_id{20'001};
    std::int64_t domain{36'735};
    std::int64_t sender{1'136'201};
    std::int64_t data_removal{9'701};
    std::int64_t inbound_rule{3'606};
    std::int64_t webhook{1'234'567};
    std::int64_t inbound_message{1};
    std::int64_t bulk_request{1};
};

/// The account: its servers and what belongs to no server. Guarded by the lock of the world, except where noted.
class account_state {
public:
    /// A server for each token; one server that every other token opens when there are no tokens.
    account_state(std::vector<std::string> const& tokens, std::uint64_t seed);
    account_state(account_state&&) = delete;

    /// Makes a server with one new token, which opens it from now on.
    server_state& add_server(std::string name);

    /// Closes a server for good.
    void remove_server(server_state& server);

    /// The servers that are not removed, the oldest first.
    [[nodiscard]] std::vector<server_state*> servers() const;

    /// Null when there is none with this id.
    [[nodiscard]] server_state* find_server(std::int64_t id) const;

    /// The server that a token opens; null when it opens none. Takes no lock.
    [[nodiscard]] server_state* open(std::string_view token) const;

    /// The server against which mails with the test token are checked: the oldest one. Takes no lock.
    [[nodiscard]] server_state* test_server() const { return oldest_; }

    /// An id that no template of any server has: those that programs choose for themselves are not counted.
    [[nodiscard]] std::int64_t next_template_id();

    id_counters ids;

    account_approvals approvals;
    object_store<domain> domains;
    object_store<sender_signature> senders;
    object_store<data_removal> data_removals;

private:
    server_state& make_server(std::string name, std::string token);
    [[nodiscard]] std::string make_token();

    std::uint64_t const seed_;
    std::uint64_t tokens_made_{0};
    /// Removed ones too: sends that began before may still refer to them.
    std::vector<std::unique_ptr<server_state>> servers_;
    token_table tokens_;
    server_state* oldest_{nullptr};
    /// The server of the tokens that belong to no server; null when tokens are named.
    server_state* open_to_all_{nullptr};
};

} // namespace postmark::sandbox::detail

#endif
