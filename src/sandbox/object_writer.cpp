// SPDX-License-Identifier: BSL-1.0

#include "sandbox/object_writer.hpp"

namespace postmark::sandbox::detail {

void append_texts(std::string& out, std::vector<std::string> const& texts)
{
    char separator = '[';
    for (auto const& text : texts) {
        out += separator;
        separator = ',';
        append_json_string(out, text);
    }
    out += separator == '[' ? "[]" : "]";
}

void append_texts(std::string& out, std::map<std::string, std::string> const& texts)
{
    char separator = '{';
    for (auto const& [name, text] : texts) {
        out += separator;
        separator = ',';
        append_json_string(out, name);
        out += ':';
        append_json_string(out, text);
    }
    out += separator == '{' ? "{}" : "}";
}

} // namespace postmark::sandbox::detail
