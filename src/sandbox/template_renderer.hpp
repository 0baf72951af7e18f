// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_RENDERER_HPP
#define POSTMARK_SANDBOX_TEMPLATE_RENDERER_HPP

#include "sandbox/template_syntax.hpp"

#include <boost/json/value.hpp>

#include <stdexcept>
#include <string>

namespace postmark::sandbox::detail {

/// A template that cannot be rendered.
class template_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Renders a template with a model. `escape` is true for HTML. `layout`, if it is not null, is rendered with the
/// template as its content. Throws `template_error`.
[[nodiscard]] std::string render(parsed_template const& source, boost::json::value const& model, bool escape,
                                 parsed_template const* layout = nullptr);

} // namespace postmark::sandbox::detail

#endif
