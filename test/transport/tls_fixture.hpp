// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_TRANSPORT_TLS_FIXTURE_HPP
#define POSTMARK_TEST_TRANSPORT_TLS_FIXTURE_HPP

#include "integration/tls_server.hpp"
#include "transport/fixture.hpp"
#include "transport/tls_context.hpp"

#include <postmark/config.hpp>

#include <memory>

namespace transport_test {

/// Makes new connections go to a server that speaks TLS.
inline void aim_tls_at(connection_params& params, scripted::tls_server const& server)
{
    postmark::config settings;
    server.apply_to(settings);
    params.host = settings.host;
    params.port = settings.effective_port();
    params.tls = std::make_shared<tls_context>(settings.tls);
}

} // namespace transport_test

#endif
