// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_SERVERS_HPP
#define POSTMARK_API_SERVERS_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/request.hpp>
#include <postmark/api/server.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// \file
/// Requests about all servers of an account. They need the account token, `config::account_key`.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// Reply of `get_servers`: one page of servers.
struct servers_reply : api_reply {
    servers_reply() = default;
    static schema const& describe();

    /// The number of servers that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<server_info> servers;
};

/// `GET /servers`: a page of servers.
struct get_servers {
    using reply_type = servers_reply;

    get_servers() = default;
    /// \param count  1 to 500 (the service's limit)
    /// \param offset the number of servers to skip, from 0
    explicit get_servers(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
    /// Part of a name.
    std::string name;
};

/// `GET /servers/{id}`: one server.
struct get_server {
    using reply_type = server_reply;

    get_server() = default;
    explicit get_server(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /servers`: makes a server. Its `name` is required. The client does not retry this request after a lost reply.
struct create_server : server_settings {
    using reply_type = server_reply;

    create_server() = default;
    static schema const& describe();

    /// `Live`, or `Sandbox`: mail is not delivered. Cannot be changed later. Empty: the service's default, `Live`.
    std::string delivery_type;
};

/// `PUT /servers/{id}`: changes settings of a server.
struct edit_server : server_settings {
    using reply_type = server_reply;

    edit_server() = default;
    explicit edit_server(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `DELETE /servers/{id}`: removes a server with all that it holds. The service refuses this with
/// `api_errc::server_delete_not_allowed` unless its support has allowed it for the account.
struct delete_server {
    using reply_type = acknowledgement;

    delete_server() = default;
    explicit delete_server(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

} // namespace postmark

#endif
