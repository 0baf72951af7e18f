// SPDX-License-Identifier: BSL-1.0

// The endpoints of inbound rules.

#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

namespace postmark::sandbox::detail {
namespace {

void append_rule(std::string& out, inbound_rule const& entry)
{
    object_writer{out}.number("ID", entry.id).text("Rule", entry.rule);
}

reply list_rules(call const& current)
{
    query_values const values{current.query};
    auto const wanted = read_page(values);
    if (!wanted.problem.empty()) {
        return make_refusal(422, 800, wanted.problem);
    }
    listing result{wanted};
    for (auto const& entry : current.server->inbound_rules.all()) {
        if (auto* out = result.next()) {
            append_rule(*out, entry);
        }
    }
    return result.finish("InboundRules");
}

reply create_rule(call const& current)
{
    request_body const body{current};
    auto const given = body->text("Rule");
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (!given) {
        return make_refusal(422, 809, "The request holds no 'Rule'.");
    }
    std::string const rule{trim(*given)};
    if (!inbound_rule::is_valid(rule)) {
        return make_refusal(422, 813, "The 'Rule' must be an email address or a domain.");
    }
    auto& rules = current.server->inbound_rules;
    if (rules.find_if([&](inbound_rule const& entry) { return equals_ignoring_case(entry.rule, rule); })) {
        return make_refusal(422, 810, "This inbound rule already exists.");
    }
    reply result;
    append_rule(result.body, rules.add({current.state.account.ids.inbound_rule++, rule}));
    return result;
}

reply delete_rule(call const& current)
{
    auto const number = parse_id(current.parameters.front());
    auto const* found = number ? current.server->inbound_rules.find(*number) : nullptr;
    if (!found) {
        return make_refusal(422, 812, "The inbound rule was not found.");
    }
    auto result = make_acknowledgement("Rule " + found->rule + " removed.");
    current.server->inbound_rules.remove(*number);
    return result;
}

constexpr endpoint rows[] = {
    {"GET", "/triggers/inboundrules", list_rules},
    {"POST", "/triggers/inboundrules", create_rule},
    {"DELETE", "/triggers/inboundrules/{id}", delete_rule},
};

} // namespace

std::span<endpoint const> inbound_rule_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
