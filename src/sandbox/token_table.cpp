// SPDX-License-Identifier: BSL-1.0

#include "sandbox/token_table.hpp"

#include "sandbox/text.hpp"

#include <cstdint>

namespace postmark::sandbox::detail {
namespace {

/// The same for tokens that differ in the case of their letters only.
std::size_t bucket_of(std::string_view token, std::size_t count)
{
    std::uint64_t hash = token.size();
    for (char const character : token) {
        hash = hash * 31 + (static_cast<unsigned char>(character) | 0x20U);
    }
    return static_cast<std::size_t>(mix(hash) % count);
}

} // namespace

void token_table::add(std::string_view token, server_state& server)
{
    auto& first = buckets_[bucket_of(token, bucket_count)];
    entries_.push_back({std::string{token}, &server, first.load(std::memory_order_relaxed)});
    first.store(&entries_.back(), std::memory_order_release);
}

server_state* token_table::find(std::string_view token) const
{
    auto const* candidate = buckets_[bucket_of(token, bucket_count)].load(std::memory_order_acquire);
    while (candidate && !equals_ignoring_case(candidate->token, token)) {
        candidate = candidate->next;
    }
    return candidate ? candidate->server : nullptr;
}

} // namespace postmark::sandbox::detail
