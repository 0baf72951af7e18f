// SPDX-License-Identifier: BSL-1.0

// The events that an observer receives on the client's executor.

#include "client_fixture.hpp"

#include <memory>
#include <vector>

namespace {

using namespace client_test;

class listener final : public postmark::observer {
public:
    void on_queued(postmark::queued_event const& event) override { queued.push_back(event); }
    void on_connected(postmark::connected_event const& event) override { connected.push_back(event); }
    void on_attempt(postmark::attempt_event const& event) override { attempts.push_back(event); }
    void on_completed(postmark::completed_event const& event) override { completed.push_back(event); }

    std::vector<postmark::queued_event> queued;
    std::vector<postmark::connected_event> connected;
    std::vector<postmark::attempt_event> attempts;
    std::vector<postmark::completed_event> completed;
};

struct observer_fixture : client_fixture {
    observer_fixture() { settings.observer = events; }

    std::shared_ptr<listener> events = std::make_shared<listener>();
    recorder<receipt> sent;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(client_observer, observer_fixture, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(is_notified_of_every_step_of_a_send)
{
    client mailer{io, settings};
    mailer.async_send(mail(), sent.handler());
    run();
    check_accepted(sent);
    BOOST_REQUIRE(events->queued.size() == 1U);
    BOOST_TEST(events->queued[0].request_bytes > 0U);
    BOOST_TEST(events->queued[0].waiting == 1U);
    BOOST_REQUIRE(events->connected.size() == 1U);
    BOOST_TEST(!events->connected[0].error);
    BOOST_REQUIRE(events->attempts.size() == 1U);
    BOOST_TEST(events->attempts[0].call == events->queued[0].call);
    BOOST_TEST(events->attempts[0].connection == events->connected[0].connection);
    BOOST_TEST(!events->attempts[0].error);
    BOOST_TEST(events->attempts[0].http_status == 200U);
    BOOST_TEST(events->attempts[0].request_bytes > 0U);
    BOOST_TEST(events->attempts[0].reply_bytes > 0U);
    BOOST_REQUIRE(events->completed.size() == 1U);
    BOOST_TEST(events->completed[0].call == events->queued[0].call);
    BOOST_TEST(events->completed[0].attempts == 1U);
    BOOST_TEST(!events->completed[0].error);
}

BOOST_AUTO_TEST_CASE(a_call_that_was_refused_before_it_was_queued_has_no_number)
{
    client mailer{io, settings};
    mailer.async_send(mail(), sent.handler());
    run();
    recorder<receipt> refused;
    mailer.async_send(invalid_mail(), refused.handler());
    run();
    check_not_sent(refused, errc::invalid_message);
    BOOST_REQUIRE(events->completed.size() == 2U);
    BOOST_TEST(events->completed[1].call == 0U);
    BOOST_TEST(events->completed[1].attempts == 0U);
    BOOST_TEST(events->completed[1].error == errc::invalid_message);
}

BOOST_AUTO_TEST_CASE(is_notified_of_a_cancelled_attempt)
{
    sandbox.set_faults(stall);
    client mailer{io, settings};
    mailer.async_send(mail(), sent.handler());
    auto const watch = when_requests(1, [&] { mailer.cancel(); });
    run();
    check_unknown(sent, errc::cancelled_in_flight);
    BOOST_REQUIRE(events->attempts.size() == 1U);
    BOOST_TEST(events->attempts[0].error == errc::cancelled_in_flight);
    BOOST_TEST(events->attempts[0].call == events->completed.at(0).call);
}

BOOST_AUTO_TEST_CASE(is_notified_of_every_attempt)
{
    sandbox.set_faults(R"({"faults": [{"do": "status", "status": 429, "when": {"times": 2}}]})");
    client mailer{io, settings};
    mailer.async_send(mail(), sent.handler());
    run();
    check_accepted(sent);
    BOOST_REQUIRE(events->attempts.size() == 3U);
    BOOST_TEST(events->attempts[1].http_status == 429U);
    BOOST_TEST(events->attempts[2].http_status == 200U);
    BOOST_TEST(events->completed.at(0).attempts == 3U);
}

BOOST_AUTO_TEST_CASE(a_shared_request_is_one_attempt)
{
    settings.coalescing.enabled = true;
    settings.pool.max_connections = 1;
    client mailer{io, settings};
    sends results;
    for (int index = 0; index != 20; ++index) {
        mailer.async_send(mail(), results.emplace_back().handler());
    }
    run();
    for (auto const& result : results) {
        check_accepted(result);
    }
    BOOST_TEST(events->attempts.size() == 1U);
    BOOST_TEST(events->completed.size() == 20U);
}

BOOST_AUTO_TEST_CASE(is_notified_why_connecting_failed)
{
    settings.port = closed_port();
    settings.retry.attempts = 2;
    client mailer{io, settings};
    mailer.async_send(mail(), sent.handler());
    run();
    check_not_sent(sent, errc::connect_failed);
    BOOST_REQUIRE(events->connected.size() == 2U);
    BOOST_TEST(events->connected[0].error == errc::connect_failed);
    BOOST_TEST(events->attempts.empty());
}

BOOST_AUTO_TEST_SUITE_END()
