// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TRANSPORT_FAILURE_HPP
#define POSTMARK_TRANSPORT_FAILURE_HPP

#include <postmark/error_code.hpp>

#include <string>

namespace postmark::transport {

/// Why a connection, or the exchange on it, came to nothing. The connection is closed.
struct failure {
    errc error = errc::connection_lost;
    /// The transport took the last byte of the request.
    bool written = false;
    /// The connection was found unusable before the first byte of the request.
    bool untouched = false;
    /// The cause, for people.
    std::string detail{};
};

} // namespace postmark::transport

#endif
