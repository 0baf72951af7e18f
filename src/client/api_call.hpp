// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_API_CALL_HPP
#define POSTMARK_CLIENT_API_CALL_HPP

#include <postmark/detail/engine.hpp>

#include <memory>

namespace postmark::detail {

/// Completes a call for which nothing has to be sent, later and without an error.
/// \param object what the handler gets
/// \throws std::bad_alloc; the handler is never called then
void complete_unsent(std::shared_ptr<engine> const& client, std::shared_ptr<void> object, bool same_executor,
                     reply_handler&& handler);

} // namespace postmark::detail

#endif
