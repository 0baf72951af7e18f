// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_OPERATION_CACHE_HPP
#define POSTMARK_CLIENT_OPERATION_CACHE_HPP

#include "client/operation.hpp"
#include "protocol/request_bytes.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace postmark::detail {

/// What is over and can be used again, which saves allocating it. Thread-safe.
class spares {
public:
    spares()
    {
        sends_.reserve(most_sends);
        buffers_.reserve(most_buffers);
    }

    /// A single send, or null.
    [[nodiscard]] std::unique_ptr<operation> take_send() noexcept
    {
        std::lock_guard const lock{mutex_};
        if (sends_.empty()) {
            return nullptr;
        }
        auto spare = std::move(sends_.back());
        sends_.pop_back();
        return spare;
    }
    /// Keeps one for the next send, up to a number.
    void keep_send(std::unique_ptr<operation> spare) noexcept
    {
        std::lock_guard const lock{mutex_};
        if (sends_.size() < most_sends) {
            sends_.push_back(std::move(spare));
        }
    }

    /// The memory of a large request, or none.
    [[nodiscard]] protocol::request_bytes take_buffer() noexcept
    {
        std::lock_guard const lock{mutex_};
        protocol::request_bytes spare;
        if (!buffers_.empty()) {
            spare = std::move(buffers_.back());
            buffers_.pop_back();
        }
        return spare;
    }
    /// Keeps it for the next large request, up to a size and a number.
    void keep_buffer(protocol::request_bytes spare) noexcept
    {
        std::lock_guard const lock{mutex_};
        if (spare.memory() <= largest_buffer && buffers_.size() < most_buffers) {
            buffers_.push_back(std::move(spare));
        }
    }

private:
    static constexpr std::size_t most_sends = 64;
    static constexpr std::size_t most_buffers = 4;
    static constexpr std::size_t largest_buffer = std::size_t{1} << 20;

    std::mutex mutex_;
    std::vector<std::unique_ptr<operation>> sends_;
    std::vector<protocol::request_bytes> buffers_;
};

} // namespace postmark::detail

#endif
