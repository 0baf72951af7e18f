// SPDX-License-Identifier: BSL-1.0

#include "sandbox/router.hpp"

#include "sandbox/text.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

constexpr std::string_view control_prefix = "/__sandbox";

/// Takes the first segment, without its slash, off a path.
std::string_view take_segment(std::string_view& path)
{
    auto const end = std::min(path.find('/', 1), path.size());
    auto const segment = path.substr(1, end - 1);
    path.remove_prefix(end);
    return segment;
}

/// Compares segment by segment. `parameters` becomes the segments that stand for `{...}`.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string_view>& parameters)
{
    parameters.clear();
    if (!path.starts_with('/')) {
        return false;
    }
    while (!pattern.empty() && !path.empty()) {
        auto const wanted = take_segment(pattern);
        auto const found = take_segment(path);
        if (wanted.starts_with('{')) {
            if (found.empty()) {
                return false;
            }
            parameters.push_back(found);
        } else if (!equals_ignoring_case(wanted, found)) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

} // namespace

std::vector<endpoint> const& all_endpoints()
{
    static std::vector<endpoint> const table = [] {
        std::vector<endpoint> rows;
        for (auto const group : {email_endpoints(), bounce_endpoints(), message_endpoints(), control_endpoints()}) {
            rows.insert(rows.end(), group.begin(), group.end());
        }
        return rows;
    }();
    return table;
}

route find_route(std::string_view method, std::string_view target)
{
    route result;
    auto const question = target.find('?');
    if (question != std::string_view::npos) {
        result.query = target.substr(question + 1);
    }
    auto path = target.substr(0, question);
    if (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    result.path = to_lower(path);
    result.is_control = result.path == control_prefix || (result.path.starts_with(control_prefix) &&
                                                          result.path.substr(control_prefix.size()).starts_with('/'));
    std::vector<std::string_view> parameters;
    for (auto const& candidate : all_endpoints()) {
        if (!matches(candidate.path, path, parameters)) {
            continue;
        }
        bool const right_method = candidate.method == method;
        if (!right_method && result.target) {
            continue;
        }
        result.target = &candidate;
        result.wrong_method = !right_method;
        if (right_method) {
            for (auto const parameter : parameters) {
                result.parameters.push_back(percent_decoded(parameter, false));
            }
            break;
        }
    }
    return result;
}

std::size_t index_of(endpoint const* target)
{
    auto const& table = all_endpoints();
    return target ? static_cast<std::size_t>(target - table.data()) : table.size();
}

} // namespace postmark::sandbox::detail
