// SPDX-License-Identifier: BSL-1.0

#include "protocol/base64.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark::protocol;

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string naive(std::string_view bytes)
{
    std::string result;
    unsigned bits = 0;
    unsigned count = 0;
    for (char const byte : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(byte);
        count += 8;
        while (count >= 6) {
            count -= 6;
            result += alphabet[bits >> count & 63];
        }
    }
    if (count != 0) {
        result += alphabet[bits << (6 - count) & 63];
    }
    while (result.size() % 4 != 0) {
        result += '=';
    }
    return result;
}

std::string random_bytes(std::size_t count)
{
    static std::mt19937 random{23};
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
        bytes += static_cast<char>(random() & 0xff);
    }
    return bytes;
}

std::string encoded(std::string_view bytes)
{
    byte_buffer out;
    append_base64(out, bytes);
    return std::string{out.view()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_base64)

BOOST_AUTO_TEST_CASE(known_texts)
{
    BOOST_TEST(encoded("") == "");
    BOOST_TEST(encoded("f") == "Zg==");
    BOOST_TEST(encoded("fo") == "Zm8=");
    BOOST_TEST(encoded("foo") == "Zm9v");
    BOOST_TEST(encoded("foob") == "Zm9vYg==");
    BOOST_TEST(encoded("\xfb\xff\xbf") == "+/+/");
}

BOOST_AUTO_TEST_CASE(all_variants_agree)
{
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size <= 300; ++size) {
        sizes.push_back(size);
    }
    for (std::size_t const size : {4095u, 4096u, 4097u, 100000u, 1000001u}) {
        sizes.push_back(size);
    }
    for (std::size_t const size : sizes) {
        // A copy of exactly this size on the heap, so that a sanitizer sees a byte read too many.
        std::string const all = random_bytes(size);
        std::vector<char> const bytes(all.begin(), all.end());
        std::string const expected = naive(all);
        BOOST_REQUIRE(base64_size(size) == expected.size());
        for (auto const variant : {base64_variant::scalar, base64_variant::ssse3, base64_variant::avx2}) {
            if (base64_supported(variant)) {
                std::vector<char> out(expected.size());
                encode_base64(variant, {bytes.data(), bytes.size()}, out.data());
                BOOST_REQUIRE_MESSAGE(std::string_view(out.data(), out.size()) == expected,
                                      "variant " << static_cast<int>(variant) << ", " << size << " bytes");
            }
        }
        BOOST_REQUIRE(encoded(all) == expected);
        std::string decoded;
        BOOST_REQUIRE(decode_base64(expected, decoded));
        BOOST_REQUIRE(decoded == all);
    }
}

BOOST_AUTO_TEST_CASE(appending_keeps_existing_text)
{
    byte_buffer out;
    out.append("x");
    append_base64(out, "foo");
    BOOST_TEST(out.view() == "xZm9v");
    BOOST_TEST(base64_supported(base64_variant::scalar));
}

BOOST_AUTO_TEST_CASE(decoding_is_strict)
{
    for (std::string_view const text : {"Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "=", "====", "Z===", "Zm9v\n", "Zm 9",
                                        "Zm9-", "Zm9_", "Zh==", "Zm9=", "Zg=a", "Zm9vZm9v\xc3\xa4Zm"}) {
        std::string bytes = "left over";
        BOOST_TEST(!decode_base64(text, bytes), text);
        BOOST_TEST(bytes.empty());
    }
    std::string bytes = "left over";
    BOOST_TEST(decode_base64("", bytes));
    BOOST_TEST(bytes.empty());
}

BOOST_AUTO_TEST_SUITE_END()
