// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_SEND_ENDPOINT_HPP
#define POSTMARK_CLIENT_SEND_ENDPOINT_HPP

#include <cstdint>

namespace postmark::detail {

/// The endpoints that take mail.
enum class send_endpoint : std::uint8_t { plain, templated, plain_batch, template_batch };

} // namespace postmark::detail

#endif
