// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_COMMAND_LINE_HPP
#define POSTMARK_TEST_COMMAND_LINE_HPP

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace postmark::test {

/// An option of a program, and where its value goes. One that goes to a `bool` has no value.
struct option {
    std::string_view name;
    std::variant<bool*, std::size_t*, unsigned*, double*, std::string*> into;
};

[[noreturn]] inline void end_with_usage(std::string_view usage)
{
    std::cerr << usage;
    std::exit(2);
}

/// Ends the program with `usage` where an option is unknown or has no good value.
inline void parse_options(int argc, char** argv, std::string_view usage, std::vector<option> const& known)
{
    auto const find = [&](std::string_view name) -> option const& {
        for (option const& each : known) {
            if (each.name == name) {
                return each;
            }
        }
        end_with_usage(usage);
    };
    auto const read = [&](std::string const& text, auto& into) {
        using type = std::remove_reference_t<decltype(into)>;
        if constexpr (std::is_same_v<type, std::string>) {
            into = text;
        } else if constexpr (std::is_same_v<type, double>) {
            into = std::stod(text);
        } else {
            into = static_cast<type>(std::stoul(text));
        }
    };
    for (int at = 1; at < argc; ++at) {
        option const& found = find(argv[at]);
        if (bool* const* flag = std::get_if<bool*>(&found.into)) {
            **flag = true;
            continue;
        }
        if (++at == argc) {
            end_with_usage(usage);
        }
        try {
            std::visit([&](auto* into) { read(argv[at], *into); }, found.into);
        } catch (std::exception const&) {
            end_with_usage(usage);
        }
    }
}

} // namespace postmark::test

#endif
