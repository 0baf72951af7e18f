// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include "model/text.hpp"
#include "model/utf8.hpp"
#include "protocol/json_document.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/request_rules.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace postmark::protocol {

namespace {

bool is_empty(field const& candidate, void const* object)
{
    return candidate.type->is_empty != nullptr && candidate.type->is_empty(*candidate.type, candidate.at(object));
}

/// The text of a value in a path or a query, before it is percent-encoded.
std::string text_of(codec const& type, void const* value)
{
    if (type.value_of != nullptr) {
        void const* const inner = type.value_of(value);
        return inner == nullptr ? std::string{} : text_of(*type.element, inner);
    }
    if (&type == &string_codec) {
        return *static_cast<std::string const*>(value);
    }
    byte_buffer out;
    type.write(type, out, value);
    return std::string{out.view()};
}

/// Whether a path parameter is a number that no id has: 0, which a request has whose id was never set, or less.
bool is_no_id(codec const& type, std::string_view text)
{
    bool const is_number = &type == &int64_codec || &type == &int_codec;
    return is_number && (text == "0" || text.starts_with('-'));
}

/// Puts the path parameters in the places of their names.
/// \param problem set if one of them cannot be part of a path
std::string expand_path(schema const& description, void const* request, std::string& problem)
{
    std::string target;
    std::string_view rest = description.endpoint->path;
    for (;;) {
        std::size_t const opening = rest.find('{');
        target += rest.substr(0, opening);
        if (opening == std::string_view::npos) {
            return target;
        }
        std::size_t const closing = rest.find('}', opening);
        std::string_view const name = rest.substr(opening + 1, closing - opening - 1);
        rest.remove_prefix(closing + 1);
        auto const parameter = std::ranges::find_if(description.fields, [&](field const& candidate) {
            return candidate.place == place::path && candidate.key == name;
        });
        std::string const value = text_of(*parameter->type, parameter->at(request));
        if (value.empty()) {
            problem = std::string{name} + ": is empty";
        } else if (is_no_id(*parameter->type, value)) {
            problem = std::string{name} + ": must be positive";
        } else if (value == "." || value == "..") {
            problem = std::string{name} + ": is a dot segment, which has another meaning in a path";
        }
        target += percent_encode(value);
    }
}

void append_query(std::string& target, schema const& description, void const* request)
{
    char separator = target.find('?') == std::string::npos ? '?' : '&';
    std::string rest_of_key;
    for (field const& parameter : description.fields) {
        if (parameter.place == place::query_key) {
            rest_of_key = text_of(*parameter.type, parameter.at(request));
        }
        if (parameter.place != place::query || is_empty(parameter, request)) {
            continue;
        }
        target += separator;
        separator = '&';
        target += percent_encode(parameter.key);
        target += percent_encode(std::exchange(rest_of_key, {}));
        target += '=';
        target += percent_encode(text_of(*parameter.type, parameter.at(request)));
    }
}

/// Prints a text with the control characters escaped that JSON leaves as they are (DEL, C1), since a terminal obeys
/// them.
void print_without_controls(std::ostream& stream, std::string_view text)
{
    std::string_view plain = text;
    while (!text.empty()) {
        std::size_t const size = text.size();
        char32_t const code = model::take_code_point(text);
        if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) {
            constexpr std::string_view digits = "0123456789abcdef";
            stream << plain.substr(0, plain.size() - size) << "\\u00" << digits[code >> 4] << digits[code & 15];
            plain = text;
        }
    }
    stream << plain;
}

} // namespace

bool equal(schema const& description, void const* left, void const* right)
{
    bool const same = std::ranges::all_of(description.fields, [&](field const& member) {
        return member.type->equal(*member.type, member.at(left), member.at(right));
    });
    return same && (description.common == nullptr || *description.common(left) == *description.common(right));
}

void print(std::ostream& stream, schema const& description, void const* object)
{
    byte_buffer out;
    out.append(description.name);
    out.push_back('{');
    auto begin_member = [&, first = true](std::string_view name) mutable {
        if (!first) {
            out.append(", ");
        }
        first = false;
        out.append(name);
        if (!name.empty()) {
            out.append(": ");
        }
    };
    if (description.common != nullptr) {
        api_reply const& common = *description.common(object);
        begin_member("http_status");
        write_integer(out, common.http_status);
        if (common.api_code != 0) {
            begin_member("api_code");
            write_integer(out, common.api_code);
        }
        if (!common.detail.empty()) {
            begin_member("detail");
            write_string(out, common.detail);
        }
    }
    for (field const& member : description.fields) {
        if (!is_empty(member, object)) {
            begin_member(member.key);
            auto const print_value = member.type->print != nullptr ? member.type->print : member.type->write;
            print_value(*member.type, out, member.at(object));
        }
    }
    out.push_back('}');
    print_without_controls(stream, out.view());
}

void write(byte_buffer& out, schema const& description, void const* object)
{
    out.push_back('{');
    bool first = true;
    for (field const& member : description.fields) {
        if (!is_in_json(member) || (member.place == place::body && is_empty(member, object))) {
            continue;
        }
        if (!first) {
            out.push_back(',');
        }
        first = false;
        write_string(out, member.key);
        out.push_back(':');
        member.type->write(*member.type, out, member.at(object));
    }
    out.push_back('}');
}

bool read(schema const& description, boost::json::value const& json, void* object, std::string& problem,
          read_state state)
{
    if (read_fields(description, state, json, object)) {
        return true;
    }
    problem = state.path + (state.path.empty() ? "expected " : ": expected ") + state.expected;
    return false;
}

bool read(schema const& description, std::string_view json, void* object, std::string& problem, read_state state)
{
    json_document const document{json};
    if (document.value() == nullptr) {
        problem = document.expected();
        return false;
    }
    return read(description, *document.value(), object, problem, std::move(state));
}

api_request prepare(schema const& description, void const* request)
{
    endpoint const& target = *description.endpoint;
    std::string problem;
    std::string path = expand_path(description, request, problem);
    if (problem.empty()) {
        problem = query_problem(description, request);
    }
    if (problem.empty() && target.check != nullptr) {
        problem = target.check(request);
    }
    append_query(path, description, request);
    api_request prepared{target.method, std::move(path)};
    prepared.token = target.token;
    prepared.repeatable = target.repeatable;
    prepared.problem = std::move(problem);
    if (std::ranges::any_of(description.fields, is_in_json)) {
        byte_buffer body;
        write(body, description, request);
        prepared.body = body.view();
    }
    return prepared;
}

std::size_t max_elements(schema const& description, void const* request)
{
    int const* const count = find_query_number(description, request, "count");
    return count == nullptr ? description.endpoint->max_elements
                            : static_cast<std::size_t>(std::clamp(*count, 0, static_cast<int>(max_page_size)));
}

} // namespace postmark::protocol
