// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MAIL_SOURCE_HPP
#define POSTMARK_SANDBOX_MAIL_SOURCE_HPP

#include <postmark/sandbox.hpp>

#include <string>

namespace postmark::sandbox::detail {

/// The source of a message as its recipients get it: header fields, a blank line, and the parts.
[[nodiscard]] std::string make_source(stored_message const& message);

} // namespace postmark::sandbox::detail

#endif
