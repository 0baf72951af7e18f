// SPDX-License-Identifier: BSL-1.0

#ifndef EXAMPLES_TERMINAL_HPP
#define EXAMPLES_TERMINAL_HPP

#include <postmark/receipt.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

/// Aligned text for the demonstration; colours and overwritten lines only on a terminal.
namespace terminal {

inline bool is_one()
{
    static bool const result = isatty(STDOUT_FILENO) == 1;
    return result;
}

inline std::string in_colour(std::string_view code, std::string_view text)
{
    static bool const wanted = is_one() && !std::getenv("NO_COLOR");
    return wanted ? "\x1b[" + std::string{code} + 'm' + std::string{text} + "\x1b[0m" : std::string{text};
}

inline std::string coloured(postmark::outcome outcome)
{
    auto const text = to_string(outcome);
    return in_colour(outcome == postmark::outcome::accepted  ? "32"
                     : outcome == postmark::outcome::unknown ? "35"
                                                             : "33",
                     text);
}

/// 1234567 as 1,234,567.
inline std::string grouped(std::size_t number)
{
    auto text = std::to_string(number);
    for (auto position = static_cast<std::ptrdiff_t>(text.size()) - 3; position > 0; position -= 3) {
        text.insert(static_cast<std::size_t>(position), 1, ',');
    }
    return text;
}

inline std::string milliseconds(std::chrono::microseconds duration)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(duration.count()) / 1000);
    return text;
}

class stopwatch {
public:
    std::string shown() const
    {
        return milliseconds(
            std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started_));
    }

private:
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

struct column {
    std::string text;
    /// Negative: to the right; 0: as wide as the text.
    int width = 0;
};

/// The number of columns that a text takes: colours take none.
inline std::size_t visible_size(std::string_view text)
{
    std::size_t size = 0;
    bool in_code = false;
    for (char const character : text) {
        if (character == '\x1b') {
            in_code = true;
        } else if (!in_code) {
            ++size;
        } else if (character == 'm') {
            in_code = false;
        }
    }
    return size;
}

inline void line(std::string_view text = {})
{
    std::cout << (text.empty() ? "" : "  ") << text << '\n';
}

inline void row(std::vector<column> const& columns)
{
    std::string text;
    for (auto const& each : columns) {
        auto const width = static_cast<std::size_t>(std::abs(each.width));
        auto const filling = std::string(width - std::min(width, visible_size(each.text)), ' ');
        text += each.width < 0 ? filling + each.text : each.text + filling;
        text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    line(text);
}

inline void heading(std::string_view text)
{
    std::cout << '\n' << in_colour("1", text) << '\n';
}

inline void check(bool holds, std::string_view what)
{
    line((holds ? in_colour("32", "ok") : in_colour("31", "FAILED")) + "  " + std::string{what});
}

/// On a terminal each takes the place of the one before.
inline void progress(std::string_view text)
{
    if (is_one()) {
        std::cout << "\r\x1b[K  " << text << std::flush;
    } else {
        std::cout << "  " << text << std::endl;
    }
}

inline void end_progress()
{
    if (is_one()) {
        std::cout << "\r\x1b[K" << std::flush;
    }
}

} // namespace terminal

#endif
