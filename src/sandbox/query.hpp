// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_QUERY_HPP
#define POSTMARK_SANDBOX_QUERY_HPP

#include "sandbox/request.hpp"
#include "sandbox/text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::sandbox::detail {

/// The parameters of a query. Names are matched without regard to case.
class query_values {
public:
    explicit query_values(std::string_view query);

    [[nodiscard]] std::string const* find(std::string_view name) const
    {
        for (auto const& [key, value] : values_) {
            if (equals_ignoring_case(key, name)) {
                return &value;
            }
        }
        return nullptr;
    }

    /// Empty when it is absent.
    [[nodiscard]] std::string_view text(std::string_view name) const
    {
        auto const* found = find(name);
        return found ? std::string_view{*found} : std::string_view{};
    }

    /// The value where it is neither absent nor empty.
    [[nodiscard]] std::string_view text_or(std::string_view name, std::string_view otherwise) const
    {
        auto const value = text(name);
        return value.empty() ? otherwise : value;
    }

    /// The first parameter whose name has this prefix, with the name after the prefix.
    [[nodiscard]] std::optional<std::pair<std::string, std::string>> with_prefix(std::string_view prefix) const
    {
        for (auto const& [key, value] : values_) {
            if (equals_ignoring_case(std::string_view{key}.substr(0, prefix.size()), prefix)) {
                return std::pair{key.substr(prefix.size()), value};
            }
        }
        return std::nullopt;
    }

private:
    std::vector<std::pair<std::string, std::string>> values_;
};

/// The service shows the first elements only of what it searches: bounces, messages, opens and clicks.
inline constexpr std::size_t search_limit = 10'000;

/// The part of a listing that a query asks for.
struct page {
    std::size_t count{0};
    std::size_t offset{0};
    std::optional<time_point> from;
    std::optional<time_point> until;
    /// The error of the query; empty when it is valid.
    std::string problem;

    [[nodiscard]] bool covers(time_point when) const { return !(from && when < *from) && !(until && when > *until); }

    /// Whether the match at this position is on the page.
    [[nodiscard]] bool holds(std::size_t position) const { return position >= offset && position - offset < count; }
};

/// \param limit the most that `count` and `offset` may add up to; 0: any number
[[nodiscard]] page read_page(query_values const& query, std::size_t limit = 0);

/// Reads `fromdate` and `todate` only, for listings that have no pages.
[[nodiscard]] page read_dates(query_values const& query);

/// The reply to a listing: `{"TotalCount": ..., "name": [...]}`. Counts all matches and keeps those of one page.
class listing {
public:
    listing() = default;
    explicit listing(page const& wanted)
        : wanted_{&wanted}
    {
    }

    /// To be called for each match in the order of the listing: the output for its JSON, or null when it is not on the
    /// page.
    [[nodiscard]] std::string* next()
    {
        auto const position = total_++;
        if (wanted_ && !wanted_->holds(position)) {
            return nullptr;
        }
        if (!items_.empty()) {
            items_ += ',';
        }
        return &items_;
    }

    [[nodiscard]] reply finish(std::string_view name) const;

private:
    page const* wanted_{nullptr};
    std::size_t total_{0};
    std::string items_;
};

} // namespace postmark::sandbox::detail

#endif
