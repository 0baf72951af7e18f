// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_FAILURE_HPP
#define POSTMARK_TRANSPORT_FAILURE_HPP

#include <postmark/error_code.hpp>

#include <string>

namespace postmark::transport {

/// Why a connection could not be opened, or an exchange on it ended without a reply. The connection is closed.
struct failure {
    errc error = errc::connection_lost;
    /// The transport took the last byte of the request.
    bool written = false;
    /// The connection was found unusable before the first byte of the request was written.
    bool not_started = false;
    /// The cause as diagnostic text. It holds no byte that a peer chose, so that it is safe to print.
    std::string detail{};
};

} // namespace postmark::transport

#endif
