// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_suggestion.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postmark::sandbox::detail {
namespace json = boost::json;

namespace {

constexpr std::size_t max_shapes = 5'000;
/// Lists in lists beyond this number have one element.
constexpr unsigned max_lists = 4;

} // namespace

template_suggestion::shape* template_suggestion::member(shape& of, std::string_view name)
{
    for (auto const& [known, value] : of.members) {
        if (known == name) {
            return value.get();
        }
    }
    if (&of == &surplus_ || shape_count_ == max_shapes) {
        return &surplus_;
    }
    ++shape_count_;
    return of.members.emplace_back(std::string{name}, std::make_unique<shape>()).second.get();
}

template_suggestion::shape* template_suggestion::at(std::vector<shape*> const& scopes, std::string_view path)
{
    auto depth = scopes.size() - 1;
    while (path.starts_with("../")) {
        depth -= depth == 0 ? 0 : 1;
        path.remove_prefix(3);
    }
    auto* current = scopes[depth];
    if (path == "." || path == "this") {
        return current;
    }
    while (!path.empty()) {
        auto const dot = std::min(path.find('.'), path.size());
        current = member(*current, path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return current;
}

void template_suggestion::add(parsed_template const& source)
{
    using type = template_node::type;
    std::vector<shape*> scopes{&root_};
    // Where the innermost sections end.
    std::vector<std::size_t> ends;
    auto const& nodes = source.nodes();
    for (std::size_t index = 0; index < nodes.size(); ++index) {
        while (!ends.empty() && ends.back() == index) {
            ends.pop_back();
            scopes.pop_back();
        }
        auto const& node = nodes[index];
        switch (node.kind) {
        case type::text:
        case type::content:
            break;
        case type::value:
        case type::raw_value:
        // The inner part of an inverse section is rendered in the scope around it.
        case type::inverse:
            at(scopes, source.text_of(node));
            break;
        case type::section:
        case type::each: {
            auto* inner = at(scopes, source.text_of(node));
            inner->is_list = inner->is_list || node.kind == type::each;
            scopes.push_back(inner);
            ends.push_back(node.next);
            break;
        }
        }
    }
}

json::value template_suggestion::suggest(std::string_view name, shape const& from, unsigned lists)
{
    json::value element;
    lists += from.is_list ? 1U : 0U;
    if (from.members.empty()) {
        element = json::string{std::string{name} + "_Value"};
    } else {
        auto& object = element.emplace_object();
        for (auto const& [member, value] : from.members) {
            object.emplace(member, suggest(member, *value, lists));
        }
    }
    if (!from.is_list) {
        return element;
    }
    json::array list;
    for (unsigned count = 0; count < (lists > max_lists ? 1U : 3U); ++count) {
        list.push_back(element);
    }
    return json::value(std::move(list));
}

void template_suggestion::merge(json::object& into, json::object const& model)
{
    for (auto const& [name, value] : model) {
        auto* own = into.if_contains(name);
        auto const* object = value.if_object();
        if (own && own->is_object() && object) {
            merge(own->get_object(), *object);
        } else {
            into.insert_or_assign(name, value);
        }
    }
}

json::object template_suggestion::merged_with(json::object const& model) const
{
    json::object result;
    for (auto const& [name, value] : root_.members) {
        result.emplace(name, suggest(name, *value, 0));
    }
    merge(result, model);
    return result;
}

} // namespace postmark::sandbox::detail
