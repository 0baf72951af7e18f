// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_CONTROL_HPP
#define POSTMARK_SANDBOX_CONTROL_HPP

#include "sandbox/request.hpp"

#include <string_view>

namespace postmark::sandbox::detail {

/// The reply of one of the sandbox's own endpoints to a request that it cannot carry out.
[[nodiscard]] inline reply bad_request(std::string_view reason)
{
    return make_refusal(400, 0, reason);
}

/// The reply of one of them that has nothing to tell.
[[nodiscard]] inline reply done()
{
    return {200, "{}"};
}

} // namespace postmark::sandbox::detail

#endif
