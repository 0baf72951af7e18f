// SPDX-License-Identifier: BSL-1.0

#include "model/utf8.hpp"
#include "protocol/json_writer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

using namespace postmark::protocol;
using postmark::model::is_utf8;
using postmark::model::is_utf8_portable;

namespace {

std::string written(std::string_view text)
{
    byte_buffer out;
    write_string(out, text);
    return std::string{out.view()};
}

template <class Scan>
std::string part_by(std::string_view text)
{
    byte_buffer out;
    out.append("before");
    write_string_part_by<Scan>(out, text);
    BOOST_TEST(out.view().substr(0, 6) == "before");
    return std::string{out.view().substr(6)};
}

std::string naive(std::string_view text)
{
    std::string result;
    for (char const byte : text) {
        auto const code = static_cast<unsigned char>(byte);
        std::size_t const short_form = std::string_view{"\"\\\n\r\t\b\f"}.find(byte);
        if (byte != '\0' && short_form != std::string_view::npos) {
            result += '\\';
            result += "\"\\nrtbf"[short_form];
        } else if (code < 0x20) {
            constexpr char digits[] = "0123456789abcdef";
            result += "\\u00";
            result += digits[code >> 4];
            result += digits[code & 15];
        } else {
            result += byte;
        }
    }
    return result;
}

void append_character(std::string& text, std::uint32_t code)
{
    auto const byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6);
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_json_writer)

BOOST_AUTO_TEST_CASE(escapes_only_what_json_requires)
{
    BOOST_TEST(written("") == "\"\"");
    BOOST_TEST(written("plain") == "\"plain\"");
    BOOST_TEST(written("a\"b\\c/d") == "\"a\\\"b\\\\c/d\"");
    BOOST_TEST(written("\n\r\t\b\f") == "\"\\n\\r\\t\\b\\f\"");
    BOOST_TEST(written({"\0\x01\x1f\x7f", 4}) == "\"\\u0000\\u0001\\u001f\x7f\"");
    BOOST_TEST(written("<b>&'\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xae") == "\"<b>&'\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xae\"");
}

BOOST_AUTO_TEST_CASE(every_byte_at_every_place)
{
    for (std::size_t length = 1; length <= 40; ++length) {
        for (std::size_t place = 0; place < length; ++place) {
            for (int code = 0; code < 0x80; ++code) {
                std::string text(length, 'x');
                text[place] = static_cast<char>(code);
                std::string const expected = naive(text);
                // One check per text would take longer than the rest of the tests together.
                if (part_by<portable_scan>(text) != expected || part_by<vector_scan>(text) != expected) {
                    BOOST_TEST(part_by<portable_scan>(text) == expected);
                    BOOST_TEST(part_by<vector_scan>(text) == expected);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(random_texts)
{
    std::mt19937 random{20};
    constexpr std::string_view sparse = "abcdefghijklmnopqrstuvwxyz ,.<>/=0123456789ABCDEFGHIJKLMNOP\"\n";
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        std::size_t const length = random() % (round % 100 == 0 ? 5000 : 120);
        for (std::size_t i = 0; i < length; ++i) {
            text += round % 2 == 0 ? static_cast<char>(random() % 0x80) : sparse[random() % sparse.size()];
        }
        std::string const expected = naive(text);
        BOOST_REQUIRE(part_by<portable_scan>(text) == expected);
        BOOST_REQUIRE(part_by<vector_scan>(text) == expected);
    }
}

BOOST_AUTO_TEST_CASE(random_characters_are_escaped_as_by_a_naive_writer)
{
    std::mt19937 random{21};
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        std::size_t const length = random() % 60;
        for (std::size_t i = 0; i < length; ++i) {
            auto code = static_cast<std::uint32_t>(random() % (1u << (7 + random() % 15)));
            if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
                code = 0x20ac;
            }
            append_character(text, code);
        }
        BOOST_REQUIRE(is_utf8(text));
        std::string const expected = naive(text);
        BOOST_REQUIRE(part_by<portable_scan>(text) == expected);
        BOOST_REQUIRE(part_by<vector_scan>(text) == expected);
    }
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_replaced)
{
    constexpr char const* replacement = "\xef\xbf\xbd";
    auto const part = [](std::string_view text) { return part_by<vector_scan>(text); };
    std::string const one = replacement;
    BOOST_TEST(part("\xff") == one);
    BOOST_TEST(part("a\x80z") == "a" + one + "z");
    BOOST_TEST(part("\xc3") == one);
    BOOST_TEST(part("\xc3\"") == one + "\\\"");
    BOOST_TEST(part("\xe2\x82") == one);
    BOOST_TEST(part("\xe2\x82x") == one + "x");
    BOOST_TEST(part("\xf0\x9f\x93") == one);
    BOOST_TEST(part("\xf0\x9f\x93\xf0\x9f\x93\xae") == one + "\xf0\x9f\x93\xae");
    BOOST_TEST(part("\xc0\xaf") == one + one);
    BOOST_TEST(part("\xe0\x80\xaf") == one + one + one);
    BOOST_TEST(part("\xed\xa0\x80") == one + one + one);
    BOOST_TEST(part("\xf4\x90\x80\x80") == one + one + one + one);
    BOOST_TEST(part("\xf5") == one);
    BOOST_TEST(part("long enough for the vector form \xe4 and on it goes") ==
               "long enough for the vector form " + one + " and on it goes");
    BOOST_TEST(!is_utf8("\xed\xa0\x80"));
    BOOST_TEST(!is_utf8("aaaaaaaaaaaa\xc3"));
    BOOST_TEST(is_utf8("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"));
}

BOOST_AUTO_TEST_CASE(both_utf8_checks_agree)
{
    std::mt19937 random{26};
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        std::size_t const length = random() % 30;
        for (std::size_t i = 0; i < length; ++i) {
            auto code = static_cast<std::uint32_t>(random() % (1u << (7 + random() % 15)));
            append_character(text, code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0x20ac : code);
        }
        BOOST_REQUIRE(is_utf8(text));
        BOOST_REQUIRE(is_utf8_portable(text));
        if (text.empty()) {
            continue;
        }
        // One change, a cut at the end, or a cut in the middle.
        std::string changed = text;
        changed[random() % changed.size()] = static_cast<char>(random() & 0xff);
        std::string const cut = text.substr(0, random() % text.size());
        std::string without = text;
        without.erase(random() % without.size(), 1);
        for (std::string const& damaged : {changed, cut, without}) {
            BOOST_REQUIRE(is_utf8(damaged) == is_utf8_portable(damaged));
        }
    }
    // Every pair of bytes, at every place round the border of two blocks.
    for (std::size_t place = 12; place < 18; ++place) {
        for (unsigned pair = 0; pair < 0x10000; ++pair) {
            std::string text(32, 'x');
            text[place] = static_cast<char>(pair >> 8);
            text[place + 1] = static_cast<char>(pair & 0xff);
            BOOST_REQUIRE(is_utf8(text) == is_utf8_portable(text));
        }
    }
}

BOOST_AUTO_TEST_CASE(random_bytes_become_json)
{
    std::mt19937 random{22};
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        std::size_t const length = random() % 80;
        for (std::size_t i = 0; i < length; ++i) {
            text += static_cast<char>(random() % 4 == 0 ? random() % 256 : 0x60 + random() % 32);
        }
        std::string const json = written(text);
        boost::system::error_code error;
        auto const value = boost::json::parse(json, error);
        BOOST_REQUIRE_MESSAGE(!error, error.message());
        if (is_utf8(text)) {
            BOOST_REQUIRE(value.as_string() == text);
        }
        BOOST_REQUIRE(part_by<portable_scan>(text) == part_by<vector_scan>(text));
    }
}

BOOST_AUTO_TEST_CASE(a_reserved_buffer_is_not_reallocated)
{
    for (std::size_t length = 0; length < 100; ++length) {
        std::string const text(length, 'x');
        byte_buffer out;
        out.reserve(length + 2 + write_slack);
        char const* const place = out.data();
        write_string(out, text);
        BOOST_TEST((out.data() == place));
        BOOST_TEST(out.capacity() == length + 2 + write_slack);
    }
}

BOOST_AUTO_TEST_CASE(integers)
{
    using limits = std::numeric_limits<std::int64_t>;
    for (std::int64_t const value :
         {std::int64_t{0}, std::int64_t{7}, std::int64_t{-7}, std::int64_t{10}, std::int64_t{-10}, std::int64_t{99},
          std::int64_t{100}, limits::min(), limits::max()}) {
        byte_buffer out;
        write_integer(out, value);
        BOOST_TEST(out.view() == std::to_string(value));
        BOOST_TEST(integer_size(value) == out.size());
    }
}

BOOST_AUTO_TEST_SUITE_END()
