// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_STREAM_STORE_HPP
#define POSTMARK_SANDBOX_STREAM_STORE_HPP

#include "sandbox/text.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

struct message_stream {
    std::string id;
    std::string name;
    std::string description;
    /// `Transactional`, `Inbound` or `Broadcasts`.
    std::string type;
    /// `None`, `Postmark` or `Custom`.
    std::string unsubscribe_handling;
    time_point created_at;
    std::optional<time_point> updated_at;
    std::optional<time_point> archived_at;
    /// The streams that every server has from the start.
    bool is_default{false};

    /// When an archived stream is removed.
    [[nodiscard]] std::optional<time_point> purged_at() const;
};

/// The message streams of a server. Guarded by the lock of the world.
class stream_store {
public:
    /// Makes the three streams of a new server.
    stream_store();

    /// Null when there is none with this id. Pointers stay valid.
    [[nodiscard]] message_stream* find(std::string_view id);
    [[nodiscard]] message_stream const* find(std::string_view id) const;

    [[nodiscard]] std::deque<message_stream> const& all() const { return streams_; }

    message_stream& add(message_stream added);

private:
    std::deque<message_stream> streams_;
};

} // namespace postmark::sandbox::detail

#endif
