// SPDX-License-Identifier: BSL-1.0

#include "sandbox/stream_store.hpp"

#include <algorithm>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

message_stream make_default(std::string_view id, std::string_view name, std::string_view type,
                            std::string_view handling)
{
    message_stream result;
    result.id = id;
    result.name = name;
    result.type = type;
    result.unsubscribe_handling = handling;
    result.created_at = std::chrono::system_clock::now();
    result.is_default = true;
    return result;
}

} // namespace

std::optional<time_point> message_stream::purged_at() const
{
    return archived_at ? std::optional{*archived_at + std::chrono::days{45}} : std::nullopt;
}

stream_store::stream_store()
{
    add(make_default("outbound", "Default Transactional Stream", "Transactional", "None"));
    add(make_default("inbound", "Default Inbound Stream", "Inbound", "None"));
    add(make_default("broadcast", "Default Broadcast Stream", "Broadcasts", "Postmark"));
}

message_stream const* stream_store::find(std::string_view id) const
{
    auto const found = std::find_if(streams_.begin(), streams_.end(),
                                    [&](message_stream const& candidate) { return candidate.id == id; });
    return found == streams_.end() ? nullptr : &*found;
}

message_stream* stream_store::find(std::string_view id)
{
    return const_cast<message_stream*>(std::as_const(*this).find(id));
}

message_stream& stream_store::add(message_stream added)
{
    return streams_.emplace_back(std::move(added));
}

} // namespace postmark::sandbox::detail
