// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_OBJECT_WRITER_HPP
#define POSTMARK_SANDBOX_OBJECT_WRITER_HPP

#include "sandbox/text.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

/// Writes a JSON object member by member; its end closes the object.
class object_writer {
public:
    explicit object_writer(std::string& out)
        : out_{out}
    {
        out_ += '{';
    }
    object_writer(object_writer&&) = delete;
    ~object_writer() { out_ += '}'; }

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
    object_writer& flag(std::string_view name, bool value)
    {
        key(name) += value ? "true" : "false";
        return *this;
    }
    object_writer& date(std::string_view name, time_point value, date_form form)
    {
        key(name) += '"';
        append_date(out_, value, form);
        out_ += '"';
        return *this;
    }
    /// The output behind `"name":`.
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
};

/// A JSON array of strings.
void append_texts(std::string& out, std::vector<std::string> const& texts);

/// A JSON object of strings.
void append_texts(std::string& out, std::map<std::string, std::string> const& texts);

} // namespace postmark::sandbox

#endif
