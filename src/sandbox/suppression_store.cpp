// SPDX-License-Identifier: BSL-1.0

#include "sandbox/suppression_store.hpp"

namespace postmark::sandbox::detail {

void suppression_store::add(std::string_view stream, std::string_view address, std::string_view reason,
                            std::string_view origin)
{
    auto key = to_lower(address);
    auto& list = streams_[std::string{stream}];
    suppression added{key, reason, origin, std::chrono::system_clock::now()};
    list.try_emplace(std::move(key), std::move(added));
}

suppression const* suppression_store::find(std::string_view stream, std::string_view address) const
{
    auto const& list = of_stream(stream);
    // Most streams have none, and every send asks.
    if (list.empty()) {
        return nullptr;
    }
    auto const found = list.find(to_lower(address));
    return found == list.end() ? nullptr : &found->second;
}

void suppression_store::remove(std::string_view stream, std::string_view address)
{
    if (auto const list = streams_.find(stream); list != streams_.end()) {
        list->second.erase(to_lower(address));
    }
}

std::size_t suppression_store::size() const
{
    std::size_t result = 0;
    for (auto const& [stream, list] : streams_) {
        result += list.size();
    }
    return result;
}

suppression_store::by_address const& suppression_store::of_stream(std::string_view stream) const
{
    static by_address const none;
    auto const found = streams_.find(stream);
    return found == streams_.end() ? none : found->second;
}

} // namespace postmark::sandbox::detail
