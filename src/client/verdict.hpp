#ifndef POSTMARK_CLIENT_VERDICT_HPP
#define POSTMARK_CLIENT_VERDICT_HPP

#include "dispatch/dispatcher.hpp"
#include "transport/connection.hpp"

#include <postmark/receipt.hpp>

#include <string>

namespace postmark::detail {

/// What the dispatcher has to know of an answer to mail.
[[nodiscard]] dispatch::verdict verdict_of(receipt const& result, transport::reply const& said);

/// "Later", as an answer said it.
[[nodiscard]] dispatch::verdict wait_verdict(transport::reply const& said);

/// What became of a message whose call failed without an answer. The stamp and its stream stay.
void fail_receipt(receipt& result, errc error, std::string const& detail) noexcept;

} // namespace postmark::detail

#endif
