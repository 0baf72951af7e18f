// SPDX-License-Identifier: BSL-1.0

// The endpoints of bulk requests.

#include "sandbox/bulk_check.hpp"
#include "sandbox/json_text.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/query.hpp"
#include "sandbox/sending.hpp"
#include "sandbox/world.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>

namespace postmark::sandbox::detail {
namespace {

void append_request(std::string& out, bulk_request const& entry, std::string_view id_key)
{
    auto const done = entry.done();
    // Messages that failed show last.
    auto const released = std::min(done, entry.total - entry.failed);
    object_writer writer{out};
    writer.text(id_key, entry.public_id())
        .date("SubmittedAt", entry.submitted_at, date_form::utc)
        .text("Status", entry.status())
        .number("TotalMessages", entry.total)
        .decimal("PercentageCompleted", 100.0 * static_cast<double>(done) / static_cast<double>(entry.total))
        .number("ReleasedCount", released)
        .number("FailedCount", done - released);
    if (!entry.subject.empty()) {
        writer.text("Subject", entry.subject);
    }
}

reply refuse_all(std::vector<bulk_problem> const& problems)
{
    if (problems.size() == 1) {
        return make_refusal(problems.front().reason);
    }
    reply result{422, {}};
    result.api_code = 11;
    object_writer writer{result.body};
    writer.number("ErrorCode", 11).text("Message", "The request has several errors; see 'Errors'.");
    {
        object_writer errors{writer.key("Errors")};
        for (auto place = problems.begin(); place != problems.end();) {
            auto const end =
                std::find_if(place, problems.end(), [&](auto const& other) { return other.field != place->field; });
            array_writer of_field{errors.key(place->field)};
            for (; place != end; ++place) {
                object_writer{of_field.next()}
                    .number("ErrorCode", place->reason.api_code)
                    .text("Message", place->reason.message);
            }
        }
    }
    writer.end();
    return result;
}

/// Needs the lock of the world.
std::optional<reply> check_approval(call const& current)
{
    if (current.state.account.approvals.bulk_sending) {
        return std::nullopt;
    }
    return make_refusal(422, 14, "This account is not approved for the bulk endpoints.");
}

reply send_bulk(call const& current)
{
    boost::system::error_code error;
    auto const body = parse_json(current.incoming.body, error);
    if (error) {
        return make_refusal(422, 402, "Received invalid JSON input: " + error.message() + '.');
    }
    bulk_plan plan;
    {
        std::lock_guard const lock{current.state.mutex};
        if (auto refused = check_approval(current)) {
            return std::move(*refused);
        }
        plan = check_bulk(*current.server, body);
    }
    if (!plan.problems.empty()) {
        return refuse_all(plan.problems);
    }

    std::int64_t failed = 0;
    for (auto const& recipient : plan.messages) {
        auto const message = render_bulk_message(plan, recipient);
        failed += !message || accept_message(current, *message, plan.templated) ? 1 : 0;
    }
    auto const total = static_cast<std::int64_t>(plan.messages.size());
    if (failed < total) {
        current.state.counts.messages_accepted(static_cast<std::uint64_t>(total - failed));
    }

    std::lock_guard const lock{current.state.mutex};
    auto const& stored =
        current.server->bulk_requests.add({current.state.account.ids.bulk_request++, std::chrono::system_clock::now(),
                                           std::move(plan.subject), total, failed});
    reply result;
    append_request(result.body, stored, "ID");
    return result;
}

reply get_request(call const& current)
{
    if (auto refused = check_approval(current)) {
        return std::move(*refused);
    }
    auto const& id = current.parameters.front();
    auto* found = current.server->bulk_requests.find_if(
        [&](bulk_request const& candidate) { return equals_ignoring_case(candidate.public_id(), id); });
    if (!found) {
        return make_refusal(404, 12, "The bulk request was not found.");
    }
    ++found->looks;
    reply result;
    append_request(result.body, *found, "Id");
    return result;
}

/// The key of the page that begins after a request: its number, and digits that show whether it was altered.
std::string make_key(std::int64_t last)
{
    auto const number = static_cast<std::uint64_t>(last);
    std::string result;
    append_hex(result, number, 16);
    append_hex(result, mix(~number), 16);
    return result;
}

/// The number in a key; nothing when it is not one that `make_key` made.
std::optional<std::int64_t> read_key(std::string_view key, bulk_store const& requests)
{
    for (auto const& entry : requests.all()) {
        if (make_key(entry.id) == key) {
            return entry.id;
        }
    }
    return std::nullopt;
}

reply list_requests(call const& current)
{
    if (auto refused = check_approval(current)) {
        return std::move(*refused);
    }
    query_values const values{current.query};
    auto const* count_text = values.find("count");
    auto const count = count_text ? parse_id(*count_text) : std::optional<std::int64_t>{20};
    if (!count || *count < 1 || *count > 500) {
        return make_refusal(422, 13, "The 'count' parameter must be a number from 1 to 500.");
    }
    auto& requests = current.server->bulk_requests;
    auto const key = values.text("paginationKey");
    auto const after = key.empty() ? std::nullopt : read_key(key, requests);
    if (!key.empty() && !after) {
        return make_refusal(422, 13, "The 'paginationKey' is not valid.");
    }

    std::vector<std::int64_t> page;
    bool more = false;
    for (auto place = requests.all().rbegin(); place != requests.all().rend(); ++place) {
        if (after && place->id >= *after) {
            continue;
        }
        more = page.size() == static_cast<std::size_t>(*count);
        if (more) {
            break;
        }
        page.push_back(place->id);
    }
    reply result;
    object_writer writer{result.body};
    {
        array_writer items{writer.key("Requests")};
        for (auto const id : page) {
            auto& entry = *requests.find(id);
            ++entry.looks;
            append_request(items.next(), entry, "Id");
        }
    }
    if (more) {
        writer.text("PaginationKey", make_key(page.back()));
    }
    writer.end();
    return result;
}

constexpr endpoint rows[] = {
    {"POST", "/email/bulk", send_bulk, access::server_token, batch_limit, true},
    {"GET", "/email/bulk", list_requests},
    {"GET", "/email/bulk/{id}", get_request},
};

} // namespace

std::string bulk_request::public_id() const
{
    std::string result;
    auto const number = static_cast<std::uint64_t>(id);
    append_uuid(result, mix(number ^ 0x62756c6bU), mix(~number));
    return result;
}

std::span<endpoint const> bulk_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail
