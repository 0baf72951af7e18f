// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATES_HPP
#define POSTMARK_SANDBOX_TEMPLATES_HPP

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

/// What a template became for one message, or what a message of its own says.
struct rendered_parts {
    std::string subject;
    std::string html;
    std::string text;
};

/// A template that cannot be rendered.
class template_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Renders Mustachio: `{{x}}` escaped, `{{{x}}}` and `{{&x}}` raw, `{{#x}}`, `{{^x}}`, `{{#each xs}}`, `{{../x}}`,
/// `{{.}}`, dotted paths, `{{! remarks}}`. `escape` false is for text parts. Throws `template_error`.
[[nodiscard]] std::string render(std::string_view source, boost::json::value const& model, bool escape);

/// The templates of the server.
class template_library {
public:
    /// Holds the sandbox's own templates.
    template_library();

    /// Replaces those with the same id or alias.
    void add(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text);

    struct entry {
        std::string alias;
        std::int64_t id;
        std::string subject;
        std::string html;
        std::string text;
    };

    /// By id if there is one, else by alias; null when there is none.
    [[nodiscard]] std::shared_ptr<entry const> find(std::optional<std::int64_t> id, std::string_view alias) const;

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<entry const>> entries_;
};

/// Renders all parts. Throws `template_error`.
[[nodiscard]] rendered_parts render(template_library::entry const& entry, boost::json::value const& model);

} // namespace postmark::sandbox

#endif
