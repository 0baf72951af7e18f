// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_writer.hpp"

#include "fuzz.hpp"
#include "model/utf8.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

using namespace postmark::protocol;
using postmark::fuzz::require;
using postmark::model::is_utf8;
using postmark::model::is_utf8_portable;

namespace {

/// The string that a JSON text contains; none if it is not a string.
std::optional<std::string> parse(std::string const& text)
{
    boost::system::error_code error;
    auto const json = boost::json::parse(text, error);
    if (error || !json.is_string()) {
        return std::nullopt;
    }
    return std::string{json.get_string().data(), json.get_string().size()};
}

template <class Scan>
std::string write_by(std::string_view text)
{
    byte_buffer out;
    write_string_part_by<Scan>(out, text);
    return std::string{out.view()};
}

} // namespace

// Any text is written as a JSON string that other parsers read; UTF-8 is read unchanged.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = postmark::fuzz::as_text(data, size);
    byte_buffer out;
    write_string(out, text);
    auto const read = parse(std::string{out.view()});
    require(read.has_value() && is_utf8(*read));
    require(is_utf8(text) == is_utf8_portable(text) && is_utf8(text) == (*read == text));
    bool const plain = std::all_of(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '\\'; });
    require(!plain || is_utf8(text) == parse('"' + std::string{text} + '"').has_value());

    std::string const part{out.view().substr(1, out.size() - 2)};
    require(write_by<portable_scan>(text) == part && write_by<vector_scan>(text) == part);

    // Written in two parts it is the same; a line end never splits a character.
    byte_buffer parts;
    std::size_t const cut = std::min(text.find('\n'), text.size());
    write_string_part(parts, text.substr(0, cut));
    write_string_part(parts, text.substr(cut));
    require(parts.view() == part);

    std::int64_t number = 0;
    std::memcpy(&number, data, std::min(size, sizeof number));
    out.clear();
    write_integer(out, number);
    require(out.view() == std::to_string(number) && out.size() == integer_size(number));
    return 0;
}
