// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_API_ERROR_TEXTS_HPP
#define POSTMARK_MODEL_API_ERROR_TEXTS_HPP

namespace postmark::model {

/// The text of one of the service's ErrorCodes; null for a number that is not known.
[[nodiscard]] char const* api_error_text(int code) noexcept;

} // namespace postmark::model

#endif
