// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_API_JSON_FORM_HPP
#define POSTMARK_TEST_API_JSON_FORM_HPP

#include "protocol/schema.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>

/// \file
/// Descriptions and values of described types as JSON, for programs that are not written in C++.

namespace postmark::test {

/// The fields of a described type: key, place and type of each, with the types inside it.
[[nodiscard]] boost::json::array describe_fields(schema const& description);

/// The value of a described type with all of its members: empty ones too, as null where they have no other form.
[[nodiscard]] boost::json::value to_json(schema const& description, void const* object);

/// Sets members of a request.
/// \param values key in the query, the body or the path, and value
/// \returns what is wrong, or an empty text
[[nodiscard]] std::string set_members(schema const& description, void* object, boost::json::object const& values);

} // namespace postmark::test

#endif
