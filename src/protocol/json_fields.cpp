// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_fields.hpp"

#include "protocol/timestamp.hpp"

#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <charconv>

namespace postmark::protocol {

namespace {

constexpr std::size_t deepest = 256;

boost::json::parse_options options() noexcept
{
    boost::json::parse_options value;
    value.max_depth = deepest;
    return value;
}

/// Takes whatever comes: with it the parser only checks.
struct no_handler {
    using error = boost::system::error_code;
    using view = boost::json::string_view;

    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_array_begin(error&) { return true; }
    bool on_array_end(std::size_t, error&) { return true; }
    bool on_object_begin(error&) { return true; }
    bool on_object_end(std::size_t, error&) { return true; }
    bool on_string_part(view, std::size_t, error&) { return true; }
    bool on_string(view, std::size_t, error&) { return true; }
    bool on_key_part(view, std::size_t, error&) { return true; }
    bool on_key(view, std::size_t, error&) { return true; }
    bool on_number_part(view, error&) { return true; }
    bool on_int64(std::int64_t, view, error&) { return true; }
    bool on_uint64(std::uint64_t, view, error&) { return true; }
    bool on_double(double, view, error&) { return true; }
    bool on_bool(bool, error&) { return true; }
    bool on_null(error&) { return true; }
    bool on_comment_part(view, error&) { return true; }
    bool on_comment(view, error&) { return true; }
};

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
    boost::system::error_code error;
    boost::json::value value = boost::json::parse({text.data(), text.size()}, error, {}, options());
    if (error) {
        return std::nullopt;
    }
    return value;
}

bool is_json_object(std::string_view text)
{
    std::size_t const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{') {
        return false;
    }
    boost::json::basic_parser<no_handler> parser{options()};
    boost::system::error_code error;
    std::size_t const used = parser.write_some(false, text.data(), text.size(), error);
    return !error && used == text.size();
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
