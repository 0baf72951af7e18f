// SPDX-License-Identifier: BSL-1.0

// Which bytes have left the client, against a server that reads only what its script reads.

#include "client_fixture.hpp"
#include "tls_server.hpp"

#include <atomic>
#include <future>
#include <latch>
#include <optional>
#include <semaphore>

BOOST_AUTO_TEST_SUITE(client_wire)

using namespace client_test;
using scripted::peer;
using scripted::tls_server;

namespace {

constexpr std::size_t kilobyte = 1024;

/// More than the buffers of both ends take.
constexpr std::size_t huge = 7 * kilobyte * kilobyte;

message mail_of(std::size_t size)
{
    message made = mail();
    made.text.assign(size, 'x');
    return made;
}

message huge_mail()
{
    message made = mail();
    made.attach_bytes(std::string(huge, 'x'), "a.txt");
    return made;
}

struct wire_fixture {
    explicit wire_fixture(tls_server const& server)
    {
        server.apply_to(settings);
        settings.api_key = postmark::secret{"token"};
        settings.default_sender = "shop@example.com";
        settings.pool.max_connections = 1;
        settings.retry.attempts = 1;
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

/// One request that is replied to early.
struct early_reply {
    /// The client has the reply, and does not go on before `go_on`.
    std::promise<void> reached;
    std::promise<void> go_on;
    /// Whether the server got all of the request in the end.
    std::promise<bool> whole;
};

/// Keeps the client from going on after a reply until the test says so.
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

/// Does something on the context when so many attempts have ended.
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

/// Keeps the client from going on after a reply until the server has done what follows it.
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
// A reply that comes before the request is there

BOOST_AUTO_TEST_CASE(an_early_reply_that_says_nothing_means_not_sent, *timeout(60))
{
    struct row {
        std::string_view status;
        std::string_view body;
        errc error;
        outcome expected;
    };
    std::vector<row> const rows{
        // A request that did not leave whole was not accepted.
        {"502 Bad Gateway", "", errc::write_failed, outcome::not_sent},
        {"408 Request Timeout", "", errc::write_failed, outcome::not_sent},
        {"200 OK", "{}", errc::write_failed, outcome::not_sent},
        // A refusal wins.
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
                wire_fixture world{server};
                client mailer{world.io, world.settings};
                if (kept) {
                    recorder<receipt> first;
                    world.send(mailer, mail(), first);
                    check_accepted(first);
                }
                recorder<receipt> sent;
                world.send(mailer, huge_mail(), sent);
                check(sent, entry.error, entry.expected);
                // The client works on.
                recorder<receipt> next;
                world.send(mailer, mail(), next);
                check_accepted(next);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(what_had_not_left_before_an_early_reply_does_not_leave_after_it, *timeout(120))
{
    // The last part of the request, encrypted but not yet taken by the socket, is what could still leave. How much a
    // socket takes is not known, so that many sizes are tried: with some of them only this part is left.
    auto const observer = std::make_shared<gate>();
    tls_server server{[&](peer& session) {
        std::size_t const length = session.begin_request();
        early_reply& now = *observer->current;
        // A connection that has carried much takes more at once.
        session.reply("502 Bad Gateway", "", "Connection: close\r\n");
        now.reached.get_future().wait();
        // Now the socket takes more, while the client still works on the reply.
        bool const goes_on = session.try_read(session.received() + 96 * kilobyte);
        now.go_on.set_value();
        now.whole.set_value(goes_on && session.try_read(length));
    }};
    wire_fixture world{server};
    world.settings.observer = observer;
    client mailer{world.io, world.settings};
    int not_sent = 0;
    for (std::size_t size = 128 * kilobyte; size != 512 * kilobyte; size += 2 * kilobyte) {
        BOOST_TEST_CONTEXT(size << " bytes")
        {
            early_reply now;
            observer->current = &now;
            recorder<receipt> sent;
            world.send(mailer, mail_of(size), sent);
            bool const whole = now.whole.get_future().get();
            BOOST_TEST(sent.calls == 1);
            BOOST_TEST(sent.value.outcome == (whole ? outcome::unknown : outcome::not_sent));
            not_sent += whole ? 0 : 1;
        }
    }
    BOOST_TEST(not_sent > 0);
}

BOOST_AUTO_TEST_CASE(what_the_system_still_holds_of_a_request_that_is_given_up_does_not_leave, *timeout(60))
{
    // It would go on for minutes where a server reads slowly, and a mail could be accepted long after its caller gave
    // it up.
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
            wire_fixture world{server};
            client mailer{world.io, world.settings};
            context = &world.io;
            sender = &mailer;
            recorder<receipt> sent;
            world.send(mailer, mail_of(entry.size), sent);
            given_up.set_value();
            check(sent, entry.error, entry.expected);
            BOOST_TEST(end.get_future().get() == asio::error::connection_reset);
        }
    }
}

BOOST_AUTO_TEST_CASE(new_keys_in_the_middle_of_a_request_change_nothing, *timeout(60))
{
    std::atomic<int> connections{0};
    tls_server server{[&](peer& session) {
        ++connections;
        for (;;) {
            // Of a huge request, most is still to be encrypted.
            std::size_t const length = session.begin_request();
            session.update_keys();
            session.read(length / 2);
            session.update_keys();
            session.read_all();
            session.reply("200 OK");
        }
    }};
    wire_fixture world{server};
    client mailer{world.io, world.settings};
    for (message const& next : {mail(), huge_mail(), mail()}) {
        recorder<receipt> sent;
        world.send(mailer, next, sent);
        check_accepted(sent);
    }
    BOOST_TEST(connections == 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a batch

BOOST_AUTO_TEST_CASE(a_batch_whose_chunks_all_pause_does_not_go_on_after_cancel_or_a_drain, *timeout(120))
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
                    // Both chunks that may be under way are refused for now, when both have left.
                    both.arrive_and_wait();
                    session.reply("429 Too Many Requests", "", "Retry-After: 2\r\n");
                }
            }};
            wire_fixture world{server};
            world.settings.pool.max_connections = 2;
            world.settings.retry.attempts = 4;
            world.settings.timeouts.batch_reply = 20s;
            recorder<std::vector<receipt>> batch;
            recorder<void> drain;
            std::optional<client> mailer;
            world.settings.observer = std::make_shared<after_attempts>(world.io, 2, [&] {
                if (drains) {
                    mailer->async_drain(0ms, drain.handler());
                } else {
                    mailer->cancel();
                }
            });
            mailer.emplace(world.io, world.settings);
            mailer->async_send_batch(mails(1500), batch.handler());
            world.run();
            BOOST_TEST(batch.calls == 1);
            BOOST_REQUIRE(batch.value.size() == 1500U);
            for (std::size_t index = 0; index != 1500; ++index) {
                // What was refused is known to be; the rest never left.
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
// A connection that ended, or is about to

BOOST_AUTO_TEST_CASE(a_connection_that_ended_after_its_reply_is_not_given_what_waits, *timeout(60))
{
    // The reply does not announce it, but the end is there before the client goes on. What is written all the same is
    // unknown for nothing.
    std::counting_semaphore<> ended{0};
    tls_server server{[&](peer& session) {
        session.begin_request();
        session.read_all();
        session.reply("200 OK");
        session.cut();
        ended.release();
    }};
    wire_fixture world{server};
    world.settings.observer = std::make_shared<reply_gate>(ended);
    client mailer{world.io, world.settings};
    std::vector<recorder<receipt>> sent(5);
    for (auto& call : sent) {
        mailer.async_send(mail(), call.handler());
    }
    world.run();
    for (auto const& call : sent) {
        check_accepted(call);
    }
}

BOOST_AUTO_TEST_CASE(a_service_that_ends_connections_unannounced_is_found_out, *timeout(60))
{
    // The second reply is the last of each connection. The first call that meets this may be in doubt; none after it.
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
    wire_fixture world{server};
    world.settings.observer = std::make_shared<reply_gate>(ended);
    world.settings.pool.max_connections = 1;
    client mailer{world.io, world.settings};
    std::vector<recorder<receipt>> sent(20);
    for (auto& call : sent) {
        mailer.async_send(mail(), call.handler());
    }
    world.run();
    BOOST_TEST(std::ranges::count_if(sent, [](auto const& call) { return call.value.outcome == outcome::unknown; }) <=
               1);
    BOOST_TEST(std::ranges::count_if(sent, [](auto const& call) { return call.value.outcome == outcome::accepted; }) >=
               19);
}

BOOST_AUTO_TEST_CASE(a_connection_on_which_a_record_has_begun_is_not_used_again, *timeout(60))
{
    // No request asked for it: the reply to the next request would come after it, if at all.
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
    wire_fixture world{server};
    world.settings.timeouts.reply = 3s;
    client mailer{world.io, world.settings};
    recorder<receipt> first;
    world.send(mailer, mail(), first);
    check_accepted(first);
    begun.get_future().wait();
    recorder<receipt> next;
    world.send(mailer, mail(), next);
    check_accepted(next);
    BOOST_TEST(connections == 2);
}

// ---------------------------------------------------------------------------------------------------------------------
// A connection that has idled

BOOST_AUTO_TEST_CASE(a_chunk_with_nothing_left_to_send_does_not_hand_on_what_was_not_looked_at, *timeout(60))
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
                // The client is not notified that this connection ends.
                return;
            } else {
                session.reply("200 OK");
            }
        }
    }};
    wire_fixture world{server};
    world.settings.pool.max_connections = 2;
    client mailer{world.io, world.settings};
    asio::cancellation_signal stop;
    recorder<std::vector<receipt>> batch;
    recorder<receipt> next;
    recorder<receipt> first;

    call_options other;
    other.api_key = "slow-token";
    recorder<receipt> slow;
    mailer.async_send(mail(), other, [&](error_code error, receipt sent) {
        slow.handler()(error, std::move(sent));
        // The batch is given the connection that idles, and in the same moment has nothing left to send.
        stop.emit(asio::cancellation_type::terminal);
    });
    std::jthread const watch{[&, work = asio::make_work_guard(world.io)] {
        slow_began.get_future().wait();
        asio::post(world.io, [&] {
            mailer.async_send(mail(), [&](error_code error, receipt sent) {
                first.handler()(error, std::move(sent));
                mailer.async_send_batch(mails(1), asio::bind_cancellation_slot(stop.slot(), batch.handler()));
                mailer.async_send(mail(), next.handler());
                // The pause ends unnoticed: the answer to the slow one is there when the client looks again.
                slow_ended.get_future().wait();
            });
        });
    }};
    world.run();
    check(first, api_errc::rate_limit_exceeded, outcome::rejected);
    check_accepted(slow);
    BOOST_TEST(batch.calls == 1);
    check_accepted(next);
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

BOOST_AUTO_TEST_CASE(a_peer_that_reads_slowly_but_steadily_is_waited_for, *timeout(120))
{
    tls_server server{[](peer& session) {
        std::size_t const length = session.begin_request();
        // Slower than the time limit allows for the whole, or for as much as a socket takes without a word.
        while (session.received() < length && session.pause(10ms)) {
            session.read(session.received() + 16 * kilobyte);
        }
        session.reply("200 OK");
        session.hold();
    }};
    wire_fixture world{server};
    world.settings.timeouts.write_stall = 500ms;
    client mailer{world.io, world.settings};
    recorder<receipt> sent;
    message large = mail();
    large.attach_bytes(std::string(4 * kilobyte * kilobyte, 'x'), "a.txt");
    world.send(mailer, large, sent);
    check_accepted(sent);
}

BOOST_AUTO_TEST_CASE(a_peer_that_stops_reading_is_not, *timeout(60))
{
    tls_server server{[](peer& session) {
        session.begin_request();
        session.read(2 * kilobyte * kilobyte);
        session.hold();
    }};
    wire_fixture world{server};
    world.settings.timeouts.write_stall = 200ms;
    client mailer{world.io, world.settings};
    recorder<receipt> sent;
    world.send(mailer, huge_mail(), sent);
    check_not_sent(sent, errc::write_failed);
    BOOST_TEST(sent.value.detail.find("no progress in writing") != std::string::npos, sent.value.detail);
}

BOOST_AUTO_TEST_CASE(a_reply_has_its_own_time_however_late_it_begins, *timeout(60))
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
    wire_fixture world{server};
    world.settings.timeouts.reply = 400ms;
    client mailer{world.io, world.settings};
    recorder<receipt> unanswered;
    recorder<receipt> witness;
    recorder<receipt> next;
    mailer.async_send(huge_mail(), unanswered.handler());
    // When this one ends, the time of a reply would have ended, had it begun with the request.
    call_options soon;
    soon.timeout = 1s;
    mailer.async_send(mail(), soon, [&](error_code error, receipt sent) {
        witness.handler()(error, std::move(sent));
        read_on.set_value();
    });
    // It has its turn only if the first one is not ended too late.
    call_options later;
    later.timeout = 20s;
    mailer.async_send(mail(), later, next.handler());
    world.run();
    check_not_sent(witness, errc::timed_out_before_sent);
    check_unknown(unanswered, errc::timed_out_in_flight);
    check_accepted(next);
}

BOOST_AUTO_TEST_CASE(what_else_failed_is_not_why_a_call_in_flight_ends, *timeout(60))
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
    wire_fixture world{server};
    world.settings.pool.max_connections = 2;
    client mailer{world.io, world.settings};
    recorder<receipt> first;
    world.send(mailer, mail(), first);
    check_accepted(first);
    recorder<receipt> in_flight;
    recorder<receipt> waiting;
    // One that cannot get a connection ends first, and its receipt names the cause.
    call_options soon;
    soon.timeout = 300ms;
    call_options later;
    later.timeout = 2s;
    mailer.async_send(mail(), later, in_flight.handler());
    std::jthread const watch{[&, work = asio::make_work_guard(world.io)] {
        began.get_future().wait();
        server.refuse();
        asio::post(world.io, [&] { mailer.async_send(mail(), soon, waiting.handler()); });
    }};
    world.run();
    check_not_sent(waiting, errc::timed_out_before_sent);
    std::string const refused = boost::system::error_code{asio::error::connection_refused}.message();
    BOOST_TEST(waiting.value.detail.find(refused) != std::string::npos, waiting.value.detail);
    check_unknown(in_flight, errc::timed_out_in_flight);
    BOOST_TEST(in_flight.value.detail.find(refused) == std::string::npos, in_flight.value.detail);
}

BOOST_AUTO_TEST_SUITE_END()
