// SPDX-License-Identifier: BSL-1.0

// The control endpoint of the account.

#include "sandbox/control.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/world.hpp"

namespace postmark::sandbox::detail {
namespace {

reply set_approvals(call const& current)
{
    request_body const body{current};
    auto& approvals = current.state.account.approvals;
    auto const bulk_sending = body->flag("BulkSending").value_or(approvals.bulk_sending);
    auto const data_removals = body->flag("DataRemovals").value_or(approvals.data_removals);
    if (body.problem()) {
        return bad_request(body.problem()->message);
    }
    approvals.bulk_sending = bulk_sending;
    approvals.data_removals = data_removals;
    reply result;
    object_writer{result.body}.flag("BulkSending", bulk_sending).flag("DataRemovals", data_removals);
    return result;
}

constexpr endpoint rows[] = {
    {"PUT", "/__sandbox/account", set_approvals, access::control},
};

} // namespace

std::span<endpoint const> account_control_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
