// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_SCHEMA_HPP
#define POSTMARK_PROTOCOL_SCHEMA_HPP

#include "protocol/byte_buffer.hpp"

#include <postmark/api/request.hpp>
#include <postmark/message.hpp>
#include <postmark/schema.hpp>
#include <postmark/secret.hpp>

#include <boost/json/fwd.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// \file
/// One description per type. A described type has a constexpr table of fields; a field knows its key, where its
/// member lies and the codec of the member's type. A codec reads, writes, compares and prints values of one C++ type,
/// so that everything else is compiled once for all types.

namespace postmark::protocol {

/// The number of elements that an array of a reply may have where nothing smaller was asked for.
inline constexpr std::size_t default_max_elements = 10'000;

/// The longest page that the service returns, whatever is asked for.
inline constexpr std::size_t max_page_size = 500;

/// How many elements of a listing the service returns on all pages together, where it limits that.
inline constexpr std::int64_t max_listed = 10'000;

/// The state of one reading.
struct read_state {
    /// Whether a value must have exactly the documented type. Otherwise numbers and booleans may be given as text, and
    /// text as numbers or booleans.
    bool strict = false;
    /// How many elements an array in the outermost object may have. Arrays that lie deeper may have
    /// `default_max_elements`.
    std::size_t max_elements = default_max_elements;
    /// The number of objects around the current value.
    std::size_t depth = 0;
    /// Where the value that could not be read lies, relative to the value that is being read: `[3].TypeCode`. It is
    /// built from its end on the way out, so that a reading without errors does not pay for it.
    std::string path;
    /// What was expected there.
    std::string expected;

    /// Notes what was expected. Returns false, so that a codec can return the result.
    bool fail(std::string_view text);
};

/// How to get at the elements of a container type.
struct container_access {
    std::size_t (*size)(void const* container) noexcept;
    /// Makes the container hold so many default constructed elements, instead of those that it held; a map can only be
    /// made empty.
    void (*reset)(void* container, std::size_t count);
    /// Of a list: an element.
    void* (*at)(void* list, std::size_t index) noexcept;
    /// Of a list: removes the elements after so many.
    void (*truncate)(void* list, std::size_t count) noexcept;
    /// Of a map: the element of a key, default constructed if there was none.
    void* (*add)(void* map, std::string_view key);
    /// Calls the function for each element, in order, until it returns false. A list gives empty keys.
    void (*for_each)(void const* container, void* context,
                     bool (*function)(void* context, std::string_view key, void const* element));
};

/// What can be done with the values of one C++ type. There is one object per type, and some more for types with several
/// forms in JSON.
struct codec {
    /// The type for documentation: `string`, `integer`, `list` …
    std::string_view name;

    /// Fills the object from a JSON value, which is not null unless `reads_null` is set.
    /// \returns false, with the state's `expected` and `path` set, if the value does not fit
    bool (*read)(codec const& self, read_state& state, boost::json::value const& json, void* object) = nullptr;
    /// Appends the object as JSON.
    void (*write)(codec const& self, byte_buffer& out, void const* object) = nullptr;
    /// Appends the object for diagnostics; null: as `write`.
    void (*print)(codec const& self, byte_buffer& out, void const* object) = nullptr;
    bool (*equal)(codec const& self, void const* left, void const* right) = nullptr;
    /// Whether the object is left out of a request; null: never.
    bool (*is_empty)(codec const& self, void const* object) = nullptr;

    /// Of an optional or a container: the codec of what it holds.
    codec const* element = nullptr;
    container_access const* access = nullptr;
    /// Of an optional: makes it hold a default constructed value.
    void* (*emplace)(void* optional) = nullptr;
    void (*reset)(void* optional) noexcept = nullptr;
    /// The value of an optional, or null.
    void const* (*value_of)(void const* optional) noexcept = nullptr;
    /// Of a described type.
    schema const& (*description)() = nullptr;

    bool reads_null = false;
    /// Whether an optional of this type is left unset when it reads an empty value.
    bool empty_is_absent = false;
};

// The codecs that are not templates.

extern codec const string_codec;
/// A `std::string` with a URL, whose user name and password are hidden when it is printed.
extern codec const url_codec;
extern codec const bool_codec;
extern codec const int_codec;
extern codec const int64_codec;
extern codec const double_codec;
/// A point in time, in any of the formats that the service uses. A text that is no time leaves the member unset.
extern codec const time_codec;
extern codec const secret_codec;
/// Reads `{"Email": …, "Name": …}` or the text of a mail header; writes the text.
extern codec const mailbox_codec;
/// The text of a mail header, with commas between the addresses.
extern codec const mailbox_list_codec;
/// A `std::string` that holds the text of a JSON object.
extern codec const json_object_codec;
/// A `std::string` that is the value of an open map: a text as it is, anything else as JSON text.
extern codec const any_text_codec;
/// A `std::string` of raw bytes, base64 in JSON.
extern codec const base64_codec;
/// A `std::string` with the name of a file, given as text or as an object with a `Name`.
extern codec const file_name_codec;

/// Whether a JSON value is null.
[[nodiscard]] bool is_null(boost::json::value const& json) noexcept;

// The functions of optional, container and described codecs.

bool read_optional(codec const& self, read_state& state, boost::json::value const& json, void* object);
void write_optional(codec const& self, byte_buffer& out, void const* object);
void print_optional(codec const& self, byte_buffer& out, void const* object);
bool equal_optional(codec const& self, void const* left, void const* right);
bool is_empty_optional(codec const& self, void const* object);

bool read_list(codec const& self, read_state& state, boost::json::value const& json, void* object);
void write_list(codec const& self, byte_buffer& out, void const* object);
void print_list(codec const& self, byte_buffer& out, void const* object);

bool read_map(codec const& self, read_state& state, boost::json::value const& json, void* object);
void write_map(codec const& self, byte_buffer& out, void const* object);
void print_map(codec const& self, byte_buffer& out, void const* object);

bool equal_containers(codec const& self, void const* left, void const* right);
bool is_empty_container(codec const& self, void const* object);

bool read_fields(schema const& description, read_state& state, boost::json::value const& json, void* object);
bool read_object(codec const& self, read_state& state, boost::json::value const& json, void* object);
void write_object(codec const& self, byte_buffer& out, void const* object);
void print_object(codec const& self, byte_buffer& out, void const* object);
bool equal_objects(codec const& self, void const* left, void const* right);
/// Whether all members are empty.
bool is_empty_object(codec const& self, void const* object);

/// `codec_of<T>::get()` is the codec of a type.
template <class T>
struct codec_of;

template <codec const& Codec>
struct fixed_codec {
    static constexpr codec const* get() noexcept { return &Codec; }
};

template <>
struct codec_of<std::string> : fixed_codec<string_codec> {};
template <>
struct codec_of<bool> : fixed_codec<bool_codec> {};
template <>
struct codec_of<int> : fixed_codec<int_codec> {};
template <>
struct codec_of<std::int64_t> : fixed_codec<int64_codec> {};
template <>
struct codec_of<double> : fixed_codec<double_codec> {};
template <>
struct codec_of<std::chrono::system_clock::time_point> : fixed_codec<time_codec> {};
template <>
struct codec_of<secret> : fixed_codec<secret_codec> {};
template <>
struct codec_of<mailbox> : fixed_codec<mailbox_codec> {};
template <>
struct codec_of<mailbox_list> : fixed_codec<mailbox_list_codec> {};

template <class T>
constexpr codec optional_codec(codec const* element) noexcept
{
    codec value{"optional"};
    value.read = read_optional;
    value.write = write_optional;
    value.print = print_optional;
    value.equal = equal_optional;
    value.is_empty = is_empty_optional;
    value.element = element;
    value.emplace = [](void* object) -> void* { return &static_cast<std::optional<T>*>(object)->emplace(); };
    value.reset = [](void* object) noexcept { static_cast<std::optional<T>*>(object)->reset(); };
    value.value_of = [](void const* object) noexcept -> void const* {
        auto const& optional = *static_cast<std::optional<T> const*>(object);
        return optional ? &*optional : nullptr;
    };
    return value;
}

template <class T>
struct codec_of<std::optional<T>> {
    static constexpr codec value = optional_codec<T>(codec_of<T>::get());
    static constexpr codec const* get() noexcept { return &value; }
};

// A list is made with all of its elements, so that no code is needed that moves them.
template <class T>
inline constexpr container_access list_access{
    [](void const* object) noexcept { return static_cast<std::vector<T> const*>(object)->size(); },
    [](void* object, std::size_t count) { *static_cast<std::vector<T>*>(object) = std::vector<T>(count); },
    [](void* object, std::size_t index) noexcept -> void* { return &(*static_cast<std::vector<T>*>(object))[index]; },
    [](void* object, std::size_t count) noexcept {
        auto& list = *static_cast<std::vector<T>*>(object);
        while (list.size() > count) {
            list.pop_back();
        }
    },
    nullptr,
    [](void const* object, void* context, bool (*function)(void*, std::string_view, void const*)) {
        for (T const& element : *static_cast<std::vector<T> const*>(object)) {
            if (!function(context, {}, &element)) {
                return;
            }
        }
    }};

template <class T>
constexpr codec list_codec(codec const* element) noexcept
{
    codec value{"list"};
    value.read = read_list;
    value.write = write_list;
    value.print = print_list;
    value.equal = equal_containers;
    value.is_empty = is_empty_container;
    value.element = element;
    value.access = &list_access<T>;
    return value;
}

template <class T>
struct codec_of<std::vector<T>> {
    static constexpr codec value = list_codec<T>(codec_of<T>::get());
    static constexpr codec const* get() noexcept { return &value; }
};

template <class T>
inline constexpr container_access map_access{
    [](void const* object) noexcept { return static_cast<std::map<std::string, T> const*>(object)->size(); },
    [](void* object, std::size_t) { static_cast<std::map<std::string, T>*>(object)->clear(); },
    nullptr,
    nullptr,
    [](void* object, std::string_view key) -> void* {
        return &(*static_cast<std::map<std::string, T>*>(object))[std::string{key}];
    },
    [](void const* object, void* context, bool (*function)(void*, std::string_view, void const*)) {
        for (auto const& [key, element] : *static_cast<std::map<std::string, T> const*>(object)) {
            if (!function(context, key, &element)) {
                return;
            }
        }
    }};

template <class T>
struct codec_of<std::map<std::string, T>> {
    static constexpr codec make() noexcept
    {
        codec made{"map"};
        made.read = read_map;
        made.write = write_map;
        made.print = print_map;
        made.equal = equal_containers;
        made.is_empty = is_empty_container;
        made.element = std::is_same_v<T, std::string> ? &any_text_codec : codec_of<T>::get();
        made.access = &map_access<T>;
        return made;
    }
    static constexpr codec value = make();
    static constexpr codec const* get() noexcept { return &value; }
};

constexpr codec object_codec(schema const& (*description)()) noexcept
{
    codec value{"object"};
    value.read = read_object;
    value.write = write_object;
    value.print = print_object;
    value.equal = equal_objects;
    value.is_empty = is_empty_object;
    value.description = description;
    return value;
}

template <described T>
struct codec_of<T> {
    static constexpr codec value = object_codec(&T::describe);
    static constexpr codec const* get() noexcept { return &value; }
};

/// Where a field lies in a request or a reply.
enum class place : std::uint8_t {
    /// A key of the JSON object. Left out of a request if it is empty.
    body,
    /// A key of the JSON object that is written even if it is empty.
    required,
    /// The whole JSON value.
    root,
    /// A parameter of the query string. Left out if it is empty.
    query,
    /// The rest of the key of the next field, which is a parameter of the query string.
    query_key,
    /// A parameter of the path. It must not be empty, and a number must be positive.
    path,
};

/// One member of a described type.
struct field {
    /// The key in JSON or in the query. Of a path parameter: its name between braces in the path. Of a map: empty means
    /// that it takes every key that no other field has.
    std::string_view key;
    codec const* type = nullptr;
    void const* (*at)(void const* object) noexcept = nullptr;
    protocol::place place = place::body;
};

/// Whether a field is a key of the JSON object.
[[nodiscard]] constexpr bool is_in_json(field const& candidate) noexcept
{
    return candidate.place == place::body || candidate.place == place::required;
}

/// The field of a member.
/// \tparam C      the described type, which is named because the member may belong to a base
/// \tparam Member pointer to the member
template <class C, auto Member>
constexpr field member(std::string_view key, place where, codec const* type) noexcept
{
    return {key, type,
            [](void const* object) noexcept -> void const* { return &(static_cast<C const*>(object)->*Member); },
            where};
}

template <class C, auto Member>
constexpr field member(std::string_view key, place where = place::body) noexcept
{
    using type = std::remove_cvref_t<decltype(std::declval<C const&>().*Member)>;
    return member<C, Member>(key, where, codec_of<type>::get());
}

/// The field of a base whose members are the whole JSON value.
/// \tparam C the described type
template <class C, described Base>
constexpr field whole() noexcept
{
    return {"", codec_of<Base>::get(),
            [](void const* object) noexcept -> void const* {
                return static_cast<Base const*>(static_cast<C const*>(object));
            },
            place::root};
}

/// Two parts of a table of fields, one after the other.
template <std::size_t First, std::size_t Second>
constexpr std::array<field, First + Second> join(std::array<field, First> const& first,
                                                 std::array<field, Second> const& second) noexcept
{
    std::array<field, First + Second> all{};
    std::ranges::copy(second, std::ranges::copy(first, all.begin()).out);
    return all;
}

/// Where a request goes.
struct endpoint {
    http_method method = http_method::get;
    /// Path parameters are named between braces: `/bounces/{id}`.
    std::string_view path;
    /// Whether repeating the request has no further effect.
    bool repeatable = true;
    token_kind token = token_kind::server;
    /// How many elements an array of the reply may have, unless the request has a field `count`.
    std::size_t max_elements = default_max_elements;
    /// Returns why the request cannot be made, naming the member, or an empty text. Null: it can. The rules that hold
    /// for every request with such members are not repeated here, see `prepare`.
    std::string (*check)(void const* request) = nullptr;
    /// What `count` and `offset` of a request may add up to: the service lists no more elements, however many there
    /// are. 0: any number.
    std::int64_t paging_limit = 0;
    /// Whether the service documents that limit. Otherwise it is kept by those who read page after page only, and a
    /// single request that exceeds it is left to the service.
    bool is_limit_documented = true;
};

} // namespace postmark::protocol

namespace postmark {

struct schema {
    /// The name of the C++ type.
    std::string_view name;
    std::span<protocol::field const> fields;
    /// Null: the type is no request.
    protocol::endpoint const* endpoint = nullptr;
    /// The members that every reply has. Null: the type is no reply.
    api_reply const* (*common)(void const* object) noexcept = nullptr;
};

} // namespace postmark

namespace postmark::protocol {

/// The description of a reply, or of a part of a request or reply.
template <class T>
constexpr schema describe_type(std::string_view name, std::span<field const> fields) noexcept
{
    schema value{name, fields};
    if constexpr (std::is_base_of_v<api_reply, T>) {
        value.common = [](void const* object) noexcept -> api_reply const* { return static_cast<T const*>(object); };
    }
    return value;
}

/// The description of a request.
constexpr schema describe_request(std::string_view name, std::span<field const> fields,
                                  protocol::endpoint const& endpoint) noexcept
{
    return {name, fields, &endpoint};
}

/// Fills an object from a JSON value.
/// \param problem set to the place and what was expected there (`Bounces[3].TypeCode: expected a number`); unchanged on
///                success
/// \returns whether the value fits; if not, the object may be partly filled
[[nodiscard]] bool read(schema const& description, boost::json::value const& json, void* object, std::string& problem,
                        read_state state = {});

/// Fills an object from JSON text.
[[nodiscard]] bool read(schema const& description, std::string_view json, void* object, std::string& problem,
                        read_state state = {});

/// Appends the body fields of an object that are not empty, as a JSON object.
void write(byte_buffer& out, schema const& description, void const* object);

/// The request that a request value describes. Its `problem` is set if it cannot be made: `endpoint::check` refuses it,
/// or it breaks a rule that holds for all requests (`query_problem`, and path parameters that are not set).
template <described Request>
[[nodiscard]] api_request prepare(Request const& request)
{
    return prepare(Request::describe(), &request);
}

template <described T>
[[nodiscard]] bool read(std::string_view json, T& object, std::string& problem)
{
    return read(T::describe(), json, &object, problem);
}

} // namespace postmark::protocol

#endif
