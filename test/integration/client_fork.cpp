// SPDX-License-Identifier: BSL-1.0

// A program that forks: real processes, one client, and a connection that was kept open before the fork.

#include "client_fixture.hpp"

#include <array>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

BOOST_FIXTURE_TEST_SUITE(client_fork, client_test::client_fixture)

using namespace client_test;

namespace {

/// The report of a child process to its parent: lines of text.
class child_report {
public:
    child_report() { BOOST_TEST_REQUIRE(::pipe(ends_.data()) == 0); }
    ~child_report()
    {
        ::close(ends_[0]);
        if (ends_[1] != -1) {
            ::close(ends_[1]);
        }
    }
    child_report(child_report const&) = delete;
    child_report& operator=(child_report const&) = delete;

    /// Called in the child.
    void write(std::string const& line)
    {
        std::string const text = line + "\n";
        if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            ::_exit(2);
        }
    }

    /// Called in the parent: the text that the child wrote, once it has ended.
    std::string read_all()
    {
        ::close(ends_[1]);
        ends_[1] = -1;
        std::string all;
        std::array<char, 256> buffer{};
        for (;;) {
            ssize_t const size = ::read(ends_[0], buffer.data(), buffer.size());
            if (size <= 0) {
                return all;
            }
            all.append(buffer.data(), static_cast<std::size_t>(size));
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

std::string describe(recorder<receipt> const& sent)
{
    if (sent.calls != 1) {
        return "called " + std::to_string(sent.calls) + " times";
    }
    return sent.error ? sent.error.message() : "accepted " + sent.value.message_id;
}

/// Runs `body` in a child process, which then ends without running destructors of the parent's objects.
template <class Body>
pid_t run_in_child(Body body)
{
    pid_t const child = ::fork();
    if (child == 0) {
        int status = 1;
        try {
            body();
            status = 0;
        } catch (...) {
            // The exit status reports the failure to the parent.
        }
        ::_exit(status);
    }
    BOOST_TEST_REQUIRE(child > 0);
    return child;
}

void check_ended_well(pid_t child)
{
    int status = -1;
    BOOST_TEST(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 0);
}

struct fork_fixture : client_fixture {
    fork_fixture()
    {
        settings.stamp_messages = true;
        // Handlers that the child runs must not touch the parent's test framework.
        mailer.emplace(io, settings);
    }

    /// Sends one mail, so that an idle connection exists.
    void keep_a_connection()
    {
        recorder<receipt> first;
        mailer->async_send(mail(), first.handler());
        run();
        check_accepted(first);
        first_stamp = first.value.stamp;
        BOOST_TEST(sandbox.stats().open_connections == 1U);
    }

    /// Sends one mail in the parent, over the connection that was kept.
    void check_parent_goes_on(std::string const& foreign_text)
    {
        recorder<receipt> later;
        mailer->async_send(mail("parent@example.org"), later.handler());
        run();
        check_accepted(later);
        BOOST_TEST(foreign_text.find(later.value.message_id) == std::string::npos);
        // No new connection had to be made.
        BOOST_TEST(sandbox.stats().open_connections == 1U);
        BOOST_TEST(later.value.stamp.substr(0, 17) == first_stamp.substr(0, 17));
    }

    std::optional<client> mailer;
    std::string first_stamp;
};

/// Forks within one of its callbacks, once.
class forking_observer final : public postmark::observer {
public:
    enum class place { on_connected, on_attempt, on_completed };

    forking_observer(asio::io_context& io, place where, bool notifies)
        : io_{io}
        , place_{where}
        , notifies_{notifies}
    {
    }

    void on_connected(postmark::connected_event const&) override { fork_at(place::on_connected); }
    void on_attempt(postmark::attempt_event const&) override { fork_at(place::on_attempt); }
    void on_completed(postmark::completed_event const&) override { fork_at(place::on_completed); }

    /// The child in the parent, 0 in the child, nothing before the fork.
    [[nodiscard]] std::optional<pid_t> child() const { return child_; }

private:
    void fork_at(place reached)
    {
        if (reached != place_ || child_) {
            return;
        }
        if (notifies_) {
            io_.notify_fork(asio::execution_context::fork_prepare);
        }
        child_ = ::fork();
        if (notifies_) {
            io_.notify_fork(child_ == 0 ? asio::execution_context::fork_child : asio::execution_context::fork_parent);
        }
    }

    asio::io_context& io_;
    place place_;
    bool notifies_;
    std::optional<pid_t> child_;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(an_observer_may_fork, fork_fixture, *timeout(60))
{
    using place = forking_observer::place;
    for (place const where : {place::on_connected, place::on_attempt, place::on_completed}) {
        for (bool const notifies : {true, false}) {
            BOOST_TEST_CONTEXT("place " << static_cast<int>(where) << (notifies ? ", with" : ", without")
                                        << " notify_fork")
            {
                sandbox.clear();
                settings.pool.max_connections = 1;
                settings.coalescing.enabled = false;
                auto const observed = std::make_shared<forking_observer>(io, where, notifies);
                settings.observer = observed;
                mailer.emplace(io, settings);
                child_report report;
                recorder<receipt> first;
                recorder<receipt> second;
                mailer->async_send(mail(), first.handler());
                mailer->async_send(mail(), second.handler());
                run();
                if (observed->child() == 0) {
                    recorder<receipt> own;
                    mailer->async_send(mail("child@example.org"), own.handler());
                    run();
                    // The call whose completion was being reported completes in both processes.
                    bool const closed = first.calls == 1 && second.calls == 1 && second.error == errc::client_closed &&
                                        (where == place::on_completed || first.error == errc::client_closed);
                    report.write(closed ? "closed" : "not closed: " + describe(first) + ", " + describe(second));
                    report.write(own.error ? describe(own) : "accepted");
                    ::_exit(0);
                }
                BOOST_TEST_REQUIRE(observed->child().has_value());
                BOOST_TEST(report.read_all() == "closed\naccepted\n");
                check_ended_well(*observed->child());
                check_accepted(first);
                check_accepted(second);
                // None of the parent's mails was sent by the child.
                BOOST_TEST(sandbox.message_count() == 3U);
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(parent_and_child_send_their_own_mail, fork_fixture, *timeout(60))
{
    for (bool const notified : {true, false}) {
        BOOST_TEST_CONTEXT((notified ? "with" : "without") << " notify_fork")
        {
            sandbox.clear();
            mailer.emplace(io, settings);
            keep_a_connection();
            child_report report;
            if (notified) {
                io.notify_fork(asio::execution_context::fork_prepare);
            }
            pid_t const child = run_in_child([&] {
                if (notified) {
                    io.notify_fork(asio::execution_context::fork_child);
                }
                recorder<receipt> sent;
                mailer->async_send(mail("child@example.org"), sent.handler());
                run();
                report.write(describe(sent));
                report.write(sent.value.stamp);
            });
            if (notified) {
                io.notify_fork(asio::execution_context::fork_parent);
            }
            std::string const text = report.read_all();
            check_ended_well(child);
            BOOST_TEST(text.starts_with("accepted "));
            // Stamps of the two processes are distinct.
            BOOST_TEST(text.find(first_stamp.substr(0, 17)) == std::string::npos);
            check_parent_goes_on(text);
            BOOST_TEST(sandbox.message_count() == 3U);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(both_send_at_the_same_time, fork_fixture, *timeout(60))
{
    keep_a_connection();
    child_report report;
    io.notify_fork(asio::execution_context::fork_prepare);
    pid_t const child = run_in_child([&] {
        io.notify_fork(asio::execution_context::fork_child);
        for (int number = 0; number != 20; ++number) {
            recorder<receipt> sent;
            mailer->async_send(mail("child@example.org"), sent.handler());
            run();
            report.write(describe(sent));
        }
    });
    io.notify_fork(asio::execution_context::fork_parent);
    std::string parent_ids;
    for (int number = 0; number != 20; ++number) {
        recorder<receipt> sent;
        mailer->async_send(mail("parent@example.org"), sent.handler());
        run();
        check_accepted(sent);
        parent_ids += sent.value.message_id + "\n";
    }
    std::string const text = report.read_all();
    check_ended_well(child);
    std::size_t lines = 0;
    for (std::size_t begin = 0; begin < text.size(); ++lines) {
        std::size_t const end = text.find('\n', begin);
        std::string const line = text.substr(begin, end - begin);
        BOOST_TEST(line.starts_with("accepted "));
        BOOST_TEST(parent_ids.find(line.substr(9)) == std::string::npos);
        begin = end + 1;
    }
    BOOST_TEST(lines == 20U);
    BOOST_TEST(sandbox.message_count() == 41U);
}

BOOST_FIXTURE_TEST_CASE(a_child_that_ends_does_not_disturb_the_parent, fork_fixture, *timeout(60))
{
    for (bool const destroys : {true, false}) {
        BOOST_TEST_CONTEXT((destroys ? "destroys its client" : "merely exits"))
        {
            sandbox.clear();
            mailer.emplace(io, settings);
            keep_a_connection();
            pid_t const child = run_in_child([&] {
                if (destroys) {
                    mailer.reset();
                }
            });
            check_ended_well(child);
            check_parent_goes_on({});
            BOOST_TEST(sandbox.message_count() == 2U);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(calls_begun_before_the_fork_end_in_the_child_as_client_closed, fork_fixture, *timeout(60))
{
    for (bool const notified : {true, false}) {
        BOOST_TEST_CONTEXT((notified ? "with" : "without") << " notify_fork")
        {
            sandbox.clear();
            settings.pool.max_connections = 1;
            mailer.emplace(io, settings);
            sandbox.set_faults(R"({"faults": [{"do": "delay", "ms": 200}]})");
            recorder<receipt> in_flight;
            recorder<receipt> waiting;
            recorder<std::vector<receipt>> batch;
            mailer->async_send(mail(), in_flight.handler());
            mailer->async_send(mail(), waiting.handler());
            mailer->async_send_batch(mails(2), batch.handler());
            run_until_requests(1);
            child_report report;
            if (notified) {
                io.notify_fork(asio::execution_context::fork_prepare);
            }
            pid_t const child = run_in_child([&] {
                if (notified) {
                    io.notify_fork(asio::execution_context::fork_child);
                } else {
                    mailer->close_idle();
                }
                run();
                bool const closed = in_flight.error == errc::client_closed && waiting.error == errc::client_closed &&
                                    batch.error == errc::client_closed && in_flight.calls == 1 && waiting.calls == 1 &&
                                    batch.calls == 1;
                report.write(closed ? "closed" : "not closed: " + describe(in_flight) + describe(waiting));
            });
            if (notified) {
                io.notify_fork(asio::execution_context::fork_parent);
            }
            BOOST_TEST(report.read_all() == "closed\n");
            check_ended_well(child);
            run();
            check_accepted(in_flight);
            check_accepted(waiting);
            BOOST_TEST(!batch.error);
            BOOST_TEST(sandbox.message_count() == 4U);
            sandbox.set_faults(R"({"faults": []})");
        }
    }
}

namespace {

/// Keeps the thread that calls `enter` in this place until the test goes on.
class barrier {
public:
    void enter()
    {
        entered_.set_value();
        left_.get_future().wait();
    }
    void wait_until_entered() { entered_.get_future().wait(); }
    void let_go() { left_.set_value(); }

private:
    std::promise<void> entered_;
    std::promise<void> left_;
};

/// Stays in the report of the first attempt.
class waiting_observer final : public postmark::observer {
public:
    explicit waiting_observer(barrier& place)
        : place_{place}
    {
    }
    void on_attempt(postmark::attempt_event const&) override { place_.enter(); }

private:
    barrier& place_;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_drain_of_the_child_waits_for_no_thread_of_the_parent, fork_fixture, *timeout(60))
{
    enum class place { handler_of_a_send, handler_of_a_batch, observer };
    for (place const where : {place::handler_of_a_send, place::handler_of_a_batch, place::observer}) {
        BOOST_TEST_CONTEXT("place " << static_cast<int>(where))
        {
            barrier held;
            settings.observer = where == place::observer ? std::make_shared<waiting_observer>(held) : nullptr;
            mailer.emplace(io, settings);
            if (where == place::handler_of_a_batch) {
                mailer->async_send_batch(mails(2), [&](error_code, std::vector<receipt>) { held.enter(); });
            } else {
                mailer->async_send(mail(), [&](error_code, receipt) {
                    if (where == place::handler_of_a_send) {
                        held.enter();
                    }
                });
            }
            std::thread other{[this] { run(); }};
            held.wait_until_entered();
            child_report report;
            pid_t const child = run_in_child([&] {
                recorder<void> drained;
                mailer->async_drain(drained.handler());
                // Nothing is pending but what the drain posts.
                io.poll();
                report.write(drained.calls == 1 && !drained.error ? "drained" : "not drained");
            });
            held.let_go();
            other.join();
            BOOST_TEST(report.read_all() == "drained\n");
            check_ended_well(child);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
