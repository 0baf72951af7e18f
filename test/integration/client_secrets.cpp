// SPDX-License-Identifier: BSL-1.0

// Tokens, passwords, bodies and addresses must not appear in any text of the library: the tests provoke every failure
// with marked secrets, and search every text of every receipt, exception, event and stream for the mark.

#include "outcome_fixture.hpp"
#include "reliability/fault_rows.hpp"

#include <cstdlib>
#include <memory>
#include <sstream>

BOOST_AUTO_TEST_SUITE(client_secrets, *boost::unit_test::timeout(600))

using namespace outcome_test;
using postmark::errc;
using postmark::outcome;
using postmark::test::fault_rows;

namespace {

constexpr std::string_view server_token = "marked-server-token";
constexpr std::string_view account_token = "marked-account-token";
constexpr std::string_view call_token = "marked-call-token";
constexpr std::string_view proxy_password = "marked-proxy-password";
/// Contained in all secrets, and in the addresses, bodies and other members of a message.
constexpr std::string_view mark = "marked-";

std::string encoded(std::string_view text)
{
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        auto const byte = [&](std::size_t index) -> unsigned {
            return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
        };
        unsigned const bits = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
        out += digits[bits >> 18U & 63U];
        out += digits[bits >> 12U & 63U];
        out += at + 1 < text.size() ? digits[bits >> 6U & 63U] : '=';
        out += at + 2 < text.size() ? digits[bits & 63U] : '=';
    }
    return out;
}

/// Searches the texts of the library for the mark.
class text_checker {
public:
    void check(std::string_view text)
    {
        ++checked_;
        BOOST_TEST(text.find(mark) == std::string_view::npos, "seen: " << text);
        // Also in base64.
        BOOST_TEST(text.find(encoded(mark).substr(0, 6)) == std::string_view::npos, "seen: " << text);
    }

    void check(postmark::error_code const& error)
    {
        std::ostringstream text;
        text << error << ' ' << error.message() << ' ' << error.what();
        check(text.str());
    }

    void check(postmark::receipt const& item)
    {
        check(item.error);
        check(item.detail);
        check(item.stamp);
        std::ostringstream text;
        text << item.outcome;
        check(text.str());
        // The receipt of an accepted message contains the recipients that the service echoes.
        if (item.outcome != outcome::accepted) {
            check(item.to);
        }
    }

    void check(std::exception_ptr const& thrown)
    {
        if (!thrown) {
            return;
        }
        try {
            std::rethrow_exception(thrown);
        } catch (postmark::send_error const& error) {
            check(error.what());
            check(error.detail());
            check(error.code());
            check(error.receipt());
        } catch (postmark::batch_error const& error) {
            check(error.what());
            check(error.detail());
            check(error.code());
            for (auto const& item : error.receipts()) {
                check(item);
            }
        } catch (postmark::call_error const& error) {
            check(error.what());
            check(error.detail());
            check(error.code());
        } catch (std::exception const& error) {
            check(error.what());
        }
    }

    [[nodiscard]] std::size_t checked() const noexcept { return checked_; }

private:
    std::size_t checked_ = 0;
};

class event_checker final : public postmark::observer {
public:
    explicit event_checker(text_checker& checker)
        : checker_{checker}
    {
    }

    void on_connected(postmark::connected_event const& event) override { checker_.check(event.error); }
    void on_attempt(postmark::attempt_event const& event) override { checker_.check(event.error); }
    void on_completed(postmark::completed_event const& event) override { checker_.check(event.error); }

private:
    text_checker& checker_;
};

postmark::message marked_mail()
{
    postmark::message msg;
    msg.from = postmark::mailbox{"marked-sender@example.com", "marked-sender-name"};
    msg.to = postmark::mailbox{"marked-recipient@example.org", "marked-recipient-name"};
    msg.cc = "marked-cc@example.org";
    msg.bcc = "marked-bcc@example.org";
    msg.reply_to = "marked-reply@example.org";
    msg.subject = "marked-subject";
    msg.text = "marked-text";
    msg.html = "<p>marked-html</p>";
    msg.tag = "marked-tag";
    msg.metadata["k"] = "marked-metadata";
    msg.add_header("X-Order", "marked-header");
    msg.attach_bytes("marked-attachment", "marked-file.txt");
    return msg;
}

postmark::message marked_template()
{
    auto msg = marked_mail();
    msg.subject.clear();
    msg.text.clear();
    msg.html.clear();
    msg.template_alias = "welcome";
    msg.template_model = R"({"name":"marked-model"})";
    return msg;
}

struct secrets_fixture : fixture {
    secrets_fixture()
    {
        config.api_key = server_token;
        config.account_key = account_token;
        config.default_sender = "marked-default@example.com";
        config.stamp_messages = true;
        config.observer = std::make_shared<event_checker>(checker);
    }

    /// Sends in every way, with every kind of completion token.
    void send_in_all_ways(postmark::call_options const& options = {})
    {
        asio::co_spawn(io, client->async_send(marked_mail(), options),
                       [&](std::exception_ptr const& thrown, postmark::receipt const&) { checker.check(thrown); });
        run(io);
        asio::co_spawn(
            io, client->async_send_batch({marked_mail(), marked_template()}, options),
            [&](std::exception_ptr const& thrown, std::vector<postmark::receipt> const&) { checker.check(thrown); });
        run(io);
        client->async_send(marked_template(), options,
                           [&](postmark::error_code error, postmark::receipt const& receipt) {
                               checker.check(error);
                               checker.check(receipt);
                           });
        run(io);
        auto future = client->async_send(marked_mail(), options, asio::use_future);
        run(io);
        try {
            future.get();
        } catch (...) {
            checker.check(std::current_exception());
        }
        asio::co_spawn(
            io, client->async_get_delivery_stats(options),
            [&](std::exception_ptr const& thrown, postmark::delivery_stats_reply const&) { checker.check(thrown); });
        run(io);
    }

    /// Provokes one failure with the token of the configuration and with one of the call.
    void fail_in_all_ways()
    {
        send_in_all_ways();
        postmark::call_options options;
        options.api_key = call_token;
        options.headers.emplace_back("X-Trace", "marked-http-header");
        send_in_all_ways(options);
    }

    text_checker checker;
};

/// Sets an environment variable for the lifetime of the object.
class variable {
public:
    variable(char const* name, std::string const& value)
        : name_{name}
    {
        ::setenv(name, value.c_str(), 1);
    }

    variable(variable const&) = delete;
    variable& operator=(variable const&) = delete;

    ~variable() { ::unsetenv(name_); }

private:
    char const* name_;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(no_fault_reveals_a_secret, secrets_fixture)
{
    for (auto const& row : fault_rows()) {
        BOOST_TEST_CONTEXT("fault: " << row.name)
        {
            bool const silent = row.error == postmark::error_code{errc::timed_out_in_flight};
            if (silent || !client) {
                config.timeouts.reply = config.timeouts.batch_reply = silent ? 50ms : 30s;
                connect();
            }
            client->close_idle();
            play(row.action);
            send_in_all_ways();
            if (silent) {
                client.reset();
            }
        }
    }
    BOOST_TEST(checker.checked() > 1000U);
}

BOOST_FIXTURE_TEST_CASE(no_secret_of_a_call_is_revealed, secrets_fixture)
{
    connect();
    for (std::string const action : {R"("reset_after_request")", R"("status","status":500)", R"("status","status":401)",
                                     R"("status","status":422)", R"("garbage_json")", R"("close_in_handshake")"}) {
        client->close_idle();
        play(action);
        fail_in_all_ways();
    }
    // Refusals by a service that accepts none of the tokens.
    auto strict = recording();
    strict.tokens = {"another"};
    sandbox::server const other{strict};
    config.port = other.port();
    config.tls.ca_file = other.ca_file();
    connect();
    fail_in_all_ways();
}

BOOST_FIXTURE_TEST_CASE(failures_before_sending_reveal_no_secret, secrets_fixture)
{
    // A port on which no socket listens.
    auto const port = [] {
        sandbox::server const closed;
        return closed.port();
    }();
    std::vector<std::function<void()>> const spoil{
        [&] { config.port = port; },
        [&] { config.host = "no-such-host.invalid"; },
        // The certificate does not cover this address.
        [&] { config.host = "127.0.0.2"; },
        [&] { config.tls.ca_file.clear(); },
        [&] { config.tls.ca_file = "/dev/null"; },
        [&] { config.api_key = postmark::secret{}; },
        [&] { config.api_key = std::string{server_token} + "\r\n"; },
        [&] { config.account_key = std::string{account_token} + "\r\n"; },
        [&] { config.host = "a b"; },
        [&] { config.default_sender = "marked-default@example.com\r\nBcc: marked-eve@example.org"; },
        [&] { config.default_headers.emplace_back("X-A", "marked-default-header\r\n"); },
        [&] { config.retry.attempts = 0; },
        [&] { config.limits.queued_requests = 0; },
        [&] { config.timeouts.call = 0ms; },
        [&] { config.https = false; },
    };
    auto const sound = config;
    for (auto const& change : spoil) {
        config = sound;
        change();
        checker.check(config.problem());
        connect();
        fail_in_all_ways();
    }

    // Proxies that refuse or cannot be reached.
    scripted_server const refusing{[](tcp::socket& peer) -> asio::awaitable<void> {
        std::string head;
        co_await asio::async_read_until(peer, asio::dynamic_buffer(head), "\r\n\r\n", asio::use_awaitable);
        std::string const reply = "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n";
        co_await asio::async_write(peer, asio::buffer(reply), asio::use_awaitable);
        co_await wait_for_end(peer);
    }};
    std::string const login = "marked-proxy-user:" + std::string{proxy_password} + "@";
    for (std::string const& url : std::initializer_list<std::string>{
             "http://" + login + "127.0.0.1:" + std::to_string(refusing.port()),
             "http://" + login + "127.0.0.1:" + std::to_string(port), "http://" + login + "no-such-proxy.invalid:1",
             "https://" + login + "proxy.example", "http://" + login + ":80", "http://" + login + "a b:1",
             "http://" + login + "proxy.example:99999", "http://" + login + "\r\n@proxy.example"}) {
        config = sound;
        config.host = "api.postmark.example";
        config.proxy = url;
        checker.check(config.problem());
        connect();
        fail_in_all_ways();
    }
}

BOOST_FIXTURE_TEST_CASE(a_message_refused_locally_reveals_no_secret, secrets_fixture)
{
    config.verify_messages = true;
    connect();
    std::vector<std::function<void(postmark::message&)>> const spoil{
        [](auto& msg) { msg.to = "marked-recipient"; },
        [](auto& msg) {
            msg.to = postmark::mailbox{"marked-recipient@example.org", "marked-name@example.org"};
        },
        [](auto& msg) { msg.from = "marked-sender"; },
        [](auto& msg) { msg.to = {}, msg.cc = {}, msg.bcc = {}; },
        [](auto& msg) { msg.reply_to = "marked-reply@"; },
        [](auto& msg) { msg.subject += "\r\nBcc: marked-eve@example.org"; },
        [](auto& msg) { msg.subject = "marked-" + std::string(3000, 'x'); },
        [](auto& msg) { msg.tag = "marked-" + std::string(3000, 'x'); },
        [](auto& msg) { msg.text.clear(), msg.html.clear(); },
        [](auto& msg) { msg.add_header("marked-name with blanks", "marked-value"); },
        [](auto& msg) { msg.add_header("X-A", "marked-value\r\nBcc: marked-eve@example.org"); },
        [](auto& msg) { msg.add_header("marked-\r\n", "x"); },
        [](auto& msg) { msg.metadata["marked-key-that-is-much-too-long"] = "x"; },
        [](auto& msg) { msg.metadata["k"] = "marked-" + std::string(100, 'x'); },
        [](auto& msg) { msg.metadata["K"] = "marked-"; },
        [](auto& msg) { msg.message_stream = "marked- no stream"; },
        [](auto& msg) { msg.template_alias = "marked- no alias"; },
        [](auto& msg) { msg.attach_bytes("marked-content", "marked-file.exe"); },
        [](auto& msg) { msg.attach_bytes("marked-content", ""); },
        [](auto& msg) { msg.attach_bytes("marked-content", "marked-\r\n.txt"); },
        [](auto& msg) { msg.template_alias = "welcome", msg.template_model = "marked-model"; },
    };
    for (std::size_t which = 0; which != spoil.size(); ++which) {
        BOOST_TEST_CONTEXT("message " << which)
        {
            auto msg = marked_mail();
            spoil[which](msg);
            asio::co_spawn(io, client->async_send(msg),
                           [&](std::exception_ptr const& thrown, postmark::receipt const&) {
                               BOOST_TEST((thrown != nullptr));
                               checker.check(thrown);
                           });
            run(io);
            asio::co_spawn(io, client->async_send_batch({msg, marked_mail()}),
                           [&](std::exception_ptr const& thrown, std::vector<postmark::receipt> const&) {
                               checker.check(thrown);
                           });
            run(io);
        }
    }
    // Headers of the request that are reserved by the client.
    for (auto const& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"Host", "marked-host"},
                                                          {"X-Postmark-Server-Token", "marked-token"},
                                                          {"X-A", "marked-value\r\nX-B: marked-value"},
                                                          {"X-\r\n", "x"},
                                                          {"", "marked-value"}}) {
        postmark::call_options options;
        options.headers.emplace_back(name, value);
        send_in_all_ways(options);
    }
    postmark::call_options options;
    options.api_key = std::string{call_token} + "\n";
    send_in_all_ways(options);
}

BOOST_FIXTURE_TEST_CASE(cancelled_and_closed_calls_reveal_no_secret, secrets_fixture)
{
    play(R"("stall")");
    config.limits.queued_requests = 1;
    connect();
    auto const begin = [&] {
        for (int index = 0; index != 4; ++index) {
            client->async_send(marked_mail(), [&](postmark::error_code error, postmark::receipt const& receipt) {
                checker.check(error);
                checker.check(receipt);
            });
        }
        client->async_send_batch({marked_mail(), marked_template()},
                                 [&](postmark::error_code error, std::vector<postmark::receipt> const& receipts) {
                                     checker.check(error);
                                     for (auto const& item : receipts) {
                                         checker.check(item);
                                     }
                                 });
    };
    begin();
    client->cancel();
    run(io);
    begin();
    client.reset();
    run(io);
    connect();
    begin();
    client->async_drain(0ms, [&](postmark::error_code error) { checker.check(error); });
    run(io);
    begin();
    run(io);
}

BOOST_FIXTURE_TEST_CASE(an_unreadable_configuration_reveals_no_secret, secrets_fixture)
{
    std::string const odd = std::string{server_token} + "\r\n";
    for (std::string const& text : std::initializer_list<std::string>{
             R"({"PYSTMARK_API_KEY":["marked-"]})", R"({"PYSTMARK_API_KEY":")" + std::string{server_token} + R"(\n"})",
             R"({"PYSTMARK_ACCOUNT_KEY":{"marked-":1}})", R"({"PYSTMARK_API_KEY":"marked-)", R"(["marked-"])",
             R"({"PYSTMARK_API_KEY":"marked-","PYSTMARK_DEFAULT_SENDER":"marked-sender@"})",
             R"({"PYSTMARK_API_KEY":"marked-","PYSTMARK_DEFAULT_HEADERS":"marked-"})",
             R"({"PYSTMARK_API_KEY":"marked-","PYSTMARK_HTTPS":"marked-"})"}) {
        try {
            auto const read = postmark::config::from_json(text);
            checker.check(read.problem());
        } catch (std::exception const&) {
            checker.check(std::current_exception());
        }
    }
    for (char const* const name : {"PYSTMARK_API_KEY", "PYSTMARK_ACCOUNT_KEY", "PYSTMARK_DEFAULT_SENDER",
                                   "PYSTMARK_DEFAULT_HEADERS", "HTTPS_PROXY"}) {
        variable const spoiled{name, name == std::string_view{"HTTPS_PROXY"} ? "http://u:marked-\r\n@:x" : odd};
        try {
            auto const read = postmark::config::from_environment();
            checker.check(read.problem());
        } catch (std::exception const&) {
            checker.check(std::current_exception());
        }
    }
    std::ostringstream printed;
    printed << config.api_key << ' ' << config.account_key;
    checker.check(printed.str());
    BOOST_TEST(printed.str() == "*** ***");
}

BOOST_AUTO_TEST_SUITE_END()
