// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/templates.hpp>

#include <utility>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// Templates without their texts

schema const& template_info::describe()
{
    using type = template_info;
    static constexpr field fields[]{
        member<type, &type::template_id>("TemplateId"),
        member<type, &type::name>("Name"),
        member<type, &type::active>("Active"),
        member<type, &type::alias>("Alias"),
        member<type, &type::template_type>("TemplateType"),
        member<type, &type::layout_template>("LayoutTemplate"),
    };
    static constexpr schema description = describe_type<type>("template_info", fields);
    return description;
}

schema const& templates_reply::describe()
{
    using type = templates_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::templates>("Templates"),
    };
    static constexpr schema description = describe_type<type>("templates_reply", fields);
    return description;
}

get_templates::get_templates(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_templates::describe()
{
    using type = get_templates;
    static constexpr endpoint target{http_method::get, "/templates"};
    static constexpr field fields[]{
        member<type, &type::count>("Count", place::query),
        member<type, &type::offset>("Offset", place::query),
        member<type, &type::template_type>("TemplateType", place::query),
        member<type, &type::layout_template>("LayoutTemplate", place::query),
    };
    static constexpr schema description = describe_request("get_templates", fields, target);
    return description;
}

schema const& template_info_reply::describe()
{
    static constexpr field fields[]{protocol::whole<template_info_reply, template_info>()};
    static constexpr schema description = describe_type<template_info_reply>("template_info_reply", fields);
    return description;
}

// One template

schema const& template_reply::describe()
{
    using type = template_reply;
    static constexpr field fields[]{
        member<type, &type::template_id>("TemplateId"),
        member<type, &type::name>("Name"),
        member<type, &type::active>("Active"),
        member<type, &type::alias>("Alias"),
        member<type, &type::template_type>("TemplateType"),
        member<type, &type::layout_template>("LayoutTemplate"),
        member<type, &type::subject>("Subject"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::text>("TextBody"),
        member<type, &type::associated_server_id>("AssociatedServerId"),
    };
    static constexpr schema description = describe_type<type>("template_reply", fields);
    return description;
}

get_template::get_template(std::string name)
    : id_or_alias{std::move(name)}
{
}

schema const& get_template::describe()
{
    using type = get_template;
    static constexpr endpoint target{http_method::get, "/templates/{id_or_alias}"};
    static constexpr field fields[]{member<type, &type::id_or_alias>("id_or_alias", place::path)};
    static constexpr schema description = describe_request("get_template", fields, target);
    return description;
}

// Changes

schema const& create_template::describe()
{
    using type = create_template;
    static constexpr endpoint target{
        .method = http_method::post, .path = "/templates", .repeatable = false, .check = [](void const* request) {
            protocol::request_check check;
            check.is_set("name", static_cast<type const*>(request)->name);
            return check.take();
        }};
    static constexpr field fields[]{
        member<type, &type::name>("Name"),
        member<type, &type::alias>("Alias"),
        member<type, &type::subject>("Subject"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::text>("TextBody"),
        member<type, &type::template_type>("TemplateType"),
        member<type, &type::layout_template>("LayoutTemplate"),
    };
    static constexpr schema description = describe_request("create_template", fields, target);
    return description;
}

edit_template::edit_template(std::string name_of_template)
    : id_or_alias{std::move(name_of_template)}
{
}

schema const& edit_template::describe()
{
    using type = edit_template;
    static constexpr endpoint target{http_method::put, "/templates/{id_or_alias}"};
    static constexpr field fields[]{
        member<type, &type::id_or_alias>("id_or_alias", place::path),
        member<type, &type::name>("Name"),
        member<type, &type::alias>("Alias"),
        member<type, &type::subject>("Subject"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::text>("TextBody"),
        member<type, &type::layout_template>("LayoutTemplate"),
    };
    static constexpr schema description = describe_request("edit_template", fields, target);
    return description;
}

delete_template::delete_template(std::string name)
    : id_or_alias{std::move(name)}
{
}

schema const& delete_template::describe()
{
    using type = delete_template;
    static constexpr endpoint target{http_method::delete_, "/templates/{id_or_alias}"};
    static constexpr field fields[]{member<type, &type::id_or_alias>("id_or_alias", place::path)};
    static constexpr schema description = describe_request("delete_template", fields, target);
    return description;
}

// Validation

schema const& template_error::describe()
{
    using type = template_error;
    static constexpr field fields[]{
        member<type, &type::message>("Message"),
        member<type, &type::line>("Line"),
        member<type, &type::character_position>("CharacterPosition"),
    };
    static constexpr schema description = describe_type<type>("template_error", fields);
    return description;
}

schema const& validated_content::describe()
{
    using type = validated_content;
    static constexpr field fields[]{
        member<type, &type::content_is_valid>("ContentIsValid"),
        member<type, &type::validation_errors>("ValidationErrors"),
        member<type, &type::rendered_content>("RenderedContent"),
    };
    static constexpr schema description = describe_type<type>("validated_content", fields);
    return description;
}

schema const& template_validation_reply::describe()
{
    using type = template_validation_reply;
    static constexpr field fields[]{
        member<type, &type::all_content_is_valid>("AllContentIsValid"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::text>("TextBody"),
        member<type, &type::subject>("Subject"),
        member<type, &type::suggested_template_model>("SuggestedTemplateModel", place::body,
                                                      &protocol::json_object_codec),
    };
    static constexpr schema description = describe_type<type>("template_validation_reply", fields);
    return description;
}

schema const& validate_template::describe()
{
    using type = validate_template;
    static constexpr endpoint target{
        .method = http_method::post, .path = "/templates/validate", .check = [](void const* request) {
            auto const& validated = *static_cast<type const*>(request);
            protocol::request_check check;
            if (validated.subject.empty() && validated.html.empty() && validated.text.empty()) {
                check.add("subject, html, text: all are empty");
            }
            check.is_json_object("test_render_model", validated.test_render_model);
            return check.take();
        }};
    static constexpr field fields[]{
        member<type, &type::subject>("Subject"),
        member<type, &type::html>("HtmlBody"),
        member<type, &type::text>("TextBody"),
        member<type, &type::test_render_model>("TestRenderModel", place::body, &protocol::json_object_codec),
        member<type, &type::inline_css_for_html_test_render>("InlineCssForHtmlTestRender"),
        member<type, &type::template_type>("TemplateType"),
        member<type, &type::layout_template>("LayoutTemplate"),
    };
    static constexpr schema description = describe_request("validate_template", fields, target);
    return description;
}

// Copies on another server

schema const& pushed_template::describe()
{
    using type = pushed_template;
    static constexpr field fields[]{
        member<type, &type::action>("Action"),
        member<type, &type::template_id>("TemplateId"),
        member<type, &type::alias>("Alias"),
        member<type, &type::name>("Name"),
        member<type, &type::template_type>("TemplateType"),
    };
    static constexpr schema description = describe_type<type>("pushed_template", fields);
    return description;
}

schema const& pushed_templates_reply::describe()
{
    using type = pushed_templates_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::templates>("Templates"),
    };
    static constexpr schema description = describe_type<type>("pushed_templates_reply", fields);
    return description;
}

push_templates::push_templates(std::int64_t source, std::int64_t destination, bool performs_changes)
    : source_server_id{source}
    , destination_server_id{destination}
    , perform_changes{performs_changes}
{
}

schema const& push_templates::describe()
{
    using type = push_templates;
    static constexpr endpoint target{.method = http_method::put,
                                     .path = "/templates/push",
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         auto const& push = *static_cast<type const*>(request);
                                         protocol::request_check check;
                                         check.is_set("source_server_id", push.source_server_id);
                                         check.is_set("destination_server_id", push.destination_server_id);
                                         return check.take();
                                     }};
    static constexpr field fields[]{
        member<type, &type::source_server_id>("SourceServerID"),
        member<type, &type::destination_server_id>("DestinationServerID"),
        member<type, &type::perform_changes>("PerformChanges"),
    };
    static constexpr schema description = describe_request("push_templates", fields, target);
    return description;
}

} // namespace postmark
