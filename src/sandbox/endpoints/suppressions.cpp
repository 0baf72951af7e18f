// SPDX-License-Identifier: BSL-1.0

// The endpoints of suppressions, which belong to a message stream.

#include "sandbox/addresses.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <array>

namespace postmark::sandbox::detail {
namespace {

constexpr std::size_t entry_limit = 50;

/// Checks that the stream of the path exists.
std::optional<refusal> check_stream(call const& current)
{
    if (current.server->streams.find(current.parameters.front())) {
        return std::nullopt;
    }
    return refusal{1226, "The message stream for the provided 'ID' was not found."};
}

/// Whether a filter is absent or names one of these, without regard to case.
template <std::size_t Count>
bool is_known(std::string_view filter, std::array<std::string_view, Count> const& names)
{
    return filter.empty() ||
           std::ranges::any_of(names, [&](std::string_view name) { return equals_ignoring_case(name, filter); });
}

bool is_wanted(std::string_view filter, std::string_view value)
{
    return filter.empty() || equals_ignoring_case(filter, value);
}

reply list_suppressions(call const& current)
{
    static constexpr std::array<std::string_view, 3> reasons{"HardBounce", "SpamComplaint", "ManualSuppression"};
    static constexpr std::array<std::string_view, 3> origins{"Recipient", "Customer", "Admin"};
    if (auto const refused = check_stream(current)) {
        return make_refusal(*refused);
    }
    query_values const values{current.query};
    auto const reason = values.text("SuppressionReason");
    auto const origin = values.text("Origin");
    auto const address = values.text("EmailAddress");
    if (!is_known(reason, reasons)) {
        return make_refusal(422, 1404, "The 'SuppressionReason' value is invalid.");
    }
    if (!is_known(origin, origins)) {
        return make_refusal(422, 1405, "The 'Origin' value is invalid.");
    }
    auto const dates = read_dates(values);
    if (!dates.problem.empty()) {
        return make_refusal(422, 403, dates.problem);
    }
    reply result;
    object_writer writer{result.body};
    {
        array_writer list{writer.key("Suppressions")};
        for (auto const& [key, entry] : current.server->suppressions.of_stream(current.parameters.front())) {
            if (is_wanted(reason, entry.reason) && is_wanted(origin, entry.origin) &&
                is_wanted(address, entry.address) && dates.covers(entry.created_at)) {
                object_writer{list.next()}
                    .text("EmailAddress", entry.address)
                    .text("SuppressionReason", entry.reason)
                    .text("Origin", entry.origin)
                    .date("CreatedAt", entry.created_at, date_form::eastern_short);
            }
        }
    }
    writer.end();
    return result;
}

/// What became of one address of a request.
struct change {
    std::string_view status;
    /// Empty for a success.
    std::string_view text;
};

/// Reads the addresses of a request and replies with what `apply` did to each.
template <class Apply>
reply change_suppressions(call const& current, Apply&& apply)
{
    if (auto const refused = check_stream(current)) {
        return make_refusal(*refused);
    }
    request_body const body{current};
    auto const entries = body->objects("Suppressions");
    std::vector<std::string> addresses;
    bool complete = true;
    for (auto const& entry : entries.value_or(std::vector<object_reader>{})) {
        auto address = entry.text("EmailAddress");
        complete = complete && address && !trim(*address).empty();
        addresses.push_back(std::move(address).value_or(std::string{}));
    }
    if (body.problem()) {
        return make_refusal(*body.problem());
    }
    if (addresses.empty()) {
        return make_refusal(422, 1409, "The request holds no 'Suppressions'.");
    }
    if (addresses.size() > entry_limit) {
        return make_refusal(422, 1410, "A request is limited to 50 'Suppressions'.");
    }
    if (!complete) {
        return make_refusal(422, 1411, "The 'EmailAddress' of a suppression is required.");
    }
    reply result;
    object_writer writer{result.body};
    {
        array_writer list{writer.key("Suppressions")};
        for (auto const& address : addresses) {
            auto const done = address_problem(trim(address), "EmailAddress")
                                  ? change{"Failed", "An invalid email address was provided."}
                                  : apply(trim(address));
            object_writer{list.next()}
                .text("EmailAddress", address)
                .text("Status", done.status)
                .text_or_null("Message", done.text);
        }
    }
    writer.end();
    return result;
}

reply create_suppressions(call const& current)
{
    return change_suppressions(current, [&](std::string_view address) {
        current.server->suppressions.add(current.parameters.front(), address, "ManualSuppression", "Customer");
        return change{"Suppressed", {}};
    });
}

/// Complaints and unsubscribe requests are decisions of the recipient, which the customer cannot undo.
bool is_decision_of_recipient(suppression const& entry)
{
    return entry.reason == "SpamComplaint" || (entry.reason == "ManualSuppression" && entry.origin == "Recipient");
}

reply delete_suppressions(call const& current)
{
    auto& server = *current.server;
    return change_suppressions(current, [&](std::string_view address) {
        auto const& stream = current.parameters.front();
        auto const* entry = server.suppressions.find(stream, address);
        if (entry && is_decision_of_recipient(*entry)) {
            return change{"Failed", "You do not have the required authority to change this suppression."};
        }
        if (entry) {
            server.suppressions.remove(stream, address);
            server.bounces.activate(stream, address);
        }
        return change{"Deleted", {}};
    });
}

constexpr endpoint rows[] = {
    {"GET", "/message-streams/{stream}/suppressions/dump", list_suppressions},
    {"POST", "/message-streams/{stream}/suppressions", create_suppressions},
    {"POST", "/message-streams/{stream}/suppressions/delete", delete_suppressions},
};

} // namespace

std::span<endpoint const> suppression_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
