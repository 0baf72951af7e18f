// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_FIELDS_HPP
#define POSTMARK_SANDBOX_TEMPLATE_FIELDS_HPP

#include "sandbox/object_reader.hpp"
#include "sandbox/template_store.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// Active templates and layouts of a server.
inline constexpr std::size_t template_limit = 100;

[[nodiscard]] refusal too_many_templates();

/// What a request says of a template.
struct template_fields {
    std::optional<std::string> name;
    std::optional<std::string> alias;
    std::optional<std::string> type;
    std::optional<std::string> layout;
    std::optional<std::string> subject;
    std::optional<std::string> html;
    std::optional<std::string> text;
};

[[nodiscard]] template_fields read_template_fields(request_body const& body);

/// Reads `TemplateType`; absent and empty mean `Standard`.
[[nodiscard]] std::optional<refusal> read_template_type(template_fields const& given, bool& is_layout);

/// Changes a template as the fields say, and checks it. What is not given stays as it is, and is not complained about.
[[nodiscard]] std::optional<refusal> apply_template_fields(template_fields const& given,
                                                           template_store const& templates, template_entry& entry);

/// What is wrong with the body of a layout, besides its syntax: it must have the placeholder of the content once.
[[nodiscard]] std::optional<std::string> placeholder_problem(parsed_template const& body);

/// An alias that is made of the name and not in use.
[[nodiscard]] std::string make_alias(template_store const& templates, std::string_view name);

} // namespace postmark::sandbox::detail

#endif
