// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_store.hpp"

#include "sandbox/template_renderer.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {

void template_store::add_seeds()
{
    add("welcome", 1001, "Welcome, {{name}}",
        "<h1>Welcome, {{name}}</h1>{{{greeting}}}{{#each items}}<li>{{title}}: {{price}} for {{../name}}</li>{{/each}}",
        "Welcome, {{name}}.\n{{#each items}}- {{title}}: {{price}}\n{{/each}}{{^items}}Nothing ordered "
        "yet.\n{{/items}}");
    add("receipt", 1002, "Receipt {{receipt.number}}",
        "<p>Dear {{customer.name}},</p>{{#receipt}}<p>Number {{number}}, total <b>{{total}}</b></p>{{/receipt}}",
        "Dear {{customer.name}},\nNumber {{receipt.number}}, total {{receipt.total}}\n");
}

void template_store::add(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text)
{
    auto added = std::make_shared<entry const>(
        entry{std::move(alias), id, std::move(subject), std::move(html), std::move(text)});
    std::erase_if(entries_, [&](auto const& other) {
        return other->id == added->id || (!added->alias.empty() && other->alias == added->alias);
    });
    entries_.push_back(std::move(added));
}

std::shared_ptr<template_store::entry const> template_store::find(std::optional<std::int64_t> id,
                                                                  std::string_view alias) const
{
    for (auto const& candidate : entries_) {
        if (id ? candidate->id == *id : candidate->alias == alias) {
            return candidate;
        }
    }
    return nullptr;
}

rendered_parts render(template_store::entry const& entry, boost::json::value const& model)
{
    return {render(entry.subject, model, false), render(entry.html, model, true), render(entry.text, model, false)};
}

} // namespace postmark::sandbox::detail
