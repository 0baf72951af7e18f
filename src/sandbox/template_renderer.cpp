// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_renderer.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

/// Sections within sections; each level is a level of recursion here.
constexpr std::size_t max_depth = 64;
/// Nested loops can make any amount of text of a short template.
constexpr std::size_t max_output = 10U * 1024 * 1024;

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

    /// Renders up to the closing tag of `name` and returns the position after it. Without `print` the block is skipped.
    std::size_t block(std::size_t position, std::string_view name, bool print)
    {
        for (;;) {
            auto const found = next_tag(position);
            if (print) {
                if (out_.size() > max_output) {
                    throw template_error("The text would be too long.");
                }
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
        if (depth_ == max_depth) {
            throw template_error("Sections are nested more than " + std::to_string(max_depth) + " levels deep.");
        }
        ++depth_;
        auto const end = open_section(position, sign, expression, print);
        --depth_;
        return end;
    }

    std::size_t open_section(std::size_t position, char sign, std::string_view expression, bool print)
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
    std::size_t depth_{0};
};

} // namespace

std::string render(std::string_view source, json::value const& model, bool escape)
{
    std::string out;
    out.reserve(source.size() + 128);
    renderer{source, escape, out}.run(model);
    return out;
}

} // namespace postmark::sandbox::detail
