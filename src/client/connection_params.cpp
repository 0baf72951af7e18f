// SPDX-License-Identifier: BSL-1.0

#include "client/connection_params.hpp"

#include "model/host.hpp"
#include "protocol/base64.hpp"

#include <string>

namespace postmark::detail {

std::shared_ptr<transport::connection_params const> make_connection_params(config const& settings)
{
    auto params = std::make_shared<transport::connection_params>();
    params->host = settings.host;
    params->port = settings.effective_port();
    params->timeouts = settings.timeouts;
    if (settings.https) {
        params->tls = std::make_shared<transport::tls_context>(settings.tls);
    }
    if (!settings.proxy.empty() && !model::bypasses_proxy(settings.host, settings.no_proxy)) {
        model::proxy_address const proxy = model::parse_proxy_url(settings.proxy);
        params->proxy.emplace();
        params->proxy->host = proxy.host;
        params->proxy->port = proxy.port;
        if (!proxy.user.empty() || !proxy.password.empty()) {
            protocol::byte_buffer encoded;
            protocol::append_base64(encoded, proxy.user + ":" + proxy.password);
            params->proxy->authorization = "Basic " + std::string{encoded.view()};
        }
    }
    return params;
}

} // namespace postmark::detail
