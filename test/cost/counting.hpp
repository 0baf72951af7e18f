// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_COST_COUNTING_HPP
#define POSTMARK_TEST_COST_COUNTING_HPP

#include <cstddef>

/// Every allocation of the program, whoever makes it.
namespace counting {

/// Bytes that are allocated now, those included that the allocator adds to what was asked for.
[[nodiscard]] std::size_t live();

/// Counts, from now on, allocations of at least so many bytes, reallocations that grow to it included.
void watch(std::size_t size);
[[nodiscard]] std::size_t seen();

/// Of the allocations that this thread makes from now on, lets the one with this number fail, counted from 1, and another one
/// so many behind it; none if that is 0.
void fail(std::size_t number, std::size_t gap);
/// Lets none fail any more. \return whether one has failed
[[nodiscard]] bool stop_failing();
/// Lets none fail for a while, and does not count them either.
void pause_failing(bool pause);

} // namespace counting

#endif
