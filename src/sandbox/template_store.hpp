// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_STORE_HPP
#define POSTMARK_SANDBOX_TEMPLATE_STORE_HPP

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The parts that a template produced for one message.
struct rendered_parts {
    std::string subject;
    std::string html;
    std::string text;
};

/// The templates of a server. Guarded by the lock of the world. Entries never change, so that a send can render one
/// without the lock.
class template_store {
public:
    /// Adds the templates `welcome` and `receipt`.
    void add_seeds();

    /// Adds a template; it replaces those with the same id or alias.
    void add(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text);

    struct entry {
        std::string alias;
        std::int64_t id;
        std::string subject;
        std::string html;
        std::string text;
    };

    /// Finds a template by its id if one is given, else by its alias; null when there is none.
    [[nodiscard]] std::shared_ptr<entry const> find(std::optional<std::int64_t> id, std::string_view alias) const;

private:
    std::vector<std::shared_ptr<entry const>> entries_;
};

/// Renders all parts. Throws `template_error`.
[[nodiscard]] rendered_parts render(template_store::entry const& entry, boost::json::value const& model);

} // namespace postmark::sandbox::detail

#endif
