// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_FAILURE_TEXT_HPP
#define POSTMARK_CLIENT_FAILURE_TEXT_HPP

#include <postmark/error_code.hpp>

#include <string>
#include <string_view>

namespace postmark::detail {

/// The `detail` of a call that failed: the cause where one is known, else what the error means.
[[nodiscard]] std::string explain(errc error, std::string_view cause);

/// Describes the exception that is being handled, as far as memory allows. To be called in a `catch` block.
/// \param failed what failed because of it
[[nodiscard]] std::string describe_current(std::string_view failed) noexcept;

} // namespace postmark::detail

#endif
