// SPDX-License-Identifier: BSL-1.0

#include "json_form.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace postmark::test {

namespace {

namespace json = boost::json;
using protocol::codec;
using protocol::field;
using protocol::place;

std::string_view name_of(place where)
{
    switch (where) {
    case place::body:
        return "body";
    case place::required:
        return "required";
    case place::root:
        return "root";
    case place::query:
        return "query";
    case place::query_key:
        return "query_key";
    case place::path:
        return "path";
    }
    throw std::logic_error{"unknown place"};
}

bool is_map(codec const& type)
{
    return type.access != nullptr && type.name == "map";
}

json::object describe(codec const& type)
{
    json::object result{{"type", type.name}};
    if (type.element != nullptr) {
        result["element"] = describe(*type.element);
    }
    if (type.description != nullptr) {
        result["name"] = type.description().name;
        result["fields"] = describe_fields(type.description());
    }
    return result;
}

json::value value_of(codec const& type, void const* object)
{
    if (type.description != nullptr) {
        return to_json(type.description(), object);
    }
    if (type.value_of != nullptr) {
        void const* const inner = type.value_of(object);
        return inner == nullptr ? json::value{} : value_of(*type.element, inner);
    }
    if (type.access != nullptr) {
        struct collector {
            codec const& element;
            json::object members;
            json::array elements;
        } all{*type.element, {}, {}};
        type.access->for_each(object, &all, [](void* context, std::string_view key, void const* element) {
            auto& to = *static_cast<collector*>(context);
            to.members[key] = value_of(to.element, element);
            to.elements.push_back(to.members[key]);
            return true;
        });
        return is_map(type) ? json::value(std::move(all.members)) : json::value(std::move(all.elements));
    }
    if (&type == &protocol::time_codec && type.is_empty(type, object)) {
        return {};
    }
    protocol::byte_buffer text;
    type.write(type, text, object);
    return text.empty() ? json::value{} : json::parse(json::string_view{text.view()});
}

} // namespace

json::array describe_fields(schema const& description)
{
    json::array result;
    for (field const& member : description.fields) {
        result.push_back(
            json::object{{"key", member.key}, {"place", name_of(member.place)}, {"type", describe(*member.type)}});
    }
    return result;
}

json::value to_json(schema const& description, void const* object)
{
    json::object result;
    for (field const& member : description.fields) {
        json::value value = value_of(*member.type, member.at(object));
        if (member.place == place::root) {
            return value;
        }
        if (!protocol::is_in_json(member)) {
            continue;
        }
        if (member.key.empty() && value.is_object()) {
            // An open map holds the keys beside those of the other fields.
            for (auto const& entry : value.get_object()) {
                result[entry.key()] = entry.value();
            }
        } else {
            result[member.key] = std::move(value);
        }
    }
    return result;
}

std::string set_members(schema const& description, void* object, json::object const& values)
{
    for (auto const& entry : values) {
        std::string_view const key{entry.key().data(), entry.key().size()};
        auto const found = std::ranges::find(description.fields, key, &field::key);
        if (found == description.fields.end()) {
            return std::string{key} + ": no such member";
        }
        protocol::read_state state;
        void* const member = const_cast<void*>(found->at(object));
        if (!found->type->read(*found->type, state, entry.value(), member)) {
            return std::string{key} + ' ' + state.path + ": expected " + state.expected;
        }
    }
    return {};
}

} // namespace postmark::test
