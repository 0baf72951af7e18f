// SPDX-License-Identifier: BSL-1.0

#include "sandbox/templates.hpp"

#include "sandbox/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace postmark::sandbox {
namespace {

namespace json = boost::json;

void append_escaped(std::string& out, std::string_view text)
{
    for (char const character : text) {
        switch (character) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += character;
        }
    }
}

std::string to_text(json::value const& value)
{
    switch (value.kind()) {
    case json::kind::null:
        return {};
    case json::kind::string:
        return std::string{value.get_string().data(), value.get_string().size()};
    case json::kind::double_: {
        char digits[32];
        return {digits, std::to_chars(digits, digits + sizeof digits, value.get_double()).ptr};
    }
    default:
        return json::serialize(value);
    }
}

bool is_filled(json::value const* value)
{
    if (!value || value->is_null()) {
        return false;
    }
    if (auto const* flag = value->if_bool()) {
        return *flag;
    }
    if (auto const* text = value->if_string()) {
        return !text->empty();
    }
    if (auto const* list = value->if_array()) {
        return !list->empty();
    }
    return true;
}

class renderer {
public:
    renderer(std::string_view source, bool escape, std::string& out)
        : source_{source}
        , escape_{escape}
        , out_{out}
    {
    }

    void run(json::value const& model)
    {
        scopes_.push_back(&model);
        auto const end = block(0, {}, true);
        if (end != source_.size()) {
            throw template_error("A section is closed that was not opened.");
        }
    }

private:
    struct tag {
        std::size_t begin;
        std::size_t end;
        std::string_view content;
        bool raw;
    };

    std::optional<tag> next_tag(std::size_t from) const
    {
        auto const begin = source_.find("{{", from);
        if (begin == std::string_view::npos) {
            return std::nullopt;
        }
        bool const triple = source_.substr(begin).starts_with("{{{");
        std::string_view const closing = triple ? "}}}" : "}}";
        auto const start = begin + closing.size();
        auto const end = source_.find(closing, start);
        if (end == std::string_view::npos) {
            throw template_error("A placeholder is not closed.");
        }
        return tag{begin, end + closing.size(), trim(source_.substr(start, end - start)), triple};
    }

    /// Renders up to the closing tag of `name` and returns the position behind it. Silent blocks are only skipped.
    std::size_t block(std::size_t position, std::string_view name, bool print)
    {
        for (;;) {
            auto const found = next_tag(position);
            if (print) {
                out_ += source_.substr(position, (found ? found->begin : source_.size()) - position);
            }
            if (!found) {
                if (!name.empty()) {
                    throw template_error("The section '" + std::string{name} + "' is not closed.");
                }
                return source_.size();
            }
            position = found->end;
            auto const content = found->content;
            char const sign = content.empty() || found->raw ? ' ' : content.front();
            auto const rest = content.empty() ? content : trim(content.substr(1));
            if (sign == '#' || sign == '^') {
                position = section(position, sign, rest, print);
            } else if (sign == '/') {
                if (name.empty() || rest != name) {
                    throw template_error("The section '" + std::string{rest} + "' is closed, but not opened.");
                }
                return position;
            } else if (sign == '!') {
                continue;
            } else if (print) {
                value(sign == '&' ? rest : content, found->raw || sign == '&');
            }
        }
    }

    std::size_t section(std::size_t position, char sign, std::string_view expression, bool print)
    {
        bool const each = sign == '#' && (expression.starts_with("each ") || expression == "each");
        auto const path = each ? trim(expression.substr(4)) : expression;
        std::string_view const name = each ? std::string_view{"each"} : path;
        auto const* found = print ? lookup(path) : nullptr;
        if (sign == '^') {
            return block(position, name, print && !is_filled(found));
        }
        if (!is_filled(found)) {
            return block(position, name, false);
        }
        if (!each || !found->is_array()) {
            scopes_.push_back(found);
            auto const end = block(position, name, true);
            scopes_.pop_back();
            return end;
        }
        std::size_t end = position;
        for (auto const& element : found->get_array()) {
            scopes_.push_back(&element);
            end = block(position, name, true);
            scopes_.pop_back();
        }
        return end;
    }

    void value(std::string_view path, bool raw)
    {
        auto const* found = lookup(path);
        if (!found) {
            return;
        }
        if (raw || !escape_) {
            out_ += to_text(*found);
        } else {
            append_escaped(out_, to_text(*found));
        }
    }

    json::value const* lookup(std::string_view path) const
    {
        auto depth = scopes_.size() - 1;
        while (path.starts_with("../")) {
            if (depth == 0) {
                return nullptr;
            }
            --depth;
            path.remove_prefix(3);
        }
        json::value const* current = scopes_[depth];
        if (path == "." || path == "this") {
            return current;
        }
        if (path.empty()) {
            throw template_error("A placeholder is empty.");
        }
        while (current && !path.empty()) {
            auto const dot = std::min(path.find('.'), path.size());
            auto const* object = current->if_object();
            current = object ? object->if_contains({path.data(), dot}) : nullptr;
            path.remove_prefix(std::min(dot + 1, path.size()));
        }
        return current;
    }

    std::string_view source_;
    bool escape_;
    std::string& out_;
    std::vector<json::value const*> scopes_;
};

} // namespace

std::string render(std::string_view source, json::value const& model, bool escape)
{
    std::string out;
    out.reserve(source.size() + 128);
    renderer{source, escape, out}.run(model);
    return out;
}

rendered_parts render(template_library::entry const& entry, json::value const& model)
{
    return {render(entry.subject, model, false), render(entry.html, model, true), render(entry.text, model, false)};
}

template_library::template_library()
{
    add("welcome", 1001, "Welcome, {{name}}",
        "<h1>Welcome, {{name}}</h1>{{{greeting}}}{{#each items}}<li>{{title}}: {{price}} for {{../name}}</li>{{/each}}",
        "Welcome, {{name}}.\n{{#each items}}- {{title}}: {{price}}\n{{/each}}{{^items}}Nothing ordered "
        "yet.\n{{/items}}");
    add("receipt", 1002, "Receipt {{receipt.number}}",
        "<p>Dear {{customer.name}},</p>{{#receipt}}<p>Number {{number}}, total <b>{{total}}</b></p>{{/receipt}}",
        "Dear {{customer.name}},\nNumber {{receipt.number}}, total {{receipt.total}}\n");
}

void template_library::add(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text)
{
    auto added = std::make_shared<entry const>(
        entry{std::move(alias), id, std::move(subject), std::move(html), std::move(text)});
    std::lock_guard const lock{mutex_};
    std::erase_if(entries_, [&](auto const& other) {
        return other->id == added->id || (!added->alias.empty() && other->alias == added->alias);
    });
    entries_.push_back(std::move(added));
}

std::shared_ptr<template_library::entry const> template_library::find(std::optional<std::int64_t> id,
                                                                      std::string_view alias) const
{
    std::lock_guard const lock{mutex_};
    for (auto const& candidate : entries_) {
        if (id ? candidate->id == *id : candidate->alias == alias) {
            return candidate;
        }
    }
    return nullptr;
}

} // namespace postmark::sandbox
