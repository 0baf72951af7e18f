// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_JSON_TEXT_HPP
#define POSTMARK_SANDBOX_JSON_TEXT_HPP

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// Parses JSON of a client. All JSON of clients is parsed by this function, so that a message that was accepted can be
/// parsed again: the limit of the depth (128) is the same everywhere.
[[nodiscard]] boost::json::value parse_json(std::string_view text, boost::system::error_code& error,
                                            boost::json::storage_ptr memory = {});

/// A value as text: strings as they are, numbers in decimal notation, null as nothing, all else as JSON.
[[nodiscard]] std::string to_text(boost::json::value const& value);

/// A member of an object, without regard to the case of its name; null when it is absent.
[[nodiscard]] boost::json::value const* find_member(boost::json::object const& object, std::string_view name);

/// A text member of an object, without regard to the case of its name; empty when it is absent or no text.
[[nodiscard]] std::string_view text_member(boost::json::object const& object, std::string_view name);

[[nodiscard]] inline std::string_view view(boost::json::string const& text)
{
    return {text.data(), text.size()};
}
[[nodiscard]] inline std::string_view view(boost::json::string_view text)
{
    return {text.data(), text.size()};
}

} // namespace postmark::sandbox::detail

#endif
