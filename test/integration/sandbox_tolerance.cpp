// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

#if POSTMARK_SANDBOX_GZIP
#include <zlib.h>
#endif

#include <algorithm>
#include <set>

BOOST_AUTO_TEST_SUITE(sandbox_tolerance)

using namespace sandbox_test;

BOOST_FIXTURE_TEST_CASE(matches_paths_queries_and_keys_in_any_case, fixture)
{
    BOOST_TEST(account("GET", "/Servers/?Count=1&OFFSET=0").status == 200);
    BOOST_TEST(get("/SERVER/").status == 200);
    BOOST_TEST(post("/Templates/", R"({"name":"x","subject":"x","HTMLBody":"x"})").status == 200);
    BOOST_TEST(get("/templates/?COUNT=1&offset=0&templatetype=STANDARD").status == 200);
    BOOST_TEST(post("/Email/WithTemplate/", R"({"from":"a@b.c","TO":"x@y.z","templatealias":"x","templatemodel":{}})")
                   .status == 200);
    BOOST_TEST(post("/email/BATCHwithtemplates", R"({"messages":[]})").api_code() == 410);
    BOOST_TEST(get("/Message-Streams/outbound/Suppressions/Dump/").status == 200);
    BOOST_TEST(get("//server").status == 404);
    BOOST_TEST(get("/server/x").status == 404);
}

BOOST_FIXTURE_TEST_CASE(takes_the_four_bytes_null_as_no_body, fixture)
{
    auto const before = get("/server").value();
    BOOST_TEST(caller.send("GET", "/server", "null").value() == before);
    BOOST_TEST(caller.send("GET", "/message-streams", "[not json").status == 200);
    auto const id = number_of(account("POST", "/servers", R"({"Name":"x"})").value(), "ID");
    BOOST_TEST(account("DELETE", "/servers/" + std::to_string(id), "null").status == 200);
    post("/message-streams", R"({"ID":"x","Name":"x","MessageStreamType":"Transactional"})");
    BOOST_TEST(post("/message-streams/x/archive", "null").status == 200);
    BOOST_TEST(post("/message-streams/x/unarchive", "{}").status == 200);
}

BOOST_FIXTURE_TEST_CASE(prefers_a_word_of_the_path_to_a_parameter, fixture)
{
    // Both patterns have these paths; the method decides.
    BOOST_TEST(caller.send("PATCH", "/templates/push").status == 405);
    check_refused(get("/templates/push"), 1101);
    check_refused(account("PUT", "/templates/push", "{}"), 601);
    check_refused(post("/templates/validate", "{}"), 1120);
    check_refused(get("/bounces/12"), 1001);
    BOOST_TEST(get("/bounces/tags").body == "[]");
    // A parameter is decoded, and may hold a slash.
    check_refused(get("/templates/a%2Fb"), 1101);
}

BOOST_AUTO_TEST_CASE(lists_each_endpoint_once)
{
    auto const routes = postmark::sandbox::routes();
    std::set<std::string> const distinct{routes.begin(), routes.end()};
    BOOST_TEST(distinct.size() == routes.size());
    for (auto const* const route : {"POST /email", "PUT /templates/push", "PATCH /message-streams/{id}",
                                    "DELETE /servers/{id}", "GET /messages/outbound/{id}/dump"}) {
        BOOST_TEST(distinct.contains(route));
    }
}

#if POSTMARK_SANDBOX_GZIP

namespace {

std::string uncompressed(std::string const& body)
{
    std::string result(1024U * 1024, '\0');
    z_stream stream{};
    BOOST_REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    std::string source = body;
    stream.next_in = reinterpret_cast<Bytef*>(source.data());
    stream.avail_in = static_cast<uInt>(source.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    BOOST_TEST(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    result.resize(stream.total_out);
    inflateEnd(&stream);
    return result;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(compresses_replies_for_clients_that_accept_it, fixture)
{
    for (int count = 0; count < 10; ++count) {
        post("/email", mail());
    }
    constexpr auto path = "/messages/outbound?count=10&offset=0";
    auto const plain_reply = get(path);
    BOOST_TEST(plain_reply.headers.count("Content-Encoding") == 0U);
    for (auto const* const accepted : {"gzip", "deflate, GZIP;q=0.5", "*"}) {
        auto const compressed = caller.send("GET", path, {}, {{"Accept-Encoding", accepted}});
        BOOST_TEST(compressed.headers["Content-Encoding"] == "gzip");
        BOOST_TEST(compressed.body.size() < plain_reply.body.size());
        BOOST_TEST(uncompressed(compressed.body) == plain_reply.body);
    }
    for (auto const* const accepted : {"identity", "gzip;q=0", "deflate, gzip; q=0.0, br", "xgzip"}) {
        BOOST_TEST(caller.send("GET", path, {}, {{"Accept-Encoding", accepted}}).body == plain_reply.body);
    }
    // Small replies are not worth it.
    BOOST_TEST(caller.send("GET", "/bounces/tags", {}, {{"Accept-Encoding", "gzip"}}).body == "[]");
}

#endif

BOOST_AUTO_TEST_SUITE_END()
