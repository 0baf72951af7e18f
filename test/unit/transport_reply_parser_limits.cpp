// SPDX-License-Identifier: BSL-1.0

// How much a reply may take, and that it does not matter how its bytes are cut.

#include "transport_reply_parser_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark::transport;
using namespace postmark::transport::test;

BOOST_AUTO_TEST_SUITE(transport_reply_parser_limits)

BOOST_AUTO_TEST_CASE(remembers_its_decision)
{
    reply_parser parser;
    parser.reset(large_limit);
    BOOST_TEST(name_of(feed(parser, "nonsense\r\n\r\n")) == "malformed");
    BOOST_TEST(name_of(feed(parser, ok("Content-Length: 0\r\n"))) == "malformed");
    BOOST_TEST(name_of(parser.finish(true)) != "complete");
    parser.reset(3);
    BOOST_TEST(name_of(feed(parser, ok("Content-Length: 4\r\n"))) == "too large");
    BOOST_TEST(name_of(feed(parser, "more")) == "too large");
    BOOST_TEST(name_of(parser.finish(true)) != "complete");
    parser.reset(large_limit);
    BOOST_TEST(name_of(feed(parser, ok("Content-Length: 0\r\n"))) == "complete");
    BOOST_TEST(name_of(feed(parser, "more")) == "complete");
    BOOST_TEST(name_of(parser.finish(false)) == "complete");
}

BOOST_AUTO_TEST_CASE(limits_heads)
{
    std::string const begin = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
    std::string const fits = begin + std::string(reply_parser::head_limit - begin.size() - 4, 'x') + "\r\n\r\n";
    std::string const exceeds = begin + std::string(reply_parser::head_limit - begin.size() - 3, 'x') + "\r\n\r\n";
    std::string const interim = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::size_t const size : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{100'000}}) {
        auto const result = [&](std::string const& bytes) {
            reply_parser parser;
            parser.reset(large_limit);
            return name_of(feed_in_pieces(parser, bytes, size));
        };
        BOOST_TEST(result(fits) == "complete");
        BOOST_TEST(result(exceeds) == "too large");
        // Without a status line it is no head.
        BOOST_TEST(result(std::string(20'000, 'x')) == "malformed");
        BOOST_TEST(result(std::string(20'000, '\r')) == "malformed");
        // Interim replies count together, with the head they lead to.
        BOOST_TEST(result(interim + fits) == "too large");
        std::string endless;
        while (endless.size() < 20'000) {
            endless += interim;
        }
        BOOST_TEST(result(endless) == "too large");
        std::string many;
        while (many.size() + interim.size() + 100 < reply_parser::head_limit) {
            many += interim;
        }
        BOOST_TEST(result(many + ok("Content-Length: 0\r\n")) == "complete");
    }
}

BOOST_AUTO_TEST_CASE(limits_bodies)
{
    struct limit_row {
        std::string bytes;
        std::string_view expected;
    };
    std::vector<limit_row> const rows{
        {ok("Content-Length: 10\r\n", "0123456789"), "complete"},
        {ok("Content-Length: 11\r\n"), "too large"},
        {chunked("a\r\n0123456789\r\n0\r\n\r\n"), "complete"},
        {chunked("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"), "complete"},
        {chunked("5\r\n01234\r\n6\r\n"), "too large"},
        {chunked("b\r\n"), "too large"},
        {ok("", "0123456789"), "incomplete"},
        {ok("", "0123456789x"), "too large"},
    };
    for (auto const& entry : rows) {
        for (std::size_t const size : {std::size_t{1}, std::size_t{1000}}) {
            reply_parser parser;
            parser.reset(10);
            BOOST_TEST(name_of(feed_in_pieces(parser, entry.bytes, size)) == entry.expected, entry.bytes);
        }
    }
}

BOOST_AUTO_TEST_CASE(limits_the_framing_of_chunks)
{
    for (std::size_t const size : {std::size_t{1}, std::size_t{1000}, std::size_t{100'000}}) {
        auto const result = [&](std::string const& bytes) {
            reply_parser parser;
            parser.reset(large_limit);
            return name_of(feed_in_pieces(parser, chunked(bytes), size));
        };
        BOOST_TEST(result("1;" + std::string(4000, 'x') + "\r\nx\r\n0\r\n\r\n") == "complete");
        BOOST_TEST(result("1;" + std::string(5000, 'x')) == "too large");
        BOOST_TEST(result("1;" + std::string(5000, 'x') + "\r\nx\r\n0\r\n\r\n") == "too large");
        BOOST_TEST(result(std::string(5000, '0')) == "too large");
        std::string trailers;
        while (trailers.size() + 100 < reply_parser::head_limit) {
            trailers += "X-Check: 17\r\n";
        }
        BOOST_TEST(result("0\r\n" + trailers + "\r\n") == "complete");
        while (trailers.size() < 2 * reply_parser::head_limit) {
            trailers += "X-Check: 17\r\n";
        }
        BOOST_TEST(result("0\r\n" + trailers) == "too large");
        BOOST_TEST(result("0\r\n" + trailers + "\r\n") == "too large");
        BOOST_TEST(result("0\r\n" + std::string(20'000, 'x')) == "too large");
    }
}

BOOST_AUTO_TEST_CASE(needs_no_memory_for_the_framing_of_tiny_chunks)
{
    constexpr std::size_t count = 100'000;
    std::string bytes;
    for (std::size_t index = 0; index != count; ++index) {
        bytes += "1;extension=that-is-longer-than-the-chunk\r\nx\r\n";
    }
    reply_parser parser;
    parser.reset(large_limit);
    feed(parser, chunked(""));
    char const* const begin = parser.body().data();
    BOOST_TEST_REQUIRE(begin != nullptr);
    std::size_t most = 0;
    for (std::string_view rest{bytes}; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(1000, rest.size()))) {
        BOOST_TEST_REQUIRE(name_of(feed(parser, rest.substr(0, 1000))) == "incomplete");
        // From the first byte of the body to the first byte that is still free.
        most = std::max(most, static_cast<std::size_t>(parser.prepare(1) - parser.body().data()));
    }
    BOOST_TEST(name_of(feed(parser, "0\r\n\r\n")) == "complete");
    BOOST_TEST((parser.body() == std::string(count, 'x')));
    BOOST_TEST(most < count + 2000);
}

BOOST_AUTO_TEST_CASE(decides_the_same_however_the_bytes_are_cut)
{
    std::vector<std::string> const seeds{
        ok("Content-Length: 5\r\nRetry-After: 3\r\n", "hello"),
        chunked("5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
        "HTTP/1.1 100 Continue\r\n\r\n" + ok("Connection: close\r\nContent-Length: 2, 2\r\n", "{}"),
        ok("", "until the end"),
        "HTTP/1.1 204 No Content\r\n\r\n",
    };
    constexpr std::string_view favourites{"\r\n :,;0123456789abcdefx\0HTTP/.-\t\xff", 33};
    std::mt19937 random{20'240'817};
    auto const below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    reply_parser whole;
    reply_parser pieces;
    for (int round = 0; round != 20'000; ++round) {
        std::string bytes = seeds[below(seeds.size())];
        if (round % 4 == 0) {
            bytes.assign(below(200), '\0');
            std::generate(bytes.begin(), bytes.end(), [&] { return favourites[below(favourites.size())]; });
        }
        for (std::size_t changes = below(4); changes != 0 && !bytes.empty(); --changes) {
            std::size_t const at = below(bytes.size());
            switch (below(4)) {
            case 0:
                bytes[at] = static_cast<char>(below(256));
                break;
            case 1:
                bytes.insert(at, 1, favourites[below(favourites.size())]);
                break;
            case 2:
                bytes.erase(at, 1 + below(3));
                break;
            default:
                bytes.insert(at, bytes.substr(below(bytes.size()), below(20)));
                break;
            }
        }
        std::size_t const limit = below(2) == 0 ? large_limit : below(20);
        auto const end = static_cast<ending>(below(3));
        whole.reset(limit);
        pieces.reset(limit);
        std::string const expected = summary(whole, feed(whole, bytes), end);
        auto now = status::incomplete;
        for (std::size_t at = 0; at != bytes.size() && now == status::incomplete;) {
            std::size_t const size = std::min(1 + below(9), bytes.size() - at);
            now = feed(pieces, std::string_view{bytes}.substr(at, size));
            at += size;
        }
        BOOST_TEST_REQUIRE(summary(pieces, now, end) == expected, "round " << round << ": " << bytes);
    }
}

BOOST_AUTO_TEST_SUITE_END()
