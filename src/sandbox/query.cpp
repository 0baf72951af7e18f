// SPDX-License-Identifier: BSL-1.0

#include "sandbox/query.hpp"

#include "sandbox/object_writer.hpp"

#include <algorithm>
#include <charconv>

namespace postmark::sandbox::detail {
namespace {

std::optional<std::size_t> parse_count(std::string_view text)
{
    std::size_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace

query_values::query_values(std::string_view query)
{
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        auto const pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        auto const equals = std::min(pair.find('='), pair.size());
        values_.emplace_back(percent_decoded(pair.substr(0, equals), true),
                             percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true));
    }
}

page read_dates(query_values const& query)
{
    page result;
    for (bool const end : {false, true}) {
        std::string_view const name = end ? "todate" : "fromdate";
        auto const text = query.text(name);
        if (text.empty()) {
            continue;
        }
        auto const date = parse_query_date(text, end);
        if (!date) {
            result.problem = "The '" + std::string{name} + "' parameter is not a date.";
            return result;
        }
        (end ? result.until : result.from) = date;
    }
    return result;
}

page read_page(query_values const& query, std::size_t limit)
{
    page result = read_dates(query);
    if (!result.problem.empty()) {
        return result;
    }
    auto const count = parse_count(query.text("count"));
    auto const offset = parse_count(query.text("offset"));
    if (!count || *count == 0 || *count > 500) {
        result.problem = "The 'count' parameter is required, and must be a number from 1 to 500.";
        return result;
    }
    if (!offset) {
        result.problem = "The 'offset' parameter is required, and must be a number from 0.";
        return result;
    }
    if (limit != 0 && (*offset > limit || *count > limit - *offset)) {
        result.problem = "The sum of 'count' and 'offset' must not exceed " + std::to_string(limit) + '.';
        return result;
    }
    result.count = *count;
    result.offset = *offset;
    return result;
}

reply listing::finish(std::string_view name) const
{
    reply result;
    object_writer writer{result.body};
    writer.number("TotalCount", static_cast<std::int64_t>(total_));
    ((writer.key(name) += '[') += items_) += ']';
    writer.end();
    return result;
}

} // namespace postmark::sandbox::detail
