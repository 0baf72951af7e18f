// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_fields.hpp"

#include "sandbox/text.hpp"

#include <utility>

namespace postmark::sandbox::detail {
namespace {

constexpr std::size_t name_limit = 1000;
constexpr std::size_t subject_limit = 2000;
constexpr std::size_t body_limit = 5U * 1024 * 1024;

bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

std::optional<refusal> check_alias(template_store const& templates, template_entry const& entry)
{
    auto const& alias = entry.alias;
    bool valid = alias.empty() || is_letter(alias.front());
    for (char const character : alias) {
        valid = valid && (is_letter(character) || is_digit(character) || character == '.' || character == '_' ||
                          character == '-');
    }
    if (!valid) {
        return refusal{1122, "The 'Alias' of a template starts with a letter and has letters, digits, '.', '_' and "
                             "'-'."};
    }
    auto const other = templates.find(alias);
    if (other && other->id != entry.id) {
        return refusal{1122, "A template with the alias '" + alias + "' exists already."};
    }
    return std::nullopt;
}

/// Sets a part of the template to the text that is given, if one is.
std::optional<refusal> apply_part(std::optional<std::string> const& given, std::string_view field, std::size_t limit,
                                  bool is_layout_body, parsed_template& part)
{
    if (!given) {
        return std::nullopt;
    }
    if (given->size() > limit) {
        return refusal{1121, "The '" + std::string{field} + "' of the template is too long."};
    }
    part = parsed_template{*given};
    if (!part.problems().empty()) {
        auto const& problem = part.problems().front();
        return refusal{1122, "The '" + std::string{field} + "' of the template is invalid, line " +
                                 std::to_string(problem.line) + ", character " + std::to_string(problem.character) +
                                 ": " + problem.message};
    }
    if (is_layout_body && !part.is_empty()) {
        if (auto problem = placeholder_problem(part)) {
            return refusal{1131, "The '" + std::string{field} + "' of the layout is invalid: " + *problem};
        }
    }
    return std::nullopt;
}

std::optional<refusal> apply_layout(std::optional<std::string> const& given, template_store const& templates,
                                    template_entry& entry)
{
    if (!given) {
        return std::nullopt;
    }
    if (given->empty()) {
        entry.layout_id = 0;
        return std::nullopt;
    }
    if (entry.is_layout) {
        return refusal{1123, "The 'LayoutTemplate' field is not allowed for a layout."};
    }
    auto const layout = templates.find(*given);
    if (!layout || !layout->is_layout) {
        return refusal{1101, "The 'LayoutTemplate' associated with this request is not valid or was not found."};
    }
    entry.layout_id = layout->id;
    return std::nullopt;
}

std::optional<refusal> check_required(template_entry const& entry)
{
    if (trim(entry.name).empty()) {
        return refusal{1120, "The 'Name' of a template is required."};
    }
    if (!entry.is_layout && entry.subject.is_empty()) {
        return refusal{1120, "The 'Subject' of a template is required."};
    }
    if (entry.html.is_empty() && entry.text.is_empty()) {
        return refusal{1120, "The 'HtmlBody' or the 'TextBody' of a template is required."};
    }
    return std::nullopt;
}

} // namespace

refusal too_many_templates()
{
    return {1105, "A server is limited to " + std::to_string(template_limit) + " templates."};
}

template_fields read_template_fields(request_body const& body)
{
    template_fields result;
    result.name = body->text("Name");
    result.alias = body->text("Alias");
    result.type = body->text("TemplateType");
    result.layout = body->text("LayoutTemplate");
    result.subject = body->text("Subject");
    result.html = body->text("HtmlBody");
    result.text = body->text("TextBody");
    return result;
}

std::optional<refusal> read_template_type(template_fields const& given, bool& is_layout)
{
    auto const type = given.type.value_or(std::string{});
    is_layout = equals_ignoring_case(type, "Layout");
    if (!is_layout && !type.empty() && !equals_ignoring_case(type, "Standard")) {
        return refusal{1122, "The 'TemplateType' is invalid: it must be Standard or Layout."};
    }
    return std::nullopt;
}

std::optional<refusal> apply_template_fields(template_fields const& given, template_store const& templates,
                                             template_entry& entry)
{
    if (given.name) {
        entry.name = *given.name;
    }
    // A template cannot lose its alias.
    if (given.alias && !given.alias->empty()) {
        entry.alias = *given.alias;
    }
    if (entry.name.size() > name_limit || entry.alias.size() > name_limit) {
        return refusal{1121, "The 'Name' or the 'Alias' of the template is too long."};
    }
    if (entry.is_layout && given.subject && !given.subject->empty()) {
        return refusal{1123, "The 'Subject' field is not allowed for a layout."};
    }
    if (auto refused = apply_part(given.subject, "Subject", subject_limit, false, entry.subject)) {
        return refused;
    }
    if (auto refused = apply_part(given.html, "HtmlBody", body_limit, entry.is_layout, entry.html)) {
        return refused;
    }
    if (auto refused = apply_part(given.text, "TextBody", body_limit, entry.is_layout, entry.text)) {
        return refused;
    }
    if (auto refused = check_required(entry)) {
        return refused;
    }
    if (auto refused = apply_layout(given.layout, templates, entry)) {
        return refused;
    }
    return check_alias(templates, entry);
}

std::optional<std::string> placeholder_problem(parsed_template const& body)
{
    switch (body.content_count()) {
    case 0:
        return "The layout content placeholder must be present.";
    case 1:
        return std::nullopt;
    default:
        return "The layout content placeholder must be present only once.";
    }
}

std::string make_alias(template_store const& templates, std::string_view name)
{
    std::string base;
    for (char const character : to_lower(name)) {
        if (is_letter(character) || (is_digit(character) && !base.empty())) {
            base += character;
        } else if (!base.empty() && base.back() != '-') {
            base += '-';
        }
        if (base.size() == 100) {
            break;
        }
    }
    while (base.ends_with('-')) {
        base.pop_back();
    }
    if (base.empty()) {
        base = "template";
    }
    auto result = base;
    for (int number = 1; templates.find(result); ++number) {
        result = base + '-' + std::to_string(number);
    }
    return result;
}

} // namespace postmark::sandbox::detail
