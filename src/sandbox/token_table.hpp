// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TOKEN_TABLE_HPP
#define POSTMARK_SANDBOX_TOKEN_TABLE_HPP

#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

struct server_state;

/// Which server a token opens. It is searched without a lock, so that the check of a token costs a send no lock. Tokens
/// are never taken out: that of a removed server must not open another one.
class token_table {
public:
    /// Must not be called by two threads at once.
    void add(std::string_view token, server_state& server);

    /// Compares without regard to case; null when the token belongs to no server.
    [[nodiscard]] server_state* find(std::string_view token) const;

private:
    struct entry {
        std::string token;
        server_state* server;
        entry const* next;
    };

    static constexpr std::size_t bucket_count = 256;

    std::deque<entry> entries_;
    /// The entry that was added last to each bucket.
    std::array<std::atomic<entry const*>, bucket_count> buckets_{};
};

} // namespace postmark::sandbox::detail

#endif
