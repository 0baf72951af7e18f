// SPDX-License-Identifier: BSL-1.0

#include "sandbox/template_syntax.hpp"

#include "sandbox/text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

/// Sections within sections; each level is a level of recursion in the renderer.
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_problems = 20;
/// Names of a dotted path.
constexpr std::size_t max_names = 32;

/// A path is `.`, or names with dots between them, after any number of `../`.
bool is_path(std::string_view path)
{
    if (path == ".") {
        return true;
    }
    while (path.starts_with("../")) {
        path.remove_prefix(3);
    }
    if (path == ".") {
        return true;
    }
    if (std::ranges::count(path, '.') >= static_cast<std::ptrdiff_t>(max_names)) {
        return false;
    }
    return !path.empty() && path.front() != '.' && path.back() != '.' && path.find("..") == std::string_view::npos &&
           path.find_first_of(" \t\r\n{}/#^&!") == std::string_view::npos;
}

} // namespace

class parsed_template::parser {
public:
    explicit parser(parsed_template& into)
        : into_{into}
        , source_{into.source_}
    {
    }

    void run()
    {
        std::size_t position = 0;
        while (auto const found = next_tag(position)) {
            add_text(position, found->begin);
            position = found->end;
            if (!add_tag(*found)) {
                return;
            }
        }
        if (unclosed_) {
            return;
        }
        add_text(position, source_.size());
        for (auto const& section : open_) {
            auto const& node = into_.nodes_[section.index];
            refuse("The section '" + std::string{into_.text_of(node)} + "' is not closed.", section.position);
        }
    }

private:
    using type = template_node::type;

    struct tag {
        std::size_t begin;
        std::size_t end;
        /// The text between the braces, without blanks at its ends.
        std::string_view content;
        bool triple;
    };

    struct open_section {
        /// Of the node.
        std::size_t index;
        /// Of the tag in the source.
        std::size_t position;
    };

    std::optional<tag> next_tag(std::size_t from)
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
            refuse("A placeholder is not closed.", begin);
            unclosed_ = true;
            return std::nullopt;
        }
        return tag{begin, end + closing.size(), trim(source_.substr(start, end - start)), triple};
    }

    void add_text(std::size_t begin, std::size_t end)
    {
        if (begin != end) {
            into_.nodes_.push_back({type::text, begin, end - begin});
        }
    }

    /// False: too much is wrong to go on.
    bool add_tag(tag const& found)
    {
        auto const content = found.content;
        if (found.triple && content == "@content") {
            add(type::content, content);
            return true;
        }
        if (content.starts_with("pm:")) {
            add_text(found.begin, found.end);
            return true;
        }
        char const sign = content.empty() || found.triple ? ' ' : content.front();
        auto const rest = content.empty() ? content : trim(content.substr(1));
        switch (sign) {
        case '!':
            break;
        case '#':
        case '^':
            return open(found, sign, rest);
        case '/':
            close(found, rest);
            break;
        case '&':
            add_value(found, type::raw_value, rest);
            break;
        default:
            add_value(found, found.triple ? type::raw_value : type::value, content);
            break;
        }
        return into_.problems_.size() < max_problems;
    }

    void add_value(tag const& found, type kind, std::string_view path)
    {
        if (path.empty()) {
            refuse("A placeholder is empty.", found.begin);
        } else if (!is_path(path)) {
            refuse("The path '" + std::string{path} + "' is not valid.", found.begin);
        } else {
            add(kind, path);
        }
    }

    bool open(tag const& found, char sign, std::string_view expression)
    {
        if (open_.size() == max_depth) {
            refuse("Sections are nested more than " + std::to_string(max_depth) + " levels deep.", found.begin);
            return false;
        }
        bool const each = sign == '#' && (expression == "each" || expression.starts_with("each "));
        auto const path = each ? trim(expression.substr(4)) : expression;
        if (!is_path(path)) {
            refuse("The path '" + std::string{path} + "' of a section is not valid.", found.begin);
            // The closing tag is expected all the same, so that this is the only problem that is reported.
        }
        open_.push_back({into_.nodes_.size(), found.begin});
        add(each ? type::each : sign == '#' ? type::section : type::inverse, path);
        return into_.problems_.size() < max_problems;
    }

    void close(tag const& found, std::string_view name)
    {
        auto const matches = [&] {
            auto const& node = into_.nodes_[open_.back().index];
            return name == (node.kind == type::each ? std::string_view{"each"} : into_.text_of(node));
        };
        if (open_.empty() || !matches()) {
            refuse("The section '" + std::string{name} + "' is closed, but not opened.", found.begin);
            return;
        }
        into_.nodes_[open_.back().index].next = into_.nodes_.size();
        open_.pop_back();
    }

    /// `text` is a part of the source.
    void add(type kind, std::string_view text)
    {
        into_.nodes_.push_back({kind, static_cast<std::size_t>(text.data() - source_.data()), text.size()});
    }

    void refuse(std::string message, std::size_t position)
    {
        auto const before = source_.substr(0, position);
        auto const line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
        auto const start = before.rfind('\n');
        auto const column = start == std::string_view::npos ? position : position - start - 1;
        into_.problems_.push_back({std::move(message), line, column + 1});
    }

    parsed_template& into_;
    std::string_view source_;
    /// The sections that are not closed yet.
    std::vector<open_section> open_;
    bool unclosed_{false};
};

parsed_template::parsed_template(std::string source)
    : source_{std::move(source)}
{
    parser{*this}.run();
}

std::size_t parsed_template::content_count() const
{
    return static_cast<std::size_t>(std::ranges::count(nodes_, template_node::type::content, &template_node::kind));
}

} // namespace postmark::sandbox::detail
