// SPDX-License-Identifier: BSL-1.0

// The endpoints of data removals.

#include "sandbox/addresses.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/world.hpp"

namespace postmark::sandbox::detail {
namespace {

reply show(data_removal const& entry)
{
    reply result;
    object_writer{result.body}.number("ID", entry.id).text("Status", "Pending");
    return result;
}

bool is_address(std::optional<std::string> const& text)
{
    return text && !address_problem(*text, "address");
}

reply not_approved()
{
    return make_refusal(422, 1302, "Data removals are not enabled for this account.");
}

reply create_removal(call const& current)
{
    auto& account = current.state.account;
    if (!account.approvals.data_removals) {
        return not_approved();
    }
    request_body const body{current};
    auto const requested_by = body->text("RequestedBy");
    auto const requested_for = body->text("RequestedFor");
    (void)body->flag("NotifyWhenCompleted");
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    // A body with neither address is let through: a client that names them otherwise gets an id, too.
    bool const named = requested_by || requested_for;
    if (body->is_empty() || (named && !(is_address(requested_by) && is_address(requested_for)))) {
        return make_refusal(422, 1300, "A data removal needs the addresses 'RequestedBy' and 'RequestedFor'.");
    }
    return show(account.data_removals.add(
        {account.ids.data_removal++, requested_by.value_or(std::string{}), requested_for.value_or(std::string{})}));
}

reply get_removal(call const& current)
{
    if (!current.state.account.approvals.data_removals) {
        return not_approved();
    }
    auto const number = parse_id(current.parameters.front());
    auto const* found = number ? current.state.account.data_removals.find(*number) : nullptr;
    return found ? show(*found) : make_refusal(422, 1301, "The data removal request was not found.");
}

constexpr endpoint rows[] = {
    {"POST", "/data-removals", create_removal, access::account_token},
    {"GET", "/data-removals/{id}", get_removal, access::account_token},
};

} // namespace

std::span<endpoint const> data_removal_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
