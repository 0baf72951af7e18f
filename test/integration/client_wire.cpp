// SPDX-License-Identifier: BSL-1.0

// The bytes that the client has sent, with a server that reads only what its script reads.

#include "wire_fixture.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <optional>
#include <thread>

BOOST_AUTO_TEST_SUITE(client_wire)

using namespace client_test;
using scripted::peer;
using scripted::tls_server;

namespace {

/// One request that gets an early reply.
struct early_reply {
    /// The client has the reply, and does not continue before `go_on`.
    std::promise<void> reached;
    std::promise<void> go_on;
    /// Whether the server received the whole request.
    std::promise<bool> whole;
};

/// Blocks the client after a reply until the test continues it.
class gate : public postmark::observer {
public:
    void on_attempt(postmark::attempt_event const&) override
    {
        early_reply& now = *current;
        now.reached.set_value();
        now.go_on.get_future().wait();
    }

    std::atomic<early_reply*> current{nullptr};
};

/// Posts `then` to the context after `count` attempts.
class after_attempts : public postmark::observer {
public:
    after_attempts(asio::io_context& io, int count, std::function<void()> then)
        : io_{io}
        , left_{count}
        , then_{std::move(then)}
    {
    }

    void on_attempt(postmark::attempt_event const&) override
    {
        if (--left_ == 0) {
            asio::post(io_, then_);
        }
    }

private:
    asio::io_context& io_;
    int left_;
    std::function<void()> then_;
};

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// A reply that arrives before the request is complete

BOOST_AUTO_TEST_CASE(an_unusable_early_reply_means_not_sent, *timeout(60))
{
    struct row {
        std::string_view status;
        std::string_view body;
        errc error;
        outcome expected;
    };
    std::vector<row> const rows{
        // A request that was not sent whole was not accepted.
        {"502 Bad Gateway", "", errc::write_failed, outcome::not_sent},
        {"408 Request Timeout", "", errc::write_failed, outcome::not_sent},
        {"200 OK", "{}", errc::write_failed, outcome::not_sent},
        // A refusal takes precedence.
        {"413 Payload Too Large", "", errc::http_refused, outcome::rejected},
    };
    for (row const& entry : rows) {
        for (bool const kept : {false, true}) {
            BOOST_TEST_CONTEXT(entry.status << (kept ? ", kept" : ", fresh"))
            {
                tls_server server{[&](peer& session) {
                    while (session.begin_request() < huge) {
                        session.read_all();
                        session.reply("200 OK");
                    }
                    session.reply(entry.status, entry.body);
                    session.hold();
                }};
                wire_fixture env{server};
                client mailer{env.io, env.settings};
                if (kept) {
                    recorder<receipt> first;
                    env.send(mailer, mail(), first);
                    check_accepted(first);
                }
                recorder<receipt> sent;
                env.send(mailer, huge_mail(), sent);
                check(sent, entry.error, entry.expected);
                // The client continues.
                recorder<receipt> next;
                env.send(mailer, mail(), next);
                check_accepted(next);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(no_byte_is_sent_after_an_early_reply, *timeout(120))
{
    // The last part of the request, encrypted but not yet accepted by the socket, could still be sent. How much a
    // socket accepts is not known, so that many sizes are tried: with some of them only this part is left.
    auto const observer = std::make_shared<gate>();
    tls_server server{[&](peer& session) {
        std::size_t const length = session.begin_request();
        early_reply& now = *observer->current;
        // The socket buffer of a connection grows with its traffic.
        session.reply("408 Request Timeout", "", "Connection: close\r\n");
        now.reached.get_future().wait();
        // Now the socket accepts more, while the client still handles the reply.
        bool const goes_on = session.try_read(session.received() + 96 * kilobyte);
        now.go_on.set_value();
        now.whole.set_value(goes_on && session.try_read(length));
    }};
    wire_fixture env{server};
    env.settings.observer = observer;
    client mailer{env.io, env.settings};
    int not_sent = 0;
    for (std::size_t size = 128 * kilobyte; size != 512 * kilobyte; size += 2 * kilobyte) {
        BOOST_TEST_CONTEXT(size << " bytes")
        {
            early_reply now;
            observer->current = &now;
            recorder<receipt> sent;
            env.send(mailer, mail_of(size), sent);
            bool const whole = now.whole.get_future().get();
            BOOST_TEST(sent.calls == 1);
            BOOST_TEST(sent.value.outcome == (whole ? outcome::unknown : outcome::not_sent));
            not_sent += whole ? 0 : 1;
        }
    }
    BOOST_TEST(not_sent > 0);
}

BOOST_AUTO_TEST_CASE(buffered_bytes_of_an_aborted_request_are_not_sent, *timeout(60))
{
    // With a slow server the rest of the request could be sent for minutes, and a mail accepted long after its call was
    // cancelled.
    struct row {
        std::size_t size;
        errc error;
        outcome expected;
    };
    for (row const& entry : {row{64 * kilobyte, errc::cancelled_in_flight, outcome::unknown},
                             row{7 * 1024 * kilobyte, errc::cancelled_before_sent, outcome::not_sent}}) {
        BOOST_TEST_CONTEXT(entry.size << " bytes")
        {
            asio::io_context* context = nullptr;
            client* sender = nullptr;
            std::promise<void> given_up;
            std::promise<boost::system::error_code> end;
            tls_server server{[&](peer& session) {
                session.begin_request();
                asio::post(*context, [&] { sender->cancel(); });
                given_up.get_future().wait();
                end.set_value(session.read_to_end());
            }};
            wire_fixture env{server};
            client mailer{env.io, env.settings};
            context = &env.io;
            sender = &mailer;
            recorder<receipt> sent;
            env.send(mailer, mail_of(entry.size), sent);
            given_up.set_value();
            check(sent, entry.error, entry.expected);
            BOOST_TEST(end.get_future().get() == asio::error::connection_reset);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_key_update_during_a_request_is_harmless, *timeout(60))
{
    std::atomic<int> connections{0};
    tls_server server{[&](peer& session) {
        ++connections;
        for (;;) {
            // Most of a huge request is not encrypted yet.
            std::size_t const length = session.begin_request();
            session.update_keys();
            session.read(length / 2);
            session.update_keys();
            session.read_all();
            session.reply("200 OK");
        }
    }};
    wire_fixture env{server};
    client mailer{env.io, env.settings};
    for (message const& next : {mail(), huge_mail(), mail()}) {
        recorder<receipt> sent;
        env.send(mailer, next, sent);
        check_accepted(sent);
    }
    BOOST_TEST(connections == 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a batch

BOOST_AUTO_TEST_CASE(a_batch_with_paused_chunks_ends_on_cancel_or_drain, *timeout(120))
{
    for (bool const drains : {false, true}) {
        BOOST_TEST_CONTEXT((drains ? "drain" : "cancel"))
        {
            std::atomic<int> requests{0};
            std::latch both{2};
            tls_server server{[&](peer& session) {
                for (;;) {
                    session.begin_request();
                    session.read_all();
                    if (++requests > 2) {
                        session.hold();
                    }
                    // Both chunks that may be in flight are refused temporarily, once both have been sent.
                    both.arrive_and_wait();
                    session.reply("429 Too Many Requests", "", "Retry-After: 2\r\n");
                }
            }};
            wire_fixture env{server};
            env.settings.pool.max_connections = 2;
            env.settings.retry.attempts = 4;
            env.settings.timeouts.batch_reply = 20s;
            recorder<std::vector<receipt>> batch;
            recorder<void> drain;
            std::optional<client> mailer;
            env.settings.observer = std::make_shared<after_attempts>(env.io, 2, [&] {
                if (drains) {
                    mailer->async_drain(0ms, drain.handler());
                } else {
                    mailer->cancel();
                }
            });
            mailer.emplace(env.io, env.settings);
            mailer->async_send_batch(mails(1500), batch.handler());
            env.run();
            BOOST_TEST(batch.calls == 1);
            BOOST_REQUIRE(batch.value.size() == 1500U);
            for (std::size_t index = 0; index != 1500; ++index) {
                // The two refused chunks are rejected; the rest was not sent.
                outcome const expected = index < 1000 ? outcome::rejected : outcome::not_sent;
                if (batch.value[index].outcome != expected) {
                    BOOST_ERROR(index << " is " << batch.value[index].outcome);
                }
            }
            BOOST_TEST(batch.error == api_errc::rate_limit_exceeded);
            BOOST_TEST(batch.value.back().error == errc::cancelled_before_sent);
            BOOST_TEST(drain.calls == (drains ? 1 : 0));
            BOOST_TEST(requests == 2);
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

BOOST_AUTO_TEST_CASE(a_slow_but_steady_peer_does_not_time_out, *timeout(120))
{
    tls_server server{[](peer& session) {
        std::size_t const length = session.begin_request();
        // The whole request takes longer than the time limit, and so does the content of a full socket buffer.
        while (session.received() < length && session.pause(10ms)) {
            session.read(session.received() + 16 * kilobyte);
        }
        session.reply("200 OK");
        session.hold();
    }};
    wire_fixture env{server};
    env.settings.timeouts.write_stall = 500ms;
    client mailer{env.io, env.settings};
    recorder<receipt> sent;
    message large = mail();
    large.attach_bytes(std::string(4 * kilobyte * kilobyte, 'x'), "a.txt");
    env.send(mailer, large, sent);
    check_accepted(sent);
}

BOOST_AUTO_TEST_CASE(a_peer_that_stops_reading_times_out, *timeout(60))
{
    tls_server server{[](peer& session) {
        session.begin_request();
        session.read(2 * kilobyte * kilobyte);
        session.hold();
    }};
    wire_fixture env{server};
    env.settings.timeouts.write_stall = 200ms;
    client mailer{env.io, env.settings};
    recorder<receipt> sent;
    env.send(mailer, huge_mail(), sent);
    check_not_sent(sent, errc::write_failed);
    BOOST_TEST(sent.value.detail.find("no progress in writing") != std::string::npos, sent.value.detail);
}

BOOST_AUTO_TEST_CASE(the_time_limit_of_a_reply_starts_when_the_request_is_sent, *timeout(60))
{
    std::promise<void> read_on;
    tls_server server{[go = read_on.get_future().share()](peer& session) {
        for (;;) {
            bool const is_huge = session.begin_request() > huge;
            if (is_huge) {
                go.wait();
            }
            session.read_all();
            if (is_huge) {
                session.hold();
            }
            session.reply("200 OK");
        }
    }};
    wire_fixture env{server};
    env.settings.timeouts.reply = 400ms;
    client mailer{env.io, env.settings};
    recorder<receipt> without_reply;
    recorder<receipt> timed_out;
    recorder<receipt> next;
    mailer.async_send(huge_mail(), without_reply.handler());
    // This call ends later than the time limit of a reply would if it started with the request.
    call_options soon;
    soon.timeout = 1s;
    mailer.async_send(mail(), soon, [&](error_code error, receipt sent) {
        timed_out.handler()(error, std::move(sent));
        read_on.set_value();
    });
    // This call is sent only if the first one ends in time.
    call_options later;
    later.timeout = 20s;
    mailer.async_send(mail(), later, next.handler());
    env.run();
    check_not_sent(timed_out, errc::timed_out_before_sent);
    check_unknown(without_reply, errc::timed_out_in_flight);
    check_accepted(next);
}

BOOST_AUTO_TEST_CASE(another_failure_is_not_the_cause_of_a_call_in_flight, *timeout(60))
{
    std::promise<void> began;
    tls_server server{[&](peer& session) {
        session.begin_request();
        session.read_all();
        session.reply("200 OK");
        session.begin_request();
        session.read_all();
        began.set_value();
        session.hold();
    }};
    wire_fixture env{server};
    env.settings.pool.max_connections = 2;
    client mailer{env.io, env.settings};
    recorder<receipt> first;
    env.send(mailer, mail(), first);
    check_accepted(first);
    recorder<receipt> in_flight;
    recorder<receipt> waiting;
    // A call without a connection ends first, and its receipt names the cause.
    call_options soon;
    soon.timeout = 300ms;
    call_options later;
    later.timeout = 2s;
    mailer.async_send(mail(), later, in_flight.handler());
    std::jthread const watch{[&, work = asio::make_work_guard(env.io)] {
        began.get_future().wait();
        server.refuse();
        asio::post(env.io, [&] { mailer.async_send(mail(), soon, waiting.handler()); });
    }};
    env.run();
    check_not_sent(waiting, errc::timed_out_before_sent);
    std::string const refused = boost::system::error_code{asio::error::connection_refused}.message();
    BOOST_TEST(waiting.value.detail.find(refused) != std::string::npos, waiting.value.detail);
    check_unknown(in_flight, errc::timed_out_in_flight);
    BOOST_TEST(in_flight.value.detail.find(refused) == std::string::npos, in_flight.value.detail);
}

BOOST_AUTO_TEST_SUITE_END()
