// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_API_SEND_TYPES_HPP
#define POSTMARK_TEST_API_SEND_TYPES_HPP

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string_view>

/// \file
/// The endpoints that take mail. They have no request types: the client's functions `async_send` and `async_send_batch`
/// write them without tables.

namespace postmark::test {

/// Appends a description of each, in the form of those of the request types.
void describe_sends(boost::json::array& out);

/// Whether a name is that of a function that sends mail: `send`, `send_with_template`, `send_batch`,
/// `send_batch_with_templates`.
[[nodiscard]] bool is_send(std::string_view name);

/// The HTTP request that sends these messages.
/// \param values `Messages`: an array of messages; one for a function that sends one
[[nodiscard]] boost::json::object send_request(std::string_view name, boost::json::object const& values);

/// What is read from the reply to a send, for each message: the keys of the service, and `Outcome`.
/// \param messages the number of messages that were sent
[[nodiscard]] boost::json::object send_reply(std::string_view name, unsigned status, std::string_view body,
                                             std::size_t messages);

} // namespace postmark::test

#endif
