// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"
#include "model/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace postmark::model;

BOOST_AUTO_TEST_SUITE(model_text)

BOOST_AUTO_TEST_CASE(control_characters_become_blanks)
{
    BOOST_TEST(printable("") == "");
    BOOST_TEST(printable("Plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xae.") ==
               "Plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xae.");
    BOOST_TEST(printable("\x1b[31mred\x07\x7f\r\n\t.") == " [31mred     .");
    BOOST_TEST(printable({"a\0b", 3}) == "a b");
    // U+0080, U+009B, which begins a terminal's escape sequence, and U+009F; U+00A0 is not a control character.
    BOOST_TEST(printable("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0") == "   \xc2\xa0");
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_replaced)
{
    BOOST_TEST(printable("a\x9b"
                         "31m\xff") == "a\xef\xbf\xbd"
                                       "31m\xef\xbf\xbd");
    BOOST_TEST(printable("\xe2\x82") == "\xef\xbf\xbd");
    BOOST_TEST(printable("\xe2\x82\x1b") == "\xef\xbf\xbd ");
}

BOOST_AUTO_TEST_CASE(texts_are_made_printable_in_place)
{
    std::string text = "OK";
    make_printable(text);
    BOOST_TEST(text == "OK");
    text = "a\nb";
    make_printable(text);
    BOOST_TEST(text == "a b");
}

BOOST_AUTO_TEST_CASE(one_byte_order_mark_is_skipped)
{
    BOOST_TEST(skip_byte_order_mark("\xef\xbb\xbf{}") == "{}");
    BOOST_TEST(skip_byte_order_mark("\xef\xbb\xbf\xef\xbb\xbf") == "\xef\xbb\xbf");
    BOOST_TEST(skip_byte_order_mark("{}") == "{}");
    BOOST_TEST(skip_byte_order_mark("\xef\xbb") == "\xef\xbb");
    BOOST_TEST(skip_byte_order_mark("") == "");
}

BOOST_AUTO_TEST_CASE(code_points_are_taken_one_after_the_other)
{
    std::string_view text = "a\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
    for (char32_t const expected : {U'a', U'\x80', U'\x7ff', U'\x800', U'\xffff', U'\x10000', U'\x10ffff'}) {
        BOOST_TEST((take_code_point(text) == expected));
    }
    BOOST_TEST(text.empty());
    // Overlong forms, surrogates, values beyond the last, and what is cut off: byte by byte.
    for (std::string const bytes : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff", "\x80"}) {
        text = bytes;
        for (std::size_t left = bytes.size(); left != 0; --left) {
            BOOST_TEST((take_code_point(text) == invalid_code_point));
            BOOST_TEST(text.size() == left - 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_separator_is_found_at_every_place)
{
    std::string const separators{",;<>\" \t\r\n\0\x1f", 11};
    for (std::size_t size = 1; size != 20; ++size) {
        // What surrounds it, addresses of other scripts included.
        for (std::string const filling : {"a", "@", "-", "~", "\x7f", "\x80", "\xff"}) {
            std::string text;
            while (text.size() != size) {
                text += filling;
            }
            BOOST_TEST(!may_hold_separator(text));
            for (std::size_t at = 0; at != size; ++at) {
                for (char const separator : separators) {
                    std::string changed = text;
                    changed[at] = separator;
                    BOOST_TEST(may_hold_separator(changed));
                }
            }
        }
    }
    BOOST_TEST(!may_hold_separator(""));
    BOOST_TEST(!may_hold_separator("ann.o'neil+tag_1@mail-2.example.org"));
}

BOOST_AUTO_TEST_SUITE_END()
