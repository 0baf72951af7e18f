// SPDX-License-Identifier: BSL-1.0

#include "sandbox/json_text.hpp"

#include "sandbox/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>

namespace postmark::sandbox::detail {
namespace json = boost::json;

json::value parse_json(std::string_view text, boost::system::error_code& error, json::storage_ptr memory)
{
    json::parse_options options;
    options.max_depth = 128;
    return json::parse({text.data(), text.size()}, error, std::move(memory), options);
}

std::string to_text(json::value const& value)
{
    switch (value.kind()) {
    case json::kind::null:
        return {};
    case json::kind::string:
        return std::string{view(value.get_string())};
    case json::kind::double_: {
        char digits[32];
        return {digits, std::to_chars(digits, digits + sizeof digits, value.get_double()).ptr};
    }
    default:
        return json::serialize(value);
    }
}

json::value const* find_member(json::object const& object, std::string_view name)
{
    if (auto const* found = object.if_contains({name.data(), name.size()})) {
        return found;
    }
    for (auto const& entry : object) {
        if (equals_ignoring_case(view(entry.key()), name)) {
            return &entry.value();
        }
    }
    return nullptr;
}

std::string_view text_member(json::object const& object, std::string_view name)
{
    auto const* found = find_member(object, name);
    auto const* text = found ? found->if_string() : nullptr;
    return text ? view(*text) : std::string_view{};
}

} // namespace postmark::sandbox::detail
