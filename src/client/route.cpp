#include "client/route.hpp"

#include "call/base64.hpp"
#include "values/host.hpp"

#include <string>

namespace postmark::detail {

std::shared_ptr<transport::route> make_route(config const& settings)
{
    auto where = std::make_shared<transport::route>();
    where->host = settings.host;
    where->port = settings.effective_port();
    where->timeouts = settings.timeouts;
    if (settings.https)
        where->tls = std::make_shared<transport::tls_context>(settings.tls);
    if (!settings.proxy.empty() && !values::bypasses_proxy(settings.host, settings.no_proxy)) {
        values::proxy_address const proxy = values::parse_proxy_url(settings.proxy);
        where->proxy.emplace();
        where->proxy->host = proxy.host;
        where->proxy->port = proxy.port;
        if (!proxy.user.empty() || !proxy.password.empty()) {
            call::byte_buffer encoded;
            call::append_base64(encoded, proxy.user + ":" + proxy.password);
            where->proxy->authorization = "Basic " + std::string{encoded.view()};
        }
    }
    return where;
}

} // namespace postmark::detail
