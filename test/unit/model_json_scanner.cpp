// SPDX-License-Identifier: BSL-1.0

#include "model/json_scanner.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>

using namespace postmark::model;

namespace {

bool is_tree(std::string_view text)
{
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = max_json_depth;
    auto const value = boost::json::parse({text.data(), text.size()}, error, {}, options);
    return !error && value.is_object();
}

std::string with_number(std::string_view number)
{
    return "{\"a\":[" + std::string{number} + "]}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(model_json_scanner)

BOOST_AUTO_TEST_CASE(objects)
{
    for (std::string_view const text :
         {"{}", " {\"a\" : [1,{\"b\":null}] }\n", R"({"":"","a":true,"b":false,"c":{"d":[[],{}]}})",
          R"({"a":"\"\\\/\b\f\n\r\t\u00e4\uD83D\uDcEE"})", "{\"\xc3\xa4\":\"\xe2\x82\xac\xf0\x9f\x93\xae\x7f\"}",
          R"({"a":1,"a":2})", "\t\r\n {}"}) {
        BOOST_TEST(is_json_object(text), text);
        BOOST_TEST(is_tree(text), text);
    }
    for (std::string_view const text : {"",
                                        " ",
                                        "[]",
                                        "1",
                                        "\"{}\"",
                                        "null",
                                        "{",
                                        "}",
                                        "{}x",
                                        "{} {}",
                                        "{\"a\":}",
                                        "{\"a\"}",
                                        "{,}",
                                        "{\"a\":1,}",
                                        R"({},"From":"x")",
                                        "{'a':1}",
                                        "{a:1}",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":\"\xed\xa0\x80\"}",
                                        "{/**/}",
                                        "{\"a\":[1,]}",
                                        "{\"a\":[,1]}",
                                        "{\"a\":[1 2]}",
                                        "{\"a\":\"\n\"}",
                                        R"({"a":"\a"})",
                                        R"({"a":"\u12"})",
                                        R"({"a":"\ud83d"})",
                                        R"({"a":"\ud83d\u0041"})",
                                        R"({"a":"\udcee"})",
                                        "{\"a\":nul}",
                                        "{\"a\":truefalse}",
                                        "{\"a\":\v1}",
                                        "\xef\xbb\xbf{}"}) {
        BOOST_TEST(!is_json_object(text), text);
        BOOST_TEST(!is_tree(text), text);
    }
    BOOST_TEST(!is_json_object({"{\0}", 3}));
    BOOST_TEST(!is_json_object({"{}\0", 3}));
}

BOOST_AUTO_TEST_CASE(numbers)
{
    for (std::string_view const number :
         {"0", "-0", "10", "-17", "0.5", "-0.50", "1e2", "1E+2", "1e-2", "1.5e300", "123456789012345678901234567890",
          "1e308", "1.7976931348623157e308", "17.976931348623157e307", "0.00017976931348623157e312", "1e-400",
          "0.0e308", "0e-9999999999999999999999", "1e-9999999999999999999999"}) {
        BOOST_TEST(is_json_object(with_number(number)), number);
    }
    BOOST_TEST(is_json_object(with_number("0." + std::string(400, '0') + "1e700")));
    BOOST_TEST(is_json_object(with_number(std::string(308, '9'))));
    for (std::string_view const number :
         {"-", "+1", "01", "-01", ".5", "1.", "1.e2", "1e", "1e+", "0x1", "1_0", "1,0e", "Infinity", "NaN", "1 2"}) {
        BOOST_TEST(!is_json_object(with_number(number)), number);
    }
}

// A service that stores numbers as `double` makes these infinite or "not a number", or refuses the request.
BOOST_AUTO_TEST_CASE(numbers_outside_the_range_of_double)
{
    for (std::string_view const number : {"1e309", "-1e309", "1e5300", "0e5300", "0e309", "1.7976931348623159e308",
                                          "0.00017976931348623159e312", "1e99999999999999999999999", "1e99999"}) {
        BOOST_TEST(!is_json_object(with_number(number)), number);
    }
    BOOST_TEST(!is_json_object(with_number("1" + std::string(309, '0'))));
    BOOST_TEST(!is_json_object(with_number("1" + std::string(309, '0') + ".5")));
}

BOOST_AUTO_TEST_CASE(nesting_has_one_limit)
{
    auto const nested = [](std::size_t depth) {
        return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    BOOST_TEST(is_json_object(nested(max_json_depth)));
    BOOST_TEST(!is_json_object(nested(max_json_depth + 1)));
    BOOST_TEST(!is_json_object("{\"a\":" + std::string(100'000, '[')));
}

BOOST_AUTO_TEST_CASE(damaged_objects_are_judged_as_by_boost_json)
{
    constexpr std::string_view whole =
        "{\"name\":\"J\xc3\xb6rg "
        "\\u20ac\\ud83d\\udcee\",\"list\":[1,-2.5,true,null,{\"x\":\"\\n\"}],\"n\":{\"a\":0.25}}";
    constexpr std::string_view pieces = "\"\\,:{}[]0123456789 -.unrt\n\x01\x7f\xc3\xa4";
    std::minstd_rand random{2};
    auto const below = [&](std::size_t limit) { return random() % limit; };
    std::size_t good = 0;
    for (int turn = 0; turn < 30000; ++turn) {
        std::string text{whole};
        for (std::size_t left = 1 + below(2); left != 0; --left) {
            std::size_t const at = below(text.size());
            switch (below(3)) {
            case 0:
                text.erase(at, 1 + below(3));
                break;
            case 1:
                text.insert(at, 1, pieces[below(pieces.size())]);
                break;
            default:
                text[at] = pieces[below(pieces.size())];
                break;
            }
        }
        BOOST_REQUIRE_MESSAGE(is_json_object(text) == is_tree(text), text);
        good += is_json_object(text) ? 1U : 0U;
    }
    BOOST_TEST(good > 1000U);
    BOOST_TEST(good < 29000U);
}

BOOST_AUTO_TEST_CASE(members_are_returned_as_written)
{
    constexpr std::string_view object =
        R"( {"a" : [1.50, {"b":2}] , "c":"\u0061","b":3e0,"a":{ "x" : 19.90 }  ,"d":0} )";
    BOOST_TEST(find_json_member(object, "a") == R"({ "x" : 19.90 })");
    BOOST_TEST(find_json_member(object, "b") == "3e0");
    BOOST_TEST(find_json_member(object, "c") == R"("\u0061")");
    BOOST_TEST(find_json_member(object, "d") == "0");
    BOOST_TEST(find_json_member(object, "x") == "");
    BOOST_TEST(find_json_member(R"({"\u0061b":1})", "ab") == "1");
    BOOST_TEST(find_json_member("{}", "a") == "");
    BOOST_TEST(find_json_member("[]", "a") == "");
}

BOOST_AUTO_TEST_CASE(strings_are_unescaped)
{
    auto const plain = [](std::string_view text) {
        json_scanner scanner{text};
        json_string string;
        BOOST_TEST(scanner.take_string(string), text);
        std::string result = "before";
        string.assign_to(result);
        BOOST_TEST(string.is("ab") == (result == "ab"));
        return result;
    };
    BOOST_TEST(plain("\"\"") == "");
    BOOST_TEST(plain(R"("ab")") == "ab");
    BOOST_TEST(plain(R"("\u0061b")") == "ab");
    BOOST_TEST(plain(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
    BOOST_TEST(plain(R"("\u007f\u0080\u07ff\u0800\uffff\ud800\udc00\udbff\udfff")") ==
               "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    BOOST_TEST(plain(R"("\ud83d\\udcee\udcee\ud83d")") == "\xef\xbf\xbd\\udcee\xef\xbf\xbd\xef\xbf\xbd");
    BOOST_TEST(plain("\"\xff\"") == "\xff");
}

BOOST_AUTO_TEST_SUITE_END()
