// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MESSAGE_STORE_HPP
#define POSTMARK_SANDBOX_MESSAGE_STORE_HPP

#include "sandbox/endpoint.hpp"
#include "sandbox/link_tracking.hpp"
#include "sandbox/template_store.hpp"
#include "sandbox/text.hpp"

#include <postmark/sandbox.hpp>

#include <boost/json/value.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

struct server_state;

/// How a message is delivered, by its own members and the settings of its server when it was accepted.
struct delivery {
    bool test_token{false};
    /// The server delivers nothing.
    bool sandboxed{false};
    bool track_opens{false};
    link_tracking track_links{link_tracking::none};
};

/// An accepted message as it is stored. A million of them must fit into memory, so everything that can be derived from
/// the JSON is derived when it is asked for.
struct record {
    std::uint64_t number{0};
    time_point submitted_at;
    std::string json;
    std::unique_ptr<rendered_parts> rendered;
    server_state const* server{nullptr};
    endpoint const* via{nullptr};
    delivery how;
};

/// The messages that all servers accepted, in one order. Locks for itself, since sends add to it; its lock may be taken
/// under that of the world, but not the other way round.
class message_store {
public:
    message_store(std::uint64_t seed, bool keep_bodies);

    [[nodiscard]] bool keeps_bodies() const { return keep_bodies_; }

    struct added {
        std::uint64_t number;
        time_point submitted_at;
    };

    /// Stores a message; `append_message_id` turns its number into its id.
    added add(std::string json, server_state const& server, endpoint const& via, delivery how,
              std::unique_ptr<rendered_parts> rendered);

    /// Appends the lower-case UUID of a number; a number always has the same.
    void append_message_id(std::string& out, std::uint64_t number) const;
    [[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view message_id) const;

    /// Notes that opens, or links, of a message are tracked: something happened to it that could not be known
    /// otherwise.
    void track_opens(std::string_view message_id);
    void track_links(std::string_view message_id);

    void clear();
    [[nodiscard]] std::size_t size() const;

    /// Calls `visit(record const&)` for each message under the lock, the newest first when `backwards`.
    template <class Visitor>
    void for_each(Visitor&& visit, bool backwards = false) const
    {
        std::lock_guard const lock{mutex_};
        if (backwards) {
            for (auto entry = records_.rbegin(); entry != records_.rend(); ++entry) {
                visit(*entry);
            }
        } else {
            for (auto const& entry : records_) {
                visit(entry);
            }
        }
    }

    /// Calls `visit(record const&)` under the lock for the message with this id, if there is one.
    template <class Visitor>
    bool find(std::string_view message_id, Visitor&& visit) const
    {
        auto const number = number_of(message_id);
        std::lock_guard const lock{mutex_};
        auto const position = position_of(number);
        if (position) {
            visit(records_[*position]);
        }
        return position.has_value();
    }

    /// The record as users of the library see it.
    [[nodiscard]] stored_message expand(record const& entry) const;

private:
    /// The place of a message in `records_`; nothing when it is not there. Needs the lock.
    [[nodiscard]] std::optional<std::size_t> position_of(std::optional<std::uint64_t> number) const
    {
        if (!number || *number < first_number_ || *number - first_number_ >= records_.size()) {
            return std::nullopt;
        }
        return static_cast<std::size_t>(*number - first_number_);
    }

    std::uint64_t const seed_;
    bool const keep_bodies_;
    mutable std::mutex mutex_;
    std::deque<record> records_;
    std::uint64_t first_number_{1};
};

/// The JSON that is stored of a message when bodies are not: addresses, stream, tag and metadata.
[[nodiscard]] std::string without_bodies(boost::json::object const& message);

} // namespace postmark::sandbox::detail

#endif
