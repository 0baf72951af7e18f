// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_BYTE_BUFFER_HPP
#define POSTMARK_PROTOCOL_BYTE_BUFFER_HPP

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

namespace postmark::protocol {

/// A growable run of raw bytes, into which requests are written.
///
/// Unlike `std::string`, it hands out memory that is not filled with zeros first, and grows in place where the
/// allocator can.
class byte_buffer {
public:
    byte_buffer() = default;
    byte_buffer(byte_buffer const&) = delete;
    byte_buffer& operator=(byte_buffer const&) = delete;

    byte_buffer(byte_buffer&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}
        , size_{std::exchange(other.size_, 0)}
        , capacity_{std::exchange(other.capacity_, 0)}
    {
    }

    byte_buffer& operator=(byte_buffer&& other) noexcept
    {
        if (this != &other) {
            std::free(data_);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
            capacity_ = std::exchange(other.capacity_, 0);
        }
        return *this;
    }

    ~byte_buffer() { std::free(data_); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] char* data() noexcept { return data_; }
    [[nodiscard]] char const* data() const noexcept { return data_; }
    [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

    /// Allocates memory for exactly `capacity` bytes in all, unless there is as much.
    void reserve(std::size_t capacity)
    {
        if (capacity > capacity_) {
            reallocate(capacity);
        }
    }

    /// Drops the bytes and keeps the memory.
    void clear() noexcept { size_ = 0; }

    /// Drops the bytes from `size` on.
    void truncate(std::size_t size) noexcept
    {
        if (size < size_) {
            size_ = size;
        }
    }

    /// Memory for `count` more bytes, which belong to the buffer after `commit`.
    [[nodiscard]] char* prepare(std::size_t count)
    {
        if (count > capacity_ - size_) {
            grow(count);
        }
        return data_ + size_;
    }

    /// Adds the first `count` of the prepared bytes to the buffer.
    void commit(std::size_t count) noexcept { size_ += count; }

    /// Appends bytes that are not part of this buffer.
    void append(std::string_view bytes)
    {
        if (!bytes.empty()) {
            std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
            size_ += bytes.size();
        }
    }

    void push_back(char byte)
    {
        *prepare(1) = byte;
        ++size_;
    }

private:
    void grow(std::size_t count)
    {
        if (count > std::numeric_limits<std::size_t>::max() / 4 - size_) {
            throw std::bad_alloc{};
        }
        std::size_t const needed = size_ + count;
        std::size_t const geometric = capacity_ + capacity_ / 2 + 64;
        reallocate(needed > geometric ? needed : geometric);
    }

    void reallocate(std::size_t capacity)
    {
        void* const moved = std::realloc(data_, capacity);
        if (moved == nullptr) {
            throw std::bad_alloc{};
        }
        data_ = static_cast<char*>(moved);
        capacity_ = capacity;
    }

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace postmark::protocol

#endif
