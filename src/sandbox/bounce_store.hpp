// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_BOUNCE_STORE_HPP
#define POSTMARK_SANDBOX_BOUNCE_STORE_HPP

#include "sandbox/text.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::sandbox::detail {

struct bounce_type {
    std::string_view type;
    int code;
    std::string_view name;
    std::string_view description;
};

[[nodiscard]] std::vector<bounce_type> const& bounce_types();

/// Finds a type by its name or its snake_case form, without regard to case; null when unknown.
[[nodiscard]] bounce_type const* find_bounce_type(std::string_view name);

/// The type of the bounce that a mail to this address produces; null when it produces none. `header` is the value of
/// the mail header `X-PM-Bounce-Type`.
[[nodiscard]] bounce_type const* provoked_bounce(std::string_view address, std::string_view header);

struct bounce {
    std::int64_t id{0};
    bounce_type const* type{nullptr};
    std::string tag;
    std::string message_id;
    std::string stream;
    std::string email;
    std::string from;
    std::string subject;
    std::string details;
    /// Raw source; empty when there is none.
    std::string dump;
    time_point bounced_at;
    bool inactive{false};
    bool can_activate{false};
};

/// The bounces of a server, the oldest first. Guarded by the lock of the world.
class bounce_store {
public:
    void add(bounce added) { bounces_.push_back(std::move(added)); }

    [[nodiscard]] std::deque<bounce> const& all() const { return bounces_; }
    /// Null when there is none. Pointers stay valid.
    [[nodiscard]] bounce* find(std::int64_t id);

    /// Marks the bounces of an address on a stream as no longer suppressing it.
    void activate(std::string_view stream, std::string_view address);

private:
    std::deque<bounce> bounces_;
};

/// A few bounces as they happen in practice, with ids from `id` on, which is counted up.
[[nodiscard]] std::vector<bounce> make_seed_bounces(std::int64_t& id);

} // namespace postmark::sandbox::detail

#endif
