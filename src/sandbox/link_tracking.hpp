// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_LINK_TRACKING_HPP
#define POSTMARK_SANDBOX_LINK_TRACKING_HPP

#include "sandbox/text.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace postmark::sandbox::detail {

/// In which parts of a mail links are tracked.
enum class link_tracking : std::uint8_t { none, html_and_text, html_only, text_only };

inline constexpr std::array<std::string_view, 4> link_tracking_names{"None", "HtmlAndText", "HtmlOnly", "TextOnly"};

[[nodiscard]] inline std::string_view name_of(link_tracking value)
{
    return link_tracking_names[static_cast<std::size_t>(value)];
}

/// Compares without regard to case; nothing for an unknown name.
[[nodiscard]] inline std::optional<link_tracking> parse_link_tracking(std::string_view name)
{
    for (std::size_t index = 0; index < link_tracking_names.size(); ++index) {
        if (equals_ignoring_case(link_tracking_names[index], name)) {
            return static_cast<link_tracking>(index);
        }
    }
    return std::nullopt;
}

} // namespace postmark::sandbox::detail

#endif
