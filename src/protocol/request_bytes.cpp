// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_bytes.hpp"

#include <charconv>
#include <cstring>

namespace postmark::protocol {

void request_bytes::begin(std::size_t reserved_head, std::size_t expected_body)
{
    buffer_.clear();
    buffer_.reserve(reserved_head + expected_body);
    static_cast<void>(buffer_.prepare(reserved_head));
    buffer_.commit(reserved_head);
    reserved_head_ = reserved_head;
    head_begin_ = reserved_head;
}

void request_bytes::finish(std::string_view head_prefix)
{
    constexpr std::string_view name = "Content-Length: ";
    char digits[20];
    char const* const digits_end = std::to_chars(digits, digits + sizeof digits, buffer_.size() - reserved_head_).ptr;
    auto const digit_count = static_cast<std::size_t>(digits_end - digits);

    char* head = make_head(head_prefix.size() + name.size() + digit_count + 4);
    std::memcpy(head, head_prefix.data(), head_prefix.size());
    head += head_prefix.size();
    std::memcpy(head, name.data(), name.size());
    head += name.size();
    std::memcpy(head, digits, digit_count);
    head += digit_count;
    std::memcpy(head, "\r\n\r\n", 4);
}

void request_bytes::finish_without_length(std::string_view head_prefix)
{
    char* const head = make_head(head_prefix.size() + 2);
    std::memcpy(head, head_prefix.data(), head_prefix.size());
    std::memcpy(head + head_prefix.size(), "\r\n", 2);
}

void request_bytes::release() noexcept
{
    buffer_ = byte_buffer{};
    reserved_head_ = 0;
    head_begin_ = 0;
}

char* request_bytes::make_head(std::size_t head_size)
{
    if (head_size > reserved_head_) {
        std::size_t const body_size = buffer_.size() - reserved_head_;
        buffer_.reserve(head_size + body_size);
        std::memmove(buffer_.data() + head_size, buffer_.data() + reserved_head_, body_size);
        buffer_.commit(head_size - reserved_head_);
        reserved_head_ = head_size;
    }
    head_begin_ = reserved_head_ - head_size;
    return buffer_.data() + head_begin_;
}

} // namespace postmark::protocol
