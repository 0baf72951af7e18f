// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_OBJECT_READER_HPP
#define POSTMARK_SANDBOX_OBJECT_READER_HPP

#include "sandbox/request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

struct call;

/// Reads the members of a JSON object. Keys are matched without regard to case, and null is as if absent. The first
/// member of a wrong type is noted in `problem` with its path; what is read of it is as if absent.
class object_reader {
public:
    /// `object` may be null, which is an object without members. `path` is the path of the object, as in `$.Triggers`.
    object_reader(boost::json::object const* object, std::string path, std::optional<refusal>& problem)
        : object_{object}
        , path_{std::move(path)}
        , problem_{problem}
    {
    }

    /// The member is there and not null, whatever its type is.
    [[nodiscard]] bool has(std::string_view name) const { return member(name) != nullptr; }
    /// There is not one member that is not null.
    [[nodiscard]] bool is_empty() const;

    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    [[nodiscard]] std::optional<bool> flag(std::string_view name) const;
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
    /// A number, or a text of digits: some clients send ids as text.
    [[nodiscard]] std::optional<std::int64_t> id(std::string_view name) const;
    /// A member that is an object.
    [[nodiscard]] std::optional<object_reader> object(std::string_view name) const;
    /// The elements of a member that is an array of objects; nothing when it is absent.
    [[nodiscard]] std::optional<std::vector<object_reader>> objects(std::string_view name) const;
    /// The member as it is; null when it is absent.
    [[nodiscard]] boost::json::value const* member(std::string_view name) const;

    /// Notes that the member has a wrong form.
    void refuse(std::string_view name) const;

private:
    boost::json::object const* object_;
    std::string path_;
    std::optional<refusal>& problem_;
};

/// The body of a request that must be an object or absent: no bytes, and the four bytes `null`, are no body.
class request_body {
public:
    explicit request_body(call const& current);
    request_body(request_body&&) = delete;

    [[nodiscard]] object_reader const* operator->() const { return &fields_; }
    [[nodiscard]] object_reader const& fields() const { return fields_; }

    /// There is no body, or it is not valid.
    [[nodiscard]] bool is_absent() const { return value_.is_null(); }

    /// What is wrong with the text, or with the members that were read so far: 402 or 403.
    [[nodiscard]] std::optional<refusal> const& problem() const { return problem_; }

private:
    std::optional<refusal> problem_;
    boost::json::value value_;
    object_reader fields_;
};

} // namespace postmark::sandbox::detail

#endif
