// SPDX-License-Identifier: BSL-1.0

#include "client/connection_params.hpp"

#include "model/host.hpp"
#include "protocol/base64.hpp"

#include <string>

namespace postmark::detail {

std::shared_ptr<transport::route> make_route(config const& settings)
{
    auto where = std::make_shared<transport::route>();
    where->host = settings.host;
    where->port = settings.effective_port();
    where->timeouts = settings.timeouts;
    if (settings.https) {
        where->tls = std::make_shared<transport::tls_context>(settings.tls);
    }
    if (!settings.proxy.empty() && !model::bypasses_proxy(settings.host, settings.no_proxy)) {
        model::proxy_address const proxy = model::parse_proxy_url(settings.proxy);
        where->proxy.emplace();
        where->proxy->host = proxy.host;
        where->proxy->port = proxy.port;
        if (!proxy.user.empty() || !proxy.password.empty()) {
            protocol::byte_buffer encoded;
            protocol::append_base64(encoded, proxy.user + ":" + proxy.password);
            where->proxy->authorization = "Basic " + std::string{encoded.view()};
        }
    }
    return where;
}

} // namespace postmark::detail
