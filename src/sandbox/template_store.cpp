// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_store.hpp"

#include "sandbox/template_renderer.hpp"
#include "sandbox/text.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

template_entry make_entry(std::string alias, std::string subject, std::string html, std::string text)
{
    template_entry result;
    result.name = alias;
    result.alias = std::move(alias);
    result.subject = parsed_template{std::move(subject)};
    result.html = parsed_template{std::move(html)};
    result.text = parsed_template{std::move(text)};
    return result;
}

template_pointer find_id(std::vector<template_pointer> const& entries, std::int64_t id)
{
    auto const found = std::ranges::find(entries, id, [](template_pointer const& entry) { return entry->id; });
    return found == entries.end() ? nullptr : *found;
}

} // namespace

void template_store::add(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text)
{
    auto added = make_entry(std::move(alias), std::move(subject), std::move(html), std::move(text));
    added.id = id;
    std::erase_if(active_, [&](template_pointer const& other) {
        return !added.alias.empty() && other->id != id && equals_ignoring_case(other->alias, added.alias);
    });
    put(std::move(added));
}

void template_store::put(template_entry entry)
{
    auto added = std::make_shared<template_entry const>(std::move(entry));
    auto const place = std::ranges::find(active_, added->id, [](template_pointer const& other) { return other->id; });
    if (place == active_.end()) {
        active_.push_back(std::move(added));
    } else {
        *place = std::move(added);
    }
}

void template_store::remove(template_pointer const& entry)
{
    auto inactive = *entry;
    inactive.is_active = false;
    removed_.push_back(std::make_shared<template_entry const>(std::move(inactive)));
    std::erase(active_, entry);
}

template_pointer template_store::find(std::int64_t id) const
{
    return find_id(active_, id);
}

template_pointer template_store::find(std::string_view alias) const
{
    auto const found = std::ranges::find_if(
        active_, [&](template_pointer const& entry) { return equals_ignoring_case(entry->alias, alias); });
    return found == active_.end() || alias.empty() ? nullptr : *found;
}

template_pointer template_store::find_named(std::string_view id_or_alias) const
{
    auto const id = parse_id(id_or_alias);
    return id ? find(*id) : find(id_or_alias);
}

template_pointer template_store::find_any(std::string_view id_or_alias) const
{
    auto found = find_named(id_or_alias);
    auto const id = parse_id(id_or_alias);
    return !found && id ? find_id(removed_, *id) : found;
}

bool template_store::has(std::int64_t id) const
{
    return find_id(active_, id) || find_id(removed_, id);
}

template_choice template_store::choose(std::optional<std::int64_t> id, std::string_view alias) const
{
    auto found = id ? find(*id) : find(alias);
    if (!found || found->is_layout) {
        return {};
    }
    auto layout = found->layout_id != 0 ? find(found->layout_id) : nullptr;
    return {std::move(found), std::move(layout)};
}

std::vector<template_entry> make_seed_templates()
{
    return {
        make_entry("welcome", "Welcome, {{name}}",
                   "<h1>Welcome, {{name}}</h1>{{{greeting}}}{{#each items}}<li>{{title}}: {{price}} for "
                   "{{../name}}</li>{{/each}}",
                   "Welcome, {{name}}.\n{{#each items}}- {{title}}: {{price}}\n{{/each}}{{^items}}Nothing ordered "
                   "yet.\n{{/items}}"),
        make_entry("receipt", "Receipt {{receipt.number}}",
                   "<p>Dear {{customer.name}},</p>{{#receipt}}<p>Number {{number}}, total <b>{{total}}</b></p>"
                   "{{/receipt}}",
                   "Dear {{customer.name}},\nNumber {{receipt.number}}, total {{receipt.total}}\n"),
    };
}

rendered_parts render(template_choice const& choice, boost::json::value const& model)
{
    // A part that the template does not have is not made of the layout alone.
    auto const part = [&](parsed_template const& content, parsed_template const* layout, bool escape) {
        return content.is_empty() ? std::string{} : render(content, model, escape, layout);
    };
    auto const layout_of = [&](parsed_template template_entry::*member) {
        return choice.layout && !((*choice.layout).*member).is_empty() ? &((*choice.layout).*member) : nullptr;
    };
    auto const& content = *choice.content;
    return {part(content.subject, nullptr, false), part(content.html, layout_of(&template_entry::html), true),
            part(content.text, layout_of(&template_entry::text), false)};
}

} // namespace postmark::sandbox::detail
