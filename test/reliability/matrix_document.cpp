// SPDX-License-Identifier: BSL-1.0

#include "matrix_document.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace postmark::test {

namespace {

constexpr std::string_view begin_mark = "<!-- matrix: written by reliability_matrix, not by hand -->\n";
constexpr std::string_view end_mark = "\n<!-- end of the matrix -->\n";

std::string read_file(std::string const& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        std::cerr << path << ": cannot be read\n";
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>{file}, {}};
}

struct section {
    std::size_t begin;
    std::size_t end;
};

section find_section(std::string const& document, std::string const& path)
{
    std::size_t const begin = document.find(begin_mark);
    std::size_t const end = document.find(end_mark);
    if (begin == std::string::npos || end == std::string::npos || end < begin) {
        std::cerr << path << ": has no place for the matrix\n";
        std::exit(2);
    }
    return {begin + begin_mark.size(), end};
}

} // namespace

void write_matrix(std::string const& path, std::string const& table)
{
    std::string document = read_file(path);
    auto const place = find_section(document, path);
    document.replace(place.begin, place.end - place.begin, table);
    std::ofstream{path, std::ios::binary} << document;
}

bool has_matrix(std::string const& path, std::string const& table)
{
    std::string const document = read_file(path);
    auto const place = find_section(document, path);
    return document.compare(place.begin, place.end - place.begin, table) == 0;
}

std::set<std::string> described_actions(std::string const& path)
{
    std::set<std::string> names;
    std::istringstream lines{read_file(path)};
    bool in_table = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| `do` |")) {
            in_table = true;
        } else if (!line.starts_with('|')) {
            in_table = false;
        }
        if (!in_table || line.starts_with("| `do` |")) {
            continue;
        }
        // The first cell names one action or several.
        std::string const cell = line.substr(1, line.find('|', 1) - 1);
        for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at + 1)) {
            std::size_t const end = cell.find('`', at + 1);
            names.insert(cell.substr(at + 1, end - at - 1));
            at = end;
        }
    }
    return names;
}

} // namespace postmark::test
