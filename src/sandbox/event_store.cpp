// SPDX-License-Identifier: BSL-1.0

#include "sandbox/event_store.hpp"

#include <algorithm>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

/// An open has no link, so that all of a mail are alike.
void add_to(std::deque<engagement>& list, engagement added)
{
    added.first = std::ranges::none_of(list, [&](engagement const& other) {
        return other.message_id == added.message_id && other.recipient == added.recipient && other.link == added.link;
    });
    list.push_back(std::move(added));
}

} // namespace

void event_store::skip(std::string_view message_id, std::string_view recipient)
{
    skipped_[std::string{message_id}].emplace_back(recipient);
}

bool event_store::was_skipped(std::string_view message_id, std::string_view recipient) const
{
    auto const found = skipped_.find(message_id);
    return found != skipped_.end() && std::ranges::any_of(found->second, [&](std::string const& entry) {
               return equals_ignoring_case(entry, recipient);
           });
}

void event_store::add_open(engagement added)
{
    add_to(opens_, std::move(added));
}

void event_store::add_click(engagement added)
{
    add_to(clicks_, std::move(added));
}

void event_store::clear()
{
    skipped_.clear();
    deliveries_.clear();
    opens_.clear();
    clicks_.clear();
    subscriptions_.clear();
}

} // namespace postmark::sandbox::detail
