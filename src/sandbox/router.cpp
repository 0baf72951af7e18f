// SPDX-License-Identifier: BSL-1.0

#include "sandbox/router.hpp"

#include "sandbox/text.hpp"

#include <algorithm>
#include <compare>
#include <deque>
#include <tuple>

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
    while (!pattern.empty() && !path.empty()) {
        auto const wanted = take_segment(pattern);
        auto const found = take_segment(path);
        if (wanted.starts_with('{')) {
            // An empty last segment is the path without it; one in the middle is left to the handler.
            if (found.empty() && path.empty()) {
                return false;
            }
            parameters.push_back(found);
        } else if (!equals_ignoring_case(wanted, found)) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

/// What a path and the patterns that may match it have in common: the first segment, which is never a parameter, in
/// lower case, and the number of segments.
struct path_shape {
    std::string_view first;
    std::size_t segments{0};

    auto operator<=>(path_shape const&) const = default;
};

path_shape shape_of(std::string_view path)
{
    auto rest = path;
    return {take_segment(rest), static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'))};
}

/// The rows in an order in which those of one shape are neighbours. Of two patterns that match the same path, the one
/// with fewer parameters comes first.
class route_index {
public:
    explicit route_index(std::vector<endpoint> const& rows)
    {
        for (auto const& row : rows) {
            texts_.push_back(to_lower(row.path));
            entries_.push_back({shape_of(texts_.back()), std::count(row.path.begin(), row.path.end(), '{'), &row});
        }
        std::ranges::stable_sort(entries_, [](entry const& left, entry const& right) {
            return std::tie(left.shape, left.parameters) < std::tie(right.shape, right.parameters);
        });
    }

    struct entry {
        path_shape shape;
        std::ptrdiff_t parameters;
        endpoint const* row;
    };

    /// The rows that may match a path, which must be in lower case.
    [[nodiscard]] auto candidates(std::string_view path) const
    {
        return std::ranges::equal_range(entries_, shape_of(path), {}, &entry::shape);
    }

private:
    std::deque<std::string> texts_;
    std::vector<entry> entries_;
};

route_index const& index()
{
    static route_index const made{all_endpoints()};
    return made;
}

} // namespace

std::vector<endpoint> const& all_endpoints()
{
    static std::vector<endpoint> const table = [] {
        std::vector<endpoint> rows;
        for (auto const group : {
                 email_endpoints(),
                 bulk_endpoints(),
                 bounce_endpoints(),
                 message_endpoints(),
                 server_endpoints(),
                 domain_endpoints(),
                 sender_endpoints(),
                 data_removal_endpoints(),
                 inbound_rule_endpoints(),
                 webhook_endpoints(),
                 inbound_endpoints(),
                 engagement_endpoints(),
                 statistics_endpoints(),
                 message_stream_endpoints(),
                 suppression_endpoints(),
                 template_endpoints(),
                 template_check_endpoints(),
                 // Last, since the sandbox's own are no part of the service.
                 control_endpoints(),
                 message_control_endpoints(),
                 inbound_control_endpoints(),
                 account_control_endpoints(),
                 domain_control_endpoints(),
                 sender_control_endpoints(),
             }) {
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
    if (!path.starts_with('/')) {
        return result;
    }
    std::vector<std::string_view> parameters;
    for (auto const& entry : index().candidates(result.path)) {
        auto const& candidate = *entry.row;
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
