// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_FUZZ_FUZZ_HPP
#define POSTMARK_TEST_FUZZ_FUZZ_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace postmark::fuzz {

/// Ends the program if an invariant does not hold.
inline void require(bool holds, char const* file = __builtin_FILE(), int line = __builtin_LINE())
{
    if (!holds) {
        std::fprintf(stderr, "%s:%d: does not hold\n", file, line);
        std::abort();
    }
}

/// The fuzzer's input as text.
inline std::string_view as_text(std::uint8_t const* data, std::size_t size)
{
    return {reinterpret_cast<char const*>(data), size};
}

/// Removes and returns the first line. Inputs with parameters have them there, so that the corpus can be read and
/// written by hand.
inline std::string_view take_line(std::string_view& text)
{
    std::size_t const end = std::min(text.find('\n'), text.size());
    std::string_view const line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// Removes a number from the front of the line, with the blank after it; 0 if there is none.
inline unsigned take_number(std::string_view& line)
{
    unsigned number = 0;
    auto const [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    line.remove_prefix(line.starts_with(' ') ? 1 : 0);
    return error == std::errc{} ? number : 0;
}

/// Removes an HTTP status from the front of the line, mapped to those that a reply can have.
inline unsigned take_status(std::string_view& line)
{
    unsigned const number = take_number(line);
    return number >= 200 && number <= 599 ? number : 200 + number % 400;
}

} // namespace postmark::fuzz

#endif
