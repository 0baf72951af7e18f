// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_JSON_DOCUMENT_HPP
#define POSTMARK_PROTOCOL_JSON_DOCUMENT_HPP

#include "protocol/byte_buffer.hpp"

#include <boost/json/memory_resource.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace postmark::protocol {

/// Memory that ends: an allocation beyond the limit throws `std::bad_alloc`.
class limited_memory final : public boost::json::memory_resource {
public:
    explicit limited_memory(std::size_t limit) noexcept
        : limit_{limit}
    {
    }

    /// Whether an allocation failed because of the limit.
    [[nodiscard]] bool is_exceeded() const noexcept { return exceeded_; }

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(boost::json::memory_resource const& other) const noexcept override { return this == &other; }

    std::size_t limit_;
    std::size_t used_ = 0;
    bool exceeded_ = false;
};

/// A parsed JSON text, with all of its memory.
///
/// A reply of a few bytes per element grows by a multiple when it is parsed. Parsing therefore ends without a value
/// where it would take more than sixteen times the size of the text (and more than 1 MiB).
class json_document {
public:
    /// Parses a whole text, which may begin with a byte order mark and be nested up to 256 deep.
    explicit json_document(std::string_view text);
    json_document(json_document const&) = delete;
    json_document& operator=(json_document const&) = delete;

    /// Null if the text is not JSON, or took too much memory.
    [[nodiscard]] boost::json::value const* value() const noexcept { return value_ ? &*value_ : nullptr; }

    /// Why there is no value: what was expected of the text.
    [[nodiscard]] std::string_view expected() const noexcept;

private:
    limited_memory memory_;
    boost::json::monotonic_resource arena_;
    std::optional<boost::json::value> value_;
};

/// Appends a value as JSON text, with numbers as `number_text` writes them.
/// \returns whether all numbers in it are finite; if not, the text is not JSON
bool write_json(byte_buffer& out, boost::json::value const& value);

} // namespace postmark::protocol

#endif
