// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_READ_API_REPLY_HPP
#define POSTMARK_PROTOCOL_READ_API_REPLY_HPP

#include <postmark/api/request.hpp>
#include <postmark/error_code.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace postmark::protocol {

/// Reads the body of a successful reply. Returns whether it could, and may say why not.
using body_reader = std::function<bool(std::string_view body, std::string& problem)>;

/// Fills the members that every reply has from a complete reply, and hands the body of a successful one to `read_body`.
/// \param common    its `raw` is left as it is
/// \param read_body not called on a failure
[[nodiscard]] error_code read_api_reply(unsigned http_status, std::string_view body, api_reply& common,
                                        body_reader const& read_body);

/// Fills a reply of a described type from a complete reply.
/// \param object       the reply; only `common` is filled on a failure, except that a body that could not be read may
///                     have filled a part
/// \param common       the base of the object
/// \param max_elements how many elements an array in the outermost object may have
[[nodiscard]] error_code read_api_reply(unsigned http_status, std::string_view body, api_reply& common,
                                        schema const& description, void* object, std::size_t max_elements);

} // namespace postmark::protocol

#endif
