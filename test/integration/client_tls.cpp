// SPDX-License-Identifier: BSL-1.0

// Which servers the client trusts, and the errors for the others.

#include "outcome_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(client_tls, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::errc;
using postmark::outcome;

namespace {

/// Sets an environment variable for the lifetime of the object; null removes it.
class variable {
public:
    variable(char const* name, char const* value)
        : name_{name}
    {
        if (char const* const old = std::getenv(name)) {
            old_ = old;
        }
        set(value);
    }
    variable(variable const&) = delete;
    variable& operator=(variable const&) = delete;
    ~variable() { set(old_ ? old_->c_str() : nullptr); }

private:
    void set(char const* value)
    {
        if (value) {
            ::setenv(name_, value, 1);
        } else {
            ::unsetenv(name_);
        }
    }

    char const* name_;
    std::optional<std::string> old_;
};

/// A file with a text, removed by the destructor.
class text_file {
public:
    explicit text_file(std::string const& text)
    {
        static int count = 0;
        path_ = (std::filesystem::temp_directory_path() /
                 ("postmark-test-" + std::to_string(::getpid()) + '-' + std::to_string(++count) + ".pem"))
                    .string();
        std::ofstream{path_, std::ios::binary} << text;
    }
    text_file(text_file const&) = delete;
    text_file& operator=(text_file const&) = delete;
    ~text_file() { std::remove(path_.c_str()); }

    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
};

sandbox::settings named(std::vector<std::string> names)
{
    auto settings = recording();
    settings.names = std::move(names);
    return settings;
}

struct name_row {
    std::vector<std::string> names;
    std::string host;
    bool good;
};

} // namespace

BOOST_AUTO_TEST_CASE(verifies_the_host_name)
{
    std::vector<name_row> const table{
        {{"localhost"}, "localhost", true},
        {{"LOCALHOST"}, "localhost", true},
        {{"localhost"}, "LocalHost", true},
        {{"127.0.0.1"}, "127.0.0.1", true},
        {{"localhost", "127.0.0.1"}, "127.0.0.1", true},
        {{"other.example"}, "localhost", false},
        {{"localhost.example"}, "localhost", false},
        {{"*"}, "localhost", false},
        // An address is verified as an address, and a name as a name.
        {{"localhost"}, "127.0.0.1", false},
        {{"127.0.0.1"}, "localhost", false},
        {{"127.0.0.2"}, "127.0.0.1", false},
    };
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT("certificate for " << row.names.front() << ", host " << row.host)
        {
            fixture env{named(row.names)};
            env.config.host = row.host;
            auto const result = env.send(mail());
            if (row.good) {
                BOOST_TEST((result.receipt.outcome == outcome::accepted), result.receipt.detail);
            } else {
                BOOST_TEST((result.error == errc::certificate_refused), result.error << ": " << result.receipt.detail);
                BOOST_TEST(env.server.stats().requests == 0U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(sends_the_name_of_the_host)
{
    for (std::string const host : {"localhost", "127.0.0.1"}) {
        fixture env;
        env.config.host = host;
        BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
        BOOST_TEST(env.server.stats().server_name == (host == "localhost" ? host : ""));
    }
}

BOOST_AUTO_TEST_CASE(refuses_an_unknown_authority)
{
    fixture env;
    sandbox::server other;
    env.config.tls.ca_file = other.ca_file();
    env.config.retry.attempts = 4;
    auto const single = env.send(mail());
    BOOST_TEST((single.error == errc::certificate_refused), single.receipt.detail);
    // Trying again would not help.
    BOOST_TEST(env.server.stats().connections == 1U);
    auto const batch = env.send_batch(mails(501));
    BOOST_TEST((batch.error == errc::certificate_refused));
    BOOST_TEST(batch.outcomes() == "not_sent*501");
    BOOST_TEST((env.call(postmark::get_delivery_stats{}).error == errc::certificate_refused));
    BOOST_TEST(env.server.stats().requests == 0U);
}

BOOST_AUTO_TEST_CASE(refuses_a_certificate_that_has_expired)
{
    auto settings = recording();
    settings.expired_certificate = true;
    fixture env{settings};
    auto const result = env.send(mail());
    BOOST_TEST((result.error == errc::certificate_refused));
    BOOST_TEST(result.receipt.detail.find("expired") != std::string::npos, result.receipt.detail);
}

BOOST_AUTO_TEST_CASE(resumes_sessions)
{
    for (bool const tls12_only : {false, true}) {
        BOOST_TEST_CONTEXT((tls12_only ? "TLS 1.2" : "TLS 1.3"))
        {
            auto settings = recording();
            settings.tls12_only = tls12_only;
            fixture env{settings};
            for (std::uint64_t round = 0; round != 4; ++round) {
                BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
                env.client->close_idle();
                auto const stats = env.server.stats();
                BOOST_TEST(stats.handshakes == round + 1);
                BOOST_TEST(stats.resumed_handshakes == round);
            }
            // Another client has no session to resume.
            env.connect();
            BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
            BOOST_TEST(env.server.stats().resumed_handshakes == 3U);
        }
    }
}

BOOST_AUTO_TEST_CASE(does_not_resume_a_session_that_it_would_not_trust)
{
    // A session with one server must not replace the verification of another server on the same port.
    auto settings = recording();
    std::optional<sandbox::server> first{settings};
    settings.port = first->port();
    fixture env{recording()};
    env.config.port = first->port();
    env.config.tls.ca_file = first->ca_file();
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
    first.reset();
    sandbox::server const second{settings};
    auto const result = env.send(mail());
    BOOST_TEST((result.error == errc::certificate_refused), result.error << ": " << result.receipt.detail);
    BOOST_TEST(second.message_count() == 0U);
}

BOOST_AUTO_TEST_CASE(notices_a_server_that_does_not_speak_tls)
{
    // The sandbox replies to such bytes with a page; other servers send nothing, or close the connection.
    fixture env{recording(false)};
    sandbox::server const other;
    env.config.tls.ca_file = other.ca_file();
    env.config.https = true;
    env.config.timeouts.handshake = 10s;
    auto const page = env.send(mail());
    BOOST_TEST((page.error == errc::handshake_failed), page.error << ": " << page.receipt.detail);

    struct script_row {
        scripted_server::script play;
        std::chrono::milliseconds handshake;
    };
    std::vector<script_row> const table{
        {[](tcp::socket&) -> asio::awaitable<void> { co_return; }, 10s},
        {[](tcp::socket& peer) -> asio::awaitable<void> {
             co_await asio::async_write(peer, asio::buffer("SSH-2.0-server\r\n", 16), asio::use_awaitable);
             co_await wait_for_end(peer);
         },
         10s},
        {[](tcp::socket& peer) -> asio::awaitable<void> { co_await wait_for_end(peer); }, 100ms},
        {[](tcp::socket& peer) -> asio::awaitable<void> {
             // The first bytes of a record that is never completed.
             co_await asio::async_write(peer, asio::buffer("\x16\x03\x03\x20\x00", 5), asio::use_awaitable);
             co_await wait_for_end(peer);
         },
         100ms},
    };
    for (auto const& row : table) {
        scripted_server const strange{row.play};
        env.config.port = strange.port();
        env.config.timeouts.handshake = row.handshake;
        env.connect();
        auto const result = env.send(mail());
        BOOST_TEST((result.error == errc::handshake_failed), result.error << ": " << result.receipt.detail);
        BOOST_TEST(env.send_batch(mails(2)).outcomes() == "not_sent*2");
    }
}

BOOST_AUTO_TEST_CASE(a_plain_client_cannot_use_a_tls_server)
{
    fixture env;
    env.config.https = false;
    auto const result = env.send(mail());
    // An alert, or no byte, is not HTTP: the outcome of the mail is unknown.
    BOOST_TEST((result.receipt.outcome == outcome::unknown));
    BOOST_TEST(env.server.message_count() == 0U);
}

BOOST_AUTO_TEST_CASE(reports_a_port_that_is_closed)
{
    std::uint16_t port = 0;
    {
        sandbox::server const closed;
        port = closed.port();
    }
    fixture env;
    env.config.port = port;
    auto const refused = env.send(mail());
    BOOST_TEST((refused.error == errc::connect_failed));
    BOOST_TEST(refused.receipt.detail.find("127.0.0.1:" + std::to_string(port)) != std::string::npos);
    env.config.host = "no-such-host.invalid";
    env.connect();
    auto const unresolved = env.send(mail());
    BOOST_TEST((unresolved.error == errc::resolve_failed));
    BOOST_TEST(unresolved.receipt.detail.find("no-such-host.invalid") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(reads_trust_anchors_from_the_environment)
{
    fixture env;
    env.config.tls.ca_file.clear();
    {
        variable const file{"SSL_CERT_FILE", env.server.ca_file().c_str()};
        variable const directory{"SSL_CERT_DIR", nullptr};
        env.connect();
    }
    // The file was read when the client was constructed.
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));

    // The file contains no certificate authority of the sandbox.
    sandbox::server const other;
    variable const file{"SSL_CERT_FILE", other.ca_file().c_str()};
    variable const directory{"SSL_CERT_DIR", nullptr};
    env.connect();
    BOOST_TEST((env.send(mail()).error == errc::certificate_refused));
    // The file of the configuration is used in addition.
    env.config.tls.ca_file = env.server.ca_file();
    env.connect();
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
    // It is also used in addition to the trust anchors of the system.
    variable const no_file{"SSL_CERT_FILE", nullptr};
    env.connect();
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(reports_the_places_searched_for_trust_anchors)
{
    fixture env;
    env.config.tls.ca_file.clear();
    text_file const empty{""};
    std::string const nowhere = empty.path() + ".nowhere";
    for (std::string const& place : {empty.path(), nowhere}) {
        variable const file{"SSL_CERT_FILE", place.c_str()};
        variable const directory{"SSL_CERT_DIR", nowhere.c_str()};
        env.connect();
        auto const single = env.send(mail());
        BOOST_TEST((single.error == errc::no_trust_anchors));
        BOOST_TEST((single.receipt.outcome == outcome::not_sent));
        BOOST_TEST(single.receipt.detail.find(place) != std::string::npos, single.receipt.detail);
        BOOST_TEST(single.receipt.detail.find(nowhere) != std::string::npos, single.receipt.detail);
        auto const batch = env.send_batch(mails(2));
        BOOST_TEST((batch.error == errc::no_trust_anchors));
        BOOST_TEST(batch.outcomes() == "not_sent*2");
        BOOST_TEST((env.call(postmark::get_delivery_stats{}).error == errc::no_trust_anchors));
    }
    BOOST_TEST(env.server.stats().connections == 0U);

    // Without TLS no trust anchors are needed.
    fixture plain{recording(false)};
    variable const file{"SSL_CERT_FILE", nowhere.c_str()};
    variable const directory{"SSL_CERT_DIR", nowhere.c_str()};
    BOOST_TEST((plain.send(mail()).receipt.outcome == outcome::accepted));
}

BOOST_AUTO_TEST_CASE(refuses_a_file_without_certificates)
{
    fixture env;
    text_file const empty{""};
    text_file const text{"This is no PEM.\n"};
    text_file const broken{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    for (std::string const& place :
         {empty.path(), text.path(), broken.path(), empty.path() + ".nowhere", std::string{"/"}}) {
        BOOST_TEST_CONTEXT(place)
        {
            env.config.tls.ca_file = place;
            env.connect();
            auto const result = env.send(mail());
            BOOST_TEST((result.error == errc::invalid_configuration));
            BOOST_TEST(result.receipt.detail.find("ca_file") != std::string::npos, result.receipt.detail);
            BOOST_TEST(result.receipt.detail.find(place) != std::string::npos, result.receipt.detail);
        }
    }
    BOOST_TEST(env.server.stats().connections == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
