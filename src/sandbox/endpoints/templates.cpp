// SPDX-License-Identifier: BSL-1.0

// The endpoints that list, create, edit and delete templates and layouts.

#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/template_fields.hpp"
#include "sandbox/world.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

std::string_view type_name(template_entry const& entry)
{
    return entry.is_layout ? "Layout" : "Standard";
}

void write_summary(object_writer& writer, template_store const& templates, template_entry const& entry)
{
    auto const layout = entry.layout_id == 0 ? nullptr : templates.find(entry.layout_id);
    writer.number("TemplateId", entry.id)
        .text("Name", entry.name)
        .flag("Active", entry.is_active)
        .text_or_null("Alias", entry.alias)
        .text("TemplateType", type_name(entry))
        .text_or_null("LayoutTemplate", layout ? layout->alias : std::string{});
}

reply summary_of(call const& current, template_entry const& entry)
{
    reply result;
    object_writer writer{result.body};
    write_summary(writer, current.server->templates, entry);
    writer.end();
    return result;
}

reply no_template()
{
    return make_refusal(422, 1101, "The 'TemplateId' associated with this request is not valid or was not found.");
}

reply list_templates(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 1100, wanted.problem);
    }
    auto const type = values.text("TemplateType");
    bool const all = type.empty() || equals_ignoring_case(type, "All");
    if (!all && !equals_ignoring_case(type, "Standard") && !equals_ignoring_case(type, "Layout")) {
        return make_refusal(422, 1100, "The 'TemplateType' parameter is invalid: it must be All, Standard or Layout.");
    }
    auto const& templates = current.server->templates;
    auto const layout = values.text("LayoutTemplate");
    auto const wanted_layout = templates.find(layout);
    listing result{wanted};
    for (auto const& entry : templates.active()) {
        if ((!all && !equals_ignoring_case(type, type_name(*entry))) ||
            (!layout.empty() && (!wanted_layout || entry->layout_id != wanted_layout->id))) {
            continue;
        }
        if (auto* out = result.next()) {
            object_writer writer{*out};
            write_summary(writer, templates, *entry);
        }
    }
    return result.finish("Templates");
}

reply get_template(call const& current)
{
    auto const& templates = current.server->templates;
    auto const found = templates.find_any(current.parameters.front());
    if (!found) {
        return no_template();
    }
    reply result;
    object_writer writer{result.body};
    write_summary(writer, templates, *found);
    writer.text_or_null("Subject", found->subject.source())
        .text_or_null("HtmlBody", found->html.source())
        .text_or_null("TextBody", found->text.source())
        .number("AssociatedServerId", current.server->id);
    writer.end();
    return result;
}

reply create_template(call const& current)
{
    request_body const body{current};
    auto const given = read_template_fields(body);
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (body.is_absent()) {
        return make_refusal(422, 1109, "The request holds no data of a template.");
    }
    auto& templates = current.server->templates;
    template_entry made;
    if (auto const refused = read_template_type(given, made.is_layout)) {
        return make_refusal(*refused);
    }
    if (auto const refused = apply_template_fields(given, templates, made)) {
        return make_refusal(*refused);
    }
    if (templates.active().size() >= template_limit) {
        return make_refusal(too_many_templates());
    }
    if (made.alias.empty()) {
        made.alias = make_alias(templates, made.name);
    }
    made.id = current.state.account.next_template_id();
    auto result = summary_of(current, made);
    templates.put(std::move(made));
    return result;
}

reply edit_template(call const& current)
{
    auto& templates = current.server->templates;
    auto const found = templates.find_named(current.parameters.front());
    if (!found) {
        return no_template();
    }
    request_body const body{current};
    auto const given = read_template_fields(body);
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (body.is_absent()) {
        return make_refusal(422, 1109, "The request holds no data of a template.");
    }
    auto changed = *found;
    if (auto const refused = apply_template_fields(given, templates, changed)) {
        return make_refusal(*refused);
    }
    auto result = summary_of(current, changed);
    templates.put(std::move(changed));
    return result;
}

reply delete_template(call const& current)
{
    auto& templates = current.server->templates;
    auto const found = templates.find_named(current.parameters.front());
    if (!found) {
        return no_template();
    }
    if (std::ranges::any_of(templates.active(),
                            [&](template_pointer const& entry) { return entry->layout_id == found->id; })) {
        return make_refusal(422, 1130, "The layout is in use by templates and cannot be removed.");
    }
    templates.remove(found);
    return make_acknowledgement("Template " + std::to_string(found->id) + " removed.");
}

constexpr endpoint rows[] = {
    {"GET", "/templates", list_templates},
    {"GET", "/templates/{idOrAlias}", get_template},
    {"POST", "/templates", create_template},
    {"PUT", "/templates/{idOrAlias}", edit_template},
    {"DELETE", "/templates/{idOrAlias}", delete_template},
};

} // namespace

std::span<endpoint const> template_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
