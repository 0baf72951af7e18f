// SPDX-License-Identifier: BSL-1.0

#include "sandbox/internet_mail.hpp"

#include "sandbox/mail_encodings.hpp"
#include "sandbox/text.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

constexpr std::size_t max_fields = 1'000;
constexpr std::size_t max_field_size = 64U * 1024;
constexpr unsigned max_depth = 16;
constexpr std::size_t max_parts = 500;
/// RFC 2046 allows 70 characters.
constexpr std::size_t max_boundary = 200;
constexpr std::size_t max_parameters = 64;

/// Takes the first line off the text, without its end.
std::string_view take_line(std::string_view& text)
{
    auto const end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

bool is_field_name(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char character) {
        auto const byte = static_cast<unsigned char>(character);
        return byte > 0x20 && byte < 0x7f;
    });
}

/// Takes the fields off a message or a part; what remains is the body.
std::vector<header> take_fields(std::string_view& text)
{
    std::vector<header> fields;
    bool continues = false;
    while (!text.empty()) {
        auto const line = take_line(text);
        if (line.empty()) {
            break;
        }
        if (line.front() == ' ' || line.front() == '\t') {
            if (continues && fields.back().value.size() + line.size() <= max_field_size) {
                fields.back().value += line;
            }
            continue;
        }
        auto const colon = std::min(line.find(':'), line.size());
        auto const name = trim(line.substr(0, colon));
        continues = colon < line.size() && is_field_name(name) && fields.size() < max_fields;
        if (continues) {
            fields.emplace_back(std::string{name}, std::string{trim(line.substr(colon + 1)).substr(0, max_field_size)});
        }
    }
    return fields;
}

std::string_view find_field(std::vector<header> const& fields, std::string_view name)
{
    auto const found =
        std::ranges::find_if(fields, [&](header const& field) { return equals_ignoring_case(field.name, name); });
    return found == fields.end() ? std::string_view{} : std::string_view{found->value};
}

/// A field such as `Content-Type`: a value, and parameters after semicolons.
class parameterized_field {
public:
    explicit parameterized_field(std::string_view text)
        : value_{to_lower(trim(text.substr(0, text.find(';'))))}
    {
        text.remove_prefix(std::min(text.find(';'), text.size()));
        while (!text.empty() && parameters_.size() < max_parameters) {
            text.remove_prefix(1);
            take_parameter(text);
        }
    }

    [[nodiscard]] std::string const& value() const { return value_; }

    /// A parameter as text: in pieces, with a charset (RFC 2231), or in encoded words.
    [[nodiscard]] std::string parameter(std::string_view name) const
    {
        if (auto const* plain = find(name)) {
            return decoded_words(*plain);
        }
        if (auto const* extended = find(std::string{name} + '*')) {
            auto const [charset, text] = split_charset(*extended);
            return to_utf8(percent_decoded(text, false), charset);
        }
        return joined_pieces(name);
    }

    /// A parameter as it was written.
    [[nodiscard]] std::string_view raw_parameter(std::string_view name) const
    {
        auto const* found = find(name);
        return found ? std::string_view{*found} : std::string_view{};
    }

private:
    /// Reads `name=value` or `name="value"` and leaves the text at the next semicolon.
    void take_parameter(std::string_view& text)
    {
        auto const name_end = std::min(text.find_first_of("=;"), text.size());
        auto name = to_lower(trim(text.substr(0, name_end)));
        text.remove_prefix(name_end);
        if (text.empty() || text.front() == ';') {
            return;
        }
        text.remove_prefix(1);
        text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
        std::string value;
        bool const quoted = text.starts_with('"');
        if (quoted) {
            std::size_t index = 1;
            for (; index < text.size() && text[index] != '"'; ++index) {
                if (text[index] == '\\' && index + 1 < text.size()) {
                    ++index;
                }
                value += text[index];
            }
            text.remove_prefix(std::min(index, text.size()));
        }
        auto const end = std::min(text.find(';'), text.size());
        if (!quoted) {
            value = trim(text.substr(0, end));
        }
        text.remove_prefix(end);
        parameters_.emplace_back(std::move(name), std::move(value));
    }

    [[nodiscard]] std::string const* find(std::string_view name) const
    {
        auto const found = std::ranges::find_if(parameters_, [&](auto const& entry) { return entry.first == name; });
        return found == parameters_.end() ? nullptr : &found->second;
    }

    /// Splits `charset'language'text`.
    static std::pair<std::string_view, std::string_view> split_charset(std::string_view text)
    {
        auto const first = text.find('\'');
        auto const second = first == std::string_view::npos ? first : text.find('\'', first + 1);
        if (second == std::string_view::npos) {
            return {{}, text};
        }
        return {text.substr(0, first), text.substr(second + 1)};
    }

    /// Joins `name*0`, `name*1*` and so on.
    [[nodiscard]] std::string joined_pieces(std::string_view name) const
    {
        std::string bytes;
        std::string charset;
        for (std::size_t index = 0; index < parameters_.size(); ++index) {
            auto const piece = std::string{name} + '*' + std::to_string(index);
            if (auto const* plain = find(piece)) {
                bytes += *plain;
            } else if (auto const* encoded = find(piece + '*')) {
                auto text = std::string_view{*encoded};
                if (index == 0) {
                    std::tie(charset, text) = split_charset(*encoded);
                }
                bytes += percent_decoded(text, false);
            } else {
                break;
            }
        }
        return to_utf8(bytes, charset);
    }

    std::string value_;
    std::vector<std::pair<std::string, std::string>> parameters_;
};

/// The parts between the lines with the boundary.
class part_splitter {
public:
    part_splitter(std::string_view body, std::string_view boundary)
        : rest_{body}
        , delimiter_{"--" + std::string{boundary}}
    {
        (void)take_part();
    }

    [[nodiscard]] bool at_end() const { return ended_; }

    /// The text up to the next line with the boundary, or to the end.
    std::string_view take_part()
    {
        for (std::size_t search = 0;;) {
            auto const found = rest_.find(delimiter_, search);
            if (found == std::string_view::npos) {
                ended_ = true;
                return std::exchange(rest_, {});
            }
            auto after = rest_.substr(found + delimiter_.size());
            auto const line = take_line(after);
            bool const last = line.starts_with("--");
            bool const alone = trim(last ? line.substr(2) : line).empty();
            if ((found != 0 && rest_[found - 1] != '\n') || !alone) {
                search = found + delimiter_.size();
                continue;
            }
            auto part = rest_.substr(0, found);
            // The line break before the boundary belongs to it.
            for (char const character : {'\n', '\r'}) {
                if (part.ends_with(character)) {
                    part.remove_suffix(1);
                }
            }
            ended_ = last;
            rest_ = after;
            return part;
        }
    }

private:
    std::string_view rest_;
    std::string const delimiter_;
    bool ended_{false};
};

class mail_reader {
public:
    explicit mail_reader(internet_mail& into)
        : into_{into}
    {
    }

    void read_body(std::vector<header> const& fields, std::string_view body, unsigned depth)
    {
        parameterized_field const type{find_field(fields, "Content-Type")};
        auto const boundary = type.raw_parameter("boundary");
        bool const has_parts =
            type.value().starts_with("multipart/") && !boundary.empty() && boundary.size() <= max_boundary;
        if (!has_parts) {
            read_leaf(fields, type, body);
            return;
        }
        if (depth == max_depth) {
            return;
        }
        part_splitter parts{body, boundary};
        while (!parts.at_end() && parts_ < max_parts) {
            ++parts_;
            auto part = parts.take_part();
            auto const part_fields = take_fields(part);
            read_body(part_fields, part, depth + 1);
        }
    }

private:
    void read_leaf(std::vector<header> const& fields, parameterized_field const& type, std::string_view body)
    {
        parameterized_field const disposition{find_field(fields, "Content-Disposition")};
        auto name = disposition.parameter("filename");
        if (name.empty()) {
            name = type.parameter("name");
        }
        auto const& kind = type.value();
        bool const html = kind == "text/html";
        bool const text = html || kind == "text/plain" || kind.empty();
        auto bytes = decoded_body(body, trim(find_field(fields, "Content-Transfer-Encoding")));
        if (text && name.empty() && disposition.value() != "attachment") {
            (html ? into_.html : into_.text) += to_utf8(bytes, type.parameter("charset"));
            return;
        }
        attachment added;
        added.name = name.empty() ? kind == "message/rfc822" ? "message.eml" : "attachment" : std::move(name);
        added.content_type = kind.empty() ? "text/plain" : to_utf8(kind, {});
        auto id = trim(find_field(fields, "Content-ID"));
        if (id.starts_with('<') && id.ends_with('>') && id.size() > 1) {
            id = id.substr(1, id.size() - 2);
        }
        added.content_id = to_utf8(id, {});
        added.content = std::move(bytes);
        into_.attachments.push_back(std::move(added));
    }

    internet_mail& into_;
    std::size_t parts_{0};
};

} // namespace

std::string_view internet_mail::field(std::string_view name) const
{
    return find_field(fields, name);
}

internet_mail read_internet_mail(std::string_view source)
{
    internet_mail result;
    result.fields = take_fields(source);
    mail_reader reader{result};
    reader.read_body(result.fields, source, 0);
    return result;
}

} // namespace postmark::sandbox::detail
