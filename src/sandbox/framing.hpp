// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_FRAMING_HPP
#define POSTMARK_SANDBOX_FRAMING_HPP

#include "sandbox/faults.hpp"
#include "sandbox/request.hpp"

#include <string>

namespace postmark::sandbox {

/// How an answer is put on the wire.
struct framing {
    bool close{false};
    /// The end of the connection is the end of the body.
    bool no_length{false};
    bool chunked{false};
    bool extensions{false};
    bool trailers{false};
    std::size_t chunk_size{0};
};

/// The bytes of an answer.
[[nodiscard]] std::string to_bytes(reply const& answer, framing const& how);

/// The bytes of an answer that comes before the real one, as 100 and 103 do.
[[nodiscard]] std::string interim_bytes(int http_status, std::vector<header> const& headers);

/// Changes the body of an answer as the fault says; leaves it alone when the fault does not concern bodies.
void spoil_body(reply& answer, fault const& how);

} // namespace postmark::sandbox

#endif
