// SPDX-License-Identifier: BSL-1.0

#include "sandbox/router.hpp"

#include "sandbox/text.hpp"

namespace postmark::sandbox {
namespace {

struct row {
    endpoint where;
    std::string_view methods;
    /// The spelling of the documentation; `{id}` stands for one part of any content.
    std::string_view pattern;
};

constexpr row rows[] = {
    {endpoint::email, "POST", "/email"},
    {endpoint::email_batch, "POST", "/email/batch"},
    {endpoint::email_with_template, "POST", "/email/withTemplate"},
    {endpoint::email_batch_with_templates, "POST", "/email/batchWithTemplates"},
    {endpoint::delivery_stats, "GET", "/deliverystats"},
    {endpoint::bounces, "GET", "/bounces"},
    {endpoint::bounce_tags, "GET", "/bounces/tags"},
    {endpoint::bounce, "GET", "/bounces/{id}"},
    {endpoint::bounce_dump, "GET", "/bounces/{id}/dump"},
    {endpoint::bounce_activate, "PUT", "/bounces/{id}/activate"},
    {endpoint::outbound_messages, "GET", "/messages/outbound"},
    {endpoint::outbound_message_details, "GET", "/messages/outbound/{id}/details"},
    {endpoint::control_faults, "PUT", "/__sandbox/faults"},
    {endpoint::control_messages, "GET DELETE", "/__sandbox/messages"},
    {endpoint::control_stats, "GET", "/__sandbox/stats"},
    {endpoint::control_suppressions, "POST", "/__sandbox/suppressions"},
    {endpoint::control_templates, "POST", "/__sandbox/templates"},
};

/// `id` becomes the part that stands for `{id}`.
bool matches(std::string_view pattern, std::string_view path, std::string_view& id)
{
    auto const variable = pattern.find("{id}");
    if (variable == std::string_view::npos) {
        return equals_ignoring_case(pattern, path);
    }
    auto const tail = pattern.substr(variable + 4);
    if (path.size() <= variable + tail.size() ||
        !equals_ignoring_case(pattern.substr(0, variable), path.substr(0, variable)) ||
        !equals_ignoring_case(tail, path.substr(path.size() - tail.size()))) {
        return false;
    }
    id = path.substr(variable, path.size() - variable - tail.size());
    return id.find('/') == std::string_view::npos;
}

} // namespace

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
    for (auto const& candidate : rows) {
        std::string_view id;
        if (!matches(candidate.pattern, path, id)) {
            continue;
        }
        result.where = candidate.where;
        result.wrong_method = method.empty() || candidate.methods.find(method) == std::string_view::npos;
        result.id = percent_decoded(id, false);
        return result;
    }
    return result;
}

std::string_view path_of(endpoint which)
{
    for (auto const& candidate : rows) {
        if (candidate.where == which) {
            return candidate.pattern;
        }
    }
    return "other";
}

} // namespace postmark::sandbox
