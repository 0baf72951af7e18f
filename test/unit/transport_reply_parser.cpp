// SPDX-License-Identifier: BSL-1.0

#include "transport_reply_parser_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace postmark::transport;
using namespace postmark::transport::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(transport_reply_parser)

namespace {

struct row {
    std::string bytes;
    std::string expected;
    ending end = ending::none;
    bool tunnel = false;
};

/// Plays each row in one piece, byte by byte and cut at every place, with a new parser and with one that has seen
/// others.
void check(std::vector<row> const& rows)
{
    reply_parser used;
    for (auto const& entry : rows) {
        BOOST_TEST_CONTEXT("reply: " << entry.bytes)
        {
            // One complaint for each reply is enough.
            bool good = true;
            auto const plays_as_expected = [&](auto const& play) {
                reply_parser fresh;
                for (reply_parser* const parser : {&fresh, &used}) {
                    parser->reset(large_limit, entry.tunnel);
                    good = good && !parser->begun();
                    std::string const seen = summary(*parser, play(*parser), entry.end);
                    if (std::exchange(good, good && seen == entry.expected)) {
                        BOOST_TEST(seen == entry.expected);
                    }
                }
            };
            plays_as_expected([&](reply_parser& parser) { return feed(parser, entry.bytes); });
            plays_as_expected([&](reply_parser& parser) { return feed_in_pieces(parser, entry.bytes, 1); });
            for (std::size_t cut = 1; cut < entry.bytes.size(); ++cut) {
                plays_as_expected([&](reply_parser& parser) {
                    auto const first = feed(parser, std::string_view{entry.bytes}.substr(0, cut));
                    return first == status::incomplete ? feed(parser, std::string_view{entry.bytes}.substr(cut))
                                                       : first;
                });
            }
        }
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(reads_bodies_with_a_length)
{
    check({
        {ok("Content-Length: 5\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Content-Length: 0\r\n"), "complete 200 keep \"\""},
        {ok("content-length:5\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("CONTENT-LENGTH: \t 5 \t\r\nX: y\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Content-Length: 005\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Content-Length: 5, 5\r\n", "hello"), "complete 200 keep \"hello\""},
        // A body may hold what looks like a head.
        {ok("Content-Length: 8\r\n", "\r\n\r\nHTTP"), "complete 200 keep \"\r\n\r\nHTTP\""},
        {ok("Content-Length: 3\r\n", "\0\xff\n"s), "complete 200 keep \"\0\xff\n\""s},
        {"HTTP/1.1 422 Unprocessable Entity\nContent-Length: 2\n\n{}", "complete 422 keep \"{}\""},
        {"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "complete 200 keep \"x\""},
        {"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", "complete 200 keep \"x\""},
        {"HTTP/1.1 599 \xc3\xbcml\xc3\xa4ut\r\nContent-Length: 1\r\n\r\nx", "complete 599 keep \"x\""},
        {ok("Content-Length: 5\r\n", "hell"), "incomplete", ending::orderly},
        {ok("Content-Length: 5\r\n", "hell"), "incomplete", ending::cut},
        {ok("Content-Length: 5\r\n"), "incomplete", ending::orderly},
    });
}

BOOST_AUTO_TEST_CASE(refuses_lengths_that_are_not_one_number)
{
    check({
        {ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "malformed"},
        {ok("Content-Length: 5, 6\r\n", "hello"), "malformed"},
        {ok("Content-Length: -5\r\n", "hello"), "malformed"},
        {ok("Content-Length: +5\r\n", "hello"), "malformed"},
        {ok("Content-Length: 0x5\r\n", "hello"), "malformed"},
        {ok("Content-Length: 5 5\r\n", "hello"), "malformed"},
        {ok("Content-Length: 5;\r\n", "hello"), "malformed"},
        {ok("Content-Length: five\r\n", "hello"), "malformed"},
        {ok("Content-Length:\r\n", "hello"), "malformed"},
        {ok("Content-Length: ,5\r\n", "hello"), "malformed"},
        {ok("Content-Length: 18446744073709551615\r\n"), "too large"},
        {ok("Content-Length: 99999999999999999999999999\r\n"), "too large"},
    });
}

BOOST_AUTO_TEST_CASE(reads_bodies_in_chunks)
{
    check({
        {chunked("5\r\nhello\r\n0\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("0\r\n\r\n"), "complete 200 keep \"\""},
        {chunked("1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("5\nhello\n0\n\n"), "complete 200 keep \"hello\""},
        {chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), "complete 200 keep \"01234567890123456789\""},
        {chunked("0005\r\nhello\r\n000\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("00000000000000000000000005\r\nhello\r\n0\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("5;name=value\r\nhello\r\n0;last\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("5 ; a=\"x;y\"\r\nhello\r\n0\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("5\r\nhello\r\n0\r\nX-Check: 17\r\nX-More:\r\n\r\n"), "complete 200 keep \"hello\""},
        {chunked("2\r\n\r\n\r\n0\r\n\r\n"), "complete 200 keep \"\r\n\""},
        {ok("Transfer-Encoding: CHUNKED\r\n", "1\r\nx\r\n0\r\n\r\n"), "complete 200 keep \"x\""},
        {chunked("5\r\nhello\r\n0\r\n"), "incomplete", ending::orderly},
        {chunked("5\r\nhello\r\n0\r\nX: y\r\n"), "incomplete", ending::orderly},
        {chunked("5\r\nhello\r\n"), "incomplete", ending::orderly},
        {chunked("5\r\nhel"), "incomplete", ending::orderly},
        {chunked("5"), "incomplete", ending::orderly},
        {chunked("\r\n"), "malformed"},
        {chunked(";x\r\n"), "malformed"},
        {chunked("0x5\r\nhello\r\n0\r\n\r\n"), "malformed"},
        {chunked("-1\r\n"), "malformed"},
        {chunked("+1\r\n"), "malformed"},
        {chunked("5g\r\nhello\r\n"), "malformed"},
        {chunked("5 5\r\nhello\r\n"), "malformed"},
        {chunked("5\r\nhelloX\r\n0\r\n\r\n"), "malformed"},
        {chunked("5\r\nhello0\r\n\r\n"), "malformed"},
        {chunked("ffffffffffffffff\r\n"), "too large"},
        {chunked("fffffffffffffffff\r\n"), "too large"},
    });
}

BOOST_AUTO_TEST_CASE(takes_no_other_transfer_coding)
{
    check({
        {ok("Transfer-Encoding: gzip, chunked\r\n"), "malformed"},
        {ok("Transfer-Encoding: gzip\r\n"), "malformed"},
        {ok("Transfer-Encoding: identity\r\n"), "malformed"},
        {ok("Transfer-Encoding:\r\n"), "malformed"},
        {ok("Transfer-Encoding: chunked, chunked\r\n"), "malformed"},
        {ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "malformed"},
        // Both framings: the chunks count, and nothing else is read from that connection.
        {ok("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "5\r\nhello\r\n0\r\n\r\n"),
         "complete 200 close \"hello\""},
        {ok("Content-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n", "5\r\nhello\r\n0\r\n\r\n"),
         "complete 200 close \"hello\""},
    });
}

BOOST_AUTO_TEST_CASE(reads_up_to_the_end_of_the_stream_where_nothing_else_delimits)
{
    check({
        {ok("", "hello"), "complete 200 close \"hello\"", ending::orderly},
        {ok(""), "complete 200 close \"\"", ending::orderly},
        {ok("Connection: keep-alive\r\n", "hello"), "complete 200 close \"hello\"", ending::orderly},
        {ok("", "hello"), "incomplete", ending::cut},
        {ok("", "hello"), "incomplete"},
        {"HTTP/1.1 200 OK\r\n", "incomplete", ending::orderly},
        {"HTTP/1.1 200 OK\r\nX: y\r\n", "incomplete", ending::orderly},
        {"H", "incomplete", ending::orderly},
        // An interim reply is no reply.
        {"HTTP/1.1 100 Continue\r\n\r\n", "incomplete", ending::orderly},
    });
    reply_parser parser;
    parser.reset(large_limit);
    BOOST_TEST(summary(parser, status::incomplete, ending::orderly) == "incomplete");
    BOOST_TEST(!parser.begun());
}

BOOST_AUTO_TEST_CASE(knows_which_replies_have_no_body)
{
    check({
        {"HTTP/1.1 204 No Content\r\n\r\n", "complete 204 keep \"\""},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "complete 204 keep \"\""},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "complete 304 keep \"\""},
        {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
         "complete 204 close \"\""},
    });
}

BOOST_AUTO_TEST_CASE(skips_interim_replies)
{
    std::string const last = ok("Content-Length: 1\r\n", "x");
    check({
        {"HTTP/1.1 100 Continue\r\n\r\n" + last, "complete 200 keep \"x\""},
        {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + last,
         "complete 200 keep \"x\""},
        // The fields of an interim reply do not count for the one after it.
        {"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nRetry-After: 9\r\nTransfer-Encoding: chunked\r\nConnection: "
         "close\r\n\r\n" +
             last,
         "complete 200 keep \"x\""},
        {"HTTP/1.1 100 Continue\n\n" + last, "complete 200 keep \"x\""},
        {"HTTP/1.1 100 Continue\r\n\r\nx" + last, "malformed"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "malformed"},
    });
}

BOOST_AUTO_TEST_CASE(knows_when_a_connection_is_kept)
{
    auto const with = [](std::string_view version, std::string_view fields) {
        return std::string{version} + " 200 OK\r\nContent-Length: 0\r\n" + std::string{fields} + "\r\n";
    };
    std::string const kept = "complete 200 keep \"\"";
    std::string const closed = "complete 200 close \"\"";
    check({
        {with("HTTP/1.1", ""), kept},
        {with("HTTP/1.1", "Connection: close\r\n"), closed},
        {with("HTTP/1.1", "connection: CLOSE\r\n"), closed},
        {with("HTTP/1.1", "Connection: x, Close\r\n"), closed},
        {with("HTTP/1.1", "Connection: closed\r\n"), kept},
        {with("HTTP/1.1", "Connection:\r\n"), kept},
        {with("HTTP/1.0", ""), closed},
        {with("HTTP/1.0", "Connection: Keep-Alive\r\n"), kept},
        // Who says close means it.
        {with("HTTP/1.1", "Connection: close, keep-alive\r\n"), closed},
        {with("HTTP/1.1", "Connection: close\r\nConnection: keep-alive\r\n"), closed},
    });
}

BOOST_AUTO_TEST_CASE(keeps_the_value_of_retry_after)
{
    auto const with = [](std::string_view fields, std::string_view rest = "Content-Length: 0\r\n\r\n") {
        return "HTTP/1.1 429 Too Many Requests\r\n" + std::string{fields} + std::string{rest};
    };
    check({
        {with("Retry-After: 7\r\n"), "complete 429 keep \"\" \"7\""},
        {with("retry-after:\t 120 \r\n"), "complete 429 keep \"\" \"120\""},
        {with("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"),
         "complete 429 keep \"\" \"Wed, 21 Oct 2015 07:28:00 GMT\""},
        {with("Retry-After:\r\n"), "complete 429 keep \"\""},
        {with("Retry-After: \t \r\n"), "complete 429 keep \"\""},
        // Decoding the body in place must not touch it.
        {with("Retry-After: 7\r\n", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
         "complete 429 keep \"abcdef\" \"7\""},
    });
}

BOOST_AUTO_TEST_CASE(refuses_what_is_not_http)
{
    std::string const rest = "\r\nContent-Length: 0\r\n\r\n";
    std::vector<row> rows;
    for (std::string const line :
         {"HTTP/2 200 OK", "HTTP/2.0 200 OK", "HTTP/1 200 OK", "HTTP/1.x 200 OK", "http/1.1 200 OK", "HTTP/1.1200 OK",
          "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2x0 OK",
          "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/1.1 200OK", "HTTP/1.1", "ICY 200 OK", " HTTP/1.1 200 OK",
          "GET / HTTP/1.1", ""}) {
        rows.push_back({line + rest, "malformed"});
    }
    for (std::string const& field : {"No colon\r\n"s, ": no name\r\n"s, "Blank : x\r\n"s, "Bl ank: x\r\n"s,
                                     " X: y\r\n"s, " \r\n"s, "X: y\r\n Content-Length: 1\r\n : z\r\nX : y\r\n"s,
                                     "X: a\0b\r\n"s, "X\0: a\r\n"s, "\xc3\xbc: x\r\n"s, "X(: y\r\n"s, "X\r: y\r\n"s}) {
        rows.push_back({ok(field + "Content-Length: 0\r\n"), "malformed"});
    }
    rows.push_back({"\r\n\r\n", "malformed"});
    rows.push_back({"\x15\x03\x01\x00\x02\x02\x28\n\n"s, "malformed"});
    check(rows);
}

BOOST_AUTO_TEST_CASE(reads_folded_fields_as_if_they_were_in_one_line)
{
    check({
        {ok("X: y\r\n folded\r\nContent-Length: 5\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("X: y\n\tfolded: z\nContent-Length: 5\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Content-Length:\r\n 5\r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Content-Length: 5\r\n \t\r\n \r\n", "hello"), "complete 200 keep \"hello\""},
        {ok("Connection: x,\r\n close\r\nContent-Length: 5\r\n", "hello"), "complete 200 close \"hello\""},
        {ok("Retry-After:\r\n\t7\r\nContent-Length: 5\r\n", "hello"), "complete 200 keep \"hello\" \"7\""},
        // What looks like a field in a folded line is a part of the value before.
        {ok("X: y\r\n Content-Length: 9\r\nContent-Length: 5\r\n", "hello"), "complete 200 keep \"hello\""},
        // Two lengths are not one, folded or not.
        {ok("Content-Length: 5\r\n 5\r\n", "hello"), "malformed"},
        {"HTTP/1.1 103 Early\r\nLink: a,\r\n b\r\n\r\n" + ok("X: y\r\n z\r\nContent-Length: 5\r\n", "hello"),
         "complete 200 keep \"hello\""},
        // Not before the first field.
        {"HTTP/1.1 200\r\n OK\r\nContent-Length: 5\r\n\r\nhello", "malformed"},
    });
    reply_parser parser;
    parser.reset(large_limit);
    BOOST_TEST(name_of(feed(parser, ok("X: y\r\n " + std::string(20'000, 'z') + "\r\n"))) == "too large");
}

BOOST_AUTO_TEST_CASE(names_the_schemes_that_a_proxy_asks_for)
{
    struct scheme_row {
        std::string fields;
        std::string expected;
    };
    std::vector<scheme_row> const rows{
        {"", ""},
        {"Proxy-Authenticate: Basic realm=\"office\"\r\n", "Basic"},
        {"proxy-authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n", "Negotiate, NTLM"},
        {"Proxy-Authenticate: Digest realm=\"x\", qop = \"auth\", Basic realm=\"y\"\r\n", "Digest, Basic"},
        {"Proxy-Authenticate:\r\n Bearer\r\n", "Bearer"},
        // Bytes that a terminal would obey are no part of a scheme.
        {"Proxy-Authenticate: \x1b[31mBasic\r\n", ""},
        {"Proxy-Authenticate: Bas\x9bic x\r\n", ""},
    };
    for (auto const& entry : rows) {
        reply_parser parser;
        parser.reset(large_limit, true);
        BOOST_TEST(name_of(feed(parser, "HTTP/1.1 407 No\r\n" + entry.fields + "\r\n")) == "complete");
        BOOST_TEST(parser.proxy_schemes() == entry.expected);
        // Only a proxy is asked.
        parser.reset(large_limit);
        feed(parser, "HTTP/1.1 407 No\r\n" + entry.fields + "Content-Length: 0\r\n\r\n");
        BOOST_TEST(parser.proxy_schemes() == "");
    }
}

BOOST_AUTO_TEST_CASE(reads_a_proxys_reply_by_its_head_alone)
{
    check({
        {"HTTP/1.1 200 Connection established\r\n\r\n", "complete 200 keep \"\"", ending::none, true},
        {"HTTP/1.0 200 OK\r\n\r\n", "complete 200 close \"\"", ending::none, true},
        // A success has no body, whatever the head says (RFC 9110, 9.3.6).
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "complete 200 keep \"\"", ending::none, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "complete 200 keep \"\"", ending::none, true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "complete 200 keep \"\"", ending::none, true},
    });
    // The page of a refusal is not read, and a proxy may keep the connection open after it.
    for (std::string const fields : {"", "Content-Length: 100000\r\n", "Transfer-Encoding: chunked\r\n"}) {
        reply_parser parser;
        parser.reset(large_limit, true);
        auto const now = feed(parser, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n" +
                                          fields + "\r\n");
        BOOST_TEST(name_of(now) == "complete");
        BOOST_TEST(parser.http_status() == 407U);
    }
}

BOOST_AUTO_TEST_CASE(notices_bytes_after_a_reply)
{
    reply_parser parser;
    for (std::string const& reply : {ok("Content-Length: 5\r\n", "hello"), chunked("5\r\nhello\r\n0\r\n\r\n")}) {
        parser.reset(large_limit);
        BOOST_TEST(summary(parser, feed(parser, reply), ending::none) == "complete 200 keep \"hello\"");
        BOOST_TEST(!parser.has_surplus());
        parser.reset(large_limit);
        BOOST_TEST(summary(parser, feed(parser, reply + "H"), ending::none) == "complete 200 keep \"hello\"");
        BOOST_TEST(parser.has_surplus());
        // They are not taken for the next reply.
        parser.reset(large_limit);
        BOOST_TEST(!parser.has_surplus());
        BOOST_TEST(summary(parser, feed(parser, ok("Content-Length: 1\r\n", "x")), ending::none) ==
                   "complete 200 keep \"x\"");
    }
    parser.reset(large_limit);
    feed(parser, "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\nx");
    BOOST_TEST(parser.has_surplus());
    parser.reset(large_limit, true);
    feed(parser, "HTTP/1.1 200 OK\r\n\r\n\x16");
    BOOST_TEST(parser.has_surplus());
}

BOOST_AUTO_TEST_SUITE_END()
