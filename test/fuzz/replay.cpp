// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

// Runs a fuzz target with the files of folders, for builds without a fuzzer.
int main(int count, char** arguments)
try {
    int files = 0;
    for (int i = 1; i < count; ++i) {
        for (auto const& entry : std::filesystem::directory_iterator{arguments[i]}) {
            std::ifstream file{entry.path(), std::ios::binary};
            std::vector<char> const bytes{std::istreambuf_iterator<char>{file}, {}};
            // Flushed, so that the last name is that of the file that ended the program.
            std::cout << entry.path().filename().string() << std::endl;
            LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
            ++files;
        }
    }
    if (files == 0) {
        std::cerr << "no files to run\n";
        return 1;
    }
    return 0;
} catch (std::exception const& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
