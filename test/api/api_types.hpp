// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_API_API_TYPES_HPP
#define POSTMARK_TEST_API_API_TYPES_HPP

#include "protocol/schema.hpp"

#include <postmark/error_code.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace postmark::test {

/// A request type of the library and its reply type, without their C++ types.
struct api_type {
    schema const& (*request)() = nullptr;
    schema const& (*reply)() = nullptr;
    std::shared_ptr<void> (*make_request)() = nullptr;
    /// A reply to the request, as the client prepares one for reading.
    std::shared_ptr<void> (*make_reply)(void const* request) = nullptr;
    std::shared_ptr<void> (*copy_reply)(void const* reply) = nullptr;
    api_reply& (*common)(void* reply) = nullptr;
    /// Of a reply type that interprets the JSON by a function of its own; null: its description reads it.
    bool (*interpret)(void* reply, std::string_view json, std::string& problem) = nullptr;

    [[nodiscard]] std::string_view name() const { return request().name; }

    /// Reads the body of a successful reply.
    /// \param problem what is wrong, unchanged on success
    [[nodiscard]] bool read(void* reply, std::string_view json, std::size_t max_elements, std::string& problem) const;

    /// Reads a complete reply as the client does.
    [[nodiscard]] error_code receive(unsigned status, std::string_view body, void* reply,
                                     std::size_t max_elements) const;
};

/// All request types of the library, in the order of their groups. A new endpoint is one line in the table.
[[nodiscard]] std::span<api_type const> api_types();

/// Null if there is no such type.
[[nodiscard]] api_type const* find_api_type(std::string_view name);

} // namespace postmark::test

#endif
