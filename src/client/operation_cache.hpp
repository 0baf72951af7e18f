// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_OPERATION_CACHE_HPP
#define POSTMARK_CLIENT_OPERATION_CACHE_HPP

#include "client/operation.hpp"
#include "protocol/request_bytes.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace postmark::detail {

/// Keeps single sends that have completed, and the buffers of large requests, for the next ones: their memory need not
/// be allocated again. Thread-safe.
class operation_cache {
public:
    operation_cache()
    {
        sends_.reserve(max_sends);
        buffers_.reserve(max_buffers);
    }
    ~operation_cache() { delete last_send_.load(); }
    operation_cache(operation_cache const&) = delete;
    operation_cache& operator=(operation_cache const&) = delete;

    /// A single send, or null.
    [[nodiscard]] std::unique_ptr<operation> acquire_send() noexcept
    {
        if (operation* const last = last_send_.exchange(nullptr)) {
            return std::unique_ptr<operation>{last};
        }
        std::lock_guard const lock{mutex_};
        if (sends_.empty()) {
            return nullptr;
        }
        auto op = std::move(sends_.back());
        sends_.pop_back();
        return op;
    }
    /// Keeps a single send, up to a number of them.
    void release_send(std::unique_ptr<operation> op) noexcept
    {
        std::unique_ptr<operation> previous{last_send_.exchange(op.release())};
        if (!previous) {
            return;
        }
        std::lock_guard const lock{mutex_};
        if (sends_.size() < max_sends) {
            sends_.push_back(std::move(previous));
        }
    }

    /// The memory of a large request; empty if there is none.
    [[nodiscard]] protocol::request_bytes acquire_buffer() noexcept
    {
        std::lock_guard const lock{mutex_};
        protocol::request_bytes buffer;
        if (!buffers_.empty()) {
            buffer = std::move(buffers_.back());
            buffers_.pop_back();
        }
        return buffer;
    }
    /// Keeps the memory of a large request, up to a size and a number of them.
    void release_buffer(protocol::request_bytes buffer) noexcept
    {
        std::lock_guard const lock{mutex_};
        if (buffer.memory() <= max_buffer_size && buffers_.size() < max_buffers) {
            buffers_.push_back(std::move(buffer));
        }
    }

private:
    static constexpr std::size_t max_sends = 64;
    static constexpr std::size_t max_buffers = 4;
    static constexpr std::size_t max_buffer_size = std::size_t{1} << 20;

    /// The send that completed last, which is often the next one that is needed. Apart from the others, so that no lock
    /// has to be taken for it.
    std::atomic<operation*> last_send_{nullptr};
    std::mutex mutex_;
    std::vector<std::unique_ptr<operation>> sends_;
    std::vector<protocol::request_bytes> buffers_;
};

} // namespace postmark::detail

#endif
