// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/schema.hpp"

#include <algorithm>

namespace postmark::protocol {

namespace {

/// The value of a field of the query; null if there is none of that type and key.
void const* find_query_field(schema const& description, void const* request, codec const& type,
                             std::string_view key) noexcept
{
    auto const found = std::ranges::find_if(description.fields, [&](field const& candidate) {
        return candidate.place == place::query && candidate.type == &type &&
               model::equal_ignoring_case(candidate.key, key);
    });
    return found == description.fields.end() ? nullptr : found->at(request);
}

std::string_view find_query_text(schema const& description, void const* request, std::string_view key) noexcept
{
    auto const* text = static_cast<std::string const*>(find_query_field(description, request, string_codec, key));
    return text == nullptr ? std::string_view{} : *text;
}

/// Whether a text has the form of another, in which `0` stands for any digit.
bool has_form(std::string_view text, std::string_view form) noexcept
{
    return std::ranges::equal(text, form, [](char byte, char expected) {
        return expected == '0' ? model::is_digit(byte) : byte == expected;
    });
}

/// Out of line, since texts that are put together in place take much code.
[[gnu::cold]] std::string problem_text(std::string_view name, std::string_view text)
{
    std::string problem{name};
    problem += ": ";
    problem += text;
    return problem;
}

constexpr std::string_view date_form = "0000-00-00";

/// Whether a text is a date, or a date and a time without an offset. Other forms are left to the service.
bool is_local_time(std::string_view text) noexcept
{
    std::string_view const time = text.substr(std::min(date_form.size(), text.size()));
    return has_form(text.substr(0, date_form.size()), date_form) &&
           (time.empty() || has_form(time, "T00:00") || has_form(time, "T00:00:00"));
}

/// Whether a range of time ends before it begins. A date alone is the whole day.
bool is_out_of_order(std::string_view from, std::string_view to) noexcept
{
    if (!is_local_time(from) || !is_local_time(to)) {
        return false;
    }
    std::size_t const common = std::min(from.size(), to.size());
    return from.substr(0, common) > to.substr(0, common);
}

} // namespace

int const* find_query_number(schema const& description, void const* request, std::string_view key) noexcept
{
    return static_cast<int const*>(find_query_field(description, request, int_codec, key));
}

std::string query_problem(schema const& description, void const* request)
{
    int const* const count = find_query_number(description, request, "count");
    int const* const offset = find_query_number(description, request, "offset");
    if (count != nullptr && (*count < 1 || *count > static_cast<int>(max_page_size))) {
        static_assert(max_page_size == 500);
        return "count: expected 1 to 500";
    }
    if (offset != nullptr && *offset < 0) {
        return "offset: is negative";
    }
    endpoint const& target = *description.endpoint;
    std::int64_t const limit = target.is_limit_documented ? target.paging_limit : 0;
    if (count != nullptr && offset != nullptr && limit != 0 && std::int64_t{*count} + *offset > limit) {
        return "offset: together with count it is more than " + std::to_string(limit);
    }
    if (is_out_of_order(find_query_text(description, request, "fromdate"),
                        find_query_text(description, request, "todate"))) {
        return "to_date: is before from_date";
    }
    return {};
}

[[gnu::cold]] std::string element_problem(std::string_view list, std::size_t index, std::string_view problem)
{
    std::string text{list};
    text += '[';
    text += std::to_string(index);
    text += "].";
    text += problem;
    return text;
}

void request_check::is_set(std::string_view name, std::string_view value)
{
    if (value.empty()) {
        add(problem_text(name, "is empty"));
    }
}

void request_check::is_set(std::string_view name, std::int64_t id)
{
    if (id == 0) {
        add(problem_text(name, "is not set"));
    }
}

void request_check::has_size(std::string_view name, std::size_t size, std::size_t max)
{
    if (size == 0) {
        add(problem_text(name, "is empty"));
    } else if (size > max) {
        add(problem_text(name, "expected at most " + std::to_string(max) + " elements"));
    }
}

void request_check::has_length(std::string_view name, std::string_view text, std::size_t max)
{
    if (model::count_characters(text) > max) {
        add(std::string{name} + ": expected at most " + std::to_string(max) + " characters");
    }
}

void request_check::is_json_object(std::string_view name, std::string_view json)
{
    if (!json.empty() && !model::is_json_object(json)) {
        add(problem_text(name, "expected the text of a JSON object"));
    }
}

void request_check::add(std::string problem)
{
    if (problem_.empty()) {
        problem_ = std::move(problem);
    }
}

} // namespace postmark::protocol
