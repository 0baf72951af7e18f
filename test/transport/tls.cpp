// SPDX-License-Identifier: BSL-1.0

// Trust, sessions and the bounds of what TLS does by itself.

#include "transport/tls_fixture.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(tls, *boost::unit_test::timeout(60))

using namespace transport_test;
using scripted::certificate;
using scripted::peer;
using scripted::tls_server;

namespace {

void serve(peer& session)
{
    for (;;) {
        session.begin_request();
        session.read_all();
        session.reply("200 OK");
    }
}

/// Runs a test of this program, which is disabled otherwise, in a process with an OpenSSL configuration of its own.
bool passes_with_openssl_configuration(std::string const& test, std::string const& text)
{
    auto const file = std::filesystem::temp_directory_path() /
                      ("postmark-test-openssl-" + std::to_string(::getpid()) + "-" + test + ".cnf");
    std::ofstream{file} << text;
    pid_t const child = ::fork();
    if (child == 0) {
        ::setenv("OPENSSL_CONF", file.c_str(), 1);
        std::string const name = "--run_test=tls/" + test;
        ::execl("/proc/self/exe", "transport_tests", name.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::filesystem::remove(file);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Floods one connection with changes of keys, and reads nothing, until the connection ends.
class flooding_server {
public:
    explicit flooding_server(int kind)
        : kind_{kind}
    {
        certificate_.use_in(context_);
        acceptor_.open(tcp::v4());
        acceptor_.set_option(asio::socket_base::receive_buffer_size{4096});
        acceptor_.bind({asio::ip::address_v4::loopback(), 0});
        acceptor_.listen();
        thread_ = std::jthread{[this] { run(); }};
    }

    void apply_to(postmark::tls_settings& settings) const { settings.ca_file = certificate_.path(); }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    /// Waits until more is on its way than a look accepts.
    void wait_for_flood() { flood_.get_future().wait(); }

private:
    void run()
    {
        // OpenSSL writes without MSG_NOSIGNAL. The connection may end while it does.
        sigset_t broken_pipe;
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        tcp::socket socket = acceptor_.accept();
        std::unique_ptr<SSL, decltype(&SSL_free)> const connection{SSL_new(context_.native_handle()), &SSL_free};
        SSL_set_fd(connection.get(), socket.native_handle());
        bool works = SSL_accept(connection.get()) == 1;
        for (int count = 0; works; ++count) {
            works = SSL_key_update(connection.get(), kind_) == 1 && SSL_do_handshake(connection.get()) == 1;
            if (count == 3000) {
                flood_.set_value();
            }
        }
    }

    int kind_;
    certificate certificate_;
    asio::ssl::context context_{asio::ssl::context::tls_server};
    asio::io_context io_;
    tcp::acceptor acceptor_{io_};
    std::promise<void> flood_;
    std::jthread thread_;
};

} // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Sessions

BOOST_FIXTURE_TEST_CASE(a_session_that_does_not_work_is_offered_once, connection_fixture)
{
    // The server hangs up on each client that offers a session.
    tls_server server{serve};
    SSL_CTX_set_max_proto_version(server.native_context(), TLS1_2_VERSION);
    SSL_CTX_set_client_hello_cb(
        server.native_context(),
        [](SSL* offering, int*, void*) {
            unsigned char const* ticket = nullptr;
            std::size_t size = 0;
            bool const has_session =
                SSL_client_hello_get0_ext(offering, TLSEXT_TYPE_session_ticket, &ticket, &size) == 1 && size != 0;
            return has_session ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
        },
        nullptr);
    aim_tls_at(*params, server);
    for (bool const works : {true, false, true, false, true}) {
        BOOST_TEST(open() == works);
        BOOST_TEST(!events->is_resumed);
        if (works) {
            BOOST_TEST(exchange());
        } else {
            BOOST_TEST((events->failed->error == errc::handshake_failed));
        }
        connection->close();
    }
}

BOOST_FIXTURE_TEST_CASE(a_session_that_works_is_offered_again, connection_fixture)
{
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_server server{serve};
        SSL_CTX_set_max_proto_version(server.native_context(), version);
        aim_tls_at(*params, server);
        for (int round = 0; round != 4; ++round) {
            BOOST_TEST(open());
            BOOST_TEST(events->is_resumed == (round != 0));
            BOOST_TEST(exchange());
            connection->close();
        }
        params->tls->forget_sessions();
        BOOST_TEST(open());
        BOOST_TEST(!events->is_resumed);
        connection->close();
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Errors of others

namespace {

/// A session and its server in memory, which have shaken hands.
struct session_pair {
    session_pair()
    {
        identity.use_in(server_context);
        server.reset(SSL_new(server_context.native_handle()));
        settings.ca_file = identity.path();
        context.emplace(settings);
        session.emplace(*context, "127.0.0.1");
        SSL_set_bio(server.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(server.get());
        auto result = session->handshake();
        while (result == tls_session::result::want_input) {
            to_server();
            SSL_do_handshake(server.get());
            to_session();
            result = session->handshake();
        }
        BOOST_TEST_REQUIRE((result == tls_session::result::done));
        to_server();
        BOOST_TEST_REQUIRE(SSL_do_handshake(server.get()) == 1);
        to_session();
    }
    session_pair(session_pair const&) = delete;
    session_pair& operator=(session_pair const&) = delete;

    void to_server()
    {
        BIO_write(SSL_get_rbio(server.get()), session->output().data(), static_cast<int>(session->output().size()));
        session->consume(session->output().size());
    }
    /// \param change what every byte is combined with
    void to_session(char change = 0)
    {
        char* const to = session->input_buffer();
        int const size = BIO_read(SSL_get_wbio(server.get()), to, static_cast<int>(session->input_buffer_size()));
        for (int at = 5; at < size; ++at) {
            // The header of the record stays.
            to[at] = static_cast<char>(to[at] ^ change);
        }
        session->commit(static_cast<std::size_t>(std::max(size, 0)));
    }
    void send(std::string_view text)
    {
        BOOST_TEST_REQUIRE(SSL_write(server.get(), text.data(), static_cast<int>(text.size())) ==
                           static_cast<int>(text.size()));
    }
    /// Reads while the queue of errors holds one of another part of the program.
    tls_session::result read()
    {
        ERR_raise(ERR_LIB_USER, 1);
        std::array<char, 100> buffer{};
        std::size_t size = buffer.size();
        auto const result = session->read(buffer.data(), size);
        received.assign(buffer.data(), result == tls_session::result::done ? size : 0);
        return result;
    }

    certificate identity;
    postmark::tls_settings settings;
    std::optional<tls_context> context;
    std::optional<tls_session> session;
    asio::ssl::context server_context{asio::ssl::context::tls_server};
    std::unique_ptr<SSL, decltype(&SSL_free)> server{nullptr, &SSL_free};
    std::string received;
};

} // namespace

BOOST_AUTO_TEST_CASE(errors_that_others_left_behind_end_no_connection)
{
    session_pair pair;
    // Session tickets come first.
    BOOST_TEST((pair.read() == tls_session::result::want_input));
    pair.send("a reply");
    pair.to_session();
    BOOST_TEST((pair.read() == tls_session::result::done));
    BOOST_TEST(pair.received == "a reply");
    BOOST_TEST((pair.read() == tls_session::result::want_input));
    ERR_raise(ERR_LIB_USER, 1);
    BOOST_TEST((pair.session->write("a request") == tls_session::result::done));
    SSL_shutdown(pair.server.get());
    pair.to_session();
    BOOST_TEST((pair.read() == tls_session::result::closed));
    BOOST_TEST((pair.read() == tls_session::result::closed));
}

BOOST_AUTO_TEST_CASE(a_damaged_record_ends_the_connection_for_good)
{
    session_pair pair;
    BOOST_TEST((pair.read() == tls_session::result::want_input));
    pair.send("a reply");
    pair.to_session(1);
    BOOST_TEST((pair.read() == tls_session::result::failed));
    BOOST_TEST(pair.session->cause().find("bad record mac") != std::string::npos, pair.session->cause());
    pair.send("another one");
    pair.to_session();
    BOOST_TEST((pair.read() == tls_session::result::failed));
}

BOOST_AUTO_TEST_CASE(a_fatal_alert_of_the_peer_is_no_orderly_end)
{
    session_pair pair;
    BOOST_TEST((pair.read() == tls_session::result::want_input));
    BOOST_TEST((pair.session->write("a request") == tls_session::result::done));
    std::string damaged{pair.session->output()};
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    BIO_write(SSL_get_rbio(pair.server.get()), damaged.data(), static_cast<int>(damaged.size()));
    char byte = 0;
    BOOST_TEST(SSL_read(pair.server.get(), &byte, 1) <= 0);
    pair.to_session();
    BOOST_TEST((pair.read() == tls_session::result::failed));
    BOOST_TEST(pair.session->cause().find("bad record mac") != std::string::npos, pair.session->cause());
}

// ---------------------------------------------------------------------------------------------------------------------
// A peer that only talks

namespace {

/// A stream that has shaken hands with a server that floods it.
struct flooded_stream {
    explicit flooded_stream(int kind)
        : server{kind}
    {
        postmark::tls_settings settings;
        server.apply_to(settings);
        context.emplace(settings);
        tcp::socket socket{io, tcp::v4()};
        socket.set_option(asio::socket_base::send_buffer_size{4096});
        socket.set_option(asio::socket_base::receive_buffer_size{1024 * 1024});
        socket.connect({asio::ip::address_v4::loopback(), server.port()});
        stream.emplace(std::move(socket));
        BOOST_TEST(!stream->configure());
        stream->start_tls(*context, "127.0.0.1");
        parser.reset(1000);
        while (stream->tls()->handshake() == tls_session::result::want_input) {
            BOOST_TEST_REQUIRE((stream->flush() == write_status::done));
            boost::system::error_code error;
            std::size_t const size = stream->receive_bytes(parser, error);
            stream->tls()->commit(error ? 0 : size);
        }
        BOOST_TEST((stream->flush() == write_status::done));
    }
    flooded_stream(flooded_stream const&) = delete;
    flooded_stream& operator=(flooded_stream const&) = delete;

    flooding_server server;
    asio::io_context io;
    std::optional<tls_context> context;
    std::optional<byte_stream> stream;
    reply_parser parser;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_look_at_a_peer_that_floods_ends)
{
    flooded_stream fixture{SSL_KEY_UPDATE_NOT_REQUESTED};
    fixture.server.wait_for_flood();
    BOOST_TEST((fixture.stream->look() == peer_state::talking));
}

BOOST_AUTO_TEST_CASE(what_tls_sends_by_itself_is_bounded)
{
    flooded_stream fixture{SSL_KEY_UPDATE_REQUESTED};
    auto status = read_status::would_block;
    while (status == read_status::would_block || status == read_status::incomplete) {
        boost::system::error_code error;
        status = fixture.stream->receive(fixture.parser, error);
        BOOST_TEST_REQUIRE((fixture.stream->flush() != write_status::failed));
    }
    BOOST_TEST((status == read_status::failed));
    BOOST_TEST(fixture.stream->read_error() == "the server asks for more TLS messages than it reads");
}

// ---------------------------------------------------------------------------------------------------------------------
// Trust

BOOST_FIXTURE_TEST_CASE(a_certificate_that_is_no_root_can_be_trusted, connection_fixture)
{
    certificate const root;
    certificate const intermediate{&root};
    tls_server server{serve};
    intermediate.use_in(server.native_context());
    aim_tls_at(*params, server);
    postmark::tls_settings settings;
    settings.ca_file = intermediate.path();
    params->tls = std::make_shared<tls_context>(settings);
    BOOST_TEST(open());
    BOOST_TEST(exchange());
    // Another one of the same issuer is not.
    certificate const sibling{&root};
    settings.ca_file = sibling.path();
    params->tls = std::make_shared<tls_context>(settings);
    BOOST_TEST(!open());
    BOOST_TEST((events->failed->error == errc::certificate_refused));
}

// ---------------------------------------------------------------------------------------------------------------------
// What the machine's configuration of OpenSSL says

BOOST_AUTO_TEST_CASE(a_context_that_openssl_cannot_make_is_a_problem_to_report)
{
    BOOST_TEST(passes_with_openssl_configuration("without_fips_module", "openssl_conf = init\n"
                                                                        "[init]\n"
                                                                        "alg_section = algorithms\n"
                                                                        "[algorithms]\n"
                                                                        "default_properties = fips=yes\n"));
}

BOOST_AUTO_TEST_CASE(without_fips_module, *boost::unit_test::disabled())
{
    tls_context const context{{}};
    BOOST_REQUIRE(context.problem().has_value());
    BOOST_TEST((context.problem()->error == errc::invalid_configuration));
    BOOST_TEST(context.problem()->detail.starts_with("OpenSSL cannot make a TLS context: "), context.problem()->detail);
}

BOOST_AUTO_TEST_CASE(a_stricter_lower_bound_of_the_machine_is_kept)
{
    for (auto const& [bound, test] :
         {std::pair{"TLSv1.3", "version_1_2_is_refused"}, {"TLSv1", "version_1_2_is_spoken"}}) {
        BOOST_TEST(passes_with_openssl_configuration(test, "openssl_conf = init\n"
                                                           "[init]\n"
                                                           "ssl_conf = ssl\n"
                                                           "[ssl]\n"
                                                           "system_default = defaults\n"
                                                           "[defaults]\n"
                                                           "MinProtocol = " +
                                                               std::string{bound} + "\n"));
    }
}

namespace {

bool speaks_1_2(connection_fixture& fixture)
{
    tls_server server{serve};
    SSL_CTX_set_min_proto_version(server.native_context(), TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(server.native_context(), TLS1_2_VERSION);
    aim_tls_at(*fixture.params, server);
    return fixture.open();
}

} // namespace

BOOST_FIXTURE_TEST_CASE(version_1_2_is_refused, connection_fixture, *boost::unit_test::disabled())
{
    BOOST_TEST(!speaks_1_2(*this));
    BOOST_TEST((events->failed->error == errc::handshake_failed));
}

BOOST_FIXTURE_TEST_CASE(version_1_2_is_spoken, connection_fixture, *boost::unit_test::disabled())
{
    BOOST_TEST(speaks_1_2(*this));
}

BOOST_AUTO_TEST_SUITE_END()
