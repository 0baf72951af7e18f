// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_RENDERER_HPP
#define POSTMARK_SANDBOX_TEMPLATE_RENDERER_HPP

#include <boost/json/value.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// A template that cannot be rendered.
class template_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Renders Mustachio: `{{x}}` escaped, `{{{x}}}` and `{{&x}}` raw, `{{#x}}`, `{{^x}}`, `{{#each xs}}`, `{{../x}}`,
/// `{{.}}`, dotted paths, `{{! remarks}}`. `escape` false is for text parts. Throws `template_error`.
[[nodiscard]] std::string render(std::string_view source, boost::json::value const& model, bool escape);

} // namespace postmark::sandbox::detail

#endif
