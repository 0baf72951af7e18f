// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_BOUNCES_HPP
#define POSTMARK_SANDBOX_BOUNCES_HPP

#include "sandbox/text.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

struct bounce_type {
    std::string_view type;
    int code;
    std::string_view name;
    std::string_view description;
};

[[nodiscard]] std::vector<bounce_type> const& bounce_types();

/// By its API name or its snake_case form, without regard to case; null when unknown.
[[nodiscard]] bounce_type const* find_bounce_type(std::string_view name);

/// The type that a mail to this address produces by itself, null when it produces none. `header` is the value of
/// `X-PM-Bounce-Type`.
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

/// Bounces, and the addresses that get no mail any more.
class bounce_book {
public:
    /// Holds a few bounces from the start, so that there is something to list.
    bounce_book();

    /// Gives it an id and keeps it; an inactive one suppresses its address.
    void add(bounce added);

    void suppress(std::string_view address, std::string_view stream);
    [[nodiscard]] bool is_suppressed(std::string_view address, std::string_view stream) const;
    [[nodiscard]] std::size_t suppressed_count() const;

    /// Newest first.
    [[nodiscard]] std::vector<bounce> all() const;
    [[nodiscard]] std::optional<bounce> find(std::int64_t id) const;
    [[nodiscard]] std::optional<bounce> find(std::string_view message_id, std::string_view address) const;

    enum class activation { done, unknown, impossible };
    activation activate(std::int64_t id);

private:
    void add_locked(bounce added);

    mutable std::mutex mutex_;
    std::vector<bounce> bounces_;
    /// Stream and lower-case address, with a blank between them.
    std::set<std::string, std::less<>> suppressed_;
    std::int64_t next_id_;
};

} // namespace postmark::sandbox

#endif
