// SPDX-License-Identifier: BSL-1.0

// Codecs of single values. src/protocol/container_codecs.cpp has those of values that hold others.

#include "model/text.hpp"
#include "protocol/base64.hpp"
#include "protocol/json_document.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/number_text.hpp"
#include "protocol/schema.hpp"
#include "protocol/timestamp.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <charconv>
#include <concepts>
#include <cstdio>
#include <limits>

namespace postmark::protocol {

namespace {

using json_value = boost::json::value;
using time_point = std::chrono::system_clock::time_point;

template <class T>
T& as(void* object) noexcept
{
    return *static_cast<T*>(object);
}

template <class T>
T const& as(void const* object) noexcept
{
    return *static_cast<T const*>(object);
}

template <class T>
bool equal_values(codec const&, void const* left, void const* right)
{
    return as<T>(left) == as<T>(right);
}

template <class T>
bool is_empty_value(codec const&, void const* object)
{
    return as<T>(object).empty();
}

std::string_view view_of(boost::json::string const& text) noexcept
{
    return {text.data(), text.size()};
}

// Text

bool read_string(codec const&, read_state& state, json_value const& json, void* object)
{
    if (auto const* text = json.if_string()) {
        as<std::string>(object) = view_of(*text);
        return true;
    }
    if (state.strict || (!json.is_number() && !json.is_bool())) {
        return state.fail("a string");
    }
    byte_buffer out;
    write_json(out, json);
    as<std::string>(object) = out.view();
    return true;
}

void write_string_value(codec const&, byte_buffer& out, void const* object)
{
    write_string(out, as<std::string>(object));
}

/// Hides user name and password: all between `//` and the last `@` of the authority.
void print_url(codec const&, byte_buffer& out, void const* object)
{
    std::string_view const url = as<std::string>(object);
    std::size_t const slashes = url.find("//");
    std::size_t const host = slashes == std::string_view::npos ? 0 : slashes + 2;
    std::size_t const at = url.substr(0, url.find_first_of("/?#", host)).rfind('@');
    if (at == std::string_view::npos || at < host) {
        return write_string(out, url);
    }
    write_string(out, std::string{url.substr(0, host)} + "***" + std::string{url.substr(at)});
}

bool read_any_text(codec const& self, read_state& state, json_value const& json, void* object)
{
    if (state.strict || json.is_string()) {
        return read_string(self, state, json, object);
    }
    byte_buffer out;
    write_json(out, json);
    as<std::string>(object) = out.view();
    return true;
}

bool read_json_object(codec const&, read_state& state, json_value const& json, void* object)
{
    auto const* members = json.if_object();
    if (members == nullptr) {
        return state.fail("an object");
    }
    std::string& text = as<std::string>(object);
    text.clear();
    // An empty text means an empty object.
    if (!members->empty()) {
        byte_buffer out;
        if (!write_json(out, json)) {
            return state.fail("an object whose numbers a double can hold");
        }
        text = out.view();
    }
    return true;
}

void write_json_object(codec const&, byte_buffer& out, void const* object)
{
    out.append(as<std::string>(object));
}

/// The text of a program may have line breaks between its tokens.
void print_json_object(codec const&, byte_buffer& out, void const* object)
{
    out.append(model::printable(as<std::string>(object)));
}

bool read_base64(codec const&, read_state& state, json_value const& json, void* object)
{
    auto const* text = json.if_string();
    if (text == nullptr) {
        return state.fail("a string");
    }
    return decode_base64(view_of(*text), as<std::string>(object)) || state.fail("base64");
}

void write_base64(codec const&, byte_buffer& out, void const* object)
{
    out.push_back('"');
    append_base64(out, as<std::string>(object));
    out.push_back('"');
}

void print_size(codec const&, byte_buffer& out, void const* object)
{
    out.append(std::to_string(as<std::string>(object).size()) + " bytes");
}

bool read_file_name(codec const&, read_state& state, json_value const& json, void* object)
{
    json_value const* name = &json;
    if (auto const* file = json.if_object()) {
        name = file->if_contains("Name");
        if (name == nullptr || name->is_null()) {
            return true;
        }
    }
    return read_string(string_codec, state, *name, object);
}

bool read_secret(codec const&, read_state& state, json_value const& json, void* object)
{
    std::string text;
    if (!read_string(string_codec, state, json, &text)) {
        return false;
    }
    as<secret>(object) = secret{std::move(text)};
    return true;
}

void write_secret(codec const&, byte_buffer& out, void const* object)
{
    write_string(out, as<secret>(object).reveal());
}

void print_secret(codec const&, byte_buffer& out, void const*)
{
    out.append("***");
}

// Numbers and booleans

bool read_bool(codec const&, read_state& state, json_value const& json, void* object)
{
    if (auto const* flag = json.if_bool()) {
        as<bool>(object) = *flag;
        return true;
    }
    if (auto const* text = json.if_string(); text != nullptr && !state.strict) {
        bool const yes = model::equal_ignoring_case(view_of(*text), "true");
        if (yes || model::equal_ignoring_case(view_of(*text), "false")) {
            as<bool>(object) = yes;
            return true;
        }
    }
    return state.fail("true or false");
}

void write_bool(codec const&, byte_buffer& out, void const* object)
{
    out.append(as<bool>(object) ? "true" : "false");
}

/// Reads a number from text. An empty text leaves the number as it is, since the service means "not set" by it.
template <class T>
bool parse_number(std::string_view text, T& number)
{
    if (text.empty()) {
        return true;
    }
    T parsed{};
    char const* const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, parsed);
    if (error != std::errc{} || stop != end) {
        return false;
    }
    number = parsed;
    return true;
}

template <std::integral T>
bool read_integer(codec const&, read_state& state, json_value const& json, void* object)
{
    if (auto const* number = json.if_int64()) {
        if (*number < std::numeric_limits<T>::min() || *number > std::numeric_limits<T>::max()) {
            return state.fail("a smaller number");
        }
        as<T>(object) = static_cast<T>(*number);
        return true;
    }
    if (auto const* text = json.if_string(); text != nullptr && !state.strict) {
        return parse_number(view_of(*text), as<T>(object)) || state.fail("a number");
    }
    return state.fail(state.strict || json.is_number() ? "an integer" : "a number");
}

template <std::integral T>
void write_integer_value(codec const&, byte_buffer& out, void const* object)
{
    write_integer(out, as<T>(object));
}

bool read_double(codec const&, read_state& state, json_value const& json, void* object)
{
    if (auto const* text = json.if_string(); text != nullptr && !state.strict) {
        return parse_number(view_of(*text), as<double>(object)) || state.fail("a number");
    }
    boost::system::error_code error;
    double const number = json.to_number<double>(error);
    if (error) {
        return state.fail("a number");
    }
    as<double>(object) = number;
    return true;
}

void write_double(codec const&, byte_buffer& out, void const* object)
{
    out.append(number_text(as<double>(object)));
}

// Time

bool read_time(codec const&, read_state& state, json_value const& json, void* object)
{
    auto const* text = json.if_string();
    if (text == nullptr) {
        return state.fail("a time");
    }
    // A reply is not refused for a time in an unknown format: the time is then not known.
    return parse_timestamp(view_of(*text), as<time_point>(object)) || !state.strict || state.fail("a time");
}

void write_time(codec const&, byte_buffer& out, void const* object)
{
    using ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
    auto const time = as<time_point>(object);
    auto const day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss<ticks> const clock{std::chrono::floor<ticks>(time - day)};
    char text[64];
    int const size =
        std::snprintf(text, sizeof text, "\"%04d-%02u-%02uT%02d:%02d:%02d.%07dZ\"", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    out.append({text, static_cast<std::size_t>(size)});
}

bool is_epoch(codec const&, void const* object)
{
    return as<time_point>(object) == time_point{};
}

// Addresses

bool read_mailbox(codec const&, read_state& state, json_value const& json, void* object)
{
    mailbox& value = as<mailbox>(object);
    if (auto const* text = json.if_string()) {
        value = model::trim(view_of(*text)).empty() ? mailbox{} : mailbox{view_of(*text)};
        return true;
    }
    auto const* parts = json.if_object();
    if (state.strict || parts == nullptr) {
        return state.fail(state.strict ? "a string" : "an address");
    }
    auto const read_part = [&](std::string_view key, std::string& part) {
        auto const* text = parts->if_contains(key);
        if (text == nullptr || text->is_null() || read_string(string_codec, state, *text, &part)) {
            return true;
        }
        state.path = key;
        return false;
    };
    return read_part("Email", value.address) && read_part("Name", value.name);
}

void write_mailbox(codec const&, byte_buffer& out, void const* object)
{
    write_string(out, to_string(as<mailbox>(object)));
}

bool is_empty_mailbox(codec const&, void const* object)
{
    return as<mailbox>(object) == mailbox{};
}

bool read_mailbox_list(codec const&, read_state& state, json_value const& json, void* object)
{
    auto const* text = json.if_string();
    if (text == nullptr) {
        return state.fail("a string");
    }
    as<mailbox_list>(object) = mailbox_list{view_of(*text)};
    return true;
}

void write_mailbox_list(codec const&, byte_buffer& out, void const* object)
{
    write_string(out, to_string(as<mailbox_list>(object)));
}

constexpr codec mailbox_codec_value() noexcept
{
    codec value{"mailbox", read_mailbox, write_mailbox, nullptr, equal_values<mailbox>, is_empty_mailbox};
    value.empty_is_absent = true;
    return value;
}

} // namespace

bool is_null(json_value const& json) noexcept
{
    return json.is_null();
}

constexpr codec string_codec{
    "string", read_string, write_string_value, nullptr, equal_values<std::string>, is_empty_value<std::string>};
constexpr codec url_codec{
    "string", read_string, write_string_value, print_url, equal_values<std::string>, is_empty_value<std::string>};
constexpr codec any_text_codec{
    "any", read_any_text, write_string_value, nullptr, equal_values<std::string>, is_empty_value<std::string>};
constexpr codec json_object_codec{"object",          read_json_object,          write_json_object,
                                  print_json_object, equal_values<std::string>, is_empty_value<std::string>};
constexpr codec base64_codec{
    "base64", read_base64, write_base64, print_size, equal_values<std::string>, is_empty_value<std::string>};
constexpr codec file_name_codec{
    "string", read_file_name, write_string_value, nullptr, equal_values<std::string>, is_empty_value<std::string>};
constexpr codec secret_codec{"secret",     read_secret,          write_secret,
                             print_secret, equal_values<secret>, is_empty_value<secret>};
constexpr codec bool_codec{"boolean", read_bool, write_bool, nullptr, equal_values<bool>};
constexpr codec int_codec{"integer", read_integer<int>, write_integer_value<int>, nullptr, equal_values<int>};
constexpr codec int64_codec{"integer", read_integer<std::int64_t>, write_integer_value<std::int64_t>, nullptr,
                            equal_values<std::int64_t>};
constexpr codec double_codec{"number", read_double, write_double, nullptr, equal_values<double>};
constexpr codec time_codec{"time", read_time, write_time, nullptr, equal_values<time_point>, is_epoch};
constexpr codec mailbox_codec = mailbox_codec_value();
constexpr codec mailbox_list_codec{"mailboxes", read_mailbox_list,          write_mailbox_list,
                                   nullptr,     equal_values<mailbox_list>, is_empty_value<mailbox_list>};

} // namespace postmark::protocol
