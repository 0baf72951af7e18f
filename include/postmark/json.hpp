// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_JSON_HPP
#define POSTMARK_JSON_HPP

/// \file
/// For programs that use Boost.JSON: the only public header that includes it.

#include <postmark/config.hpp>
#include <postmark/message.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <string_view>

namespace postmark {

/// Sets the model of a template message.
inline void set_template_model(message& msg, boost::json::value const& model)
{
    msg.template_model = boost::json::serialize(model);
}

/// Reads the service's JSON; see `message_from_json(std::string_view)`.
template <std::same_as<boost::json::value> Value>
[[nodiscard]] message message_from_json(Value const& value)
{
    return message_from_json(std::string_view{boost::json::serialize(value)});
}

/// Reads a configuration; see `config::from_json`.
[[nodiscard]] inline config config_from_json(boost::json::value const& value)
{
    return config::from_json(boost::json::serialize(value));
}

} // namespace postmark

#endif
