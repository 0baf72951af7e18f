// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_TOKEN_HPP
#define POSTMARK_MODEL_TOKEN_HPP

#include "model/text.hpp"

#include <algorithm>
#include <string_view>

namespace postmark::model {

/// What is wrong with an API token, as a description that does not repeat it; empty if nothing is. An empty token is not
/// judged here.
[[nodiscard]] constexpr std::string_view check_token(std::string_view token) noexcept
{
    auto const is_quote = [](char c) { return c == '"' || c == '\''; };
    if (!token.empty() && (is_quote(token.front()) || is_quote(token.back()))) {
        return "expected the token alone, without quotes round it";
    }
    if (!std::ranges::all_of(token, is_visible)) {
        return "expected a token: visible ASCII characters, without blanks";
    }
    return {};
}

} // namespace postmark::model

#endif
