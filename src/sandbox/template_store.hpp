// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_STORE_HPP
#define POSTMARK_SANDBOX_TEMPLATE_STORE_HPP

#include "sandbox/template_syntax.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The parts that a template produced for one message.
struct rendered_parts {
    std::string subject;
    std::string html;
    std::string text;
};

/// A template, or a layout into which templates are set.
struct template_entry {
    std::int64_t id{0};
    std::string name;
    std::string alias;
    bool is_layout{false};
    /// 0: none.
    std::int64_t layout_id{0};
    /// False once it is removed.
    bool is_active{true};
    parsed_template subject;
    parsed_template html;
    parsed_template text;
};

using template_pointer = std::shared_ptr<template_entry const>;

/// A template with its layout, which may be null.
struct template_choice {
    template_pointer content;
    template_pointer layout;
};

/// The templates of a server. Guarded by the lock of the world. Entries never change: an edited template is a new
/// entry, so that a send can render one without the lock.
class template_store {
public:
    /// Adds a template; it replaces those with the same id or alias. What is wrong with it shows when it is used.
    void add(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text);

    /// Adds an entry, or replaces the one with its id.
    void put(template_entry entry);

    /// Makes a template inactive: it is found by `find_any` only.
    void remove(template_pointer const& entry);

    /// The active templates, in the order in which they were made.
    [[nodiscard]] std::vector<template_pointer> const& active() const { return active_; }

    [[nodiscard]] template_pointer find(std::int64_t id) const;
    [[nodiscard]] template_pointer find(std::string_view alias) const;
    /// As `find`, for the text of a path: an id or an alias.
    [[nodiscard]] template_pointer find_named(std::string_view id_or_alias) const;
    /// As `find_named`, and removed ones by their id.
    [[nodiscard]] template_pointer find_any(std::string_view id_or_alias) const;

    /// Whether the id is in use, be it of a removed template.
    [[nodiscard]] bool has(std::int64_t id) const;

    /// The template of a message: by its id if one is given, else by its alias. The content is null when there is none,
    /// or when it is a layout.
    [[nodiscard]] template_choice choose(std::optional<std::int64_t> id, std::string_view alias) const;

private:
    std::vector<template_pointer> active_;
    std::vector<template_pointer> removed_;
};

/// The templates `welcome` and `receipt`, without ids.
[[nodiscard]] std::vector<template_entry> make_seed_templates();

/// Renders all parts. Throws `template_error`.
[[nodiscard]] rendered_parts render(template_choice const& choice, boost::json::value const& model);

} // namespace postmark::sandbox::detail

#endif
