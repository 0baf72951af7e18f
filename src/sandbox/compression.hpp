// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_COMPRESSION_HPP
#define POSTMARK_SANDBOX_COMPRESSION_HPP

#include "sandbox/request.hpp"

#include <string_view>

namespace postmark::sandbox::detail {

/// Whether a value of `Accept-Encoding` names gzip, with a weight other than 0.
[[nodiscard]] bool admits_gzip(std::string_view accepted);

/// Compresses the body of a reply with gzip, as the service does for clients that accept it. Small bodies stay as they
/// are, and so does every body if the sandbox was built without zlib.
void compress(reply& outgoing);

} // namespace postmark::sandbox::detail

#endif
