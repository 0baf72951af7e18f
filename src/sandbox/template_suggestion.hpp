// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_TEMPLATE_SUGGESTION_HPP
#define POSTMARK_SANDBOX_TEMPLATE_SUGGESTION_HPP

#include "sandbox/template_syntax.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::sandbox::detail {

/// A model that has all that some templates use: `name_Value` for a value, objects for sections and dotted paths, lists
/// of three elements for `each`. A template that uses very many names or lists in lists gets a part of it, so that a
/// short template does not make a huge model.
class template_suggestion {
public:
    /// Adds what a valid template uses.
    void add(parsed_template const& source);

    /// The suggested model, with the values of `model` where it has some.
    [[nodiscard]] boost::json::object merged_with(boost::json::object const& model) const;

private:
    /// A value of the model, as its uses show it.
    struct shape {
        std::vector<std::pair<std::string, std::unique_ptr<shape>>> members;
        bool is_list{false};
    };

    shape* at(std::vector<shape*> const& scopes, std::string_view path);
    shape* member(shape& of, std::string_view name);
    /// `lists` is the number of lists around the value.
    static boost::json::value suggest(std::string_view name, shape const& from, unsigned lists);
    static void merge(boost::json::object& into, boost::json::object const& model);

    shape root_;
    std::size_t shape_count_{0};
    /// Takes what exceeds the bound of the number of shapes.
    shape surplus_;
};

} // namespace postmark::sandbox::detail

#endif
