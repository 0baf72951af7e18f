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

/// The bounces, and the addresses to which no mail is sent any more.
class bounce_store {
public:
    /// Adds a few bounces and two suppressed addresses.
    void add_seeds();

    /// Gives the bounce an id and stores it; an inactive one suppresses its address.
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
    /// Ids of the service have 9 or 10 digits. This range needs more than 32 bits and less than the 53 of a double, in
    /// which some clients keep numbers.
    std::int64_t next_id_{4'323'372'001};
};

} // namespace postmark::sandbox::detail

#endif
