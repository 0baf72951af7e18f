// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SCHEMA_HPP
#define POSTMARK_SCHEMA_HPP

#include <concepts>
#include <cstddef>
#include <iosfwd>

/// \file
/// What the request and reply types of the service's API have in common: one description per type.

namespace postmark {

struct api_request;

/// The description of a type: its name, its fields and, of a request, its endpoint. Internal to the library, which
/// reads, writes, compares and prints every described type by it.
struct schema;

/// A type with a static member function `describe()`. All request and reply types of the library are described; the
/// types of a program need not be, see `api_request`.
template <class T>
concept described = requires {
    {
        T::describe()
    } -> std::same_as<schema const&>;
};

namespace protocol {

// The compiled functions under the templates of this header and of the client.

[[nodiscard]] bool equal(schema const& description, void const* left, void const* right);
void print(std::ostream& stream, schema const& description, void const* object);
[[nodiscard]] api_request prepare(schema const& description, void const* request);
[[nodiscard]] std::size_t max_elements(schema const& description, void const* request);

} // namespace protocol

/// Whether all members are equal.
template <described T>
[[nodiscard]] bool operator==(T const& left, T const& right)
{
    return protocol::equal(T::describe(), &left, &right);
}

/// Prints the members that are not empty: `get_bounces{count: 500, offset: 0, tag: "welcome"}`. Control characters are
/// escaped, a `secret` is printed as `***`, and `api_reply::raw` is left out. For diagnostics: the format may change.
template <described T>
std::ostream& operator<<(std::ostream& stream, T const& value)
{
    protocol::print(stream, T::describe(), &value);
    return stream;
}

} // namespace postmark

#endif
