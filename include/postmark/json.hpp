// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_JSON_HPP
#define POSTMARK_JSON_HPP

/// \file
/// For programs that use Boost.JSON: the only public header that includes it.

#include <postmark/config.hpp>
#include <postmark/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace postmark {

namespace protocol {

// Compiled, without a type of Boost.JSON in their signatures, so that a program may use another version of it.

[[nodiscard]] std::string number_text(double value);
void append_json_string(std::string& out, std::string_view text);

} // namespace protocol

namespace detail {

inline void append_json(std::string& out, boost::json::value const& value)
{
    char separator = 0;
    auto const separate = [&] {
        if (separator != 0) {
            out += separator;
        }
        separator = ',';
    };
    switch (value.kind()) {
    case boost::json::kind::null:
        out += "null";
        break;
    case boost::json::kind::bool_:
        out += value.get_bool() ? "true" : "false";
        break;
    case boost::json::kind::int64:
        out += std::to_string(value.get_int64());
        break;
    case boost::json::kind::uint64:
        out += std::to_string(value.get_uint64());
        break;
    case boost::json::kind::double_:
        out += protocol::number_text(value.get_double());
        break;
    case boost::json::kind::string:
        protocol::append_json_string(out, {value.get_string().data(), value.get_string().size()});
        break;
    case boost::json::kind::array:
        out += '[';
        for (auto const& element : value.get_array()) {
            separate();
            append_json(out, element);
        }
        out += ']';
        break;
    case boost::json::kind::object:
        out += '{';
        for (auto const& member : value.get_object()) {
            separate();
            protocol::append_json_string(out, {member.key().data(), member.key().size()});
            out += ':';
            append_json(out, member.value());
        }
        out += '}';
        break;
    }
}

} // namespace detail

/// The JSON text of a value. Numbers are written as a person writes them, since the service puts them into mails as
/// they are: `19.9`, not `1.99E1`. A number that is not finite becomes a word that is not JSON, so that the text is
/// refused where it is used.
[[nodiscard]] inline std::string to_json_text(boost::json::value const& value)
{
    std::string text;
    detail::append_json(text, value);
    return text;
}

/// Sets the model of a template message. A model with a number that is not finite is refused when the message is sent
/// (`errc::invalid_message`).
/// \param model an object
inline void set_template_model(message& msg, boost::json::value const& model)
{
    msg.template_model = to_json_text(model);
}

/// Reads the service's JSON; see `message_from_json(std::string_view)`.
template <std::same_as<boost::json::value> Value>
[[nodiscard]] message message_from_json(Value const& value)
{
    return message_from_json(std::string_view{to_json_text(value)});
}

/// Reads a configuration; see `config::from_json`.
[[nodiscard]] inline config config_from_json(boost::json::value const& value)
{
    return config::from_json(to_json_text(value));
}

} // namespace postmark

#endif
