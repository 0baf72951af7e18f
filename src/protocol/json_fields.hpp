// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_JSON_FIELDS_HPP
#define POSTMARK_PROTOCOL_JSON_FIELDS_HPP

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::protocol {

/// Parses a whole text, but for a byte order mark in front. Accepts what Boost.JSON accepts by default, nested as deep as
/// `model::max_json_depth`.
/// \returns nothing if the text is not JSON
[[nodiscard]] std::optional<boost::json::value> parse_json(std::string_view text);

/// Reads members of one object of a reply.
///
/// The service leaves keys out, sends null for them, and sends some numbers as text: all of that leaves the member as
/// it is, or is understood. Only a value that cannot be meant makes the reader `bad`.
class field_reader {
public:
    /// \param value anything; what is not an object makes the reader bad
    explicit field_reader(boost::json::value const& value) noexcept;

    /// Whether everything that was read so far made sense.
    [[nodiscard]] bool good() const noexcept { return good_; }
    void mark_bad() noexcept { good_ = false; }

    void read(std::string_view key, std::string& member);
    void read(std::string_view key, std::int64_t& member);
    void read(std::string_view key, bool& member);
    void read(std::string_view key, std::chrono::system_clock::time_point& member);
    void read(std::string_view key, std::vector<std::string>& member);
    /// Values that are not text become text.
    void read(std::string_view key, std::map<std::string, std::string>& member);

    /// The value of a key, unless it is missing or null.
    [[nodiscard]] boost::json::value const* find(std::string_view key) const noexcept;

    /// Likewise of one that must be an array.
    [[nodiscard]] boost::json::array const* find_array(std::string_view key) noexcept;

private:
    boost::json::object const* object_;
    bool good_;
};

/// A string as it is, a number or a boolean as text.
/// \returns false, with `text` unchanged, if the value is none of these
[[nodiscard]] bool to_text(boost::json::value const& value, std::string& text);

/// Appends every element as text, without the nulls.
/// \returns false if one is an object or an array
[[nodiscard]] bool read_texts(boost::json::array const& array, std::vector<std::string>& texts);

} // namespace postmark::protocol

#endif
