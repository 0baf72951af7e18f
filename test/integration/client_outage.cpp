// SPDX-License-Identifier: BSL-1.0

// Which replies begin an outage, as a client sees it. The decisions are tested in test/unit/scheduler_outage.cpp.

#include "client_fixture.hpp"

#include <postmark/api/bounces.hpp>

BOOST_FIXTURE_TEST_SUITE(client_outage, client_test::client_fixture)

using namespace client_test;

namespace {

/// A client whose pauses are longer than any call lives: a call that has to wait for one is not sent.
config with_long_pauses(config settings)
{
    settings.retry.first_delay = settings.retry.max_delay = 1h;
    settings.timeouts.call = 1s;
    return settings;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_gateway_without_one_endpoint_does_not_hold_mail_back, *timeout(60))
{
    client mailer{io, with_long_pauses(settings)};
    for (unsigned const status : {502U, 503U, 504U}) {
        sandbox.set_faults(
            R"({"faults": [{"do": "status", "body": "<html>", "when": {"path": "/bounces"}, "status": )" +
            std::to_string(status) + "}]}");
        call_options once;
        once.retry = postmark::retry_settings{};
        once.retry->attempts = 1;
        recorder<postmark::bounces_reply> listed;
        mailer.async_call(postmark::get_bounces{1}, once, listed.handler());
        run();
        BOOST_TEST(listed.error == errc::server_error);
        recorder<receipt> sent;
        mailer.async_send(mail(), sent.handler());
        run();
        check_accepted(sent);
    }
}

BOOST_AUTO_TEST_CASE(a_gateway_without_the_endpoint_of_mail_holds_mail_back, *timeout(60))
{
    client mailer{io, with_long_pauses(settings)};
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 502, "body": "<html>"}]})");
    recorder<receipt> first;
    mailer.async_send(mail(), first.handler());
    run();
    check_unknown(first, errc::server_error);
    recorder<receipt> second;
    mailer.async_send(mail(), second.handler());
    run();
    check_not_sent(second, errc::timed_out_before_sent);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_http_hold_mail_back, *timeout(60))
{
    client mailer{io, with_long_pauses(settings)};
    sandbox.set_faults(R"({"faults": [{"do": "raw", "base64": "AP8KDQoNCg=="}]})");
    recorder<receipt> first;
    mailer.async_send(mail(), first.handler());
    run();
    check_unknown(first, errc::malformed_reply);
    recorder<receipt> second;
    mailer.async_send(mail(), second.handler());
    run();
    check_not_sent(second, errc::timed_out_before_sent);
}

BOOST_AUTO_TEST_SUITE_END()
