// SPDX-License-Identifier: BSL-1.0

// The endpoints that render a template for a trial, and that copy the templates of one server to another.

#include "sandbox/json_text.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/template_fields.hpp"
#include "sandbox/template_renderer.hpp"
#include "sandbox/template_suggestion.hpp"
#include "sandbox/world.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

/// One part of a template that is to be checked.
struct trial {
    std::string_view field;
    std::optional<parsed_template> content;
    /// The same part of the layout; null when there is none.
    parsed_template const* layout{nullptr};
    std::vector<template_problem> problems{};
    std::string rendered{};
};

void append_trial(std::string& out, trial const& part)
{
    if (!part.content) {
        out += "null";
        return;
    }
    object_writer writer{out};
    writer.flag("ContentIsValid", part.problems.empty());
    {
        array_writer errors{writer.key("ValidationErrors")};
        for (auto const& problem : part.problems) {
            object_writer{errors.next()}
                .text("Message", problem.message)
                .number("Line", static_cast<std::int64_t>(problem.line))
                .number("CharacterPosition", static_cast<std::int64_t>(problem.character));
        }
    }
    if (part.problems.empty()) {
        writer.text("RenderedContent", part.rendered);
    } else {
        writer.null("RenderedContent");
    }
}

void check(trial& part, bool is_layout_body)
{
    if (!part.content) {
        return;
    }
    part.problems = part.content->problems();
    if (part.problems.empty() && is_layout_body) {
        if (auto problem = placeholder_problem(*part.content)) {
            part.problems.push_back({*problem, 1, 1});
        }
    }
}

void render_trial(trial& part, json::value const& model)
{
    if (!part.content || !part.problems.empty()) {
        return;
    }
    try {
        part.rendered = render(*part.content, model, part.field == "HtmlBody", part.layout);
    } catch (template_error const& error) {
        part.problems.push_back({error.what(), 1, 1});
    }
}

reply validate_template(call const& current)
{
    request_body const body{current};
    auto const given = read_template_fields(body);
    auto const* test_model = body->member("TestRenderModel");
    (void)body->object("TestRenderModel");
    (void)body->flag("InlineCssForHtmlTestRender");
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (body.is_absent()) {
        return make_refusal(422, 1109, "The request holds no data of a template.");
    }
    if (!given.subject && !given.html && !given.text) {
        return make_refusal(422, 1120, "The 'Subject', the 'HtmlBody' or the 'TextBody' is required.");
    }
    bool is_layout = false;
    if (auto const refused = read_template_type(given, is_layout)) {
        return make_refusal(*refused);
    }
    template_pointer layout;
    if (given.layout && !given.layout->empty()) {
        layout = current.server->templates.find(*given.layout);
        if (!layout || !layout->is_layout) {
            return make_refusal(422, 1101,
                                "The 'LayoutTemplate' associated with this request is not valid or was not found.");
        }
    }

    trial parts[]{{"HtmlBody", given.html ? std::optional{parsed_template{*given.html}} : std::nullopt,
                   layout && !layout->html.is_empty() ? &layout->html : nullptr},
                  {"TextBody", given.text ? std::optional{parsed_template{*given.text}} : std::nullopt,
                   layout && !layout->text.is_empty() ? &layout->text : nullptr},
                  {"Subject", given.subject ? std::optional{parsed_template{*given.subject}} : std::nullopt}};
    template_suggestion suggestion;
    for (auto& part : parts) {
        check(part, is_layout && part.field != "Subject");
        if (part.content && part.problems.empty()) {
            suggestion.add(*part.content);
        }
        if (part.layout) {
            suggestion.add(*part.layout);
        }
    }
    json::value const model(suggestion.merged_with(test_model ? test_model->get_object() : json::object{}));
    bool valid = true;
    for (auto& part : parts) {
        render_trial(part, model);
        valid = valid && part.problems.empty();
    }

    reply result;
    object_writer writer{result.body};
    writer.flag("AllContentIsValid", valid);
    for (auto const& part : parts) {
        append_trial(writer.key(part.field), part);
    }
    writer.key("SuggestedTemplateModel") += json::serialize(model);
    writer.end();
    return result;
}

/// One template of a push: a copy of `source`, with the id that it gets or has on the other server.
struct push_step {
    template_pointer source;
    /// Null: it is created there.
    template_pointer existing;
};

std::optional<refusal> plan_push(server_state const& from, server_state const& to, std::vector<push_step>& steps)
{
    std::size_t created = 0;
    // Layouts come first, so that the templates find them.
    for (bool const layouts : {true, false}) {
        for (auto const& entry : from.templates.active()) {
            if (entry->alias.empty() || entry->is_layout != layouts) {
                continue;
            }
            auto existing = to.templates.find(entry->alias);
            if (existing && existing->is_layout != entry->is_layout) {
                return refusal{1125, "The template '" + entry->alias +
                                         "' is a layout on one of the servers and none on the other."};
            }
            created += existing ? 0U : 1U;
            steps.push_back({entry, std::move(existing)});
        }
    }
    if (steps.empty()) {
        return refusal{1124, "The source server has no templates with an alias."};
    }
    if (to.templates.active().size() + created > template_limit) {
        return too_many_templates();
    }
    return std::nullopt;
}

/// Carries out one step and returns the id of the template on the other server.
std::int64_t push_one(account_state& account, server_state const& from, server_state& to, push_step const& step)
{
    auto copy = *step.source;
    copy.id = step.existing ? step.existing->id : account.next_template_id();
    auto const layout = copy.layout_id == 0 ? nullptr : from.templates.find(copy.layout_id);
    auto const own_layout = layout ? to.templates.find(layout->alias) : nullptr;
    copy.layout_id = own_layout ? own_layout->id : 0;
    auto const id = copy.id;
    to.templates.put(std::move(copy));
    return id;
}

reply push_templates(call const& current)
{
    request_body const body{current};
    auto const source_id = body->id("SourceServerID");
    auto const destination_id = body->id("DestinationServerID");
    auto const perform = body->flag("PerformChanges").value_or(false);
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    auto& account = current.state.account;
    auto* const source = source_id ? account.find_server(*source_id) : nullptr;
    auto* const destination = destination_id ? account.find_server(*destination_id) : nullptr;
    if (!source && !destination) {
        return make_refusal(422, 601, "The source and destination servers were not found.");
    }
    if (!source || !destination) {
        return make_refusal(422, 601,
                            source ? "The destination server was not found." : "The source server was not found.");
    }
    std::vector<push_step> steps;
    if (auto const refused = plan_push(*source, *destination, steps)) {
        return make_refusal(*refused);
    }
    reply result;
    object_writer writer{result.body};
    writer.number("TotalCount", static_cast<std::int64_t>(steps.size()));
    {
        array_writer list{writer.key("Templates")};
        for (auto const& step : steps) {
            object_writer entry{list.next()};
            entry.text("Action", step.existing ? "Edit" : "Create");
            if (perform) {
                entry.number("TemplateId", push_one(account, *source, *destination, step));
            } else if (step.existing) {
                entry.number("TemplateId", step.existing->id);
            }
            entry.text("Alias", step.source->alias)
                .text("Name", step.source->name)
                .text("TemplateType", step.source->is_layout ? "Layout" : "Standard");
        }
    }
    writer.end();
    return result;
}

constexpr endpoint rows[] = {
    {"POST", "/templates/validate", validate_template},
    {"PUT", "/templates/push", push_templates, access::account_token},
};

} // namespace

std::span<endpoint const> template_check_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
