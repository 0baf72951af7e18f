// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_SYNTAX_HPP
#define POSTMARK_SANDBOX_TEMPLATE_SYNTAX_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// What is wrong with a template, and where. Line and character count from 1.
struct template_problem {
    std::string message;
    std::size_t line;
    std::size_t character;
};

/// One piece of a template. The inner nodes of a section follow it.
struct template_node {
    enum class type : std::uint8_t {
        text,
        /// `{{x}}`
        value,
        /// `{{{x}}}`, `{{&x}}`
        raw_value,
        /// `{{#x}}`
        section,
        /// `{{^x}}`
        inverse,
        /// `{{#each x}}`
        each,
        /// `{{{@content}}}` of a layout
        content,
    };

    type kind;
    /// Position and size in the source: of the text, or of the path.
    std::size_t begin;
    std::size_t size;
    /// Index of the first node after a section.
    std::size_t next{0};
};

/// A template of the language Mustachio, parsed: values, sections, `../x` and `.`, dotted paths, `{{! remarks}}`, the
/// placeholder of layouts. The placeholders of unsubscribe links (`{{{pm:unsubscribe}}}`) stay as text, since the
/// service replaces them when it delivers.
class parsed_template {
public:
    parsed_template() = default;
    explicit parsed_template(std::string source);

    [[nodiscard]] std::string const& source() const { return source_; }
    [[nodiscard]] std::vector<template_node> const& nodes() const { return nodes_; }
    /// Empty for a valid template.
    [[nodiscard]] std::vector<template_problem> const& problems() const { return problems_; }
    [[nodiscard]] bool is_empty() const { return source_.empty(); }

    /// The text or the path of a node.
    [[nodiscard]] std::string_view text_of(template_node const& node) const
    {
        return std::string_view{source_}.substr(node.begin, node.size);
    }

    /// How often the content of a layout is inserted.
    [[nodiscard]] std::size_t content_count() const;

private:
    class parser;

    std::string source_;
    std::vector<template_node> nodes_;
    std::vector<template_problem> problems_;
};

} // namespace postmark::sandbox::detail

#endif
