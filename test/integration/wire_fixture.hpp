// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_INTEGRATION_WIRE_FIXTURE_HPP
#define POSTMARK_TEST_INTEGRATION_WIRE_FIXTURE_HPP

#include "client_fixture.hpp"
#include "tls_server.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace client_test {

inline constexpr std::size_t kilobyte = 1024;

/// Larger than the buffers of both ends.
inline constexpr std::size_t huge = 7 * kilobyte * kilobyte;

inline message mail_of(std::size_t size)
{
    message made = mail();
    made.text.assign(size, 'x');
    return made;
}

inline message huge_mail()
{
    message made = mail();
    made.attach_bytes(std::string(huge, 'x'), "a.txt");
    return made;
}

/// A client of a server whose script reads what it wants.
struct wire_fixture {
    explicit wire_fixture(scripted::tls_server const& server)
    {
        server.apply_to(settings);
        settings.api_key = postmark::secret{"token"};
        settings.default_sender = "shop@example.com";
        settings.pool.max_connections = 1;
        settings.retry.attempts = 1;
        // Pauses after failed requests are as short as they can be.
        settings.retry.first_delay = settings.retry.max_delay = std::chrono::milliseconds{1};
        settings.limits.queued_bytes = 1024 * kilobyte * kilobyte;
    }

    void run()
    {
        io.restart();
        io.run();
    }

    void send(client& mailer, message mail, recorder<receipt>& into)
    {
        mailer.async_send(std::move(mail), into.handler());
        run();
    }

    config settings;
    asio::io_context io;
};

} // namespace client_test

#endif
