// SPDX-License-Identifier: BSL-1.0

#include "protocol/json_document.hpp"

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/number_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

namespace postmark::protocol {

namespace {

// The arena takes blocks whose size is a power of two. The first has two to four times the size of the text, the second
// twice as much, so that both together have up to twelve times; the stack of the parser needs some memory, too.
constexpr std::size_t memory_factor = 16;
constexpr std::size_t min_memory = std::size_t{1} << 20;

boost::json::parse_options options() noexcept
{
    boost::json::parse_options value;
    value.max_depth = model::max_json_depth;
    return value;
}

std::string_view view_of(boost::json::string const& text) noexcept
{
    return {text.data(), text.size()};
}

} // namespace

void* limited_memory::do_allocate(std::size_t bytes, std::size_t alignment)
{
    if (bytes > limit_ - used_) {
        exceeded_ = true;
        throw std::bad_alloc{};
    }
    void* const memory = ::operator new(bytes, std::align_val_t{alignment});
    used_ += bytes;
    return memory;
}

void limited_memory::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment)
{
    // Boost.JSON 1.81 gives the blocks of a monotonic resource back with another size than it asked for.
    used_ -= std::min(bytes, used_);
    ::operator delete(memory, std::align_val_t{alignment});
}

// A typical listing takes two to three times its size, so the first block mostly suffices.
json_document::json_document(std::string_view text)
    : memory_{std::max(text.size() * memory_factor, min_memory)}
    , arena_{std::max<std::size_t>(text.size() * 2, 1024), &memory_}
{
    text = model::skip_byte_order_mark(text);
    unsigned char stack[2048];
    try {
        boost::json::parser parser{&memory_, options(), stack};
        parser.reset(&arena_);
        boost::system::error_code error;
        parser.write(text.data(), text.size(), error);
        if (!error) {
            value_.emplace(parser.release());
        }
    } catch (std::bad_alloc const&) {
        if (!memory_.is_exceeded()) {
            throw;
        }
    }
}

std::string_view json_document::expected() const noexcept
{
    if (value_) {
        return {};
    }
    return memory_.is_exceeded() ? "expected JSON that takes less memory" : "expected JSON";
}

bool write_json(byte_buffer& out, boost::json::value const& value)
{
    bool finite = true;
    switch (value.kind()) {
    case boost::json::kind::null:
        out.append("null");
        break;
    case boost::json::kind::bool_:
        out.append(value.get_bool() ? "true" : "false");
        break;
    case boost::json::kind::int64:
        write_integer(out, value.get_int64());
        break;
    case boost::json::kind::uint64:
        out.append(std::to_string(value.get_uint64()));
        break;
    case boost::json::kind::double_:
        finite = std::isfinite(value.get_double());
        out.append(number_text(value.get_double()));
        break;
    case boost::json::kind::string:
        write_string(out, view_of(value.get_string()));
        break;
    case boost::json::kind::array: {
        out.push_back('[');
        bool first = true;
        for (auto const& element : value.get_array()) {
            if (!first) {
                out.push_back(',');
            }
            first = false;
            finite = write_json(out, element) && finite;
        }
        out.push_back(']');
        break;
    }
    case boost::json::kind::object: {
        out.push_back('{');
        bool first = true;
        for (auto const& entry : value.get_object()) {
            if (!first) {
                out.push_back(',');
            }
            first = false;
            write_string(out, {entry.key().data(), entry.key().size()});
            out.push_back(':');
            finite = write_json(out, entry.value()) && finite;
        }
        out.push_back('}');
        break;
    }
    }
    return finite;
}

} // namespace postmark::protocol
