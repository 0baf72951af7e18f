// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_ACKNOWLEDGEMENT_HPP
#define POSTMARK_API_ACKNOWLEDGEMENT_HPP

#include <postmark/api/request.hpp>

namespace postmark {

/// Reply of a request that the service only acknowledges, such as a deletion. The text of the service is
/// `api_reply::detail`.
struct acknowledgement : api_reply {
    acknowledgement() = default;
    static schema const& describe();
};

} // namespace postmark

#endif
