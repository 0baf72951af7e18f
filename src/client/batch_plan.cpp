// SPDX-License-Identifier: BSL-1.0

#include "client/batch_plan.hpp"

#include "client/batch_body.hpp"
#include "scheduler/request_limits.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace postmark::detail {

namespace {

/// A request with the messages `first` to `last` of another one, cut out of its body.
batch_chunk part_of(batch_chunk const& whole, std::size_t first, std::size_t last, std::string_view head)
{
    std::size_t const body_begin = batch_body::first_begin(whole.endpoint);
    // After the comma, or after the opening.
    std::size_t const begin = first == 0 ? body_begin : whole.ends[first - 1] + 1;
    std::string_view const messages = whole.request.body_view().substr(begin, whole.ends[last - 1] - begin);

    batch_chunk part{whole.endpoint};
    batch_body body{part.request, part.endpoint, head, messages.size()};
    body.append(messages);
    body.finish();
    std::size_t const shift = begin - body_begin;
    part.members.reserve(last - first);
    part.ends.reserve(last - first);
    for (std::size_t index = first; index != last; ++index) {
        part.members.push_back(whole.members[index]);
        part.ends.push_back(whole.ends[index] - shift);
    }
    return part;
}

} // namespace

void batch_plan::add(message_index message, bool uses_template)
{
    groups_[uses_template ? 1 : 0].members.push_back(message);
}

std::optional<batch_chunk> batch_plan::next_chunk()
{
    if (!halves_.empty()) {
        batch_chunk half = std::move(halves_.back());
        halves_.pop_back();
        return half;
    }
    for (group& one : groups_) {
        // A ticket may take as many messages as one request can hold.
        if (one.left() > one.tickets * scheduler::max_messages_per_request) {
            ++one.tickets;
            return batch_chunk{one.endpoint};
        }
    }
    return std::nullopt;
}

void batch_plan::put_back(batch_chunk&& chunk) noexcept
{
    if (chunk.members.empty()) {
        return return_ticket(chunk.endpoint);
    }
    // Needs no memory: `next_chunk` has just taken it out.
    halves_.push_back(std::move(chunk));
}

std::span<message_index const> batch_plan::available(send_endpoint endpoint) const noexcept
{
    group const& from = group_of(endpoint);
    return std::span{from.members}.subspan(from.next, std::min(from.left(), scheduler::max_messages_per_request));
}

void batch_plan::take(send_endpoint endpoint, std::size_t count) noexcept
{
    group& from = group_of(endpoint);
    --from.tickets;
    from.next += count;
}

void batch_plan::return_ticket(send_endpoint endpoint) noexcept
{
    --group_of(endpoint).tickets;
}

bool batch_plan::has_begun() const noexcept
{
    return std::ranges::any_of(groups_, [](group const& one) { return one.next != 0; });
}

bool batch_plan::all_taken() const noexcept
{
    return std::ranges::all_of(groups_, [](group const& one) { return one.left() == 0; });
}

bool batch_plan::split(batch_chunk const& refused, std::string_view head) noexcept
{
    std::size_t const count = refused.members.size();
    if (count < 2) {
        return false;
    }
    try {
        std::size_t const middle = count / 2;
        batch_chunk first = part_of(refused, 0, middle, head);
        batch_chunk second = part_of(refused, middle, count, head);
        halves_.reserve(halves_.size() + 2);
        halves_.push_back(std::move(second));
        halves_.push_back(std::move(first));
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }
}

void batch_plan::mark_refused(batch_chunk const& refused) noexcept
{
    for (message_index const message : refused.members) {
        refused_whole_[message] = true;
    }
}

error_code batch_plan::result(std::span<receipt const> receipts) const noexcept
{
    for (std::size_t index = 0; index != receipts.size(); ++index) {
        receipt const& one = receipts[index];
        if (one.outcome == outcome::not_sent || one.outcome == outcome::unknown || refused_whole_[index]) {
            return one.error;
        }
    }
    return {};
}

} // namespace postmark::detail
