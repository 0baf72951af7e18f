// SPDX-License-Identifier: BSL-1.0

#include "sandbox_client.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <thread>

BOOST_AUTO_TEST_SUITE(sandbox_server)

using namespace sandbox_test;
using postmark::sandbox::server;
using postmark::sandbox::settings;

BOOST_AUTO_TEST_CASE(presents_a_certificate_signed_by_its_authority)
{
    std::string file;
    {
        server const sandbox;
        file = sandbox.ca_file();
        BOOST_TEST(std::filesystem::exists(file));
        client caller{sandbox};
        BOOST_TEST(!caller.handshake_error);
        BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
        BOOST_TEST(sandbox.stats().server_name == "localhost");
    }
    BOOST_TEST(!std::filesystem::exists(file));
}

BOOST_AUTO_TEST_CASE(can_present_the_wrong_certificate)
{
    settings other_name;
    other_name.names = {"api.postmarkapp.com"};
    server const wrong{other_name};
    BOOST_TEST(client{wrong}.handshake_error.failed());
    settings old;
    old.expired_certificate = true;
    server const expired{old};
    BOOST_TEST(client{expired}.handshake_error.failed());
}

BOOST_AUTO_TEST_CASE(resumes_tls_sessions)
{
    for (bool const old : {false, true}) {
        settings options;
        options.tls12_only = old;
        server const sandbox{options};
        client caller{sandbox};
        // The session ticket arrives with the first reply.
        BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
        caller.keep_session();
        caller.connect();
        BOOST_TEST(!caller.handshake_error);
        BOOST_TEST(caller.send("POST", "/email", mail()).status == 200);
        BOOST_TEST(sandbox.stats().handshakes == 2U);
        BOOST_TEST(sandbox.stats().resumed_handshakes == 1U);
    }
}

BOOST_AUTO_TEST_CASE(reports_settings_that_cannot_be_used)
{
    server const first;
    settings same_port;
    same_port.port = first.port();
    BOOST_CHECK_EXCEPTION(server{same_port}, std::runtime_error, [](std::runtime_error const& error) {
        return std::string_view{error.what()}.find("cannot listen") != std::string_view::npos;
    });
    settings name;
    name.host = "localhost";
    BOOST_CHECK_EXCEPTION(server{name}, std::runtime_error, [](std::runtime_error const& error) {
        return std::string_view{error.what()}.find("numeric") != std::string_view::npos;
    });
    settings nowhere;
    nowhere.ca_file = "/nonexistent/ca.pem";
    BOOST_CHECK_THROW(server{nowhere}, std::runtime_error);
}

BOOST_AUTO_TEST_CASE(counts_requests_until_cleared)
{
    settings options;
    options.keep_requests = true;
    server sandbox{options};
    client caller{sandbox};
    caller.send("POST", "/email", mail(), {{"X-Extra", "1"}});
    caller.send("GET", "/deliveryStats");
    caller.send("GET", "/elsewhere");
    auto const stats = sandbox.stats();
    BOOST_TEST(stats.connections == 1U);
    BOOST_TEST(stats.open_connections == 1U);
    BOOST_TEST(stats.requests == 3U);
    BOOST_TEST(stats.messages == 1U);
    BOOST_TEST(stats.requests_by_endpoint.at("/email") == 1U);
    BOOST_TEST(stats.requests_by_endpoint.at("/deliverystats") == 1U);
    BOOST_TEST(stats.requests_by_endpoint.at("other") == 1U);
    auto const requests = sandbox.requests();
    BOOST_REQUIRE(requests.size() == 3U);
    BOOST_TEST(requests[0].method == "POST");
    BOOST_TEST(requests[0].target == "/email");
    BOOST_TEST(requests[0].connection == 1U);
    BOOST_TEST(requests[0].body_size == mail().size());
    bool extra = false;
    for (auto const& entry : requests[0].headers) {
        extra = extra || (entry.name == "X-Extra" && entry.value == "1");
    }
    BOOST_TEST(extra);

    auto const id = sandbox.messages()[0].message_id;
    sandbox.clear();
    BOOST_TEST(sandbox.message_count() == 0U);
    BOOST_TEST(sandbox.requests().empty());
    BOOST_TEST(sandbox.stats().requests == 0U);
    BOOST_TEST(sandbox.stats().open_connections == 1U);
    caller.send("POST", "/email", mail());
    BOOST_TEST(sandbox.messages()[0].message_id != id);
    BOOST_TEST(!sandbox.wait_for_messages(2, std::chrono::milliseconds{1}));
}

BOOST_AUTO_TEST_CASE(lists_requests_and_messages_over_http)
{
    server const sandbox;
    client caller{sandbox};
    caller.send("POST", "/email",
                mail("ann@example.org", R"(,"Metadata":{"a":"1"},"Headers":[{"Name":"A","Value":"b"}])"));
    caller.send("POST", "/email", mail("bob@example.org"));
    auto const kept = caller.send("GET", "/__sandbox/messages?offset=0&count=1").value();
    BOOST_TEST(kept.at("TotalCount") == 2);
    BOOST_TEST(kept.at("Messages").as_array().size() == 1U);
    BOOST_TEST(kept.at("Messages").at(0).at("To").at(0).as_string() == "ann@example.org");
    BOOST_TEST(kept.at("Messages").at(0).at("TextBody").as_string() == "Hi");
    BOOST_TEST(kept.at("Messages").at(0).at("Headers").at(0).at("Value").as_string() == "b");
    BOOST_TEST(caller.send("GET", "/__sandbox/stats").value().at("Requests") == 2);
    std::vector<header> const control{{"X-Postmark-Sandbox", "1"}};
    caller.send("POST", "/__sandbox/suppressions", R"({"EmailAddress":"bob@example.org"})", control);
    BOOST_TEST(caller.send("POST", "/email", mail("bob@example.org")).api_code() == 406);
    caller.send("POST", "/__sandbox/templates", R"({"Alias":"own","TemplateId":5,"Subject":"{{a}}","TextBody":"x"})",
                control);
    BOOST_TEST(caller
                   .send("POST", "/email/withTemplate",
                         R"({"From":"a@b.c","To":"x@y.z","TemplateAlias":"own","TemplateModel":{"a":"b"}})")
                   .status == 200);
    BOOST_TEST(sandbox.messages().back().subject == "b");
    BOOST_TEST(caller.send("DELETE", "/__sandbox/messages", {}, control).status == 200);
    BOOST_TEST(sandbox.message_count() == 0U);
}

BOOST_AUTO_TEST_CASE(serves_control_requests_to_this_machine_only)
{
    settings options;
    options.tls = false;
    options.names.emplace_back("mail.test.example");
    server sandbox{options};
    client caller{sandbox, false};
    caller.send("POST", "/email", mail());
    auto const status = [&](std::string_view method, std::string_view target, std::vector<header> const& headers) {
        return caller.send(method, target, {}, headers).status;
    };
    auto const get = [&](std::string host) {
        return status("GET", "/__sandbox/messages", {{"Host", std::move(host)}});
    };
    for (auto const* const own : {"localhost", "LocalHost:8080", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:443",
                                  "mail.test.example", "MAIL.test.example:1"}) {
        BOOST_TEST(get(own) == 200, own);
    }
    for (auto const* const other :
         {"evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", "127.0.0.1.evil.example", "localhost:80:80",
          "localhost:a", "[::1", "[::1]x", "::1", "evil.example:80", "localhost@evil.example"}) {
        BOOST_TEST(get(other) == 421, other);
    }
    // An empty value leaves the header out.
    BOOST_TEST(get("") == 421);
    BOOST_TEST(status("GET", "/__sandbox/messages", {{"Host", "localhost"}, {"Host", "localhost"}}) == 421);
    BOOST_TEST(status("GET", "/__sandbox/nothing", {{"Host", "evil.example"}}) == 421);
    BOOST_TEST(status("GET", "/__sandbox", {{"Host", "evil.example"}}) == 421);
    BOOST_TEST(status("DELETE", "/__sandbox/messages", {{"Host", "evil.example"}, {"X-Postmark-Sandbox", "1"}}) == 421);
    // The service itself has no such rule.
    BOOST_TEST(status("GET", "/deliverystats", {{"Host", "api.postmarkapp.com"}}) == 200);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_AUTO_TEST_CASE(changes_nothing_without_the_header_of_the_sandbox)
{
    server sandbox;
    client caller{sandbox};
    caller.send("POST", "/email", mail());
    std::string const body = R"({"EmailAddress":"bob@example.org"})";
    header const control{"X-Postmark-Sandbox", "1"};
    auto const suppress = [&](std::vector<header> const& headers) {
        return caller.send("POST", "/__sandbox/suppressions", body, headers).status;
    };
    BOOST_TEST(caller.send("DELETE", "/__sandbox/messages").status == 403);
    BOOST_TEST(caller.send("PUT", "/__sandbox/faults", "{}").status == 403);
    BOOST_TEST(suppress({}) == 403);
    BOOST_TEST(suppress({control, {"Content-Type", "text/plain"}}) == 415);
    BOOST_TEST(suppress({control, {"Content-Type", "application/x-www-form-urlencoded"}}) == 415);
    BOOST_TEST(suppress({control, {"Content-Type", "text/plain; application/json"}}) == 415);
    BOOST_TEST(suppress({control, {"Content-Type", ""}}) == 415);
    BOOST_TEST(caller.send("POST", "/email", mail("bob@example.org")).status == 200);
    BOOST_TEST(suppress({control, {"Content-Type", "application/json; charset=utf-8"}}) == 200);
    BOOST_TEST(caller.send("POST", "/email", mail("bob@example.org")).api_code() == 406);
    BOOST_TEST(sandbox.message_count() == 2U);
    BOOST_TEST(caller.send("DELETE", "/__sandbox/messages", {}, {control, {"Content-Type", ""}}).status == 200);
    BOOST_TEST(sandbox.message_count() == 0U);
}

BOOST_AUTO_TEST_CASE(lists_its_endpoints)
{
    auto const listed = postmark::sandbox::routes();
    for (auto const* const wanted : {"POST /email", "POST /email/batchWithTemplates", "GET /bounces/{id}/dump",
                                     "GET /messages/outbound/{id}/details", "DELETE /__sandbox/messages"}) {
        BOOST_TEST((std::find(listed.begin(), listed.end(), wanted) != listed.end()), wanted);
    }
}

BOOST_AUTO_TEST_CASE(reads_requests_in_any_shape)
{
    server const sandbox;
    client caller{sandbox};
    std::string const head = "POST /email HTTP/1.1\r\nHost: x\r\nX-Postmark-Server-Token: t\r\nAccept: "
                             "application/json\r\nContent-Type: application/json\r\n";
    auto const request = client::request_text("POST", "/email", mail());
    for (char const byte : request) {
        caller.write({&byte, 1});
    }
    BOOST_TEST(caller.read().status == 200);

    // Two requests in one segment.
    caller.write(request + request);
    BOOST_TEST(caller.read().status == 200);
    BOOST_TEST(caller.read().status == 200);

    auto const body = mail();
    char size[16];
    std::snprintf(size, sizeof size, "%zx", body.size());
    caller.write(head + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + body + "\r\n0\r\n\r\n");
    BOOST_TEST(caller.read().status == 200);

    caller.write(head + "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    BOOST_TEST(caller.read().status == 100);
    caller.write(body);
    BOOST_TEST(caller.read().status == 200);

    caller.write(head + "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    auto const last = caller.read_to_end();
    BOOST_TEST(last.bytes.starts_with("HTTP/1.1 200 OK"));
    BOOST_TEST(last.ended_in_order());

    caller.connect();
    caller.write("nonsense\r\n\r\n");
    BOOST_TEST(caller.read_to_end().bytes.starts_with("HTTP/1.1 400 Bad Request"));
    caller.connect();
    caller.write("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x'));
    BOOST_TEST(caller.read_to_end().bytes.starts_with("HTTP/1.1 400 Bad Request"));
}

BOOST_AUTO_TEST_CASE(serves_many_connections_on_several_threads)
{
    settings options;
    options.threads = 2;
    server const sandbox{options};
    std::vector<std::thread> callers;
    for (int index = 0; index < 4; ++index) {
        callers.emplace_back([&] {
            client caller{sandbox};
            for (int count = 0; count < 50; ++count) {
                caller.send("POST", "/email/batch", array_of({mail(), mail()}));
            }
        });
    }
    for (auto& caller : callers) {
        caller.join();
    }
    BOOST_TEST(sandbox.message_count() == 400U);
    std::size_t visited = 0;
    sandbox.for_each_message([&](auto const& message) { visited += message.to.size(); });
    BOOST_TEST(visited == 400U);
}

BOOST_AUTO_TEST_CASE(stops_with_connections_open_and_keeps_what_arrived)
{
    server sandbox;
    client idle{sandbox};
    client busy{sandbox};
    sandbox.set_faults(R"({"faults":[{"when":{"nth":1},"do":"stall"}]})");
    busy.write(client::request_text("POST", "/email", mail()));
    BOOST_TEST(sandbox.wait_for_messages(1));
    server moved{std::move(sandbox)};
    moved.stop();
    BOOST_TEST(idle.read_to_end().bytes.empty());
    BOOST_TEST(moved.message_count() == 1U);
    BOOST_TEST(moved.stats().open_connections == 0U);
    moved.stop();
}

BOOST_AUTO_TEST_SUITE_END()
