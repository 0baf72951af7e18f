// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_OBJECT_WRITER_HPP
#define POSTMARK_SANDBOX_OBJECT_WRITER_HPP

#include "sandbox/text.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// Writes a JSON object member by member. `end`, or the end of its life, closes the object.
class object_writer {
public:
    explicit object_writer(std::string& out)
        : out_{out}
    {
        out_ += '{';
    }
    object_writer(object_writer&&) = delete;
    ~object_writer() { end(); }

    object_writer& text(std::string_view name, std::string_view value)
    {
        append_json_string(key(name), value);
        return *this;
    }
    object_writer& number(std::string_view name, std::int64_t value)
    {
        append_number(key(name), value);
        return *this;
    }
    /// A number with up to three decimals.
    object_writer& decimal(std::string_view name, double value)
    {
        append_decimal(key(name), value);
        return *this;
    }
    object_writer& flag(std::string_view name, bool value)
    {
        key(name) += value ? "true" : "false";
        return *this;
    }
    object_writer& null(std::string_view name)
    {
        key(name) += "null";
        return *this;
    }
    /// The text, or null when it is empty.
    object_writer& text_or_null(std::string_view name, std::string_view value)
    {
        return value.empty() ? null(name) : text(name, value);
    }
    object_writer& date_or_null(std::string_view name, std::optional<time_point> value, date_form form)
    {
        return value ? date(name, *value, form) : null(name);
    }
    object_writer& date(std::string_view name, time_point value, date_form form)
    {
        key(name) += '"';
        append_date(out_, value, form);
        out_ += '"';
        return *this;
    }
    /// Closes the object; nothing may follow.
    void end()
    {
        if (!ended_) {
            out_ += '}';
        }
        ended_ = true;
    }

    /// Writes `"name":` and returns the output, for a value that the caller appends.
    std::string& key(std::string_view name)
    {
        if (!first_) {
            out_ += ',';
        }
        first_ = false;
        append_json_key(out_, name);
        return out_;
    }

private:
    std::string& out_;
    bool first_{true};
    bool ended_{false};
};

/// A JSON array of strings.
void append_texts(std::string& out, std::vector<std::string> const& texts);

/// A JSON object of strings.
void append_texts(std::string& out, std::map<std::string, std::string> const& texts);

/// Collects the objects of a JSON array.
class array_writer {
public:
    explicit array_writer(std::string& out)
        : out_{out}
    {
        out_ += '[';
    }
    array_writer(array_writer&&) = delete;
    ~array_writer() { out_ += ']'; }

    /// The output, for the next element.
    std::string& next()
    {
        if (!first_) {
            out_ += ',';
        }
        first_ = false;
        return out_;
    }

private:
    std::string& out_;
    bool first_{true};
};

} // namespace postmark::sandbox::detail

#endif
