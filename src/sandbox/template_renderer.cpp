// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_renderer.hpp"

#include "sandbox/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

/// Nested loops can make any amount of text of a short template, or take any time without making text.
constexpr std::size_t max_output = 10U * 1024 * 1024;
constexpr std::size_t max_steps = 5'000'000;

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
    renderer(json::value const& model, bool escape, parsed_template const* content, std::string& out)
        : escape_{escape}
        , content_{content}
        , out_{out}
        , scopes_{&model}
    {
    }

    void run(parsed_template const& source)
    {
        if (!source.problems().empty()) {
            throw template_error(source.problems().front().message);
        }
        block(source, 0, source.nodes().size());
    }

private:
    /// Renders the nodes from `position` to `end`.
    void block(parsed_template const& source, std::size_t position, std::size_t end)
    {
        using type = template_node::type;
        while (position < end) {
            if (++steps_ > max_steps || out_.size() > max_output) {
                throw template_error("The text would be too long.");
            }
            auto const& node = source.nodes()[position];
            auto const text = source.text_of(node);
            switch (node.kind) {
            case type::text:
                out_ += text;
                break;
            case type::value:
                value(text, false);
                break;
            case type::raw_value:
                value(text, true);
                break;
            case type::content:
                // A template of its own has no content.
                if (content_) {
                    auto const* const content = std::exchange(content_, nullptr);
                    run(*content);
                    content_ = content;
                }
                break;
            case type::inverse:
                if (!is_filled(lookup(text))) {
                    block(source, position + 1, node.next);
                }
                break;
            case type::section:
            case type::each:
                section(source, position, lookup(text));
                break;
            }
            bool const is_section = node.kind == type::section || node.kind == type::each || node.kind == type::inverse;
            position = is_section ? node.next : position + 1;
        }
    }

    void section(parsed_template const& source, std::size_t position, json::value const* found)
    {
        auto const& node = source.nodes()[position];
        if (!is_filled(found)) {
            return;
        }
        if (node.kind != template_node::type::each || !found->is_array()) {
            scopes_.push_back(found);
            block(source, position + 1, node.next);
            scopes_.pop_back();
            return;
        }
        for (auto const& element : found->get_array()) {
            ++steps_;
            scopes_.push_back(&element);
            block(source, position + 1, node.next);
            scopes_.pop_back();
        }
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
        while (current && !path.empty()) {
            auto const dot = std::min(path.find('.'), path.size());
            auto const* object = current->if_object();
            current = object ? object->if_contains({path.data(), dot}) : nullptr;
            path.remove_prefix(std::min(dot + 1, path.size()));
        }
        return current;
    }

    bool escape_;
    parsed_template const* content_;
    std::string& out_;
    std::vector<json::value const*> scopes_;
    std::size_t steps_{0};
};

} // namespace

std::string render(parsed_template const& source, json::value const& model, bool escape, parsed_template const* layout)
{
    std::string out;
    out.reserve(source.source().size() + 128);
    renderer{model, escape, layout ? &source : nullptr, out}.run(layout ? *layout : source);
    return out;
}

} // namespace postmark::sandbox::detail
