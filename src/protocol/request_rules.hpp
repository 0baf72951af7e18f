// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_REQUEST_RULES_HPP
#define POSTMARK_PROTOCOL_REQUEST_RULES_HPP

#include <postmark/schema.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// \file
/// Rules of the service for requests, which are checked before a request is sent. A request that breaks one of them
/// would be refused. Rules that may change, such as the characters of an alias, are left to the service.

namespace postmark::protocol {

/// The number of a query, `count` for instance.
/// \param key in any case
/// \returns null if the request has no such field
[[nodiscard]] int const* find_query_number(schema const& description, void const* request,
                                           std::string_view key) noexcept;

/// Describes the fault of the fields that mean the same in every request; empty if there is none. `count` is 1 to 500,
/// `offset` is not negative, both together are at most `endpoint::paging_limit`, and `todate` is not before `fromdate`.
[[nodiscard]] std::string query_problem(schema const& description, void const* request);

/// The problem of a member of a list: `messages[3].to: is empty`.
/// \param problem begins with the name of the member
[[nodiscard]] std::string element_problem(std::string_view list, std::size_t index, std::string_view problem);

/// The checks of one request, for `endpoint::check`. The first problem that is found stays.
class request_check {
public:
    /// A member that the service requires.
    void is_set(std::string_view name, std::string_view value);
    /// The id of an object.
    void is_set(std::string_view name, std::int64_t id);
    /// A list that has to have 1 to `max` elements.
    void has_size(std::string_view name, std::size_t size, std::size_t max);
    /// A text of at most `max` characters.
    void has_length(std::string_view name, std::string_view text, std::size_t max);
    /// A text of JSON, which may be empty.
    void is_json_object(std::string_view name, std::string_view json);
    /// Any other rule.
    /// \param problem empty: the rule is kept
    void add(std::string problem);

    /// What was found, if anything.
    [[nodiscard]] std::string take() noexcept { return std::move(problem_); }

private:
    std::string problem_;
};

} // namespace postmark::protocol

#endif
