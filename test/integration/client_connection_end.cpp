// SPDX-License-Identifier: BSL-1.0

// A connection that the server closes between two requests.

#include "wire_fixture.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <semaphore>
#include <thread>

BOOST_AUTO_TEST_SUITE(client_connection_end)

using namespace client_test;
using scripted::peer;
using scripted::tls_server;

namespace {

/// Blocks the client after a reply until the server has done its next step.
class reply_gate : public postmark::observer {
public:
    explicit reply_gate(std::counting_semaphore<>& done)
        : done_{done}
    {
    }

    void on_attempt(postmark::attempt_event const& event) override
    {
        if (event.http_status != 0) {
            done_.acquire();
        }
    }

private:
    std::counting_semaphore<>& done_;
};

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// A connection that ended, or is about to

BOOST_AUTO_TEST_CASE(a_connection_closed_after_its_reply_takes_no_queued_call, *timeout(60))
{
    // The reply does not announce the close, but the connection is closed before the client continues. A request
    // written to it would become unknown without need.
    std::counting_semaphore<> ended{0};
    tls_server server{[&](peer& session) {
        session.begin_request();
        session.read_all();
        session.reply("200 OK");
        session.cut();
        ended.release();
    }};
    wire_fixture env{server};
    env.settings.observer = std::make_shared<reply_gate>(ended);
    client mailer{env.io, env.settings};
    std::vector<recorder<receipt>> sent(5);
    for (auto& call : sent) {
        mailer.async_send(mail(), call.handler());
    }
    env.run();
    for (auto const& call : sent) {
        check_accepted(call);
    }
}

BOOST_AUTO_TEST_CASE(unannounced_closes_by_the_service_are_learned, *timeout(60))
{
    // The server closes each connection after the second reply. Only the first call that is affected may be unknown.
    std::counting_semaphore<> ended{0};
    tls_server server{[&](peer& session) {
        for (int reply = 0; reply != 2; ++reply) {
            session.begin_request();
            session.read_all();
            session.reply("200 OK");
            if (reply == 1) {
                session.cut();
            }
            ended.release();
        }
    }};
    wire_fixture env{server};
    env.settings.observer = std::make_shared<reply_gate>(ended);
    env.settings.pool.max_connections = 1;
    client mailer{env.io, env.settings};
    std::vector<recorder<receipt>> sent(20);
    for (auto& call : sent) {
        mailer.async_send(mail(), call.handler());
    }
    env.run();
    BOOST_TEST(std::ranges::count_if(sent, [](auto const& call) { return call.value.outcome == outcome::unknown; }) <=
               1);
    BOOST_TEST(std::ranges::count_if(sent, [](auto const& call) { return call.value.outcome == outcome::accepted; }) >=
               19);
}

BOOST_AUTO_TEST_CASE(a_connection_with_a_partial_record_is_not_reused, *timeout(60))
{
    // The record belongs to no request: a reply to the next request would follow it, if it arrived at all.
    std::promise<void> begun;
    std::atomic<int> connections{0};
    tls_server server{[&](peer& session) {
        bool const first = connections++ == 0;
        session.begin_request();
        session.read_all();
        session.reply("200 OK");
        if (first) {
            session.begin_record();
            begun.set_value();
        }
        session.hold();
    }};
    wire_fixture env{server};
    env.settings.timeouts.reply = 3s;
    client mailer{env.io, env.settings};
    recorder<receipt> first;
    env.send(mailer, mail(), first);
    check_accepted(first);
    begun.get_future().wait();
    recorder<receipt> next;
    env.send(mailer, mail(), next);
    check_accepted(next);
    BOOST_TEST(connections == 2);
}

// ---------------------------------------------------------------------------------------------------------------------
// A connection that has idled

BOOST_AUTO_TEST_CASE(an_empty_chunk_does_not_pass_on_an_unchecked_connection, *timeout(60))
{
    std::promise<void> slow_began;
    std::promise<void> refused;
    std::promise<void> slow_ended;
    std::atomic<int> plain{0};
    tls_server server{[&, was_refused = refused.get_future().share()](peer& session) {
        for (;;) {
            session.begin_request();
            session.read_all();
            if (session.asks_for("slow-token")) {
                slow_began.set_value();
                was_refused.wait();
                // Longer than the pause that the service asked of the other token.
                session.pause(1200ms);
                session.reply("200 OK", scripted::acceptance, "Connection: close\r\n");
                slow_ended.set_value();
                session.hold();
            } else if (plain++ == 0) {
                session.reply("429 Too Many Requests", "", "Retry-After: 1\r\n");
                refused.set_value();
                // The reply does not announce that this connection is closed.
                return;
            } else {
                session.reply("200 OK");
            }
        }
    }};
    wire_fixture env{server};
    env.settings.pool.max_connections = 2;
    client mailer{env.io, env.settings};
    asio::cancellation_signal stop;
    recorder<std::vector<receipt>> batch;
    recorder<receipt> next;
    recorder<receipt> first;

    call_options other;
    other.api_key = "slow-token";
    recorder<receipt> slow;
    mailer.async_send(mail(), other, [&](error_code error, receipt sent) {
        slow.handler()(error, std::move(sent));
        // The batch is assigned the idle connection, and is cancelled at the same moment.
        stop.emit(asio::cancellation_type::terminal);
    });
    std::jthread const watch{[&, work = asio::make_work_guard(env.io)] {
        slow_began.get_future().wait();
        asio::post(env.io, [&] {
            mailer.async_send(mail(), [&](error_code error, receipt sent) {
                first.handler()(error, std::move(sent));
                mailer.async_send_batch(mails(1), asio::bind_cancellation_slot(stop.slot(), batch.handler()));
                mailer.async_send(mail(), next.handler());
                // The pause ends while the client is blocked: the reply to the slow call has arrived when it continues.
                slow_ended.get_future().wait();
            });
        });
    }};
    env.run();
    check(first, api_errc::rate_limit_exceeded, outcome::rejected);
    check_accepted(slow);
    BOOST_TEST(batch.calls == 1);
    check_accepted(next);
}

BOOST_AUTO_TEST_SUITE_END()
