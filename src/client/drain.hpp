// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_DRAIN_HPP
#define POSTMARK_CLIENT_DRAIN_HPP

#include "client/operation.hpp"

#include <postmark/detail/engine.hpp>

#include <cstdint>
#include <utility>

namespace postmark::detail {

/// Somebody who waits for the end of all work.
class drain_operation {
public:
    drain_operation(std::uint64_t number, scheduler::time_point end, caller<drain_handler>&& waiting)
        : id{number}
        , deadline{end}
        , handler{std::move(waiting)}
    {
    }

    std::uint64_t id;
    /// When the work that is left is cancelled; `time_point::max()`: never.
    scheduler::time_point deadline;
    caller<drain_handler> handler;
    error_code result{};
};

} // namespace postmark::detail

#endif
