// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_FRAMING_HPP
#define POSTMARK_SANDBOX_FRAMING_HPP

#include "sandbox/faults.hpp"
#include "sandbox/request.hpp"

#include <string>

namespace postmark::sandbox::detail {

/// How a reply is written as bytes.
struct framing {
    bool close{false};
    /// The end of the connection ends the body; there is no length.
    bool no_length{false};
    bool chunked{false};
    bool extensions{false};
    bool trailers{false};
    std::size_t chunk_size{0};
};

/// The bytes of a reply.
[[nodiscard]] std::string to_bytes(reply const& outgoing, framing const& how);

/// The bytes of an interim reply, as those with status 100 and 103.
[[nodiscard]] std::string interim_bytes(int http_status, std::vector<header> const& headers);

/// Changes the body of a reply as the fault says. Faults that do not concern bodies change nothing.
void spoil_body(reply& outgoing, fault const& how);

} // namespace postmark::sandbox::detail

#endif
