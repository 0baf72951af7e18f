// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_fields.hpp"

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/timestamp.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <charconv>

namespace postmark::protocol {

namespace {

boost::json::parse_options options() noexcept
{
    boost::json::parse_options value;
    value.max_depth = model::max_json_depth;
    return value;
}

bool read_integer(boost::json::value const& value, std::int64_t& member)
{
    if (auto const* number = value.if_int64()) {
        member = *number;
        return true;
    }
    auto const* text = value.if_string();
    if (text == nullptr) {
        return false;
    }
    if (text->empty()) {
        return true;
    }
    std::int64_t number = 0;
    char const* const end = text->data() + text->size();
    auto const [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end) {
        return false;
    }
    member = number;
    return true;
}

bool read_bool(boost::json::value const& value, bool& member)
{
    if (auto const* flag = value.if_bool()) {
        member = *flag;
        return true;
    }
    if (auto const* text = value.if_string()) {
        bool const yes = *text == "true" || *text == "True";
        if (yes || *text == "false" || *text == "False") {
            member = yes;
            return true;
        }
    }
    return false;
}

} // namespace

std::optional<boost::json::value> parse_json(std::string_view text)
{
    text = model::skip_byte_order_mark(text);
    boost::system::error_code error;
    boost::json::value value = boost::json::parse({text.data(), text.size()}, error, {}, options());
    if (error) {
        return std::nullopt;
    }
    return value;
}

field_reader::field_reader(boost::json::value const& value) noexcept
    : object_{value.if_object()}
    , good_{object_ != nullptr}
{
}

boost::json::value const* field_reader::find(std::string_view key) const noexcept
{
    if (object_ == nullptr) {
        return nullptr;
    }
    auto const* value = object_->if_contains({key.data(), key.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
}

boost::json::array const* field_reader::find_array(std::string_view key) noexcept
{
    auto const* value = find(key);
    if (value == nullptr) {
        return nullptr;
    }
    if (!value->is_array()) {
        good_ = false;
        return nullptr;
    }
    return &value->get_array();
}

void field_reader::read(std::string_view key, std::string& member)
{
    auto const* value = find(key);
    good_ = (value == nullptr || to_text(*value, member)) && good_;
}

void field_reader::read(std::string_view key, std::int64_t& member)
{
    auto const* value = find(key);
    good_ = (value == nullptr || read_integer(*value, member)) && good_;
}

void field_reader::read(std::string_view key, bool& member)
{
    auto const* value = find(key);
    good_ = (value == nullptr || read_bool(*value, member)) && good_;
}

void field_reader::read(std::string_view key, std::chrono::system_clock::time_point& member)
{
    auto const* value = find(key);
    if (value == nullptr) {
        return;
    }
    if (auto const* text = value->if_string()) {
        // A date that cannot be read is one that is not known.
        static_cast<void>(parse_timestamp({text->data(), text->size()}, member));
    } else {
        good_ = false;
    }
}

void field_reader::read(std::string_view key, std::vector<std::string>& member)
{
    if (auto const* array = find_array(key)) {
        good_ = read_texts(*array, member) && good_;
    }
}

void field_reader::read(std::string_view key, std::map<std::string, std::string>& member)
{
    auto const* value = find(key);
    if (value == nullptr) {
        return;
    }
    auto const* object = value->if_object();
    if (object == nullptr) {
        good_ = false;
        return;
    }
    for (auto const& [name, content] : *object) {
        if (content.is_null()) {
            continue;
        }
        std::string text;
        if (!to_text(content, text)) {
            text = boost::json::serialize(content);
        }
        member.insert_or_assign(std::string{name.data(), name.size()}, std::move(text));
    }
}

bool to_text(boost::json::value const& value, std::string& text)
{
    if (auto const* string = value.if_string()) {
        text.assign(string->data(), string->size());
        return true;
    }
    if (value.is_number() || value.is_bool()) {
        text = boost::json::serialize(value);
        return true;
    }
    return false;
}

bool read_texts(boost::json::array const& array, std::vector<std::string>& texts)
{
    for (auto const& value : array) {
        std::string text;
        if (to_text(value, text)) {
            texts.push_back(std::move(text));
        } else if (!value.is_null()) {
            return false;
        }
    }
    return true;
}

} // namespace postmark::protocol
