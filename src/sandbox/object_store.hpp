// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_OBJECT_STORE_HPP
#define POSTMARK_SANDBOX_OBJECT_STORE_HPP

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

namespace postmark::sandbox::detail {

/// Objects with a member `id`, the oldest first. Guarded by the lock of the world.
template <class Object>
class object_store {
public:
    Object& add(Object added) { return objects_.emplace_back(std::move(added)); }

    /// Null when there is none with this id. Pointers are valid until an object is removed.
    [[nodiscard]] Object* find(std::int64_t id)
    {
        return find_if([id](Object const& candidate) { return candidate.id == id; });
    }

    /// The oldest that meets the condition; null when none does.
    template <class Condition>
    [[nodiscard]] Object* find_if(Condition const& condition)
    {
        auto const found = std::ranges::find_if(objects_, condition);
        return found == objects_.end() ? nullptr : &*found;
    }

    void remove(std::int64_t id)
    {
        std::erase_if(objects_, [id](Object const& candidate) { return candidate.id == id; });
    }

    [[nodiscard]] std::deque<Object> const& all() const { return objects_; }

private:
    std::deque<Object> objects_;
};

} // namespace postmark::sandbox::detail

#endif
