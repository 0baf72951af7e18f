// SPDX-License-Identifier: BSL-1.0

#include "sandbox/object_reader.hpp"

#include "sandbox/endpoint.hpp"
#include "sandbox/json_text.hpp"
#include "sandbox/text.hpp"

#include <algorithm>
#include <charconv>

namespace postmark::sandbox::detail {
namespace json = boost::json;

namespace {

/// Parses the body; null when there is none or it is not valid.
json::value parse_body(std::string_view text, std::optional<refusal>& problem)
{
    if (trim(text).empty()) {
        return nullptr;
    }
    boost::system::error_code error;
    auto value = parse_json(text, error);
    if (error) {
        problem = refusal{402, "Received invalid JSON input: " + error.message() + '.'};
        return nullptr;
    }
    if (!value.is_object() && !value.is_null()) {
        problem = refusal{403, "Invalid request field(s): $"};
        return nullptr;
    }
    return value;
}

} // namespace

bool object_reader::is_empty() const
{
    return !object_ || std::all_of(object_->begin(), object_->end(),
                                   [](json::key_value_pair const& entry) { return entry.value().is_null(); });
}

json::value const* object_reader::member(std::string_view name) const
{
    auto const* found = object_ ? find_member(*object_, name) : nullptr;
    return found && !found->is_null() ? found : nullptr;
}

void object_reader::refuse(std::string_view name) const
{
    if (!problem_) {
        problem_ = refusal{403, "Invalid request field(s): " + path_ + '.' + std::string{name}};
    }
}

std::optional<std::string> object_reader::text(std::string_view name) const
{
    auto const* found = member(name);
    if (!found) {
        return std::nullopt;
    }
    if (auto const* text = found->if_string()) {
        return std::string{view(*text)};
    }
    refuse(name);
    return std::nullopt;
}

std::optional<bool> object_reader::flag(std::string_view name) const
{
    auto const* found = member(name);
    if (!found) {
        return std::nullopt;
    }
    if (auto const* flag = found->if_bool()) {
        return *flag;
    }
    refuse(name);
    return std::nullopt;
}

std::optional<std::int64_t> object_reader::number(std::string_view name) const
{
    auto const* found = member(name);
    if (!found) {
        return std::nullopt;
    }
    if (auto const* number = found->if_int64()) {
        return *number;
    }
    refuse(name);
    return std::nullopt;
}

std::optional<std::int64_t> object_reader::id(std::string_view name) const
{
    auto const* found = member(name);
    auto const* text = found ? found->if_string() : nullptr;
    if (!text) {
        return number(name);
    }
    auto const value = parse_id(view(*text));
    if (!value) {
        refuse(name);
    }
    return value;
}

std::optional<object_reader> object_reader::object(std::string_view name) const
{
    auto const* found = member(name);
    if (!found) {
        return std::nullopt;
    }
    if (auto const* object = found->if_object()) {
        return object_reader{object, path_ + '.' + std::string{name}, problem_};
    }
    refuse(name);
    return std::nullopt;
}

std::optional<std::vector<object_reader>> object_reader::objects(std::string_view name) const
{
    auto const* found = member(name);
    if (!found) {
        return std::nullopt;
    }
    auto const* elements = found->if_array();
    if (!elements) {
        refuse(name);
        return std::nullopt;
    }
    std::vector<object_reader> result;
    result.reserve(elements->size());
    for (std::size_t index = 0; index < elements->size(); ++index) {
        auto const element_name = std::string{name} + '[' + std::to_string(index) + ']';
        auto const* object = (*elements)[index].if_object();
        if (!object) {
            refuse(element_name);
            return std::nullopt;
        }
        result.emplace_back(object, path_ + '.' + element_name, problem_);
    }
    return result;
}

request_body::request_body(call const& current)
    // Braces would make an array of it.
    : value_(parse_body(current.incoming.body, problem_))
    , fields_{value_.if_object(), "$", problem_}
{
}

} // namespace postmark::sandbox::detail
