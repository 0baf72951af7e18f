// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MAIL_LINKS_HPP
#define POSTMARK_SANDBOX_MAIL_LINKS_HPP

#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The addresses of web pages to which the links of an HTML body lead.
[[nodiscard]] std::vector<std::string> links_in_html(std::string_view html);

/// The addresses of web pages in a text body.
[[nodiscard]] std::vector<std::string> links_in_text(std::string_view text);

} // namespace postmark::sandbox::detail

#endif
