// SPDX-License-Identifier: BSL-1.0

// Codecs of optional, list, map and described types.

#include "model/text.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/schema.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postmark::protocol {

namespace {

using json_value = boost::json::value;

/// Puts a step in front of the path to the value that is wrong.
void prepend(read_state& state, std::string step)
{
    if (!state.path.empty() && state.path.front() != '[') {
        step += '.';
    }
    state.path.insert(0, step);
}

/// A key of a map may hold anything: it comes from the peer.
std::string printable_key(std::string_view key)
{
    constexpr std::size_t max_size = 64;
    bool const printable = !key.empty() && key.size() <= max_size &&
                           std::ranges::all_of(key, [](char byte) { return byte == ' ' || model::is_visible(byte); });
    return printable ? std::string{key} : std::string{"?"};
}

using element_writer = void (*)(codec const& self, byte_buffer& out, void const* object);

/// Writes the elements of a container between brackets.
struct sequence {
    codec const& element;
    byte_buffer& out;
    element_writer write;
    std::string_view separator;
    std::string_view colon;
    bool quotes_keys;
    bool first = true;

    static bool add(void* context, std::string_view key, void const* object)
    {
        auto& self = *static_cast<sequence*>(context);
        if (!self.first) {
            self.out.append(self.separator);
        }
        self.first = false;
        if (!self.colon.empty()) {
            write_string(self.out, key);
            self.out.append(self.colon);
        }
        self.write(self.element, self.out, object);
        return true;
    }
};

void write_sequence(codec const& self, byte_buffer& out, void const* object, bool is_map, bool prints)
{
    codec const& element = *self.element;
    sequence context{element,
                     out,
                     prints && element.print != nullptr ? element.print : element.write,
                     prints ? ", " : ",",
                     !is_map  ? ""
                     : prints ? ": "
                              : ":",
                     is_map};
    out.push_back(is_map ? '{' : '[');
    self.access->for_each(object, &context, sequence::add);
    out.push_back(is_map ? '}' : ']');
}

/// Compares the elements of one container with those of another, in order.
struct comparison {
    struct entry {
        std::string_view key;
        void const* element;
    };
    std::vector<entry> entries;

    static bool add(void* context, std::string_view key, void const* element)
    {
        static_cast<comparison*>(context)->entries.push_back({key, element});
        return true;
    }
};

} // namespace

bool read_state::fail(std::string_view text)
{
    expected = text;
    path.clear();
    return false;
}

// Optional

bool read_optional(codec const& self, read_state& state, json_value const& json, void* object)
{
    void* const value = self.emplace(object);
    if (!self.element->read(*self.element, state, json, value)) {
        return false;
    }
    if (self.element->empty_is_absent && self.element->is_empty(*self.element, value)) {
        self.reset(object);
    }
    return true;
}

void write_optional(codec const& self, byte_buffer& out, void const* object)
{
    if (void const* const value = self.value_of(object)) {
        self.element->write(*self.element, out, value);
    } else {
        out.append("null");
    }
}

void print_optional(codec const& self, byte_buffer& out, void const* object)
{
    if (void const* const value = self.value_of(object)) {
        (self.element->print != nullptr ? self.element->print : self.element->write)(*self.element, out, value);
    }
}

bool equal_optional(codec const& self, void const* left, void const* right)
{
    void const* const first = self.value_of(left);
    void const* const second = self.value_of(right);
    if (first == nullptr || second == nullptr) {
        return first == second;
    }
    return self.element->equal(*self.element, first, second);
}

bool is_empty_optional(codec const& self, void const* object)
{
    return self.value_of(object) == nullptr;
}

// List

bool read_list(codec const& self, read_state& state, json_value const& json, void* object)
{
    bool const of_objects = self.element->description != nullptr;
    auto const* array = json.if_array();
    if (array == nullptr) {
        return state.fail(of_objects ? "an array of objects" : "an array");
    }
    std::size_t const limit = state.depth <= 1 ? state.max_elements : default_max_elements;
    if (array->size() > limit) {
        return state.fail("at most " + std::to_string(limit) + " elements");
    }
    self.access->reset(object, array->size());
    std::size_t index = 0;
    std::size_t count = 0;
    for (json_value const& element : *array) {
        // A null among texts or numbers says nothing; one in place of an object is wrong.
        bool const skipped = element.is_null() && !of_objects && !state.strict;
        if (!skipped && !self.element->read(*self.element, state, element, self.access->at(object, count))) {
            prepend(state, "[" + std::to_string(index) + "]");
            return false;
        }
        ++index;
        count += skipped ? 0 : 1;
    }
    self.access->truncate(object, count);
    return true;
}

void write_list(codec const& self, byte_buffer& out, void const* object)
{
    write_sequence(self, out, object, false, false);
}

void print_list(codec const& self, byte_buffer& out, void const* object)
{
    write_sequence(self, out, object, false, true);
}

// Map

bool read_map(codec const& self, read_state& state, json_value const& json, void* object)
{
    auto const* members = json.if_object();
    if (members == nullptr) {
        return state.fail("an object");
    }
    if (members->size() > default_max_elements) {
        return state.fail("at most " + std::to_string(default_max_elements) + " keys");
    }
    self.access->reset(object, 0);
    for (auto const& entry : *members) {
        std::string_view const key{entry.key().data(), entry.key().size()};
        if (entry.value().is_null()) {
            continue;
        }
        if (!self.element->read(*self.element, state, entry.value(), self.access->add(object, key))) {
            prepend(state, printable_key(key));
            return false;
        }
    }
    return true;
}

void write_map(codec const& self, byte_buffer& out, void const* object)
{
    write_sequence(self, out, object, true, false);
}

void print_map(codec const& self, byte_buffer& out, void const* object)
{
    write_sequence(self, out, object, true, true);
}

bool equal_containers(codec const& self, void const* left, void const* right)
{
    if (self.access->size(left) != self.access->size(right)) {
        return false;
    }
    comparison first;
    comparison second;
    self.access->for_each(left, &first, comparison::add);
    self.access->for_each(right, &second, comparison::add);
    return std::ranges::equal(first.entries, second.entries, [&](auto const& one, auto const& other) {
        return one.key == other.key && self.element->equal(*self.element, one.element, other.element);
    });
}

bool is_empty_container(codec const& self, void const* object)
{
    return self.access->size(object) == 0;
}

// Described types

namespace {

/// Finds the field of a key. Replies mostly have their keys in the order of the table, so the search begins after the
/// last hit.
/// \param ignores_case whether a key that no field has is that of the field which differs from it in case only
field const* find_field(std::span<field const> fields, std::string_view key, std::size_t& next,
                        bool ignores_case) noexcept
{
    for (std::size_t step = 0; step < fields.size(); ++step) {
        std::size_t const index = next + step < fields.size() ? next + step : next + step - fields.size();
        if (is_in_json(fields[index]) && fields[index].key == key) {
            next = index + 1 < fields.size() ? index + 1 : 0;
            return &fields[index];
        }
    }
    if (ignores_case) {
        for (field const& candidate : fields) {
            if (is_in_json(candidate) && model::equal_ignoring_case(candidate.key, key)) {
                return &candidate;
            }
        }
    }
    return nullptr;
}

/// Reads a key that has no field of its own into the open map of the object. What does not fit is an unknown key.
void read_open_map(codec const& map, read_state& state, std::string_view key, json_value const& json, void* object)
{
    // The element is added only once it could be read.
    if (map.access->size(object) >= default_max_elements || json.is_structured() || json.is_null()) {
        return;
    }
    read_state attempt;
    attempt.strict = state.strict;
    std::int64_t count = 0;
    if (map.element == &int64_codec && int64_codec.read(int64_codec, attempt, json, &count)) {
        *static_cast<std::int64_t*>(map.access->add(object, key)) = count;
    }
}

} // namespace

bool read_fields(schema const& description, read_state& state, json_value const& json, void* object)
{
    auto const fields = description.fields;
    if (fields.size() == 1 && fields.front().place == place::root) {
        field const& whole = fields.front();
        return whole.type->read(*whole.type, state, json, const_cast<void*>(whole.at(object)));
    }
    auto const* members = json.if_object();
    if (members == nullptr) {
        return state.fail("an object");
    }
    auto const open_map = std::ranges::find_if(
        fields, [](field const& candidate) { return is_in_json(candidate) && candidate.key.empty(); });
    // The service spells some keys in two ways (`ID` and `Id`). The keys of an open map are data, so they are exact.
    bool const ignores_case = !state.strict && open_map == fields.end();
    ++state.depth;
    std::size_t next = 0;
    for (auto const& entry : *members) {
        std::string_view const key{entry.key().data(), entry.key().size()};
        json_value const& value = entry.value();
        field const* const found = key.empty() ? nullptr : find_field(fields, key, next, ignores_case);
        if (found == nullptr) {
            if (open_map != fields.end()) {
                read_open_map(*open_map->type, state, key, value, const_cast<void*>(open_map->at(object)));
            }
            continue;
        }
        if (value.is_null() && !found->type->reads_null) {
            continue;
        }
        if (!found->type->read(*found->type, state, value, const_cast<void*>(found->at(object)))) {
            prepend(state, std::string{found->key});
            return false;
        }
    }
    --state.depth;
    return true;
}

bool read_object(codec const& self, read_state& state, json_value const& json, void* object)
{
    return read_fields(self.description(), state, json, object);
}

void write_object(codec const& self, byte_buffer& out, void const* object)
{
    write(out, self.description(), object);
}

void print_object(codec const& self, byte_buffer& out, void const* object)
{
    out.push_back('{');
    bool first = true;
    for (field const& shown : self.description().fields) {
        void const* const member = shown.at(object);
        if (shown.type->is_empty != nullptr && shown.type->is_empty(*shown.type, member)) {
            continue;
        }
        if (!first) {
            out.append(", ");
        }
        first = false;
        out.append(shown.key);
        if (!shown.key.empty()) {
            out.append(": ");
        }
        (shown.type->print != nullptr ? shown.type->print : shown.type->write)(*shown.type, out, member);
    }
    out.push_back('}');
}

bool equal_objects(codec const& self, void const* left, void const* right)
{
    return equal(self.description(), left, right);
}

bool is_empty_object(codec const& self, void const* object)
{
    return std::ranges::all_of(self.description().fields, [&](field const& member) {
        return member.type->is_empty != nullptr && member.type->is_empty(*member.type, member.at(object));
    });
}

} // namespace postmark::protocol
