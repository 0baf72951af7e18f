// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_TEMPLATES_HPP
#define POSTMARK_API_TEMPLATES_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about templates: texts of mails with placeholders, and layouts, which are texts round those of templates.
///
/// Every key of a reply may be missing or null; its member then keeps its default value. A template is found by its id
/// or by its alias. `delete_template` and all others but `push_templates` take the server token.

namespace postmark {

/// A template without its texts.
struct template_info {
    template_info() = default;
    static schema const& describe();

    std::int64_t template_id = 0;
    std::string name;
    /// False: the template was deleted. The service still shows it by its id.
    bool active = false;
    /// Unique on the server. The service makes one of the name if a template is created without an alias.
    std::string alias;
    /// `Standard`, or `Layout`.
    std::string template_type;
    /// The alias of the layout; empty: none.
    std::string layout_template;
};

/// Reply of `get_templates`: one page of templates.
struct templates_reply : api_reply {
    templates_reply() = default;
    static schema const& describe();

    /// The number of templates that match, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<template_info> templates;
};

/// `GET /templates`: a page of templates.
struct get_templates {
    using reply_type = templates_reply;

    get_templates() = default;
    /// \param count  1 to 500 (the service's limit)
    /// \param offset the number of templates to skip, from 0
    explicit get_templates(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
    /// `All`, `Standard` or `Layout`; empty: the service's default, `All`.
    std::string template_type;
    /// The alias of a layout: only templates with this layout. Empty: all.
    std::string layout_template;
};

/// Reply of `get_template`: a template with its texts.
struct template_reply : api_reply, template_info {
    template_reply() = default;
    static schema const& describe();

    std::string subject;
    std::string html;
    std::string text;
    /// The id of the server that the template belongs to.
    std::int64_t associated_server_id = 0;
};

/// `GET /templates/{id_or_alias}`: one template.
struct get_template {
    using reply_type = template_reply;

    get_template() = default;
    /// \param id_or_alias `template_info::template_id` as text, or the alias
    explicit get_template(std::string id_or_alias);
    static schema const& describe();

    std::string id_or_alias;
};

/// Reply of `create_template` and `edit_template`.
struct template_info_reply : api_reply, template_info {
    template_info_reply() = default;
    static schema const& describe();
};

/// `POST /templates`: creates a template. The client does not retry this request after a lost reply.
///
/// A server has 100 templates at most (the service's limit).
struct create_template {
    using reply_type = template_info_reply;

    create_template() = default;
    static schema const& describe();

    /// Required.
    std::string name;
    /// A letter, then letters, digits, `.`, `_` or `-` (the service's rule); empty: the service makes one of the name.
    std::string alias;
    /// Required for a template; must be empty for a layout (the service's rule).
    std::string subject;
    /// A template needs a body as HTML or as text. A layout has `{{{ @content }}}` once in each of its bodies (the
    /// service's rules).
    std::string html;
    /// As `html`.
    std::string text;
    /// `Standard` or `Layout`; empty: the service's default, `Standard`. It cannot be changed later.
    std::string template_type;
    /// The alias of the layout; empty: none.
    std::string layout_template;
};

/// `PUT /templates/{id_or_alias}`: changes a template. Members that are empty or not set are left out of the request,
/// and the service does not change them.
struct edit_template {
    using reply_type = template_info_reply;

    edit_template() = default;
    /// \param id_or_alias `template_info::template_id` as text, or the alias
    explicit edit_template(std::string id_or_alias);
    static schema const& describe();

    std::string id_or_alias;
    std::string name;
    /// A letter, then letters, digits, `.`, `_` or `-` (the service's rule).
    std::string alias;
    std::string subject;
    /// An empty text removes this body.
    std::optional<std::string> html;
    /// As `html`.
    std::optional<std::string> text;
    /// The alias of the layout. An empty text ends the use of one.
    std::optional<std::string> layout_template;
};

/// `DELETE /templates/{id_or_alias}`: deletes a template. The service refuses it for a layout that is in use.
struct delete_template {
    using reply_type = acknowledgement;

    delete_template() = default;
    /// \param id_or_alias `template_info::template_id` as text, or the alias
    explicit delete_template(std::string id_or_alias);
    static schema const& describe();

    std::string id_or_alias;
};

/// A fault in the text of a template.
struct template_error {
    template_error() = default;
    static schema const& describe();

    std::string message;
    /// From 1; not set where the service does not say where the fault is.
    std::optional<int> line;
    /// As `line`.
    std::optional<int> character_position;
};

/// The result for one text of a template.
struct validated_content {
    validated_content() = default;
    static schema const& describe();

    bool content_is_valid = false;
    std::vector<template_error> validation_errors;
    /// The text with the values of the model; empty if it is not valid.
    std::string rendered_content;
};

/// Reply of `validate_template`. The service also replies like this, without an error, to a template that is not valid.
struct template_validation_reply : api_reply {
    template_validation_reply() = default;
    static schema const& describe();

    bool all_content_is_valid = false;
    /// Not set if the request had no such text. The same holds for `text` and `subject`.
    std::optional<validated_content> html;
    std::optional<validated_content> text;
    std::optional<validated_content> subject;
    /// The text of a JSON object with a value for each placeholder: those of the request's model, and examples. Empty
    /// if there are none.
    std::string suggested_template_model;
};

/// `POST /templates/validate`: checks and renders a template that need not exist. It creates nothing, so that the
/// client may retry it.
struct validate_template {
    using reply_type = template_validation_reply;

    validate_template() = default;
    static schema const& describe();

    /// One of `subject`, `html` and `text` is required.
    std::string subject;
    /// As `subject`.
    std::string html;
    /// As `subject`.
    std::string text;
    /// The text of a JSON object with the values to render with; empty: the service uses examples.
    std::string test_render_model;
    /// Whether CSS rules are written into the elements of the rendered HTML; not set: the service's default, yes.
    std::optional<bool> inline_css_for_html_test_render;
    /// `Standard` or `Layout`; empty: the service's default, `Standard`.
    std::string template_type;
    /// The alias of the layout to render with; empty: none.
    std::string layout_template;
};

/// A template that was or would be copied to another server.
struct pushed_template {
    pushed_template() = default;
    static schema const& describe();

    /// `Create` or `Edit`.
    std::string action;
    /// The id on the other server; 0 where the template does not exist there, since nothing was changed.
    std::int64_t template_id = 0;
    std::string alias;
    std::string name;
    /// `Standard` or `Layout`.
    std::string template_type;
};

/// Reply of `push_templates`.
struct pushed_templates_reply : api_reply {
    pushed_templates_reply() = default;
    static schema const& describe();

    std::int64_t total_count = 0;
    std::vector<pushed_template> templates;
};

/// `PUT /templates/push`: copies the templates with an alias from one server to another. A template with the same alias
/// is replaced there. It takes the account token. The client may retry it: a repetition copies the same templates.
struct push_templates {
    using reply_type = pushed_templates_reply;

    push_templates() = default;
    /// \param source_server_id      the server to copy from
    /// \param destination_server_id the server to copy to
    /// \param perform_changes       false: the service only says what it would change
    push_templates(std::int64_t source_server_id, std::int64_t destination_server_id, bool perform_changes = false);
    static schema const& describe();

    std::int64_t source_server_id = 0;
    std::int64_t destination_server_id = 0;
    bool perform_changes = false;
};

} // namespace postmark

#endif
