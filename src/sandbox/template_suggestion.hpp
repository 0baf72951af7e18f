// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_SUGGESTION_HPP
#define POSTMARK_SANDBOX_TEMPLATE_SUGGESTION_HPP

#include "sandbox/template_syntax.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::sandbox::detail {

/// A model that has all that some templates use: `name_Value` for a value, objects for sections and dotted paths, lists
/// of three elements for `each`.
class template_suggestion {
public:
    /// Adds what a valid template uses.
    void add(parsed_template const& source);

    /// The suggested model, with the values of `model` where it has some.
    [[nodiscard]] boost::json::object merged_with(boost::json::object const& model) const;

private:
    /// A value of the model, as its uses show it.
    struct shape {
        shape* member(std::string_view name);

        std::vector<std::pair<std::string, std::unique_ptr<shape>>> members;
        bool is_list{false};
    };

    static shape* at(std::vector<shape*> const& scopes, std::string_view path);
    static boost::json::value suggest(std::string_view name, shape const& from);
    static void merge(boost::json::object& into, boost::json::object const& model);

    shape root_;
};

} // namespace postmark::sandbox::detail

#endif
